package cause

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
)

// The table of rules names codes that checks report, each rule once, and says what follows in both numbers. What the rules do is
// shown by the fixtures of package diagnosis.
func TestRulesAreWellFormed(t *testing.T) {
	names := map[string]bool{}
	for _, r := range Rules {
		if names[r.Name] || r.Name == "" || r.Explains == nil {
			t.Errorf("rule %q is incomplete, or there twice", r.Name)
		}
		names[r.Name] = true
		if r.One == "" || strings.Contains(r.One, "%") || strings.Count(r.Many, "%d") != 1 {
			t.Errorf("rule %s says %q and %q", r.Name, r.One, r.Many)
		}
		for _, code := range append(append([]string{}, r.From...), r.To...) {
			if _, ok := checks.CodeOf(code); !ok {
				t.Errorf("rule %s names %s, which no check reports", r.Name, code)
			}
		}
	}
}
