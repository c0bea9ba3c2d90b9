package slackemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	pingEvery    = 5 * time.Second // slack-go gives up after 30 s without a ping
	writeWithin  = 5 * time.Second
	socketAppURL = "/socket"
)

// hub holds the app's Socket Mode connections and the envelopes that wait for an acknowledgement.
type hub struct {
	mu      sync.Mutex
	conns   []*conn
	next    int
	joined  chan struct{} // closed, and made anew, when a connection comes
	tickets map[string]bool
	issued  int
	pending map[string]*envelope
}

// conn is one websocket. Writes take its lock; gone is closed when it is no longer of use.
type conn struct {
	ws   *websocket.Conn
	mu   sync.Mutex
	gone chan struct{}
	once sync.Once
}

func newHub() *hub {
	return &hub{joined: make(chan struct{}), tickets: map[string]bool{}, pending: map[string]*envelope{}}
}

// ticket is the permission to connect once.
func (h *hub) ticket() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.tickets) > maxPending {
		clear(h.tickets)
	}
	h.issued++
	t := fmt.Sprintf("ticket-%d", h.issued)
	h.tickets[t] = true
	return t
}

func (h *hub) redeem(ticket string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	ok := h.tickets[ticket]
	delete(h.tickets, ticket)
	return ok
}

// join adds a connection, unless there are too many; it returns how many there are now.
func (h *hub) join(c *conn) (n int, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.conns) >= maxConnections {
		return len(h.conns), false
	}
	h.conns = append(h.conns, c)
	close(h.joined)
	h.joined = make(chan struct{})
	return len(h.conns), true
}

func (h *hub) leave(c *conn) {
	c.once.Do(func() { close(c.gone) })
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, other := range h.conns {
		if other == c {
			h.conns = append(h.conns[:i:i], h.conns[i+1:]...)
			return
		}
	}
}

func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.conns)
}

func (h *hub) all() []*conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]*conn{}, h.conns...)
}

// pick is the next connection in turn; it waits for one until ctx ends.
func (h *hub) pick(ctx context.Context) (*conn, error) {
	for {
		h.mu.Lock()
		if n := len(h.conns); n > 0 {
			h.next++
			c := h.conns[h.next%n]
			h.mu.Unlock()
			return c, nil
		}
		joined := h.joined
		h.mu.Unlock()
		select {
		case <-joined:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// send writes one JSON message.
func (c *conn) send(v any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ws.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	return c.ws.WriteJSON(v)
}

func (c *conn) ping() error {
	return c.ws.WriteControl(websocket.PingMessage, []byte("ping from slackemu"), time.Now().Add(writeWithin))
}

// serveSocket is one Socket Mode connection, from hello to the end.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	if !s.hub.redeem(r.URL.Query().Get("ticket")) {
		http.Error(w, "the ticket is unknown or used: call apps.connections.open", http.StatusForbidden)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }} // the ticket is the credential
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	defer ws.Close()
	ws.SetReadLimit(maxAckBytes) // what is longer closes the connection with 1009
	c := &conn{ws: ws, gone: make(chan struct{})}
	n, ok := s.hub.join(c)
	if !ok {
		_ = c.send(disconnectMessage("too_many_websockets"))
		return
	}
	defer s.Refresh()
	defer s.hub.leave(c)
	s.Refresh() // the page shows that the app is there
	s.logger.Info("slack connection opened", "connections", n)
	if err := c.send(helloMessage(n)); err != nil {
		return
	}
	done := make(chan struct{})
	defer func() { <-done }()
	go func() {
		defer close(done)
		c.keepAlive(s.ctx)
	}()
	if errors.Is(s.hub.receive(c), websocket.ErrReadLimit) {
		_ = s.refuse("socket", fail("message_too_big")) // it is the connection that ends, and nobody else is told
	}
	s.hub.leave(c)
}

// keepAlive pings until the connection or the server is done.
func (c *conn) keepAlive(ctx context.Context) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		if c.ping() != nil {
			c.ws.Close()
			return
		}
		select {
		case <-tick.C:
		case <-c.gone:
			return
		case <-ctx.Done():
			c.ws.Close()
			return
		}
	}
}

// receive reads acknowledgements until the connection ends, and returns why it did. What is no acknowledgement is dropped silently.
func (h *hub) receive(c *conn) error {
	for {
		_, raw, err := c.ws.ReadMessage()
		if err != nil {
			return err
		}
		var ack struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if json.Unmarshal(raw, &ack) != nil {
			continue
		}
		h.acknowledge(ack.EnvelopeID, ack.Payload)
	}
}

func helloMessage(connections int) map[string]any {
	return map[string]any{
		"type": "hello", "num_connections": connections,
		"connection_info": map[string]any{"app_id": appID},
		"debug_info":      map[string]any{"host": "applink-1", "approximate_connection_time": 18060},
	}
}

func disconnectMessage(reason string) map[string]any {
	return map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": "applink-1"}}
}

// Disconnect tells every connection to go, as Slack does before it closes one, and closes it. Reasons that Slack gives
// are "warning", "refresh_requested" and "link_disabled".
func (s *Server) Disconnect(reason string) {
	for _, c := range s.hub.all() {
		_ = c.send(disconnectMessage(reason)) // it is going away either way
		s.hub.leave(c)
		_ = c.ws.SetReadDeadline(time.Now().Add(writeWithin)) // closed then, if the client has not
	}
	s.Refresh()
}

// DropConnections cuts every connection without a word, as a broken network does.
func (s *Server) DropConnections() {
	for _, c := range s.hub.all() {
		c.ws.Close()
		s.hub.leave(c)
	}
	s.Refresh()
}
