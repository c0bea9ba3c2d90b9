package bundle

import (
	"encoding/json"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// lastApplied repeats the whole object, as its author sent it.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// redactor passes values through redact and counts those it changed. It is for one goroutine.
type redactor struct {
	redact func(string) string
	count  int
}

// text redacts a value that has no name.
func (r *redactor) text(s string) string {
	if s == "" {
		return s
	}
	out := r.redact(s)
	if out != s {
		r.count++
	}
	return out
}

// named redacts a value that its name may betray: "hunter2" says nothing, "PASSWORD=hunter2" does.
func (r *redactor) named(name, value string) string {
	if value == "" {
		return value
	}
	if strings.Contains(value, "\n") {
		return r.text(value)
	}
	out := r.redact(name + "=" + value)
	if rest, ok := strings.CutPrefix(out, name+"="); ok {
		out = rest
	}
	if out != value {
		r.count++
	}
	return out
}

// object redacts an object in place and drops what nobody reads: the fields of managedFields and the last applied configuration.
func (r *redactor) object(o *unstructured.Unstructured) {
	if meta, ok := o.Object["metadata"].(map[string]any); ok {
		trimManagedFields(meta)
	}
	if o.GetKind() == "ConfigMap" {
		r.configMap(o.Object)
	}
	r.walk(o.Object)
}

func (r *redactor) configMap(o map[string]any) {
	if data, ok := o["data"].(map[string]any); ok {
		for k, v := range data {
			if s, ok := v.(string); ok {
				data[k] = r.named(k, s)
			}
		}
	}
	// Bytes cannot be judged. The keys stay, so that a reference to one is not taken for broken.
	if data, ok := o["binaryData"].(map[string]any); ok {
		for k, v := range data {
			if v != "" {
				data[k] = ""
				r.count++
			}
		}
	}
}

// walk finds what may carry a secret by the name of its field, wherever it is: pods stand in pods, templates and templates' templates.
func (r *redactor) walk(o map[string]any) {
	for field, v := range o {
		switch v := v.(type) {
		case string:
			if field == "message" || field == "note" {
				o[field] = r.text(v)
			}
		case map[string]any:
			if field == "annotations" {
				r.annotations(v)
				continue
			}
			r.walk(v)
		case []any:
			r.walkList(field, v)
		}
	}
}

func (r *redactor) walkList(field string, list []any) {
	for i, v := range list {
		switch v := v.(type) {
		case string:
			if field == "command" || field == "args" {
				list[i] = r.text(v)
			}
		case map[string]any:
			if value, ok := v["value"].(string); ok && (field == "env" || field == "httpHeaders") {
				name, _ := v["name"].(string)
				v["value"] = r.named(name, value)
			}
			r.walk(v)
		}
	}
}

func (r *redactor) annotations(m map[string]any) {
	delete(m, lastApplied)
	for k, v := range m {
		if s, ok := v.(string); ok {
			m[k] = r.named(k, s)
		}
	}
}

// facts redacts every string of a JSON document.
func (r *redactor) facts(data json.RawMessage) (json.RawMessage, error) {
	if data == nil {
		return nil, nil
	}
	var doc any
	if err := utiljson.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	return json.Marshal(r.anything("", doc))
}

func (r *redactor) anything(name string, v any) any {
	switch v := v.(type) {
	case string:
		if name == "" {
			return r.text(v)
		}
		return r.named(name, v)
	case map[string]any:
		for k := range v {
			v[k] = r.anything(k, v[k])
		}
	case []any:
		for i := range v {
			v[i] = r.anything(name, v[i])
		}
	}
	return v
}

// trimManagedFields keeps who changed the object and when, and drops the list of fields, which is most of an object's bytes.
func trimManagedFields(meta map[string]any) {
	entries, _ := meta["managedFields"].([]any)
	for _, e := range entries {
		if entry, ok := e.(map[string]any); ok {
			delete(entry, "fieldsV1")
			delete(entry, "fieldsType")
		}
	}
}
