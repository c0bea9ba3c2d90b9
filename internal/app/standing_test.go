package app

import (
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// company is a configuration with approvers.
func company(change func(*Config)) Config {
	c := DefaultConfig()
	c.Approvers = []PersonConfig{{Slack: ada.Key(), User: "ada"}, {Slack: eve.Key(), User: "eve"}}
	if change != nil {
		change(&c)
	}
	return c
}

// offer replaces the plan on offer by one of the risk, as the configuration asks for it.
func (d *office) offer(t *testing.T, risk incident.Risk) {
	t.Helper()
	p := incident.Plan{Runbook: "r", Title: "Mend it", Risk: risk, Steps: []incident.Step{{ID: "1", Kind: "K", Title: "Do it"},
		{ID: "2", Kind: "K", Title: "Do more"}}}
	d.access.Asks(&p)
	d.happens(t, incident.PlanProposed{Plan: p})
	d.plan = p
}

func (d *office) happens(t *testing.T, events ...incident.Event) *incident.State {
	t.Helper()
	s, err := d.ledger.update(t.Context(), "INC-1", func(*incident.State) ([]incident.Event, error) { return events, nil })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Who approved is looked up before each step in the configuration as it is then.
func TestAnApproverWhoIsNoneAnyMoreRunsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"as it was": {nil, ""},
		"taken out": {func(c *Config) { c.Approvers = c.Approvers[1:] },
			"Ada, who approved it, is no approver any more"},
		"no longer among who may approve": {func(c *Config) { c.Roles.Approve = Holders{People: []string{eve.Key()}} },
			"Ada, who approved it, is no approver any more"},
		"somebody else to Kubernetes":  {func(c *Config) { c.Approvers[0].User = "root" }, "Ada, who approved it as ada, acts as root now"},
		"in other groups":              {func(c *Config) { c.Approvers[0].Groups = []string{"admins"} }, "acts as"},
		"one more person is asked for": {func(c *Config) { c.Plans.People.Disruptive = 2 }, "asks for the approval of 2 people now"},
		"another approver, which is no harm": {func(c *Config) { c.Approvers = append(c.Approvers, PersonConfig{Slack: "T1/UX", User: "x"}) },
			""},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			d.access.Replace(company(nil))
			d.offer(t, incident.Disruptive)
			d.yes(t, ada)
			d.happens(t, incident.StepIntended{PlanHash: d.plan.Hash, Step: "1", Attempt: 1}, incident.StepDone{PlanHash: d.plan.Hash, Step: "1",
				Outcome: incident.StepOK})
			d.access.Replace(company(c.change))
			s, err := d.Get(t.Context(), "INC-1")
			if err != nil {
				t.Fatal(err)
			}
			if why := d.access.withdrawn(s); why == "" != (c.want == "") || !strings.Contains(why, c.want) {
				t.Fatalf("%q, want %q", why, c.want)
			}
			if c.want == "" {
				return
			}
			// The guard before each act says so, and the step that was due has failed.
			w := worker{ledger: d.ledger, access: d.access}
			if err := w.execute(t.Context(), s, incident.Work{Kind: incident.Execute, Step: "2"}); err != nil {
				t.Fatal(err)
			}
			if s, _ = d.Get(t.Context(), "INC-1"); s.StepState("2").Outcome != incident.StepFailed ||
				!strings.Contains(s.StepState("2").Detail, c.want) {
				t.Errorf("step 2: %+v", s.StepState("2"))
			}
		})
	}
}

// After a restart Slack may not have said yet which team is at home: an approval on the record stands all the same, for recovery must be
// possible without Slack.
func TestAnApprovalStandsWhileSlackIsSilent(t *testing.T) {
	d := open(t)
	d.yes(t, eve) // who is named by her id alone
	d.restart(t)
	d.access.home.Store(nil)
	s, err := d.Get(t.Context(), "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	if why := d.access.withdrawn(s); why != "" {
		t.Error(why)
	}
}

// Who asked for an incident approves nothing that interrupts, where somebody else can.
func TestWhoAskedForItDoesNotApproveIt(t *testing.T) {
	asked := incident.SignalReceived{Signal: incident.Signal{Kind: "command", Status: incident.Firing, Fingerprint: "said/x", Title: "x",
		By: ada}}
	for name, c := range map[string]struct {
		risk      incident.Risk
		approvers int
		by        incident.Person
		want      string
	}{
		"who asked":                  {incident.Disruptive, 2, ada, "Ada asked for INC-1"},
		"somebody else":              {incident.Disruptive, 2, eve, ""},
		"what interrupts nothing":    {incident.Safe, 2, ada, ""},
		"at home there is only one":  {incident.Disruptive, 1, ada, ""},
		"nor what can't be undone":   {incident.Destructive, 2, ada, "Ada asked for INC-1"},
		"which the other may, first": {incident.Destructive, 2, eve, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			d.access.Replace(company(func(k *Config) { k.Approvers = k.Approvers[:c.approvers] }))
			d.happens(t, asked)
			d.offer(t, c.risk)
			_, err := d.Approve(t.Context(), "INC-1", d.plan.Hash, c.by)
			if c.want == "" && err == nil {
				return
			}
			refused(t, err, c.want)
		})
	}
}

