package diagnosis

import (
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/change"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// What a controller has written a moment ago it writes all the time; what a person did then, or what is known to matter, is told.
func TestSteadyWritersAreLeftOut(t *testing.T) {
	s := &snapshot.Snapshot{At: time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)}
	for name, c := range map[string]struct {
		touched change.Touched
		by      string
		ago     time.Duration
		want    bool
	}{
		"a controller, just now":     {change.Unknown, "ingress-controller", 2 * time.Second, true},
		"a controller, minutes ago":  {change.Unknown, "ingress-controller", 3 * time.Minute, false},
		"a person, just now":         {change.Unknown, "kubectl-edit", 2 * time.Second, false},
		"a new image, just now":      {change.Program, "argocd-controller", 2 * time.Second, false},
		"a controller, at this time": {change.Unknown, "", 0, true},
	} {
		x := change.Scored{Change: change.Change{Change: incident.Change{At: s.At.Add(-c.ago), By: c.by}, Touched: c.touched}}
		if got := steady(s, x); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
