package recovery_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
	"github.com/paramedic-bot/paramedic/internal/snapshot/snapshottest"
)

// staged is a Recovery for the cluster that a Snapshot shows.
func staged(t *testing.T, s *snapshot.Snapshot) *recovery.Recovery {
	t.Helper()
	cluster, memory := steptest.NewCluster(), &steptest.Memory{}
	put := func(kind, namespace, name string, o any) {
		b, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		m["kind"] = kind
		cluster.Put(incident.Object{Kind: kind, Namespace: namespace, Name: name}, m)
	}
	for i := range s.Deployments {
		put("Deployment", s.Deployments[i].Namespace, s.Deployments[i].Name, s.Deployments[i])
	}
	for i := range s.ReplicaSets {
		put("ReplicaSet", s.ReplicaSets[i].Namespace, s.ReplicaSets[i].Name, s.ReplicaSets[i])
	}
	return newRecovery(t, recovery.Options{Reader: cluster, WriterFor: cluster.WriterFor, Blobs: memory, LastGood: memory})
}

// A plan for a large outage has as many steps as a person can read, says how much it leaves, and can be recorded.
func TestAPlanForALargeOutageIsBounded(t *testing.T) {
	s := snapshottest.Outage(5000, 500)
	d := diagnosis.Diagnose(s, diagnosis.Scope{})
	r := staged(t, s)
	began := time.Now()
	p, reason, err := r.Propose(t.Context(), d, s)
	if err != nil || p == nil {
		t.Fatalf("%v, %q, %v", p, reason, err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took) // generous: a busy machine is no failure, a square is
	}
	if len(p.Steps) != recovery.MaxSteps || p.Targets() != 20 || p.Rest != 480 || len(p.Causes) != 20 || len(p.Partly) != 0 {
		t.Errorf("%d steps for %d targets of %d causes, %d left, in part %v", len(p.Steps), p.Targets(), len(p.Causes), p.Rest, p.Partly)
	}
	for i, id := range p.Causes { // the most important first
		if id != fmt.Sprintf("C%d", i+1) {
			t.Errorf("the %d. cause treated is %s", i+1, id)
		}
	}
	if want := "Roll Deployment team-000/svc-00000 back to revision 1, then "; !strings.HasPrefix(p.Title, want) ||
		!strings.HasSuffix(p.Title, "15 more remedies.") {
		t.Errorf("title %q", p.Title)
	}
	if data, err := incident.Encode(incident.PlanProposed{Plan: *p}); err != nil || len(data) > 128<<10 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	again, _, err := r.Propose(t.Context(), d, s)
	if err != nil || again.Hash != p.Hash {
		t.Errorf("made again it is another plan: %v", err)
	}
}

// What is proved of a plan that leaves a rest is that what it treats is well; the rest, which is as it was, does not speak against it.
func TestAPlanIsProvedByWhatItTreats(t *testing.T) {
	s := snapshottest.Outage(500, 50)
	before := diagnosis.Diagnose(s, diagnosis.Scope{})
	p, _, err := staged(t, s).Propose(t.Context(), before, s)
	if err != nil || p.Rest != 30 {
		t.Fatalf("%+v, %v", p, err)
	}
	treated := map[incident.Object]bool{}
	for _, step := range p.Steps {
		treated[step.Target.Object] = true
	}
	about := func(f incident.Finding) bool {
		return slices.ContainsFunc(p.Steps, func(step incident.Step) bool { return step.Target.Object.Name == f.Object.Name })
	}
	now := *before
	now.Findings = slices.DeleteFunc(slices.Clone(before.Findings), about)
	gone := func(d *incident.Diagnosis) (ok, fresh bool) {
		for _, c := range recovery.Sample(recovery.Proof{Plan: p, Before: before, Now: d, Snapshot: s}) {
			ok = ok || c.Name == "the findings are gone" && c.OK
			fresh = fresh || c.Name == "nothing new is wrong" && !c.OK
		}
		return ok, fresh
	}
	if ok, fresh := gone(&now); !ok || fresh {
		t.Errorf("what was treated is well: proved %t, something new %t", ok, fresh)
	}
	if ok, _ := gone(before); ok {
		t.Error("nothing is well, and it is proved")
	}
}

// One cause with more objects at fault than a plan may treat is treated in part, and proved by that part.
func TestACauseIsTreatedInPart(t *testing.T) {
	s := snapshottest.Outage(300, 1)
	d := diagnosis.Diagnose(s, diagnosis.Scope{})
	one := incident.Cause{ID: "C1", Code: "ConfigMapMissing", Title: "ConfigMap shop/settings is missing", Confidence: incident.Certain,
		Objects: []incident.Object{{Kind: "ConfigMap", Namespace: "shop", Name: "settings"}}}
	for _, f := range d.Findings {
		one.Explains = append(one.Explains, f.ID)
	}
	d.Causes = []incident.Cause{one}
	p, reason, err := staged(t, s).Propose(t.Context(), d, s)
	if err != nil || p == nil {
		t.Fatalf("%q, %v", reason, err)
	}
	if len(p.Steps) != recovery.MaxSteps || p.Rest != 10 || !slices.Equal(p.Partly, []string{"C1"}) ||
		p.Title != "Roll 20 workloads back to the revision before" {
		t.Errorf("%d steps, %d left, in part %v: %s", len(p.Steps), p.Rest, p.Partly, p.Title)
	}
	now := *d
	now.Findings = slices.DeleteFunc(slices.Clone(d.Findings), func(f incident.Finding) bool {
		return f.Object.Kind == "Deployment" && slices.ContainsFunc(p.Steps,
			func(step incident.Step) bool { return step.Target.Object == f.Object })
	})
	for _, c := range recovery.Sample(recovery.Proof{Plan: p, Before: d, Now: &now, Snapshot: s}) {
		if c.Name == "the findings are gone" && !c.OK {
			t.Errorf("%s: %s", c.Name, c.Detail)
		}
	}
}

// A step of which the change can't be shown whole is not offered, and the plan says why; the other steps stand.
func TestWhatCannotBeShownIsNotOffered(t *testing.T) {
	s := snapshottest.Outage(30, 3)
	long := strings.Repeat("a line of an argument that is too long to be shown ", 400)
	for i := range s.ReplicaSets {
		if rs := &s.ReplicaSets[i]; rs.Name == "svc-00001-1" {
			rs.Spec.Template.Spec.Containers[0].Args = []string{long}
		}
	}
	p, reason, err := staged(t, s).Propose(t.Context(), diagnosis.Diagnose(s, diagnosis.Scope{}), s)
	if err != nil || p == nil || len(p.Steps) != 2 {
		t.Fatalf("%+v, %q, %v", p, reason, err)
	}
	for _, step := range p.Steps {
		if step.Target.Object.Name == "svc-00001" || strings.Contains(step.Diff, "…") {
			t.Errorf("offered: %s\n%s", step.Title, step.Diff)
		}
	}
	if want := "too many to be shown; it has to be made by hand"; !strings.Contains(reason, want) || !strings.Contains(p.Why, want) {
		t.Errorf("%q does not say %q", reason, want)
	}
}

// Steps that nobody could tell apart from an outage of ten times the size take no longer than that.
func TestAProofIsNoSquare(t *testing.T) {
	s := snapshottest.Outage(20_000, 2000)
	d := diagnosis.Diagnose(s, diagnosis.Scope{})
	began := time.Now()
	recovery.Sample(recovery.Proof{Before: d, Now: d, Snapshot: s})
	if took := time.Since(began); took > 30*time.Second { // generous: a busy machine is no failure, a square is
		t.Errorf("took %s", took)
	}
}
