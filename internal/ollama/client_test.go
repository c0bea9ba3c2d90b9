package ollama

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// fake speaks Ollama's API, as far as the client uses it. chat writes the answer's parts.
func fake(t *testing.T, chat func(w http.ResponseWriter, r *http.Request, body map[string]any)) *Client {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(path, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	}
	answer("GET /api/version", `{"version":"0.17.4"}`)
	answer("GET /api/tags", `{"models":[{"name":"writer:1b","digest":"d1","size":100},{"name":"embedder:latest","digest":"d2","size":50},
		{"name":"far:cloud","digest":"d3","remote_host":"https://ollama.com"}]}`)
	answer("GET /api/ps", `{"models":[{"name":"writer:1b","size":200,"size_vram":124,"context_length":4096}]}`)
	mux.HandleFunc("POST /api/embed", func(w http.ResponseWriter, r *http.Request) {
		var req struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
			t.Error(err)
		}
		var vectors [][]float32
		for _, text := range req.Input {
			vectors = append(vectors, []float32{float32(len(text)), 1})
		}
		json.NewEncoder(w).Encode(map[string]any{"embeddings": vectors})
	})
	mux.HandleFunc("POST /api/chat", func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		chat(w, r, body)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	c, err := New(Options{Host: s.URL, Chat: "writer:1b", Embed: "embedder"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func part(w http.ResponseWriter, text, done string) error {
	_, err := fmt.Fprintf(w, `{"message":{"role":"assistant","content":%q},"done":%t,"done_reason":%q,"eval_count":7,"prompt_eval_count":40}`+
		"\n", text, done != "", done)
	w.(http.Flusher).Flush()
	return err
}

func TestChatAsksForWhatItNeedsAndPutsTheAnswerTogether(t *testing.T) {
	var got map[string]any
	c := fake(t, func(w http.ResponseWriter, _ *http.Request, body map[string]any) {
		got = body
		part(w, `{"a":`, "")
		part(w, `1}`, "stop")
	})
	text, stats, err := c.Chat(t.Context(), Request{System: "s", User: "u", Schema: json.RawMessage(`{"type":"object"}`), Seed: 3})
	if err != nil || text != `{"a":1}` || stats.Tokens != 7 || stats.PromptTokens != 40 {
		t.Fatalf("got %q, %+v, %v", text, stats, err)
	}
	sent, _ := json.Marshal(got)
	for _, want := range []string{`"num_ctx":4096`, `"num_predict":700`, `"temperature":0`, `"seed":3`, `"format":{"type":"object"}`,
		`"role":"system"`, `"shift":false`} {
		if !strings.Contains(string(sent), want) {
			t.Errorf("%s is not in %s", want, sent)
		}
	}
}

func TestABabblingModelIsStopped(t *testing.T) {
	stopped := make(chan bool, 1)
	c := fake(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
		for part(w, "and again ", "") == nil && r.Context().Err() == nil {
		}
		stopped <- true
	})
	text, _, err := c.Chat(t.Context(), Request{User: "u", MaxBytes: 1000})
	if !errors.Is(err, ErrTooLong) || len(text) > 2000 {
		t.Errorf("got %d bytes, %v", len(text), err)
	}
	<-stopped
}

func TestErrorsSayWhatToDo(t *testing.T) {
	talk := func(text, done string) *Client {
		return fake(t, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) { part(w, text, done) })
	}
	named := func(name string) *Client {
		c := talk("x", "stop")
		c.chat = name
		return c
	}
	gone, err := New(Options{Host: "127.0.0.1:1", Chat: "x"})
	if err != nil {
		t.Fatal(err)
	}
	failing := fake(t, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) {
		http.Error(w, `{"error":"out of memory"}`, http.StatusInternalServerError)
	})
	for _, c := range []struct {
		name   string
		client *Client
		is     error
		says   string
	}{
		{"unreachable", gone, ErrUnreachable, "ollama serve"},
		{"no such model", named("other:7b"), ErrNoModel, "ollama pull other:7b"},
		{"none configured", named(""), ErrNoModel, "none is configured"},
		{"a model elsewhere", named("far:cloud"), ErrRemote, "choose one that runs here"},
		{"cut off by tokens", talk("half", "length"), ErrTooLong, "700 tokens"},
		{"broken off", talk("half", ""), nil, "broke off"},
		{"an error of the server", failing, nil, "out of memory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := c.client.Chat(t.Context(), Request{User: "u"})
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestASlowModelEndsWithItsContext(t *testing.T) {
	c := fake(t, func(_ http.ResponseWriter, r *http.Request, _ map[string]any) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, _, err := c.Chat(ctx, Request{User: "u"}); !errors.Is(err, context.DeadlineExceeded) ||
		!strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("got %v", err)
	}
}

func TestEmbedInBatches(t *testing.T) {
	c := fake(t, nil)
	texts := make([]string, batch+3)
	texts[batch+2] = "four"
	v, err := c.Embed(t.Context(), texts)
	if err != nil || len(v) != len(texts) || v[batch+2][0] != 4 {
		t.Errorf("got %d vectors, %v", len(v), err)
	}
	if d, err := c.EmbedDigest(t.Context()); d != "d2" || err != nil {
		t.Errorf("digest %q, %v", d, err)
	}
}

func TestLook(t *testing.T) {
	c := fake(t, nil)
	s, err := c.Look(t.Context())
	if err != nil || s.Version != "0.17.4" || len(s.Models) != 3 {
		t.Fatalf("got %+v, %v", s, err)
	}
	if m, ok := s.Model("embedder"); !ok || m.Digest != "d2" {
		t.Errorf("got %+v", m)
	}
	if r, ok := s.Loaded("writer:1b"); !ok || r.Place() != "62% GPU, 38% CPU" {
		t.Errorf("got %q", r.Place())
	}
	if (Running{Size: 5}).Place() != "CPU" || (Running{Size: 5, GPU: 5}).Place() != "GPU" {
		t.Error("whole places")
	}
}

func TestHosts(t *testing.T) {
	t.Setenv("OLLAMA_HOST", "10.0.0.7:1234")
	for in, want := range map[string]string{
		"":                      "http://10.0.0.7:1234",
		"gpu-box":               "http://gpu-box:11434",
		"gpu-box:80":            "http://gpu-box:80",
		"https://ollama.corp/x": "https://ollama.corp/x",
		"ftp://x":               "",
		"http://":               "",
		"https://ollama.com":    "",
	} {
		c, err := New(Options{Host: in})
		if want == "" {
			if err == nil {
				t.Errorf("%q was taken", in)
			}
			continue
		}
		if err != nil || c.URL() != want {
			t.Errorf("%q: got %v, %v", in, c, err)
		}
	}
}

// TestRealOllama runs against the Ollama at OLLAMA_HOST, with the smallest of its models that will do.
func TestRealOllama(t *testing.T) {
	if os.Getenv("OLLAMA_HOST") == "" {
		t.Skip("OLLAMA_HOST is not set; set it to test against a real Ollama with smollm2:135m and all-minilm")
	}
	c, err := New(Options{Chat: "smollm2:135m", Embed: "all-minilm"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", s)
	schema := json.RawMessage(`{"type":"object","properties":{"cause":{"enum":["C1","unknown"]}},"required":["cause"],"additionalProperties":false}`)
	text, stats, err := c.Chat(t.Context(), Request{System: "Answer in JSON.", User: "Name the cause.", Schema: schema, Predict: 50})
	var answer struct{ Cause string }
	if err != nil || json.Unmarshal([]byte(text), &answer) != nil || answer.Cause == "" {
		t.Errorf("got %q, %v", text, err)
	}
	t.Logf("%s %+v", text, stats)
	v, err := c.Embed(t.Context(), []string{"DNS loops", "disk full"})
	if err != nil || len(v) != 2 || len(v[0]) < 100 {
		t.Errorf("got %d vectors, %v", len(v), err)
	}
}

// A prompt goes to the configured Ollama and to nobody else: no redirect is followed, at whichever question it comes.
func TestAPromptGoesNowhereElse(t *testing.T) {
	reached := make(chan string, 10)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached <- r.URL.Path }))
	t.Cleanup(elsewhere.Close)
	for _, at := range []string{"/api/tags", "/api/chat", "/api/embed", "/api/version"} {
		for _, code := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == at {
					http.Redirect(w, r, elsewhere.URL+r.URL.Path, code)
					return
				}
				fmt.Fprint(w, `{"version":"1","models":[{"name":"m:latest"}]}`)
			}))
			t.Cleanup(s.Close)
			c, err := New(Options{Host: s.URL, Chat: "m", Embed: "m"})
			if err != nil {
				t.Fatal(err)
			}
			_, chat := c.Complete(t.Context(), "", "a secret prompt", nil, 0)
			_, embed := c.Embed(t.Context(), []string{"a secret text"})
			_, look := c.Look(t.Context())
			var refused error
			for _, err := range []error{chat, embed, look} {
				if errors.Is(err, ErrRemote) {
					refused = err
				}
			}
			if refused == nil || !strings.Contains(refused.Error(), s.URL+" redirects to "+elsewhere.URL) {
				t.Errorf("%s, %d: %v; %v; %v", at, code, chat, embed, look)
			}
		}
	}
	select {
	case path := <-reached:
		t.Errorf("%s went elsewhere", path)
	default:
	}
}
