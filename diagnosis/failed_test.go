package diagnosis

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// A check that failed has looked at nothing: what it would have judged is not ruled out, though all of it was seen.
func TestWhatAFailedCheckJudgesIsNotRuledOut(t *testing.T) {
	s := snapshotOf(t, "testdata/healthy.txtar")
	r := checks.Run(s)
	all, _ := ruledOut(s, "", r, r.Findings)
	for _, place := range places {
		by, ran := r.Judged[place.check]
		if !ran {
			t.Errorf("check %s, by which %s are judged, does not say what it judges by", place.check, place.what)
		}
		delete(r.Judged, place.check)
		left, _ := ruledOut(s, "", r, r.Findings)
		for _, x := range left {
			if strings.HasPrefix(x.What, place.what) {
				t.Errorf("without check %s, %s is ruled out: %s", place.check, x.What, x.Why)
			}
		}
		r.Judged[place.check] = by
	}
	if len(all) < 4 {
		t.Errorf("ruled out: %v", all)
	}
}

// What fails beside the checks costs itself, and is said.
func TestAPartThatPanicsIsSaid(t *testing.T) {
	d := &incident.Diagnosis{}
	guarded(d, "what changed", func() { _ = d.Findings[7] })
	if len(d.Failures) != 1 || len(d.NotSeen) != 1 || d.NotSeen[0].What != "what changed" || !d.NotSeen[0].Names(incident.Checks) {
		t.Errorf("%+v", d)
	}
}
