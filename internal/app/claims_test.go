package app

import (
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

func TestATargetIsUnderOnePlanAtATime(t *testing.T) {
	d := open(t)
	target := incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}
	plan := incident.Plan{Runbook: "r", Title: "Mend it", Steps: []incident.Step{{ID: "1", Kind: "K", Title: "Do it",
		Target: incident.Target{Object: target}}}}
	plan.Hash = plan.ComputeHash()
	record := func(id string, events ...incident.Event) {
		t.Helper()
		if _, err := d.ledger.update(t.Context(), id, func(*incident.State) ([]incident.Event, error) { return events, nil }); err != nil {
			t.Fatal(err)
		}
	}
	claimed := func(id, want string) {
		t.Helper()
		if other, err := d.ledger.claimed(t.Context(), id, &plan, nil); err != nil || other != want {
			t.Errorf("another plan for the target of %s: %q, want %q, %v", id, other, want, err)
		}
	}
	s, err := d.Open(t.Context(), incident.Signal{Kind: "command", Status: incident.Firing, Fingerprint: "x", Title: "x", By: ben})
	if err != nil {
		t.Fatal(err)
	}
	record(s.ID, incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: d.clock}})
	claimed(s.ID, "")
	record("INC-1", incident.PlanProposed{Plan: plan})
	claimed(s.ID, "INC-1")
	claimed("INC-1", "")
	record(s.ID, incident.NoPlan{Reason: "INC-1 has it", Waits: "INC-1"})
	if s, err = d.Get(t.Context(), s.ID); err != nil || s.Investigation.Wanted {
		t.Fatalf("it is looked at again while the plan is there: %v", err)
	}
	if _, err := d.Reject(t.Context(), "INC-1", plan.Hash, "no", ada); err != nil {
		t.Fatal(err)
	}
	claimed(s.ID, "")
	if s, err = d.Get(t.Context(), s.ID); err != nil || !s.Investigation.Wanted {
		t.Errorf("it is not looked at again once the plan is gone: %v", err)
	}
}
