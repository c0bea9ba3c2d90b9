package eval_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/diagnosis/story"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/incident/incidenttest"
)

// What is told in brief still answers each case, names nothing that can't be looked up, and counts what the whole counts; and where nothing
// is told as one, it is the whole.
func TestCasesInBrief(t *testing.T) {
	for _, c := range cases(t) {
		if len(c.Manifests) == 0 {
			continue
		}
		s, err := c.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		d := diagnosis.Diagnose(s, scopeOf(c, s))
		whole, told := incident.Number(d)
		numbered := cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Numbered" }, cmp.Ignore())
		// what is asked about is a part, with ids of the whole until it is numbered
		if diff := cmp.Diff(d, whole, numbered); diff != "" && told.Totals == nil && c.Asked == (eval.Asked{}) {
			t.Errorf("%s: the ids of a first look change:\n%s", c.Name, diff)
		}
		if told.Totals == nil {
			if diff := cmp.Diff(whole, told); diff != "" {
				t.Errorf("%s: told in brief it is another:\n%s", c.Name, diff)
			}
		}
		for _, x := range []*incident.Diagnosis{whole, told} {
			told := story.Template(x, nil)
			for _, problem := range incidenttest.Unresolved(x, &told) {
				t.Errorf("%s: %s", c.Name, problem)
			}
		}
		if a, b := whole.Total(), told.Total(); a.Consequences != b.Consequences || a.Findings != b.Findings || a.Restarts != b.Restarts {
			t.Errorf("%s: the whole counts %+v, what is told %+v", c.Name, a, b)
		}
		if c.Misses != "" {
			continue
		}
		if v := eval.Judge(c, told); !v.Passed() {
			t.Errorf("%s: in brief: %s", c.Name, fmt.Sprint(v.Missed, v.FalseAlarms, v.Misnamed))
		}
	}
}
