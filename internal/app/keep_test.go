package app

import (
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"

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
