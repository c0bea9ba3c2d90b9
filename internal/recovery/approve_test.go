package recovery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

func TestWhoMayApprove(t *testing.T) {
	approvers, err := recovery.NewApprovers("T1", []recovery.Approver{{Person: "U1", Identity: ada}, {Person: "T2/U2", Identity: incident.Identity{User: "bob"}}})
	if err != nil {
		t.Fatal(err)
	}
	u1, u2 := incident.Person{Team: "T1", ID: "U1", Name: "Ada"}, incident.Person{Team: "T2", ID: "U2", Name: "Bob"}
	safe, grave := &incident.Plan{Hash: "h", Risk: incident.Safe}, &incident.Plan{Hash: "h", Risk: incident.Destructive}
	given := func(hash string, by incident.Person) []incident.Approval {
		return []incident.Approval{{PlanHash: hash, By: by}}
	}
	for name, c := range map[string]struct {
		plan  *incident.Plan
		by    incident.Person
		asked []incident.Person
		given []incident.Approval
		as    string
		no    string
	}{
		"an approver of the home team":             {plan: safe, by: u1, as: "ada"},
		"an approver of a team named":              {plan: safe, by: u2, as: "bob"},
		"the same id in another team":              {plan: safe, by: incident.Person{Team: "T9", ID: "U1", Name: "Mallory"}, no: "Mallory is not one of those"},
		"the same id without a team":               {plan: safe, by: incident.Person{ID: "U1"}, no: "U1 is not one of those"},
		"nobody":                                   {plan: safe, no: "somebody unnamed"},
		"who asked, for what is safe":              {plan: safe, by: u1, asked: []incident.Person{u1}, as: "ada"},
		"who asked, for what is destructive":       {plan: grave, by: u1, asked: []incident.Person{u1}, no: "neither of whom asked"},
		"a second person, for what is destructive": {plan: grave, by: u2, asked: []incident.Person{{Team: "T1", ID: "U7"}}, given: given("h", u1), as: "bob"},
		"the same person twice":                    {plan: grave, by: u1, given: given("h", u1), no: "already"},
		"who approved the plan before":             {plan: safe, by: u1, given: given("other", u1), as: "ada"},
	} {
		got, err := approvers.MayApprove(c.plan, c.by, c.asked, c.given)
		if got.User != c.as || (err != nil) != (c.no != "") || err != nil && !strings.Contains(err.Error(), c.no) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := (recovery.Approvers)(nil).MayApprove(safe, u1, nil, nil); err == nil {
		t.Error("nobody is configured, and somebody may")
	}
}

func TestHowManyMustApproveAndUntilWhen(t *testing.T) {
	yes := func(hash, who string, left time.Duration) incident.Approval {
		return incident.Approval{PlanHash: hash, By: incident.Person{ID: who}, Expires: t0.Add(left)}
	}
	for name, c := range map[string]struct {
		risk  incident.Risk
		given []incident.Approval
		ok    bool
		why   string
	}{
		"none":                         {risk: incident.Safe, why: "0 of 1 approvals given"},
		"one for what is safe":         {incident.Safe, []incident.Approval{yes("h", "a", time.Minute)}, true, ""},
		"one for what is disruptive":   {incident.Disruptive, []incident.Approval{yes("h", "a", time.Minute)}, true, ""},
		"one for what is destructive":  {incident.Destructive, []incident.Approval{yes("h", "a", time.Minute)}, false, "1 of 2 approvals given"},
		"two for what is destructive":  {incident.Destructive, []incident.Approval{yes("h", "a", time.Minute), yes("h", "b", time.Minute)}, true, ""},
		"one person twice":             {incident.Destructive, []incident.Approval{yes("h", "a", time.Minute), yes("h", "a", time.Hour)}, false, "1 of 2 approvals given"},
		"of another plan":              {incident.Safe, []incident.Approval{yes("x", "a", time.Minute)}, false, "0 of 1 approvals given"},
		"expired this moment":          {incident.Safe, []incident.Approval{yes("h", "a", 0)}, false, "0 of 1 approvals given, 1 expired"},
		"one of the two has expired":   {incident.Destructive, []incident.Approval{yes("h", "a", time.Minute), yes("h", "b", -time.Minute)}, false, "1 of 2 approvals given, 1 expired"},
		"a risk that nobody has heard": {incident.Risk(""), []incident.Approval{yes("h", "a", time.Minute)}, false, "1 of 2 approvals given"},
	} {
		ok, why := recovery.Approved(&incident.Plan{Hash: "h", Risk: c.risk}, c.given, t0)
		if ok != c.ok || why != c.why {
			t.Errorf("%s: %v %q, want %v %q", name, ok, why, c.ok, c.why)
		}
	}
}

func TestApproversAreCheckedAllAtOnce(t *testing.T) {
	_, err := recovery.NewApprovers("T1", []recovery.Approver{{}, {Person: "U1"}, {Person: "U2", Identity: incident.Identity{User: "x", Groups: []string{"system:masters"}}},
		{Person: "U3", Identity: ada}, {Person: "T1/U3", Identity: ada}})
	for _, want := range []string{`approver ""`, "approver U1: name the Kubernetes user", "approver U2: system:masters", "approver T1/U3: named twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
