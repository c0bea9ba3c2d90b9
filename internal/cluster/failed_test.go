package cluster

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

type panics struct {
	on   string
	next http.RoundTripper
}

func (p panics) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, p.on) {
		panic("boom at " + r.URL.Path)
	}
	return p.next.RoundTrip(r)
}

// A panic while one thing is read costs that thing: it is not seen, by its resource, and the rest is.
func TestAPanicInALookCostsWhatItReads(t *testing.T) {
	whole := stub(t, map[string]http.HandlerFunc{
		"/api/v1/nodes": says(`{"kind":"NodeList","apiVersion":"v1","items":[{"metadata":{"name":"n1"}}]}`),
		"/apis":         says(discovered),
	})
	for path, resource := range map[string]incident.Resource{
		"/api/v1/pods":                 "pods",
		"/readyz":                      incident.ServerHealth,
		"/version":                     incident.ServerVersion,
		"/apis/example.com/v2/widgets": "widgets.example.com",
		"/api/v1/secrets":              incident.Secrets,
	} {
		r, err := New(&rest.Config{Host: whole.config.Host, WrapTransport: func(next http.RoundTripper) http.RoundTripper {
			return panics{path,
				next}
		}}, "stub")
		if err != nil {
			t.Fatal(err)
		}
		s, err := r.Look(t.Context(), LookOptions{Secrets: true})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if len(s.Nodes) != 1 || !s.NotSeenIn(resource, "") {
			t.Errorf("%s: %d nodes, not seen: %+v", path, len(s.Nodes), s.NotSeen)
		}
		if len(s.Failures) != 1 || !strings.HasPrefix(s.Failures[0].Panic, "boom") || !strings.Contains(s.Failures[0].Stack, "failed_test.go") {
			t.Errorf("%s: %d failures", path, len(s.Failures))
		}
	}
}

// A second look that panics costs itself.
func TestAPanicInAProbeCostsThatProbe(t *testing.T) {
	var s snapshot.Snapshot
	Prober{Metrics: (*boom)(nil)}.Probe(t.Context(), &s, []snapshot.Probe{{Kind: snapshot.ProbeQuery, Target: "up"},
		{Kind: snapshot.ProbeDial, Target: "127.0.0.1:1"}})
	if len(s.Dials) != 1 || len(s.Failures) != 1 || len(s.NotSeen) != 1 {
		t.Errorf("%+v", s)
	}
}

type boom struct{ value float64 }

func (b *boom) Query(context.Context, string) (float64, bool, error) { return b.value, true, nil }
