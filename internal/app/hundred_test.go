package app

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// A hundred approvers press at once, and ten processes would begin at once: of each kind of step one is done.
func TestOfAHundredApproversOneRuns(t *testing.T) {
	covered := map[string]bool{}
	for _, d := range steptest.Drafts() {
		covered[d.Kind] = true
		t.Run(d.Kind+" "+d.Of, func(t *testing.T) { hundred(t, d) })
	}
	for _, k := range recovery.StepKinds() {
		if !covered[k.Kind] {
			t.Errorf("%s is not among them", k.Kind)
		}
	}
}

func hundred(t *testing.T, d steptest.Draft) {
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), store.Options{Seal: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	world, cluster := steptest.NewWorld()
	cluster.Allowed = nil
	world.Options.Blobs, world.Options.Hosts = st, steptest.Hosts(t, world.Node, t.TempDir())
	rec, err := recovery.New(world.Options)
	if err != nil {
		t.Fatal(err)
	}
	step, err := rec.Bind(t.Context(), d.SetUp(t, world))
	if err != nil {
		t.Fatal(err)
	}
	plan := incident.Plan{Runbook: "test", Title: "Mend it", Steps: []incident.Step{step}}
	recovery.Seal(&plan)
	var approvers []PersonConfig
	for i := range 100 {
		approvers = append(approvers, PersonConfig{Slack: fmt.Sprintf("T1/U%d", i), User: fmt.Sprintf("person-%d", i)})
	}
	access := accessFor(approvers...)
	access.Asks(&plan)
	l := &ledger{Journal: NewJournal(st.Reader), store: st, now: time.Now}
	o := &office{Incidents: &Incidents{ledger: l, recovery: rec, access: access, expires: time.Hour, redact: func(s string) string { return s }}}
	o.take(t, signal("a", incident.Firing))
	o.happens(t, incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: time.Now(), Causes: []incident.Cause{{ID: "C1", Code: "X", Title: "X"}}}},
		incident.Recalled{}, incident.StoryTold{}, incident.PlanProposed{Plan: plan})
	before := cluster.Writes

	var wg sync.WaitGroup
	for i := range approvers {
		wg.Go(func() {
			_, _ = o.Approve(t.Context(), "INC-1", plan.Hash, incident.Person{Team: "T1", ID: fmt.Sprintf("U%d", i), Name: fmt.Sprint(i)})
		})
	}
	wg.Wait()
	s, err := o.Get(t.Context(), "INC-1")
	if err != nil || len(s.Approvals) != max(1, plan.People) {
		t.Fatalf("%d approvals of %d: %v", len(s.Approvals), plan.People, err)
	}
	w := &worker{ledger: l, eyes: &Eyes{}, recovery: rec, access: access, policy: incident.DefaultPolicy, steps: time.Millisecond}
	for range 10 {
		wg.Go(func() { _ = w.execute(t.Context(), s, incident.Work{Kind: incident.Execute, Step: "1"}) })
	}
	wg.Wait()
	if s, err = o.Get(t.Context(), "INC-1"); err != nil {
		t.Fatal(err)
	}
	var did []string
	for _, r := range s.Log {
		if typ := incident.EventType(r.Event); slices.Contains([]string{"StepIntended", "StepDone", "StepUnclear"}, typ) {
			did = append(did, typ)
		}
	}
	writes, ok := map[string]int{recovery.RestoreHostFiles: 0, // of files no API server hears
		recovery.DrainNode: 3}[d.Kind] // the node, and two pods
	if !ok {
		writes = 1
	}
	if !slices.Equal(did, []string{"StepIntended", "StepDone"}) || s.StepState("1").Outcome != incident.StepOK || cluster.Writes-before != writes {
		t.Errorf("%v, %d writes, the step %+v", did, cluster.Writes-before, s.StepState("1"))
	}
}
