package slackemu

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// apiError is an answer with "ok": false.
type apiError struct {
	Code     string
	Messages []string // why, each with a JSON pointer
	Needed   string   // missing_scope: the scope that would have done
	Provided string
	Wait     int // ratelimited: seconds
}

func (e *apiError) Error() string {
	if len(e.Messages) > 0 {
		return e.Code + ": " + strings.Join(e.Messages, "; ")
	}
	return e.Code
}

func invalid(code string, faults []string) error { return &apiError{Code: code, Messages: faults} }

func fail(code string) error { return &apiError{Code: code} }

// body is the error as Slack writes it.
func (e *apiError) body() map[string]any {
	out := map[string]any{"ok": false, "error": e.Code}
	if len(e.Messages) > 0 {
		var short []string
		for _, m := range e.Messages {
			short = append(short, strings.TrimPrefix(m, "[ERROR] "))
		}
		out["errors"] = short
		out["response_metadata"] = map[string]any{"messages": e.Messages}
	}
	if e.Needed != "" {
		out["needed"], out["provided"] = e.Needed, e.Provided
	}
	return out
}

func (e *apiError) write(w http.ResponseWriter) {
	status := http.StatusOK
	if e.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.Wait))
		status = http.StatusTooManyRequests
	}
	writeJSON(w, status, e.body())
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	// The client may be gone already; there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(body)
}