func TestTwoPeople(t *testing.T) {
	two := func(c *Config) { c.Plans.People.Disruptive = 2 }
	begins := func(t *testing.T, d *office) bool {
		s, err := d.Get(t.Context(), "INC-1")
		if err != nil {
			t.Fatal(err)
		}
		work := incident.Next(s, incident.DefaultPolicy, d.clock)
		return len(work) > 0 && work[0].Kind == incident.Execute
	}
	t.Run("of a company", func(t *testing.T) {
		d := open(t)
		d.access.Replace(company(two))
		d.offer(t, incident.Disruptive)
		d.yes(t, ada)
		if begins(t, d) {
			t.Fatal("one is enough")
		}
		_, err := d.Approve(t.Context(), "INC-1", d.plan.Hash, ada)
		refused(t, err, "Ada has approved this plan already")
		// The same person at the terminal is no second one.
		d.self = &incident.Identity{User: "ada", Groups: []string{"system:authenticated"}}
		_, err = d.Approve(t.Context(), "INC-1", d.plan.Hash, AtTerminal())
		refused(t, err, "has approved this plan already")
		d.self = &incident.Identity{User: "system:admin", Groups: []string{"system:masters"}}
		_, err = d.Approve(t.Context(), "INC-1", d.plan.Hash, AtTerminal())
		refused(t, err, "names for no approver")
		d.self = &incident.Identity{User: "eve"}
		d.yes(t, AtTerminal())
		s, _ := d.Get(t.Context(), "INC-1")
		if !begins(t, d) || s.Approval().As.User != "ada" || d.access.withdrawn(s) != "" {
			t.Errorf("%+v; %q", s.Approvals, d.access.withdrawn(s))
		}
	})
	t.Run("at home", func(t *testing.T) {
		d := open(t)
		d.access.Replace(company(func(c *Config) { two(c); c.Approvers = c.Approvers[:1] }))
		d.offer(t, incident.Disruptive)
		if !d.plan.Terminal {
			t.Fatal("the plan does not say that the terminal is asked")
		}
		d.yes(t, ada)
		if begins(t, d) {
			t.Fatal("one is enough")
		}
		for _, program := range []string{"system:serviceaccount:paramedic:paramedic", "system:node:n1"} {
			d.self = &incident.Identity{User: program}
			_, err := d.Approve(t.Context(), "INC-1", d.plan.Hash, AtTerminal())
			refused(t, err, "the account of a program")
		}
		d.self, d.oracle.denied = &incident.Identity{User: "viewer"}, "may not patch"
		_, err := d.Approve(t.Context(), "INC-1", d.plan.Hash, AtTerminal())
		refused(t, err, "may not patch")
		d.self, d.oracle.denied = &incident.Identity{User: "system:admin"}, ""
		d.yes(t, AtTerminal())
		s, _ := d.Get(t.Context(), "INC-1")
		if !begins(t, d) || s.Approval().As.User != "ada" {
			t.Errorf("%+v", s.Approvals)
		}
		// With a second approver, the terminal counts no more.
		d.access.Replace(company(two))
		if why := d.access.withdrawn(s); !strings.Contains(why, "more than one approver") {
			t.Error(why)
		}
	})
}

func TestStop(t *testing.T) {
	stop := func(t *testing.T, d *office) *incident.State {
		t.Helper()
		s, err := d.Stop(t.Context(), "INC-1", "it is hunter2", ben)
		if err != nil {
			t.Fatal(err)
		}
		if s.Stopped.Reason != "it is [REDACTED]" {
			t.Errorf("the reason: %q", s.Stopped.Reason)
		}
		return s
	}
	steps := func(s *incident.State) string {
		var kinds []string
		for _, w := range incident.Next(s, incident.DefaultPolicy, time.Now()) {
			if w.Step != "" {
				kinds = append(kinds, string(w.Kind))
			}
		}
		return strings.Join(kinds, " ")
	}
	d := open(t)
	d.offer(t, incident.Disruptive)
	_, err := d.Stop(t.Context(), "INC-1", "", ben)
	refused(t, err, "Nothing of INC-1 is approved or running")
	d.yes(t, ada)
	if s := stop(t, d); s.ApprovalValid(d.clock) || steps(s) != "" {
		t.Errorf("stopped before it began: %+v", s.Approvals)
	}
	d.yes(t, ada)
	d.happens(t, incident.StepIntended{PlanHash: d.plan.Hash, Step: "1", Attempt: 1})
	if s := stop(t, d); s.Phase(d.clock) != incident.Stopping || steps(s) != "observe" {
		t.Errorf("%s, %q", s.Phase(d.clock), steps(s))
	}
	_, err = d.Stop(t.Context(), "INC-1", "", ben)
	refused(t, err, "stopped it already")
	d.restart(t) // it survives that
	s, err := d.Get(t.Context(), "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	// Observed not to have been done, it is not tried again.
	w := worker{ledger: d.ledger, access: d.access}
	if err := w.again(t.Context(), s, d.plan.Steps[0], 2, "it is as it was"); err != nil {
		t.Fatal(err)
	}
	if mayBegin(s, "1", 2, incident.DefaultPolicy, d.clock) || mayBegin(s, "2", 1, incident.DefaultPolicy, d.clock) {
		t.Error("a step may begin")
	}
	s, _ = d.Get(t.Context(), "INC-1")
	if s.Phase(d.clock) != incident.StoppedPhase || steps(s) != "" || s.StepState("1").Outcome != incident.StepFailed ||
		s.StepState("2") != nil {
		t.Errorf("%s, %q, %+v", s.Phase(d.clock), steps(s), s.Steps)
	}
}
