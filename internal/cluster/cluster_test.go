package cluster_test

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
)

// incidentBundle is the demo's: a one-node cluster, a minute into the founding incident.
func incidentBundle(t testing.TB) *bundle.Bundle {
	t.Helper()
	b, err := bundle.Open(filepath.Join("..", "demo", "bundles", "broken.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// serve serves the bundle as an API, at the times of its capture, and returns how "bot" reaches it.
func serve(t testing.TB, b *bundle.Bundle, o bundle.ServerOptions) *rest.Config {
	t.Helper()
	o.KeepTimes = true
	s := bundle.NewServer(b, o)
	h := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); h.Close() })
	return &rest.Config{Host: h.URL, BearerToken: "bot-token"}
}

// allowing makes "bot" a user for whom the rules hold.
func allowing(rules ...bundle.Rule) bundle.ServerOptions {
	return bundle.ServerOptions{Users: map[string]bundle.User{"bot-token": {Name: "bot"}}, Authorize: bundle.Rules(rules...)}
}

// except leaves out of the rights to read everything those on one resource, such as "pods" or "pods/log".
func except(resource string) []bundle.Rule {
	rules := bundle.ReadRules([]string{"bot"}, nil)
	for i := range rules {
		var rest []string
		for _, r := range rules[i].Resources {
			if r != resource {
				rest = append(rest, r)
			}
		}
		rules[i].Resources = rest
	}
	return rules
}

func reader(t testing.TB, c *rest.Config) *cluster.Reader {
	t.Helper()
	r, err := cluster.New(c, "lab")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// at makes a look believe that it is the time of the capture, which the served times are of.
func at(b *bundle.Bundle) func() time.Time {
	return func() time.Time { return b.Manifest.CapturedAt }
}
