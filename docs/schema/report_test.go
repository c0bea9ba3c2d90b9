package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/cli"
)

// The bundles of the demo, captured from a real cluster.
const bundles = "../../internal/demo/bundles/"

// run is what the program prints, and its exit code.
func run(t *testing.T, args ...string) (any, int) {
	t.Helper()
	var out, complaints bytes.Buffer
	exit := cli.Run(t.Context(), "test", append([]string{"paramedic"}, args...), &out, &complaints)
	var v any
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatalf("%v\n%s%s", err, out.Bytes(), complaints.Bytes())
	}
	return v, exit
}

func TestWhatIsPrintedFollowsTheSchema(t *testing.T) {
	root := published(t)
	for _, c := range []struct {
		file    string
		command []string
		wrong   bool
	}{
		{"healthy.tar.zst", []string{"check"}, false},
		{"healthy.tar.zst", []string{"why"}, false},
		{"broken.tar.zst", []string{"check"}, true},
		{"broken.tar.zst", []string{"why"}, true},
		{"broken.tar.zst", []string{"why", "configmap/coredns", "-n", "kube-system"}, true},
		{"healthy.tar.zst", []string{"check", "-n", "kube-system"}, false},
		{"healthy.tar.zst", []string{"why", "deployment/coredns"}, false},
	} {
		t.Run(c.file+" "+strings.Join(c.command, " "), func(t *testing.T) {
			report, exit := run(t, append(c.command, "--bundle", bundles+c.file, "-o", "json")...)
			for _, e := range violations(t, root, "report", root, report) {
				t.Error(e)
			}
			top, _ := report.(map[string]any)
			if wrong := top["wrong"]; wrong != c.wrong || (exit == commands.ExitWrong) != c.wrong {
				t.Errorf("wrong is %v and the exit code %d, want %v", wrong, exit, c.wrong)
			}
			if causes, _ := top["causes"].([]any); c.wrong && len(causes) == 0 {
				t.Error("no causes, so that nothing of them was compared")
			}
		})
	}
}

// violations lists where a value does not follow the schema. A field that the schema does not know is one, too.
func violations(t *testing.T, root node, path string, n node, v any) (out []string) {
	t.Helper()
	n = n.follow(t, root)
	if len(n.AnyOf) > 0 {
		if v == nil {
			return nil
		}
		return violations(t, root, path, n.AnyOf[0], v)
	}
	say := func(format string, a ...any) { out = append(out, path+": "+fmt.Sprintf(format, a...)) }
	switch x := v.(type) {
	case map[string]any:
		if n.Type != "object" {
			say("an object, want %s", n.Type)
		}
		for _, name := range n.Required {
			if _, ok := x[name]; !ok {
				say("%s is missing", name)
			}
		}
		for name, value := range x {
			property, ok := n.Properties[name]
			if !ok {
				say("%s is not in the schema", name)
				continue
			}
			out = append(out, violations(t, root, path+"."+name, property, value)...)
		}
	case []any:
		if n.Type != "array" {
			say("an array, want %s", n.Type)
			return out
		}
		for i, item := range x {
			out = append(out, violations(t, root, fmt.Sprintf("%s[%d]", path, i), *n.Items, item)...)
		}
	case string:
		if n.Type != "string" {
			say("a string, want %s", n.Type)
		}
		if _, err := time.Parse(time.RFC3339, x); n.Format == "date-time" && err != nil {
			say("%v", err)
		}
		if n.Enum != nil && !slices.Contains(n.Enum, x) {
			say("%q is none of %v", x, n.Enum)
		}
	case float64:
		if n.Type != "number" && (n.Type != "integer" || x != float64(int64(x))) {
			say("%v, want %s", x, n.Type)
		}
		if n.Minimum != nil && x < *n.Minimum || n.Maximum != nil && x > *n.Maximum {
			say("%v is out of bounds", x)
		}
	case bool:
		if n.Type != "boolean" {
			say("a boolean, want %s", n.Type)
		}
	default:
		say("%v, want %s", v, n.Type)
	}
	return out
}

// The guide for people and the schema for programs speak of the same fields.
func TestTheGuideNamesEveryField(t *testing.T) {
	b, err := os.ReadFile("../json.md")
	if err != nil {
		t.Fatal(err)
	}
	root := published(t)
	for where, n := range map[string]node{"report": root} {
		missing(t, string(b), where, n)
	}
	for where, n := range root.Defs {
		missing(t, string(b), where, n)
	}
}

func missing(t *testing.T, guide, where string, n node) {
	t.Helper()
	_, section, ok := strings.Cut(guide, "\n## "+where+"\n")
	if !ok {
		t.Errorf("docs/json.md has no section %q", where)
		return
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for name := range n.Properties {
		if !strings.Contains(section, "\n| `"+name+"` |") {
			t.Errorf("docs/json.md, %s: nothing about %s", where, name)
		}
	}
}
