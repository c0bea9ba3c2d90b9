//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Nobody asks and no alert comes: the watch sees the founding incident within a minute, tells it in one incident, and what came a little
// later, too; a cluster that is well it leaves alone.
func TestTheWatch(t *testing.T) {
	l := theLab(t)
	l.run(t, "down")
	l.run(t, "up")
	l.run(t, "apps")
	l.healthy(t)
	b := newBot(t, l, 30*time.Second, true)
	b.start(t)
	b.connected(t)
	b.keeps(t)
	if n := len(b.incidents(t)); n > 0 {
		t.Fatalf("%d incidents on a cluster that is well", n)
	}
	b.run(t, "fault", "resurrection")
	began := time.Now()
	s := b.incident(t, time.Minute, "raised, with its cause", func(s *incident.State) bool {
		return s.Diagnosis != nil && len(s.Diagnosis.Causes) > 0
	})
	t.Logf("raised %s before the fault was complete", began.Sub(s.OpenedAt).Round(time.Second))
	if c := s.Diagnosis.InOrder()[0]; c.Code != "DNSLoop" && c.Code != "NodeCNIMissing" {
		t.Errorf("the first cause is %s: %s", c.Code, c.Title)
	}
	b.incident(t, 3*time.Minute, "both roots, and a plan that mends them", func(s *incident.State) bool {
		return len(s.Diagnosis.Causes) > 1 && s.Plan != nil && len(s.Plan.Steps) > 2
	})
	if n := len(b.incidents(t)); n != 1 {
		t.Errorf("%d incidents", n)
	}
}
