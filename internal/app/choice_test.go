package app

import (
	"slices"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// offerTwo puts a choice of two plans on offer.
func (d *office) offerTwo(t *testing.T) (first, second incident.Plan) {
	t.Helper()
	first = d.plan
	second = incident.Plan{Runbook: "s", Title: "Mend it otherwise", Steps: []incident.Step{{ID: "1", Kind: "K", Title: "Do that",
		Target: incident.Target{Object: incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}, UID: "u"}}},
		Record: []incident.Record{{Treated: incident.Treated{Runbook: "s", Code: "X"}}}}
	second.Hash = second.ComputeHash()
	d.noted(t, incident.PlanProposed{Plan: first, Other: &second})
	return first, second
}

func (d *office) noted(t *testing.T, events ...incident.Event) *incident.State {
	t.Helper()
	s, err := d.ledger.update(t.Context(), "INC-1", func(*incident.State) ([]incident.Event, error) { return events, nil })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheFirstYesWithdrawsTheOtherPlan(t *testing.T) {
	d := open(t)
	first, second := d.offerTwo(t)
	s, err := d.Approve(t.Context(), "INC-1", second.Hash, ada)
	if err != nil || s.Plan.Hash != second.Hash || s.Other != nil || !s.ApprovalValid(d.clock) {
		t.Fatalf("%+v, %v", s, err)
	}
	_, err = d.Approve(t.Context(), "INC-1", first.Hash, eve)
	refused(t, err, "replaced by a newer one")
}

func TestANoToOneOfTwoLeavesTheOther(t *testing.T) {
	d := open(t)
	first, second := d.offerTwo(t)
	s, err := d.Reject(t.Context(), "INC-1", first.Hash, "", ada)
	if err != nil || s.Plan == nil || s.Plan.Hash != second.Hash || s.Rejected != nil {
		t.Fatalf("%+v, %v", s, err)
	}
	if hits, err := d.ledger.store.Find(t.Context(), targets(second, nil), d.clock); err != nil || len(hits) != 1 {
		t.Errorf("its target is free for others: %v, %v", hits, err)
	}
	if s, err = d.Reject(t.Context(), "INC-1", second.Hash, "", ada); err != nil || s.Rejected == nil {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAnEditVoidsWhatWasApproved(t *testing.T) {
	d := open(t)
	pair := d.plan
	pair.People = 2
	pair.Hash = pair.ComputeHash()
	d.noted(t, incident.PlanProposed{Plan: pair})
	if s, err := d.Approve(t.Context(), "INC-1", pair.Hash, ada); err != nil || len(s.Approvals) != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	_, err := d.Edit(t.Context(), "INC-1", pair.Hash, []incident.Setting{{Key: "1.value", Value: "hunter2"}}, eve)
	refused(t, err, "looks like a secret")
	_, err = d.Edit(t.Context(), "INC-1", pair.Hash, []incident.Setting{{Key: "1.value", Value: "5"}}, ben)
	refused(t, err, "not among the approvers")
	s, err := d.Edit(t.Context(), "INC-1", pair.Hash, []incident.Setting{{Key: "1.value", Value: "5"}}, eve)
	if err != nil || s.Plan.Hash == pair.Hash || len(s.Approvals) != 0 || s.Plan.Steps[0].Source != "set by Eve" {
		t.Fatalf("%+v, %v", s.Plan, err)
	}
	_, err = d.Approve(t.Context(), "INC-1", pair.Hash, ada)
	refused(t, err, "replaced by a newer one")
}

func TestRunsAreCountedOnce(t *testing.T) {
	d := open(t)
	_, second := d.offerTwo(t)
	if _, err := d.Approve(t.Context(), "INC-1", second.Hash, ada); err != nil {
		t.Fatal(err)
	}
	d.noted(t, incident.StepIntended{PlanHash: second.Hash, Step: "1", Attempt: 1},
		incident.StepDone{PlanHash: second.Hash, Step: "1", Outcome: incident.StepOK}, incident.VerificationSampled{})
	if runs, err := d.Runs(t.Context()); err != nil || len(runs) != 0 {
		t.Fatalf("counted before its end: %+v, %v", runs, err)
	}
	d.noted(t, incident.Verified{})
	back := incident.Plan{Runbook: "s", InverseOf: second.Hash, Steps: second.Steps}
	back.Hash = back.ComputeHash()
	d.noted(t, incident.PlanProposed{Plan: back})
	d.noted(t, incident.PlanApproved{Approval: incident.Approval{PlanHash: back.Hash, By: ada, Expires: d.clock.Add(time.Hour)}},
		incident.StepIntended{PlanHash: back.Hash, Step: "1", Attempt: 1})
	d.noted(t, incident.StepDone{PlanHash: back.Hash, Step: "1", Outcome: incident.StepOK})
	runs, err := d.Runs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := incident.Record{Treated: incident.Treated{Runbook: "s", Code: "X"}, Useless: 1, Undone: 1}
	if got := runs.Records(); !slices.Equal(got, []incident.Record{want}) {
		t.Errorf("%+v", got)
	}
	if n, _ := runs.Useless("s", second.Steps[0].Target); n != 1 {
		t.Errorf("useless %d times", n)
	}
}
