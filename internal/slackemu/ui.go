package slackemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
)

// pageRoutes serve the page and what it asks for. Other sites may not act in a person's name.
func (s *Server) pageRoutes(mux *http.ServeMux) {
	mux.Handle("/", pageFiles())
	mux.HandleFunc("GET /ui/state", s.uiState)
	mux.HandleFunc("GET /ui/events", s.uiEvents)
	same := http.NewCrossOriginProtection()
	for name, do := range map[string]func(context.Context, uiRequest) (string, error){
		"send": s.uiSend, "press": s.uiPress, "submit": s.uiSubmit, "close": s.uiClose, "home": s.uiHome,
		"shortcut": s.uiShortcut, "control": s.uiControl,
	} {
		mux.Handle("POST /ui/"+name, same.Handler(uiHandler(do)))
	}
}

// uiRequest is what the page sends when a person does something; which fields matter depends on what.
type uiRequest struct {
	As      string            `json:"as"`
	Channel string            `json:"channel"`
	Thread  string            `json:"thread"`
	Text    string            `json:"text"`
	TS      string            `json:"ts"`
	View    string            `json:"view"`
	Block   string            `json:"block"`
	Action  string            `json:"action"`
	Value   string            `json:"value"`
	Values  map[string]string `json:"values"`
	ID      string            `json:"id"`
}

func uiHandler(do func(context.Context, uiRequest) (string, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req uiRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequestBytes)).Decode(&req); err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]any{"ok": false, "error": "the request is not JSON"})
			return
		}
		said, err := do(r.Context(), req)
		out := map[string]any{"ok": err == nil, "said": said}
		if err != nil {
			out["error"] = err.Error()
			out["timeout"] = errors.Is(err, ErrNotAcknowledged)
			var inputs InputErrors
			out["inputs"] = errors.As(err, &inputs)
		}
		writeJSON(w, http.StatusOK, out)
	})
}

// uiSend is the composer: a slash command, or a message.
func (s *Server) uiSend(ctx context.Context, r uiRequest) (string, error) {
	text := strings.TrimSpace(r.Text)
	if text == "" {
		return "", nil
	}
	if !strings.HasPrefix(text, "/") {
		_, err := s.Say(ctx, r.As, r.Channel, r.Thread, text)
		return "", err
	}
	command, rest, _ := strings.Cut(text, " ")
	if r.Thread != "" {
		defer s.change()()
		_, c, err := s.ws.actor(r.As, r.Channel)
		if err == nil {
			s.ws.tell(r.As, c, r.Thread, fmt.Sprintf("`%s` is not supported in threads. Sorry!", escape(command)))
		}
		return "", err
	}
	err := s.Command(ctx, r.As, r.Channel, command, strings.TrimSpace(rest))
	return "", err
}

func (s *Server) uiPress(ctx context.Context, r uiRequest) (string, error) {
	return "", s.Act(ctx, r.As, Use{
		ChannelID: r.Channel, TS: r.TS, ViewID: r.View, BlockID: r.Block, ActionID: r.Action, Value: r.Value, State: r.Values,
	})
}

func (s *Server) uiSubmit(ctx context.Context, r uiRequest) (string, error) {
	return "", s.Submit(ctx, r.As, r.View, r.Values)
}

func (s *Server) uiClose(ctx context.Context, r uiRequest) (string, error) {
	return "", s.CloseView(ctx, r.As, r.View)
}

func (s *Server) uiHome(ctx context.Context, r uiRequest) (string, error) {
	return "", s.OpenHome(ctx, r.As)
}

func (s *Server) uiShortcut(ctx context.Context, r uiRequest) (string, error) {
	return "", s.Shortcut(ctx, r.As, r.Channel, r.TS, r.ID)
}

// uiControl runs a Control, unless it is running.
func (s *Server) uiControl(_ context.Context, r uiRequest) (string, error) {
	controls := s.ws.opts.Controls // never changes
	i := slices.IndexFunc(controls, func(c Control) bool { return c.ID == r.ID })
	if i < 0 {
		return "", errors.New("no such button")
	}
	c := controls[i]
	done := s.change()
	busy := s.busy[c.ID]
	s.busy[c.ID] = true
	done()
	if busy {
		return "", fmt.Errorf("%s: it is under way", c.Label)
	}
	defer func() {
		defer s.change()()
		delete(s.busy, c.ID)
	}()
	return c.Do(s.ctx)
}

// uiEvents streams the workspace's version at every change; the page then asks for the state. Changes that come faster
// than the page reads are one.
func (s *Server) uiEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	for {
		s.mu.Lock()
		version, wake := s.version, s.wake
		s.mu.Unlock()
		if _, err := fmt.Fprintf(w, "data: %d\n\n", version); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-wake:
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		}
	}
}

// pageFiles are the page's own files; nothing comes from elsewhere.
func pageFiles() http.Handler {
	files := http.FileServerFS(page())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Clean(r.URL.Path) != "/" && path.Ext(r.URL.Path) == "" {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data: https:; style-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		files.ServeHTTP(w, r)
	})
}
