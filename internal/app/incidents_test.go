package app

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// oracle is a Recovery whose answers are set.
type oracle struct {
	changed string // why the cluster is not as it was; empty: it is
	denied  string // what the server says no to
}

func (o *oracle) Recheck(context.Context, *incident.Plan, map[string]bool) (bool, string, error) {
	return o.changed == "", o.changed, nil
}

func (o *oracle) Review(_ context.Context, _ *incident.Plan, as incident.Identity) []incident.Check {
	return []incident.Check{{Name: "step 1: rights", OK: o.denied == "", Detail: o.denied}, {Name: "step 1: dry-run", OK: true, Detail: "as " +
		as.User}}
}

// Edit sets the value of the step's Inputs, whatever it is.
func (o *oracle) Edit(_ context.Context, p *incident.Plan, all []incident.Setting, by string) (*incident.Plan, error) {
	out := *p
	out.Steps = []incident.Step{{ID: "1", Kind: "K", Title: "Do it", Source: "set by " + by,
		Params: map[string]string{"value": all[0].Value}}}
	out.Hash = out.ComputeHash()
	return &out, nil
}

// office is an Incidents on a real store, with an incident that waits for approval.
type office struct {
	*Incidents
	oracle *oracle
	path   string
	clock  time.Time
	plan   incident.Plan
}

var (
	ada = incident.Person{Team: "T1", ID: "UADA", Name: "Ada"}
	eve = incident.Person{Team: "T1", ID: "UEVE", Name: "Eve"}
	ben = incident.Person{Team: "T1", ID: "UBEN", Name: "Ben"}
)

func open(t *testing.T) *office {
	t.Helper()
	d := &office{oracle: &oracle{}, path: filepath.Join(t.TempDir(), "state.db"), clock: time.Now()}
	d.plan = incident.Plan{Runbook: "r", Title: "Mend it", Steps: []incident.Step{{ID: "1", Kind: "K", Title: "Do it"}}}
	d.plan.Hash = d.plan.ComputeHash()
	d.restart(t)
	ctx := t.Context()
	if err := d.Receive(ctx, []incident.Signal{signal("a", incident.Firing)}); err != nil {
		t.Fatal(err)
	}
	_, err := d.ledger.update(ctx, "INC-1", func(*incident.State) ([]incident.Event, error) {
		return []incident.Event{incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: d.clock,
			Causes: []incident.Cause{{ID: "C1", Code: "X", Title: "X"}},
			Findings: []incident.Finding{{ID: "F1", Code: "X", Severity: incident.Critical,
				Object: incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}}}}},
			incident.Recalled{}, incident.StoryTold{}, incident.PlanProposed{Plan: d.plan}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// restart is a new process on the same state.
func (d *office) restart(t *testing.T) {
	t.Helper()
	st, err := store.Open(t.Context(), d.path, store.Options{Seal: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	d.Incidents = &Incidents{
		ledger:   &ledger{Journal: NewJournal(st.Reader), store: st, now: func() time.Time { return d.clock }},
		recovery: d.oracle, expires: 30 * time.Minute, redact: func(s string) string { return strings.ReplaceAll(s, "hunter2", "[REDACTED]") },
		access: accessFor(PersonConfig{Slack: ada.Key(), User: "ada"}, PersonConfig{Slack: eve.ID, User: "eve"}),
	}
}

// accessFor is what the defaults say, with those approvers, in the workspace T1.
func accessFor(approvers ...PersonConfig) *Access {
	c := DefaultConfig()
	c.Approvers = approvers
	a := NewAccess(c)
	a.SetHome("T1")
	return a
}

func signal(fingerprint string, status incident.SignalStatus) incident.Signal {
	return incident.Signal{Kind: "alert", Status: status, Fingerprint: fingerprint, Title: "KubePodCrashLooping",
		Labels: map[string]string{"alertname": "x"}}
}

// refused fails unless err is a refusal that says the words.
func refused(t *testing.T, err error, words string) {
	t.Helper()
	var r *commands.Refusal
	if !errors.As(err, &r) || !strings.Contains(r.Error(), words) {
		t.Errorf("got %v, want a refusal with %q", err, words)
	}
}

func TestAPlanIsDecidedOnce(t *testing.T) {
	cases := map[string]struct {
		prepare func(t *testing.T, d *office)
		by      incident.Person
		want    string // of the refusal; empty: approved
		after   string // event that is recorded last
	}{
		"by an approver":           {by: ada, after: "PlanApproved"},
		"by one named by id alone": {by: eve, after: "PlanApproved"},
		"not by somebody else":     {by: ben, want: "not among the approvers", after: "Refused"},
		"not without the rights":   {func(_ *testing.T, d *office) { d.oracle.denied = "may not patch" }, ada, "may not patch", "Refused"},
		"not twice": {func(t *testing.T, d *office) { d.yes(t, ada) }, ada, "Ada has approved this plan already",
			"PlanApproved"},
		"not after somebody else":         {func(t *testing.T, d *office) { d.yes(t, eve) }, ada, "Eve has approved", "PlanApproved"},
		"not twice, also after a restart": {func(t *testing.T, d *office) { d.yes(t, ada); d.restart(t) }, ada, "already", "PlanApproved"},
		"after a restart":                 {func(t *testing.T, d *office) { d.restart(t) }, ada, "", "PlanApproved"},
		"not after it expired":            {func(_ *testing.T, d *office) { d.clock = d.clock.Add(time.Hour) }, ada, "expired", "PlanSuperseded"},
		"not after the cluster changed": {func(_ *testing.T, d *office) { d.oracle.changed = "ConfigMap/x was changed" }, ada,
			"ConfigMap/x was changed", "PlanSuperseded"},
		"not after a no": {func(t *testing.T, d *office) {
			if _, err := d.Reject(t.Context(), "INC-1", "", "not now", eve); err != nil {
				t.Fatal(err)
			}
		}, ada, "Eve has rejected", "PlanRejected"},
		"not when it is closed": {func(t *testing.T, d *office) {
			if _, err := d.Close(t.Context(), "inc-1", "", ben); err != nil {
				t.Fatal(err)
			}
		}, ada, "closed by Ben", "Closed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			if c.prepare != nil {
				c.prepare(t, d)
			}
			s, err := d.Approve(t.Context(), "INC-1", d.plan.Hash, c.by)
			if c.want != "" {
				refused(t, err, c.want)
			} else if err != nil || s.Approval() == nil || s.Approval().By != c.by {
				t.Errorf("got %+v, %v", s, err)
			}
			s, err = d.Get(t.Context(), "INC-1")
			if err != nil {
				t.Fatal(err)
			}
			if last := incident.EventType(s.Log[len(s.Log)-1].Event); last != c.after {
				t.Errorf("the last event is %s, want %s", last, c.after)
			}
		})
	}
}

func (d *office) yes(t *testing.T, by incident.Person) {
	t.Helper()
	if _, err := d.Approve(t.Context(), "INC-1", d.plan.Hash, by); err != nil {
		t.Fatal(err)
	}
}

func TestOfTwoWhoPressAtOnceOneApproves(t *testing.T) {
	d := open(t)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = d.Approve(t.Context(), "INC-1", d.plan.Hash, []incident.Person{ada, eve}[i%2]) })
	}
	wg.Wait()
	yes := 0
	for _, err := range errs {
		if err == nil {
			yes++
		} else {
			refused(t, err, "has approved this plan")
		}
	}
	s, err := d.Get(t.Context(), "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	approvals := 0
	for _, r := range s.Log {
		if _, ok := r.Event.(incident.PlanApproved); ok {
			approvals++
		}
	}
	if yes != 1 || approvals != 1 {
		t.Errorf("%d were told yes and %d approvals recorded, want one", yes, approvals)
	}
}

