package bundle

import (
	"maps"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// timestamp is a time as Kubernetes and most loggers write it.
var timestamp = regexp.MustCompile(`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})`)

// move says when something happened, given when the bundle says that it did.
type move func(time.Time) time.Time

// later moves by a duration.
func later(by time.Duration) move { return func(t time.Time) time.Time { return t.Add(by) } }

// Retimed returns the bundle with the times of what happened moved: in objects' metadata and status, in Events and Leases, in logs. What
// people wrote, host files and facts stay, and so does when it was captured. What does not move is shared.
func (b *Bundle) Retimed(to func(time.Time) time.Time) *Bundle {
	out := *b
	out.Objects, out.Logs = make(map[schema.GroupVersionResource][]unstructured.Unstructured, len(b.Objects)), maps.Clone(b.Logs)
	for gvr, list := range b.Objects {
		moved := make([]unstructured.Unstructured, len(list))
		for i := range list {
			moved[i] = *moveObject(&list[i], to)
		}
		out.Objects[gvr] = moved
	}
	for k, data := range b.Logs {
		out.Logs[k] = []byte(moveText(string(data), to))
	}
	return &out
}

// moveText moves every timestamp in a text, each in the form it has.
func moveText(s string, to move) string {
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
		moved := to(t)
		if moved.Year() < 1 || moved.Year() > 9999 {
			return text
		}
		return moved.Format(layout + "Z07:00")
	})
}

// moveObject returns a copy in which the times of what happened are moved: in metadata and status, in all of an Event, in a Lease.
// What people wrote (spec, data) stays.
func moveObject(o *unstructured.Unstructured, to move) *unstructured.Unstructured {
	out := &unstructured.Unstructured{Object: make(map[string]any, len(o.Object))}
	for field, v := range o.Object {
		switch {
		case field == "metadata", field == "status", o.GetKind() == "Event", o.GetKind() == "Lease" && field == "spec":
			out.Object[field] = moveValue(v, to)
		default:
			out.Object[field] = v
		}
	}
	return out
}

func moveValue(v any, to move) any {
	switch v := v.(type) {
	case string:
		if len(v) < len("2006-01-02T15:04:05Z") {
			return v
		}
		return moveText(v, to)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, v := range v {
			out[k] = moveValue(v, to)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, v := range v {
			out[i] = moveValue(v, to)
		}
		return out
	}
	return v
}
