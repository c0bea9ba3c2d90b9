package schema

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// node is a JSON Schema as far as ours goes. A keyword that is not here is an error when it is read.
type node struct {
	Schema      string          `json:"$schema"`
	ID          string          `json:"$id"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Ref         string          `json:"$ref"`
	Type        string          `json:"type"`
	Format      string          `json:"format"`
	Enum        []string        `json:"enum"`
	Minimum     *float64        `json:"minimum"`
	Maximum     *float64        `json:"maximum"`
	Required    []string        `json:"required"`
	Properties  map[string]node `json:"properties"`
	Items       *node           `json:"items"`
	AnyOf       []node          `json:"anyOf"`
	Defs        map[string]node `json:"$defs"`
}

func published(t *testing.T) node {
	t.Helper()
	f, err := os.Open("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	var n node
	if err := d.Decode(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// follow returns what a reference means.
func (n node) follow(t *testing.T, root node) node {
	t.Helper()
	if n.Ref == "" {
		return n
	}
	d, ok := root.Defs[strings.TrimPrefix(n.Ref, "#/$defs/")]
	if !ok {
		t.Fatalf("%s: no such definition", n.Ref)
	}
	return d
}

// words are the values that a string type can have, for the types that have few.
var words = map[reflect.Type][]string{
	reflect.TypeFor[incident.Severity]():   {string(incident.Info), string(incident.Warning), string(incident.Critical)},
	reflect.TypeFor[incident.Confidence](): {string(incident.Certain), string(incident.Likely), string(incident.Possible)},
	reflect.TypeFor[incident.Source](): {string(incident.SourceAPI), string(incident.SourceEvent), string(incident.SourceLog),
		string(incident.SourceHost), string(incident.SourceProbe)},
}

func TestTheSchemaIsTheReportsStruct(t *testing.T) {
	root := published(t)
	used := map[string]bool{}
	compare(t, root, "report", root, reflect.TypeFor[commands.Report](), used)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(root.Defs)), slices.Sorted(maps.Keys(used))); diff != "" {
		t.Errorf("definitions (-schema +used):\n%s", diff)
	}
}

func compare(t *testing.T, root node, path string, n node, typ reflect.Type, used map[string]bool) {
	t.Helper()
	if typ.Kind() == reflect.Pointer {
		if len(n.AnyOf) != 2 || n.AnyOf[1].Type != "null" {
			t.Errorf("%s may be null", path)
			return
		}
		n, typ = n.AnyOf[0], typ.Elem()
	}
	if n.Ref != "" {
		used[strings.TrimPrefix(n.Ref, "#/$defs/")] = true
		n = n.follow(t, root)
	}
	want, format := "", ""
	switch {
	case typ == reflect.TypeFor[time.Time]():
		want, format = "string", "date-time"
	case typ.Kind() == reflect.Struct:
		want = "object"
	case typ.Kind() == reflect.Slice:
		want = "array"
	case typ.Kind() == reflect.String:
		want = "string"
	case typ.Kind() == reflect.Int:
		want = "integer"
	case typ.Kind() == reflect.Float64:
		want = "number"
	case typ.Kind() == reflect.Bool:
		want = "boolean"
	default:
		t.Fatalf("%s: %s has no counterpart here", path, typ)
	}
	if n.Type != want || n.Format != format {
		t.Errorf("%s is %s %s, the schema says %s %s", path, want, format, n.Type, n.Format)
	}
	if diff := cmp.Diff(words[typ], n.Enum); diff != "" {
		t.Errorf("%s: values (-program +schema):\n%s", path, diff)
	}
	switch want {
	case "array":
		if n.Items == nil {
			t.Fatalf("%s: the schema does not say of what", path)
		}
		compare(t, root, path+"[]", *n.Items, typ.Elem(), used)
	case "object":
		fields(t, root, path, n, typ, used)
	}
}

// fields compares the fields of a struct with the properties: all of them, and which are always there.
func fields(t *testing.T, root node, path string, n node, typ reflect.Type, used map[string]bool) {
	t.Helper()
	var names, always []string
	for i := range typ.NumField() {
		name, options, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		names = append(names, name)
		if !strings.Contains(options, "omit") {
			always = append(always, name)
		}
		property, ok := n.Properties[name]
		if !ok {
			continue // told below
		}
		if property.Description == "" && property.Ref == "" {
			t.Errorf("%s.%s is not described", path, name)
		}
		compare(t, root, path+"."+name, property, typ.Field(i).Type, used)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(names)), slices.Sorted(maps.Keys(n.Properties))); diff != "" {
		t.Errorf("%s: fields (-program +schema):\n%s", path, diff)
	}
	if diff := cmp.Diff(always, n.Required); diff != "" {
		t.Errorf("%s: fields that are always there (-program +schema):\n%s", path, diff)
	}
}
