package checks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// A check that panics costs what it alone would have found: the others find what they find, what failed is said and can be looked up, and
// its silence says nothing.
func TestACheckThatPanicsTakesNothingWithIt(t *testing.T) {
	s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), []byte(asking))
	if err != nil {
		t.Fatal(err)
	}
	broken := finding.Check{Name: "broken", Codes: nil, Run: func(s *snapshot.Snapshot, r *finding.Report) {
		r.Judges("pods")
		for _, name := range []string{"whole", "half made"} {
			r.Find("Broken", snapshot.ObjectOf("Pod", "shop", name), name).Cite(finding.SeenAPI(snapshot.ObjectOf("Pod", "shop", name), "status",
				time.Time{}, name))
		}
		_ = s.Pods[:0][len(s.Pods)]
	}}
	well := run(s, All)
	got := run(s, append([]finding.Check{broken}, All...))
	if len(well.Failures) > 0 || len(got.Findings) != len(well.Findings)+1 || got.Findings[0].Title != "whole" {
		t.Errorf("beside a check that panics %d findings, without it %d", len(got.Findings), len(well.Findings))
	}
	if _, said := got.Judged["broken"]; said || got.Judged["services"] == nil {
		t.Errorf("judged: %v", got.Judged)
	}
	if len(got.Failures) != 1 {
		t.Fatalf("%d failures", len(got.Failures))
	}
	f := got.Failures[0]
	if f.What != "check broken" || !f.Names(incident.Checks) || f.Where.Name != "broken" || !strings.Contains(f.Why, "index out of range") ||
		!strings.Contains(f.Stack, "failed_test.go") {
		t.Errorf("%+v", f)
	}
}

// A log whose reading panics says nothing; the other logs are read.
func TestALogThatCannotBeReadIsNotSeen(t *testing.T) {
	l := &snapshot.Log{Namespace: "shop", Pod: "api-1", Container: "main", Text: "secret words"}
	r := readings.ReadBy(l, func(text string) logs.Reading { panic(text) })
	switch {
	case r.Failed == nil:
		t.Fatal("nothing failed")
	case !r.Failed.Names(incident.PodLogs) || r.Failed.Where != snapshot.ObjectOf("Pod", "shop", "api-1") || len(r.Telling) > 0:
		t.Errorf("%+v", r)
	case strings.Contains(r.Failed.Why, "secret"):
		t.Errorf("people are told what it panicked with: %s", r.Failed.Why)
	}
	if r := readings.ReadBy(l, logs.Read); r.Failed != nil {
		t.Errorf("%+v", r.Failed)
	}
}

// A finding whose second looks cannot be worked out keeps no other from asking.
func TestASecondLookThatPanicsIsSaid(t *testing.T) {
	was := asks
	t.Cleanup(func() { asks = was })
	asks = slices.Insert(slices.Clone(asks), 0, struct {
		codes  []string
		probes func(*snapshot.Snapshot, *finding.Finding) []snapshot.Probe
	}{nil, func(_ *snapshot.Snapshot, f *finding.Finding) []snapshot.Probe {
		return []snapshot.Probe{{Target: f.Nodes[9]}}
	}})
	s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), []byte(asking))
	if err != nil {
		t.Fatal(err)
	}
	if probes, failures := Asks(s, Run(s).Findings); len(probes) < 4 || len(failures) == 0 || !failures[0].Names(incident.Checks) {
		t.Errorf("%d looks, %v", len(probes), failures)
	}
}
