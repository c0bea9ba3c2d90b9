package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/control"
	"github.com/paramedic-bot/paramedic/internal/cluster"
)

// What does not answer is away, from the first look in vain on, and is told once it has been so for longer than a restart takes; who
// refuses has answered, and what is back has never been away.
func TestTheAPIServerIsAway(t *testing.T) {
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "who are you", http.StatusUnauthorized)
	}))
	t.Cleanup(refuses.Close)
	overloaded := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not now", http.StatusServiceUnavailable)
	}))
	t.Cleanup(overloaded.Close)
	for name, c := range map[string]struct {
		host string
		away bool
	}{"nobody listens": {"http://user:secret@127.0.0.1:1", true}, "it says 503": {overloaded.URL, true}, "it refuses": {refuses.URL, false}} {
		t.Run(name, func(t *testing.T) {
			reader, err := cluster.New(&rest.Config{Host: c.host}, "lab")
			if err != nil {
				t.Fatal(err)
			}
			clock := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
			e := &Eyes{Reader: reader, Now: func() time.Time { return clock }}
			for minute, causes := range []int{0, 1} {
				clock = clock.Add(time.Duration(minute) * time.Minute)
				_, looked := e.Look(t.Context(), "")
				d, err := e.withoutTheCluster(t.Context(), looked, diagnosis.Scope{})
				if !c.away {
					if err == nil || d != nil {
						t.Errorf("minute %d: %+v, %v", minute, d, err)
					}
					continue
				}
				if err != nil || len(d.Causes) != causes {
					t.Fatalf("minute %d: %d causes, %v", minute, len(d.Causes), err)
				}
				if causes == 0 {
					continue
				}
				if x := d.Causes[0]; x.Code != control.APIServerAway || !x.Since.Equal(clock.Add(-time.Minute)) || strings.Contains(x.Title, "secret") {
					t.Errorf("minute %d: %+v", minute, x)
				}
			}
			if since := e.away.noted(nil, clock); !since.IsZero() {
				t.Errorf("back, and away since %s", since)
			}
		})
	}
}
