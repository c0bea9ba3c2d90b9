package app

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// Copies are kept of what is known to be well: not of a cluster whose pods could not be seen.
func TestNoCopyIsKeptUnseen(t *testing.T) {
	b, err := bundle.Open("../demo/bundles/healthy.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	for name, without := range map[string]string{"all is seen": "", "no pods": "pods", "no nodes": "nodes"} {
		t.Run(name, func(t *testing.T) {
			rule := bundle.Rule{Users: []string{"bot"}, Verbs: []string{"*"}, APIGroups: []string{"*"}}
			for _, k := range snapshot.Kinds {
				rule.Resources = append(rule.Resources, k.Resource)
			}
			rule.Resources = slices.DeleteFunc(rule.Resources, func(r string) bool { return r == without })
			server := bundle.NewServer(b, bundle.ServerOptions{Users: map[string]bundle.User{"t": {Name: "bot"}}, Authorize: bundle.Rules(rule)})
			h := httptest.NewServer(server)
			defer func() { server.Close(); h.Close() }()
			reader, err := cluster.New(&rest.Config{Host: h.URL, BearerToken: "t"}, "lab")
			if err != nil {
				t.Fatal(err)
			}
			st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			k := &keeper{eyes: &Eyes{Reader: reader}, store: st, logger: slog.New(slog.DiscardHandler)}
			n, err := k.keep(t.Context())
			if err != nil || (n > 0) != (without == "") {
				t.Errorf("%d copies, %v", n, err)
			}
		})
	}
}

// A copy that would hold a secret is not kept: that is logged once, and doctor says it until the secret is gone.
func TestNoCopyIsKeptOfASecret(t *testing.T) {
	b, err := bundle.Open("../demo/bundles/healthy.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	server := bundle.NewServer(b, bundle.ServerOptions{})
	h := httptest.NewServer(server)
	defer func() { server.Close(); h.Close() }()
	reader, err := cluster.New(&rest.Config{Host: h.URL}, "lab")
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var log bytes.Buffer
	hides := true
	k := &keeper{eyes: &Eyes{Reader: reader, Redact: func(s string) string {
		if hides {
			return strings.ReplaceAll(s, "forward", "[REDACTED]")
		}
		return s
	}}, store: st, logger: slog.New(slog.NewTextHandler(&log, nil))}
	for range 2 {
		if n, err := k.keep(t.Context()); err != nil || n != 0 {
			t.Fatalf("%d copies, %v", n, err)
		}
	}
	if n := strings.Count(log.String(), "would hold what looks like a secret"); n != 1 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
	checks := doctorCopies(t.Context(), Config{}, st.Reader)
	if len(checks) != 1 || checks[0].OK || !strings.Contains(checks[0].Detail, "configmap/kube-system/coredns/Corefile") ||
		strings.Contains(checks[0].Detail, withheldPrefix) {
		t.Errorf("doctor says %+v", checks)
	}
	hides = false
	time.Sleep(10 * time.Millisecond)
	if n, err := k.keep(t.Context()); err != nil || n != 1 {
		t.Fatalf("%d copies, %v", n, err)
	}
	if checks := doctorCopies(t.Context(), Config{}, st.Reader); len(checks) != 1 || !checks[0].OK {
		t.Errorf("then doctor says %+v", checks)
	}
}
