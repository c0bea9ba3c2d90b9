package recovery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

// Where two runbooks treat the first cause there is a choice; where a runbook was useless three times it is none.
func TestTwoPlansAreOffered(t *testing.T) {
	x, d := loadCase(t, "workloads/rollout-crash")
	o, err := x.r.Offer(t.Context(), d, x.snap, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.Plan == nil || o.Other == nil || o.Plan.Hash == o.Other.Hash {
		t.Fatalf("%+v: %s", o, o.Reason)
	}
	if a, b := titles(o.Plan), titles(o.Other); !strings.Contains(a, "DB_HOST") || !strings.Contains(b, "Roll Deployment shop/cart back") {
		t.Errorf("offered are %s and %s", a, b)
	}
	if len(o.Idle) == 0 {
		t.Error("nothing is said of what happens if nobody does anything")
	}
	for _, p := range []*incident.Plan{o.Plan, o.Other} {
		if len(p.Record) != 1 || p.Record[0].String() != "has not been run here" {
			t.Errorf("%s: record %v", p.Title, p.Record)
		}
	}

	useless := incident.Run{At: d.At.Add(-time.Hour), RunEnded: incident.RunEnded{Result: incident.RunUseless,
		Of:      []incident.Treated{o.Plan.Record[0].Treated},
		Targets: []incident.Target{{Object: o.Plan.Steps[0].Target.Object, UID: o.Plan.Steps[0].Target.UID}}}}
	again, err := x.r.Offer(t.Context(), d, x.snap, incident.Runs{useless, useless, useless})
	if err != nil {
		t.Fatal(err)
	}
	if again.Plan == nil || again.Other != nil || titles(again.Plan) != titles(o.Other) {
		t.Errorf("after three useless runs: %s, %+v", titles(again.Plan), again.Other)
	}
}

// A person sets a value within its bounds: another plan, another hash, and whose value it is.
func TestAValueIsSetOtherwise(t *testing.T) {
	x, d := loadCase(t, "pods/oom-limit")
	p, reason, err := x.r.Propose(t.Context(), d, x.snap)
	if err != nil || p == nil || len(p.Inputs) == 0 {
		t.Fatalf("%+v, %q, %v", p, reason, err)
	}
	edit := func(key, value string) (*incident.Plan, error) {
		return x.r.Edit(t.Context(), p, []incident.Setting{{Key: key, Value: value}}, "Ada")
	}
	key := "1.limits.memory"
	q, err := edit(key, "128Mi")
	if err != nil {
		t.Fatal(err)
	}
	if q.Hash == p.Hash || q.Steps[0].Source != "set by Ada" || !strings.Contains(q.Steps[0].Diff, "+      memory: 128Mi") {
		t.Errorf("edited: %+v", q.Steps[0])
	}
	for _, c := range []struct{ key, value, why string }{
		{key, "900Gi", "the largest node has"},
		{key, "a lot", "is no quantity"},
		{key, "-1", "is no quantity"},
		{key, "96Mi", "what the plan has already"},
		{"1.limits.hugepages", "1Gi", "nothing of the plan is called"},
		{"2.limits.memory", "1Gi", "nothing of the plan is called"},
	} {
		_, err := edit(c.key, c.value)
		if why, ok := recovery.Unfit(err); !ok || !strings.Contains(why, c.why) {
			t.Errorf("%s=%s: %v; want %q", c.key, c.value, err, c.why)
		}
	}
}
