package bundle

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/paramedic-bot/paramedic/internal/redact"
)

// lastApplied repeats the whole object, as its author sent it.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// clean redacts an object in place and drops what nobody reads: the fields of managedFields and the last applied configurations.
func clean(r *redact.Walker, o *unstructured.Unstructured) {
	trim(o.Object)
	r.Object(o.Object)
}

// facts redacts every string of a JSON document.
func facts(r *redact.Walker, data json.RawMessage) (json.RawMessage, error) {
	if data == nil {
		return nil, nil
	}
	var doc any
	if err := utiljson.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	return json.Marshal(r.Any(doc))
}

// trim does so wherever metadata is: pods stand in pods, templates and templates' templates.
func trim(o map[string]any) {
	for field, v := range o {
		switch v := v.(type) {
		case map[string]any:
			if field == "annotations" {
				delete(v, lastApplied)
				continue
			}
			if field == "metadata" {
				trimManagedFields(v)
			}
			trim(v)
		case []any:
			for _, e := range v {
				if m, ok := e.(map[string]any); ok {
					trim(m)
				}
			}
		}
	}
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
