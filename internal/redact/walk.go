package redact

import (
	"encoding/json"
	"strings"
)

// Walker redacts the values of objects, each with its name, and counts those it changed. It is for one goroutine.
type Walker struct {
	Text  func(string) string
	Count int // how many values were changed
}

// Remembering does the same text once: the objects of a list and the alerts of a message have most of their labels in common. It is for one
// goroutine, and for what is at hand: it forgets nothing.
func Remembering(text func(string) string) func(string) string {
	known := map[string]string{}
	return func(s string) string {
		clean, ok := known[s]
		if !ok {
			clean = text(s)
			known[s] = clean
		}
		return clean
	}
}

// String redacts a value that has no name.
func (r *Walker) String(s string) string {
	if s == "" {
		return s
	}
	return r.counted(s, r.Text(s))
}

func (r *Walker) counted(before, after string) string {
	if after != before {
		r.Count++
	}
	return after
}

// Named redacts a value that its name may betray: "hunter2" says nothing, "password": "hunter2" does.
func (r *Walker) Named(name, value string) string {
	if value == "" {
		return value
	}
	out := r.Text(value)
	if classify(name) != silent && !isMarker(out) {
		out = r.beside(name, out)
	}
	return r.counted(value, out)
}

// beside redacts a value as the text that JSON has of it and its name.
func (r *Walker) beside(name, value string) string {
	if len(value) > maxWindow {
		return value
	}
	key, err := json.Marshal(name)
	if err != nil {
		return value
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		return value
	}
	before := string(key) + ": "
	rest, ok := strings.CutPrefix(r.Text(before+string(quoted)), before)
	var out string
	if !ok || json.Unmarshal([]byte(rest), &out) != nil {
		return value
	}
	return out
}

// Object redacts an object in place: what is in it by the name that it has there, the arguments of commands one after the other, and all
// that a Secret holds.
func (r *Walker) Object(o map[string]any) {
	switch o["kind"] {
	case "ConfigMap": // Bytes cannot be judged. The keys stay, so that a reference to one is not taken for broken.
		r.empty(o["binaryData"], "")
	case "Secret":
		r.empty(o["data"], marker(secretRule))
		r.empty(o["stringData"], marker(secretRule))
	}
	r.walk("", o)
}

// Any redacts every string of a decoded JSON document.
func (r *Walker) Any(doc any) any { return r.walk("", doc) }

func (r *Walker) empty(v any, with string) {
	m, _ := v.(map[string]any)
	for k, v := range m {
		if v != "" && v != with {
			m[k] = with
			r.Count++
		}
	}
}

// pairs are the fields that hold a value, and those that hold its name.
var (
	pairValues = []string{"value", "content", "default", "defaultValue"}
	pairNames  = []string{"name", "key", "keyName", "header", "parameter"}
)

func (r *Walker) walk(name string, v any) any {
	switch v := v.(type) {
	case string:
		return r.Named(name, v)
	case map[string]any:
		r.walkMap(name, v)
	case []any:
		r.walkList(name, v)
	}
	return v
}

func (r *Walker) walkMap(name string, m map[string]any) {
	if m["kind"] == "Secret" && name != "" { // in a list, or in a template
		r.empty(m["data"], marker(secretRule))
		r.empty(m["stringData"], marker(secretRule))
	}
	beside := ""
	for _, f := range pairNames {
		if s, ok := m[f].(string); ok {
			beside = s
			break
		}
	}
	for field, v := range m {
		of := field
		if beside != "" && oneOf(field, pairValues) {
			of = beside
		}
		v = r.walk(of, v)
		if clean := r.Text(field); clean != field { // a secret as a label's name
			delete(m, field)
			field = clean
			r.Count++
		}
		m[field] = v
	}
}

func oneOf(s string, list []string) bool {
	for _, l := range list {
		if s == l {
			return true
		}
	}
	return false
}

// walkList also reads the strings of a list as the words of one command: a flag tells what the next one is.
func (r *Walker) walkList(name string, list []any) {
	line := ""
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			list[i] = r.walk(name, v)
			continue
		}
		clean := r.Text(s)
		if line != "" && !isMarker(clean) {
			if out, ok := strings.CutPrefix(r.Text(line+clean), line); ok {
				clean = out
			}
		}
		if clean == s && !strings.HasPrefix(s, "-") && classify(name) != silent {
			clean = r.beside(name, s)
		}
		list[i] = r.counted(s, clean)
		if line += clean + " "; len(line) > 4*window || strings.Contains(clean, "\n") {
			line = ""
		}
	}
}
