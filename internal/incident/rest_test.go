package incident_test

import (
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// A plan that helped and has left targets to the next one does not end the incident: the cluster is looked at again, and the next plan
// follows. What it did is not undone by the way back of the next.
func TestTheRestFollowsInTheNextPlan(t *testing.T) {
	o := incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}
	for name, c := range map[string]struct {
		rest  int
		phase incident.Phase
		next  incident.WorkKind
	}{
		"nothing is left": {0, incident.ResolvedPhase, incident.Draft},
		"the rest":        {280, incident.Investigating, incident.Investigate},
	} {
		d := ill("Deployment", "a fault of %s")
		d.At = began
		p := incident.Plan{Runbook: "roll-back", Causes: []string{"C1"}, Rest: c.rest,
			Steps: []incident.Step{{ID: "1", Kind: "RollBackWorkload", Target: incident.Target{Object: o}}}}
		p.Hash = p.ComputeHash()
		var log []incident.Recorded
		at := began
		for _, e := range []incident.Event{incident.SignalReceived{Signal: incident.Signal{Kind: "command"}},
			incident.DiagnosisMade{Diagnosis: *d}, incident.Recalled{}, incident.StoryTold{},
			incident.PlanProposed{Plan: p}, incident.PlanApproved{Approval: incident.Approval{PlanHash: p.Hash, Expires: at.Add(time.Hour)}},
			incident.StepIntended{PlanHash: p.Hash, Step: "1", Attempt: 1, Inverse: &incident.Step{ID: "1"}},
			incident.StepDone{PlanHash: p.Hash, Step: "1", Outcome: incident.StepOK},
			incident.VerificationSampled{OK: true}, incident.Verified{OK: true}} {
			at = at.Add(time.Second)
			log = append(log, incident.Recorded{Version: len(log) + 1, At: at, Event: e})
		}
		s := incident.Fold("INC-1", log)
		work := incident.Next(s, incident.DefaultPolicy, at)
		if len(work) != 1 || work[0].Kind != c.next || s.Phase(at) != c.phase {
			t.Errorf("%s: %s, then %+v", name, s.Phase(at), work)
		}
		if c.rest == 0 {
			continue
		}
		log = append(log, incident.Recorded{Version: len(log) + 1, At: at.Add(time.Second),
			Event: incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: at.Add(time.Second), Causes: d.Causes, Findings: d.Findings}}})
		s = incident.Fold("INC-1", log)
		proposes := false
		for _, w := range incident.Next(s, incident.DefaultPolicy, at) {
			proposes = proposes || w.Kind == incident.Propose
		}
		if s.Plan != nil || len(s.Undo) != 0 || !s.Open() || !proposes {
			t.Errorf("%s: after the next look: plan %v, to undo %v", name, s.Plan, s.Undo)
		}
	}
}
