package recovery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
)

// drained is a node with pods of a ReplicaSet, one with data in an emptyDir and one without a controller where that is said.
func drained(t *testing.T, odd ...string) (*steptest.Cluster, *recovery.Recovery, incident.Step) {
	t.Helper()
	w, c := steptest.NewWorld()
	for _, name := range append([]string{"a", "b", "c"}, odd...) {
		p := map[string]any{"apiVersion": "v1", "metadata": map[string]any{"ownerReferences": []any{map[string]any{"apiVersion": "apps/v1",
			"kind": "ReplicaSet", "name": "web-1", "uid": "r", "controller": true}}}, "spec": map[string]any{"nodeName": w.Node}}
		switch name {
		case "data":
			p["spec"].(map[string]any)["volumes"] = []any{map[string]any{"name": "tmp", "emptyDir": map[string]any{}}}
		case "alone":
			p["metadata"] = map[string]any{}
		}
		c.Put(incident.Object{Kind: "Pod", Namespace: "shop", Name: name}, p)
	}
	return c, newRecovery(t, w.Options), incident.Step{Kind: recovery.DrainNode,
		Target: incident.Target{Object: incident.Object{Kind: "Node", Name: w.Node}}}
}

func sealed(t *testing.T, r *recovery.Recovery, s incident.Step) *incident.Plan {
	t.Helper()
	s, err := r.Bind(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	p := &incident.Plan{Runbook: "test", Title: "test", Steps: []incident.Step{s}}
	recovery.Seal(p)
	return p
}

var operator = incident.Identity{User: "ada", Groups: []string{"operators"}}

func TestADrainShowsWhichPodsGo(t *testing.T) {
	_, r, s := drained(t)
	p := sealed(t, r, s)
	if p.Steps[0].Title != "Drain node leveling-pc of 3 pods" || p.Risk != incident.Disruptive {
		t.Errorf("%q is %s", p.Steps[0].Title, p.Risk)
	}
	for _, line := range []string{"-takes new pods: true", "+takes new pods: false", "-pod: shop/a (of ReplicaSet web-1)", "-pod: shop/c"} {
		if !strings.Contains(p.Steps[0].Diff, line) {
			t.Errorf("no %q in\n%s", line, p.Steps[0].Diff)
		}
	}
	if got := fmt.Sprint(p.Steps[0].Rights); strings.Count(got, "pods/eviction") != 1 || !strings.Contains(got, "patch") {
		t.Errorf("rights %s", got)
	}
}

func TestADrainLosesNothingUnlessThePlanSaysSo(t *testing.T) {
	for odd, param := range map[string]string{"data": "data", "alone": "alone"} {
		_, r, s := drained(t, odd)
		if _, err := r.Bind(t.Context(), s); err == nil || !strings.Contains(err.Error(), "shop/"+odd) {
			t.Errorf("%s: %v", odd, err)
		}
		s.Params = map[string]string{param: "true"}
		if p := sealed(t, r, s); p.Risk != incident.Destructive || !strings.Contains(p.Steps[0].Diff, "shop/"+odd) {
			t.Errorf("%s: %s\n%s", odd, p.Risk, p.Steps[0].Diff)
		}
	}
}

func TestADrainThatWasCutOffGoesOn(t *testing.T) {
	c, r, s := drained(t)
	p := sealed(t, r, s)
	evictions := 0
	c.Guarded = func(incident.Object) bool { evictions++; return evictions > 4 } // three in the dry-run, then one
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, _, err := r.Apply(ctx, p, p.Steps[0], operator); !errors.Is(err, recovery.ErrUnclear) || !strings.Contains(err.Error(), "2 of 3 pods") {
		t.Fatalf("got %v", err)
	}
	o, err := r.Observe(t.Context(), p.Steps[0])
	if err != nil || o.Outcome != recovery.NotDone || !strings.Contains(o.Detail, "it is cordoned, and 2 of 3 pods are still there") {
		t.Errorf("observed %+v, %v", o, err)
	}
	c.Guarded = nil
	if _, inverse, err := r.Apply(t.Context(), p, p.Steps[0], operator); err != nil || inverse == nil || inverse.Title != "Uncordon node leveling-pc" {
		t.Errorf("%v, %+v", err, inverse)
	}
	if o, err := r.Observe(t.Context(), p.Steps[0]); err != nil || o.Outcome != recovery.Done {
		t.Errorf("observed %+v, %v", o, err)
	}
}

func TestADrainRespectsBudgets(t *testing.T) {
	c, r, s := drained(t)
	p := sealed(t, r, s)
	c.Guarded = func(o incident.Object) bool { return o.Name == "b" }
	if checks := r.Review(t.Context(), p, operator); incident.AllOK(checks) || !strings.Contains(fmt.Sprint(checks), "disruption budget") {
		t.Errorf("review %+v", checks)
	}
	tried := 0
	c.Guarded = func(incident.Object) bool { tried++; return tried > 3 } // the budget is spent after the dry-run
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, _, err := r.Apply(ctx, p, p.Steps[0], operator)
	if err == nil || errors.Is(err, recovery.ErrUnclear) || !strings.Contains(err.Error(), "so the node takes new pods again") {
		t.Errorf("got %v", err)
	}
	if o, err := r.Observe(t.Context(), p.Steps[0]); err != nil || o.Outcome != recovery.NotDone {
		t.Errorf("observed %+v, %v", o, err)
	}
}
