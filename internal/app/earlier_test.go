package app

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// restartOf is a plan that replaces pods.
func restartOf(name string, pods int) incident.Plan {
	p := incident.Plan{Title: "Restart " + name, Pods: pods, Risk: incident.Disruptive, Steps: []incident.Step{{ID: "1", Kind: "RestartWorkload",
		Target: incident.Target{Object: incident.Object{Kind: "Deployment", Namespace: "shop", Name: name}}}}}
	p.Hash = p.ComputeHash()
	return p
}

// What was approved or ran within the hour counts towards the ceiling; the way back never does.
func TestPlansOfAnHourStayBelowTheCeiling(t *testing.T) {
	d := open(t)
	first, next := restartOf("web", 40), restartOf("db", 70)
	d.happens(t, incident.PlanProposed{Plan: first}, incident.PlanApproved{Approval: incident.Approval{PlanHash: first.Hash, By: ada, At: d.clock,
		Expires: d.clock.Add(time.Hour)}}, incident.StepIntended{PlanHash: first.Hash, Step: "1", Attempt: 1})
	back := next
	back.InverseOf = first.Hash
	for name, c := range map[string]struct {
		plan    incident.Plan
		perHour int
		later   time.Duration
		want    string
	}{
		"too many":      {next, 100, 0, "it ends or replaces 70 pods, other plans of the last hour 40, and the configuration allows 100"},
		"few enough":    {next, 110, 0, ""},
		"an hour later": {next, 100, time.Hour + time.Minute, ""},
		"the way back":  {back, 100, 0, ""},
		"itself":        {first, 40, 0, ""},
	} {
		was := d.clock
		d.clock = d.clock.Add(c.later)
		why, err := d.ledger.tooMuch(t.Context(), &c.plan, c.perHour)
		d.clock = was
		if err != nil || !strings.HasPrefix(why, c.want) || (why == "") != (c.want == "") {
			t.Errorf("%s: %q, %v", name, why, err)
		}
	}
	d.podsPerHour = 100
	var refusal *commands.Refusal
	if err := d.withinCeiling(t.Context(), "INC-1", &next, ada); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, "plans.ceiling.podsPerHour") {
		t.Errorf("approved: %v", err)
	}
}

// How long the same took is told by runs that had all its steps and helped.
func TestEarlierRunsTellHowLongItTakes(t *testing.T) {
	d := open(t)
	p := restartOf("web", 1)
	d.happens(t, incident.PlanProposed{Plan: p}, incident.PlanApproved{Approval: incident.Approval{PlanHash: p.Hash, By: ada, At: d.clock,
		Expires: d.clock.Add(time.Hour)}}, incident.StepIntended{PlanHash: p.Hash, Step: "1", Attempt: 1})
	tells := func(p incident.Plan, want string) {
		t.Helper()
		if got, err := d.ledger.took(t.Context(), &p); err != nil || !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	tells(p, "")
	d.clock = d.clock.Add(7 * time.Minute)
	d.happens(t, incident.StepDone{PlanHash: p.Hash, Step: "1", Outcome: incident.StepOK}, incident.Verified{OK: true})
	tells(p, "7 minutes until all was proved well, as it took earlier (once, last on ")
	tells(restartOf("db", 1), "")
	more := p
	more.Steps = append(more.Steps[:1:1], restartOf("db", 1).Steps...)
	tells(more, "")
}
