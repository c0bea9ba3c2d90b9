package redact

import "strings"

// Walker redacts the values of objects, each with its name, and counts those it changed. It is for one goroutine.
type Walker struct {
	Text  func(string) string
	Count int // how many values were changed
}

// String redacts a value that has no name.
func (r *Walker) String(s string) string {
	if s == "" {
		return s
	}
	out := r.Text(s)
	if out != s {
		r.Count++
	}
	return out
}

// named redacts a value that its name may betray: "hunter2" says nothing, "PASSWORD=hunter2" does.
func (r *Walker) named(name, value string) string {
	if value == "" {
		return value
	}
	if strings.Contains(value, "\n") {
		return r.String(value)
	}
	out := r.Text(name + "=" + value)
	if rest, ok := strings.CutPrefix(out, name+"="); ok {
		out = rest
	}
	if out != value {
		r.Count++
	}
	return out
}

// Object redacts an object in place.
func (r *Walker) Object(o map[string]any) {
	if o["kind"] == "ConfigMap" {
		r.configMap(o)
	}
	r.walk(o)
}

func (r *Walker) configMap(o map[string]any) {
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
				r.Count++
			}
		}
	}
}

// walk finds what may carry a secret by the name of its field, wherever it is: pods stand in pods, templates and templates' templates.
func (r *Walker) walk(o map[string]any) {
	for field, v := range o {
		switch v := v.(type) {
		case string:
			if field == "message" || field == "note" {
				o[field] = r.String(v)
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

func (r *Walker) walkList(field string, list []any) {
	for i, v := range list {
		switch v := v.(type) {
		case string:
			if field == "command" || field == "args" {
				list[i] = r.String(v)
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

func (r *Walker) annotations(m map[string]any) {
	for k, v := range m {
		if s, ok := v.(string); ok {
			m[k] = r.named(k, s)
		}
	}
}

// Any redacts every string of a decoded JSON document.
func (r *Walker) Any(doc any) any { return r.anything("", doc) }

func (r *Walker) anything(name string, v any) any {
	switch v := v.(type) {
	case string:
		if name == "" {
			return r.String(v)
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
