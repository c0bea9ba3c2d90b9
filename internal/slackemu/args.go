package slackemu

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// args are a method's arguments by name. What came as JSON keeps its JSON text, strings apart, so that a field reads the
// same whether it was sent in a form or in a JSON body.
type args map[string]string

// parseArgs reads the arguments from the query and the body, form or JSON.
func parseArgs(r *http.Request) (args, error) {
	out := args{}
	for key, values := range r.URL.Query() {
		out[key] = values[0]
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		return out, out.readJSON(r.Body)
	case "application/x-www-form-urlencoded", "multipart/form-data":
		if err := r.ParseMultipartForm(maxRequestBytes); err != nil && !errors.Is(err, http.ErrNotMultipart) {
			return nil, fail("invalid_form_data")
		}
		for key, values := range r.PostForm {
			out[key] = values[0]
		}
	case "":
	default:
		return nil, fail("invalid_post_type")
	}
	return out, nil
}

func (a args) readJSON(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return fail("invalid_json")
	}
	if len(raw) == 0 {
		return nil // apps.connections.open is posted without a body
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return fail("json_not_object")
	}
	a.fill(fields)
	return nil
}

// fill takes JSON fields over; null is absent.
func (a args) fill(fields map[string]json.RawMessage) {
	for key, value := range fields {
		var s string
		if json.Unmarshal(value, &s) != nil {
			s = string(value)
		}
		if string(value) != "null" {
			a[key] = s
		}
	}
}

func (a args) has(key string) bool { return a[key] != "" }

func (a args) bool(key string) bool { return a[key] == "true" || a[key] == "1" }

// int is a number between 1 and most; fallback when absent or not one.
func (a args) int(key string, fallback, most int) int {
	n, err := strconv.Atoi(a[key])
	if err != nil || n < 1 {
		return fallback
	}
	return min(n, most)
}

// list is a comma-separated or JSON list.
func (a args) list(key string) []string {
	var out []string
	if json.Unmarshal([]byte(a[key]), &out) == nil {
		return out
	}
	for _, s := range strings.Split(a[key], ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// need is the first of the named arguments that is missing, as Slack's error.
func (a args) need(keys ...string) error {
	for _, key := range keys {
		if !a.has(key) {
			return invalid("invalid_arguments", []string{"[ERROR] missing required field: " + key})
		}
	}
	return nil
}
