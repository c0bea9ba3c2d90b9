package straight_test

import (
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/straight"
)

func TestRefuse(t *testing.T) {
	s := httptest.NewServer(http.RedirectHandler("https://user:secret@evil.example/path?token=secret", http.StatusTemporaryRedirect))
	defer s.Close()
	_, err := (&http.Client{CheckRedirect: straight.Refuse}).Get(s.URL)
	var r *straight.Redirect
	if !errors.As(err, &r) || r.Error() != s.URL+" redirects to https://evil.example, which is not followed" {
		t.Errorf("%v", err)
	}
}

// A server is reached directly whatever the environment says, unless that is asked for, and a proxy that is named is asked.
func TestProxy(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "https://slack.com/api/auth.test", http.NoBody)
	for name, c := range map[string]struct {
		way  straight.Way
		want string
	}{
		"directly":     {straight.Way{}, "directly"},
		"by one named": {straight.Way{Environment: true, Proxy: "http://named:8080"}, "http://named:8080"},
	} {
		transport, err := c.way.Transport()
		if err != nil {
			t.Fatal(err)
		}
		got := "directly"
		if transport.Proxy != nil {
			if u, err := transport.Proxy(r); err == nil && u != nil {
				got = u.String()
			}
		}
		if got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if transport, err := (straight.Way{Environment: true}).Transport(); err != nil || transport.Proxy == nil {
		t.Errorf("no proxy of the environment is asked: %v", err)
	}
	for _, bad := range []string{"named:8080", "socks5://named", "http://user:secret@%zz"} {
		if _, err := (straight.Way{Proxy: bad}).Transport(); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestCAFile(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for ca, trusted := range map[string]bool{file: true, "": false} {
		transport, err := straight.Way{CAFile: ca}.Transport()
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{Transport: transport}).Get(s.URL)
		if (err == nil) != trusted {
			t.Errorf("with %q: %v", ca, err)
		}
		if err == nil {
			resp.Body.Close()
		}
	}
	if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{file, file + ".not"} {
		if _, err := (straight.Way{CAFile: bad}).Transport(); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
