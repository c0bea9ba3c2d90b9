package slackemu

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// ErrClosed is returned by what was waiting when the Server was closed.
var ErrClosed = errors.New("slackemu: the server is closed")

// Server is a workspace of Slack and everything that speaks for it. It is an http.Handler; use it with httptest, or let
// it listen by itself with Start. Close it when done.
type Server struct {
	mu      sync.Mutex // guards ws, wake, faults, base, busy, closed
	ws      *workspace
	wake    chan struct{} // closed, and made anew, at every change
	version int64
	faults  []*Fault
	base    string // the address that clients were last seen to use
	busy    map[string]bool
	closed  bool

	methods map[string]method
	hub     *hub
	logger  *slog.Logger
	handler http.Handler
	http    *http.Server
	posts   *http.Client // to the app's address

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// New makes a workspace. The error names everything that is wrong with the Options.
func New(o Options) (*Server, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("slackemu options: %w", err)
	}
	o = o.withDefaults()
	s := &Server{
		ws: newWorkspace(o), wake: make(chan struct{}), base: o.URL, busy: map[string]bool{},
		methods: methods(), hub: newHub(), logger: o.Logger,
		posts: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.handler = s.routes()
	return s, nil
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("GET "+socketAppURL, s.serveSocket)
	mux.HandleFunc("POST /response/{token}", s.serveResponse)
	mux.HandleFunc("POST /upload/{id}", s.serveUpload)
	mux.HandleFunc("GET /files/{id}/{name}", s.serveFile)
	s.pageRoutes(mux)
	return mux
}

// ServeHTTP answers the app and the page alike.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Start listens on an address such as "127.0.0.1:0" and serves until Close.
func (s *Server) Start(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("slack emulator: %w; is another program using the port?", err)
	}
	s.mu.Lock()
	if s.base == "" {
		s.base = "http://" + l.Addr().String()
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	server := s.http
	s.mu.Unlock()
	s.spawn(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.logger.Error("slack emulator stopped serving", "error", err)
		}
	})
	return nil
}

// Close ends every connection, delivery and Wait, and returns when they have ended. Under httptest, close this first:
// the page's event stream ends only with it.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	server := s.http
	s.mu.Unlock()
	s.cancel()
	s.DropConnections()
	s.posts.CloseIdleConnections()
	var err error
	if server != nil {
		err = server.Close()
	}
	s.wg.Wait()
	return err
}

// URL is the server's address, without a trailing slash; empty until it is known, which it is after Start, with
// Options.URL, or once a client has called.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

// APIURL is what slack.OptionAPIURL wants.
func (s *Server) APIURL() string { return s.URL() + "/api/" }

// BotUserID is the app's user id.
func (s *Server) BotUserID() string { return botUserID }

// externalURL is the server's address as the client of this request sees it.
func (s *Server) externalURL(r *http.Request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ws.opts.URL != "" {
		return s.base
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	s.base = scheme + r.Host
	return s.base
}

// change locks the workspace; the function it returns unlocks it and wakes whoever waits for changes.
func (s *Server) change() func() {
	s.mu.Lock()
	return func() {
		s.version++
		close(s.wake)
		s.wake = make(chan struct{})
		s.mu.Unlock()
	}
}

// spawn runs f in a goroutine that Close waits for; once closed it does not run.
func (s *Server) spawn(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.wg.Go(f)
}

// Rotate makes other tokens the app's; empty ones stay. The old ones count no more, and their connections are closed.
func (s *Server) Rotate(bot, app, signing string) {
	done := s.change()
	for field, value := range map[*string]string{&s.ws.opts.BotToken: bot, &s.ws.opts.AppToken: app, &s.ws.opts.SigningSecret: signing} {
		if value != "" {
			*field = value
		}
	}
	done()
	if app != "" {
		s.DropConnections()
	}
}

// Refresh tells the page to look again, because the answer of a Control's Enabled has changed.
func (s *Server) Refresh() { s.change()() }

// SetBanner changes the line across the top of the page.
func (s *Server) SetBanner(text string) {
	defer s.change()()
	s.ws.banner = text
}