func TestWhereASignalBelongs(t *testing.T) {
	at := func(g incident.Signal, group string, labels map[string]string) incident.Signal {
		g.Group = group
		if labels != nil {
			g.Labels = labels
		}
		return g
	}
	for name, c := range map[string]struct {
		signal incident.Signal
		want   string // the newest incident afterwards
		events int    // of INC-1
	}{
		"the same again changes nothing":       {signal("a", incident.Firing), "INC-1", 5},
		"its end is noticed":                   {signal("a", incident.Resolved), "INC-1", 6},
		"another one opens an incident":        {signal("b", incident.Firing), "INC-2", 5},
		"the end of an unknown one opens none": {signal("c", incident.Resolved), "INC-1", 5},
		"one about what the diagnosis names": {at(signal("d", incident.Firing), "",
			map[string]string{"namespace": "shop", "deployment": "web"}), "INC-1", 6},
		"one about the same name somewhere else": {at(signal("e", incident.Firing), "",
			map[string]string{"namespace": "office", "deployment": "web"}), "INC-2", 5},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			if err := d.Receive(t.Context(), []incident.Signal{c.signal}); err != nil {
				t.Fatal(err)
			}
			all, _, err := d.List(t.Context(), true)
			if err != nil {
				t.Fatal(err)
			}
			if all[0].ID != c.want {
				t.Errorf("the newest incident is %s, want %s", all[0].ID, c.want)
			}
			if s := all[len(all)-1]; len(s.Log) != c.events {
				t.Errorf("INC-1 has %d events, want %d", len(s.Log), c.events)
			}
		})
	}
}

func TestASecretInAnAlertIsNotRecorded(t *testing.T) {
	d := open(t)
	g := signal("z", incident.Firing)
	g.Text, g.Labels = "password=hunter2", map[string]string{"note": "hunter2"}
	if err := d.Receive(t.Context(), []incident.Signal{g}); err != nil {
		t.Fatal(err)
	}
	events, err := d.ledger.Load(t.Context(), "incident/INC-2", 0)
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	if strings.Contains(string(events[0].Data), "hunter2") {
		t.Errorf("recorded: %s", events[0].Data)
	}
}
