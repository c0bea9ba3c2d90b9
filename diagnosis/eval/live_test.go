package eval_test

import (
	"slices"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
)

// Every row that runs on a real cluster has a live case, each live case a row and a namespace for itself.
func TestLiveCases(t *testing.T) {
	rows, namespaces := map[string]int{}, map[string]string{}
	for _, c := range cases(t) {
		if len(c.Live) == 0 {
			continue
		}
		rows[c.Fault]++
		if other := namespaces[c.Namespace()]; other != "" {
			t.Errorf("%s and %s have one namespace", c.Name, other)
		}
		namespaces[c.Namespace()] = c.Name
		for _, r := range c.Root {
			if i := slices.IndexFunc(r.Codes, func(code string) bool { _, ok := checks.CodeOf(code); return !ok }); i >= 0 {
				t.Errorf("%s: no check reports %s", c.Name, r.Codes[i])
			}
		}
	}
	for _, f := range faults(t) {
		if f.Lab && rows[f.ID] == 0 {
			t.Errorf("no live case of %s (%s)", f.ID, f.What)
		}
		delete(rows, f.ID)
	}
	for row := range rows {
		t.Errorf("a live case is of row %s, which does not exist", row)
	}
}
