package bundle

import (
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// timestamp is a time as Kubernetes and most loggers write it.
var timestamp = regexp.MustCompile(`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})`)

// shiftText moves every timestamp in a text, each in the form it has.
func shiftText(s string, by time.Duration) string {
	return timestamp.ReplaceAllStringFunc(s, func(text string) string {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return text
		}
		layout := "2006-01-02T15:04:05"
		if _, rest, ok := strings.Cut(text, "."); ok {
			digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
			layout += "." + strings.Repeat("0", min(digits, 9))
		}
		moved := t.Add(by)
		if moved.Year() < 1 || moved.Year() > 9999 {
			return text
		}
		return moved.Format(layout + "Z07:00")
	})
}

// shiftObject returns a copy in which the times of what happened are moved: in metadata and status, in all of an Event, in a Lease.
// What people wrote (spec, data) stays.
func shiftObject(o *unstructured.Unstructured, by time.Duration) *unstructured.Unstructured {
	out := &unstructured.Unstructured{Object: make(map[string]any, len(o.Object))}
	for field, v := range o.Object {
		switch {
		case field == "metadata", field == "status", o.GetKind() == "Event", o.GetKind() == "Lease" && field == "spec":
			out.Object[field] = shiftValue(v, by)
		default:
			out.Object[field] = v
		}
	}
	return out
}

func shiftValue(v any, by time.Duration) any {
	switch v := v.(type) {
	case string:
		if len(v) < len("2006-01-02T15:04:05Z") {
			return v
		}
		return shiftText(v, by)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, v := range v {
			out[k] = shiftValue(v, by)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, v := range v {
			out[i] = shiftValue(v, by)
		}
		return out
	}
	return v
}
