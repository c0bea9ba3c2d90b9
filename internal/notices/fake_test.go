package notices_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// server is ntfy, Gotify, Discord and a JSON hook in one, as strict as their documentation. What breaks their rules fails the test.
type server struct {
	t *testing.T
	*httptest.Server

	mu    sync.Mutex
	got   []map[string]any
	ids   []string // by which each could be told from one that came before
	reply func(w http.ResponseWriter) (take, answered bool)
	asked int
}

func newServer(t *testing.T) *server {
	s := &server{t: t}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// answers has the next requests answered otherwise; nil: as ever.
func (s *server) answers(f func(w http.ResponseWriter) (take, answered bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reply = f
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	var m map[string]any
	if r.Method == http.MethodPost && (json.Unmarshal(raw, &m) != nil || r.Header.Get("Content-Type") != "application/json") {
		s.t.Errorf("no JSON: %s", raw)
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /":
		s.takes(w, m, text(m["sequence_id"]), s.ntfy(r, m))
	case "POST /message":
		s.takes(w, m, "", s.gotify(r, m))
	case "POST /api/webhooks/1234/abcdefgh":
		s.takes(w, m, "", s.discord(r, m))
	case "POST /hook":
		s.takes(w, m, r.Header.Get("Idempotency-Key"), r.Header.Get("Authorization") == "Bearer hook-token" && text(m["incident"]) != "")
	case "GET /topic-1/json":
		for i := range s.got {
			fmt.Fprintf(w, `{"id":"%d","event":"message","sequence_id":%q}`+"\n", i, s.ids[i])
		}
	case "GET /v1/health":
		fmt.Fprint(w, `{"healthy":true}`)
	case "GET /health":
		fmt.Fprint(w, `{"health":"green","database":"green"}`)
	case "GET /api/webhooks/1234/abcdefgh":
		fmt.Fprint(w, `{"id":"1234","name":"Captain Hook"}`)
	default:
		http.NotFound(w, r)
	}
}

func (s *server) takes(w http.ResponseWriter, m map[string]any, id string, valid bool) {
	if !valid {
		s.t.Errorf("not as documented: %v", m)
		http.Error(w, "invalid", http.StatusBadRequest)
		return
	}
	take, answered := true, false
	if s.reply != nil {
		take, answered = s.reply(w)
	}
	if take {
		s.got, s.ids = append(s.got, m), append(s.ids, id)
	}
	if !answered {
		fmt.Fprint(w, `{"id":"x"}`)
	}
}

func text(v any) string { s, _ := v.(string); return s }

func number(v any) int { n, _ := v.(float64); return int(n) }

func (s *server) ntfy(r *http.Request, m map[string]any) bool {
	return r.Header.Get("Authorization") == "Bearer tk_secret" && text(m["topic"]) == "topic-1" && len(text(m["message"])) <= 4096 &&
		number(m["priority"]) >= 1 && number(m["priority"]) <= 5 && len(text(m["sequence_id"])) <= 64 && text(m["title"]) != ""
}

func (s *server) gotify(r *http.Request, m map[string]any) bool {
	return r.Header.Get("X-Gotify-Key") == "gotify-token" && text(m["message"]) != "" && number(m["priority"]) <= 10
}

func (s *server) discord(r *http.Request, m map[string]any) bool {
	embeds, _ := m["embeds"].([]any)
	allowed, _ := m["allowed_mentions"].(map[string]any)
	parse, ok := allowed["parse"].([]any)
	if r.URL.RawQuery != "wait=true" || len(embeds) != 1 || !ok || len(parse) != 0 {
		return false
	}
	embed, _ := embeds[0].(map[string]any)
	n := utf8.RuneCountInString(text(embed["description"]))
	return n > 0 && n <= 4096 && utf8.RuneCountInString(text(m["content"])) <= 2000
}

// taken waits until so many notices were taken, and returns them all.
func (s *server) taken(n int) []map[string]any {
	s.t.Helper()
	for range 500 {
		s.mu.Lock()
		got := append([]map[string]any{}, s.got...)
		s.mu.Unlock()
		if len(got) >= n {
			return got
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.t.Fatalf("%d notices came, not %d: %v", len(s.got), n, s.got)
	return nil
}

// title is that of a notice in whichever form.
func title(m map[string]any) string {
	if t := text(m["title"]); t != "" {
		return t
	}
	return strings.Trim(text(m["content"]), "*")
}
