package eval_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Where nothing is wrong, each namespace and each workload is asked about; where something is, the namespace of what is at fault, or else of
// what else may be named.
func TestWhatIsAsked(t *testing.T) {
	s, err := snapshot.FromManifests(moment, []byte(everything+`
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
`))
	if err != nil {
		t.Fatal(err)
	}
	root := eval.Case{Root: []eval.Root{{Object: "Node/n1"}}, Also: []string{"Service/shop/web"}}
	want := []eval.Asked{{Namespace: "shop"}, {Object: "Deployment/shop/web"}}
	if got := (eval.Case{}).Healthy(s); !slices.Equal(got, want) || root.Healthy(s) != nil {
		t.Errorf("%+v", got)
	}
	if got, ok := root.Hurts(); !ok || got != want[0] {
		t.Errorf("%+v, %v", got, ok)
	}
	root.Root[0].Object = "Pod/data/db"
	if got, ok := root.Hurts(); !ok || got.Namespace != "data" {
		t.Errorf("%+v, %v", got, ok)
	}
	if got, ok := (eval.Case{Also: []string{"Service/shop/web"}}).Hurts(); ok {
		t.Errorf("nothing is wrong, and it hurts in %+v", got)
	}
}

// A suspicion is no false alarm; a cause is, however possible, unless it may be named.
func TestFalseAlarmsOfWhoAsks(t *testing.T) {
	c, about := eval.Case{Also: []string{"Deployment/shop/old"}}, eval.Asked{Namespace: "shop"}
	mild := first("PodNotReady", incident.Possible, web)
	mild.Findings[0].Severity = incident.Info
	old := first("PodImage", incident.Certain, snapshot.ObjectOf("Deployment", "shop", "old"))
	suspicions := func(n int) *incident.Diagnosis { return &incident.Diagnosis{Suspicions: make([]incident.Suspicion, n)} }
	for name, x := range map[string]struct {
		d     *incident.Diagnosis
		alarm string
	}{
		"nothing": {nothing(), ""}, "three suspicions": {suspicions(3), ""}, "four": {suspicions(4), "4 suspicions"}, "what may be named": {old, ""},
		"a cause": {first("PodImage", incident.Certain, web), "PodImage Deployment/shop/web"}, "a mild one": {mild, "PodNotReady Deployment/shop/web"},
	} {
		var a eval.Asking
		a.Ask(c, about, x.d)
		if got := strings.Join(a.Alarmed, "; "); x.alarm == "" != (got == "") || !strings.Contains(got, x.alarm) || a.Scopes != 1 ||
			a.Suspicions != len(x.d.Suspicions) {
			t.Errorf("%s: %+v", name, a)
		}
		if r := (eval.Result{Verdict: eval.Verdict{Top1: true, Top3: true, Right: true}, Asking: &a}); r.Passed() != (x.alarm == "") {
			t.Errorf("%s: passed %v", name, r.Passed())
		}
	}
}
