package slackapp_test

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/straight"
)

// Slack takes other tokens while the bot runs; what was to be told meanwhile is told by them, and whoever asks is answered.
func TestTokensAreRotatedWithoutARestart(t *testing.T) {
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	var mu sync.Mutex
	now := slackapp.Tokens{Bot: "xoxb-emulated", App: "xapp-emulated"}
	if posts() {
		now = slackapp.Tokens{Bot: "xoxb-emulated", Signing: secret}
	}
	b.opts.Renewed = func() slackapp.Tokens { mu.Lock(); defer mu.Unlock(); return now }
	b.listen(t, b.set)
	d, _ := b.deliver(t)
	b.tell(t, d, "ill")
	b.reads(t, "ill")

	b.slack.Rotate("xoxb-2", "xapp-2", "secret-2")
	b.tell(t, d, "worse")
	b.settled(t, 1)
	mu.Lock()
	now.Bot = "xoxb-2"
	if posts() {
		now.Signing = "secret-2"
	} else {
		now.App = "xapp-2"
	}
	mu.Unlock()
	d.Retry()
	b.reads(t, "worse")
	if got := b.asks(t, "incidents"); !strings.Contains(got, "No open incident") {
		t.Errorf("answers %q", got)
	}
}

// In a network that reaches Slack by a proxy alone, which ends TLS by an authority of its own, both the Web API and the connections go by it.
func TestByAProxyAndAnAuthorityOfOnesOwn(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	secure := httptest.NewTLSServer(b.slack)
	t.Cleanup(secure.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy, tunnels := connecting(t, secure.Listener.Addr().String())
	b.opts.APIURL = strings.Replace(secure.URL, "127.0.0.1", "slack.example.com", 1) + "/api/" // a name that only the proxy knows
	b.opts.Way = straight.Way{Proxy: proxy, CAFile: ca}
	if checks := slackapp.Probe(t.Context(), b.opts); strings.Contains(checks[0].Detail, "reachable") || !checks[0].OK {
		t.Fatalf("%+v", checks)
	}
	b.listen(t, b.set)
	if !posts() && tunnels.Load() < slackapp.Connections+1 {
		t.Errorf("%d tunnels", tunnels.Load())
	}
	if got := b.asks(t, "incidents"); !strings.Contains(got, "No open incident") {
		t.Errorf("answers %q", got)
	}
	b.opts.Way.CAFile = ""
	if checks := slackapp.Probe(t.Context(), b.opts); checks[0].OK || !strings.Contains(checks[0].Detail, "certificate") {
		t.Errorf("without the authority: %+v", checks[0])
	}
}

// connecting is a proxy that leads every tunnel to one place, and counts them.
func connecting(t *testing.T, to string) (address string, tunnels *atomic.Int64) {
	t.Helper()
	tunnels = &atomic.Int64{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "tunnels alone", http.StatusMethodNotAllowed)
			return
		}
		there, err := net.Dial("tcp", to)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		here, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			there.Close()
			return
		}
		tunnels.Add(1)
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { defer there.Close(); _, _ = io.Copy(there, here) }()
		go func() { defer here.Close(); _, _ = io.Copy(here, there) }()
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL, tunnels
}
