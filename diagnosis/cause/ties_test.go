package cause_test

import (
	"slices"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/cause"
	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
)

// What two findings must have in common loses no edge: in every case the rules say the same as if they were asked about every pair.
func TestTiesLoseNoEdge(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the checks on every case")
	}
	plain := []string{"claim-unscheduled", "pods-of-job"} // no case shows them; they begin by asking for just that
	cases, err := eval.Load("../eval/cases")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]int{}
	for _, c := range cases {
		if len(c.Manifests) == 0 {
			continue
		}
		s, err := c.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		found := checks.Run(s).Findings
		want := cause.EveryPair(s, found)
		if got, _ := cause.Edges(s, found); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.Name, got, want)
		}
		for _, e := range want {
			said[e.Rule]++
		}
	}
	for _, name := range cause.TiedRules() {
		if !slices.ContainsFunc(cause.Rules, func(r cause.Rule) bool { return r.Name == name }) {
			t.Errorf("there is no rule %s", name)
		}
		if said[name] == 0 && !slices.Contains(plain, name) {
			t.Errorf("no case shows what rule %s goes by", name)
		}
	}
}
