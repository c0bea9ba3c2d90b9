package redact

import "testing"

func TestAllRulesLoadAndMostAreAnchored(t *testing.T) {
	set, err := loadRules()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range set.rules {
		r.re()
		for _, a := range r.allow {
			a.regexes()
		}
		if r.head.anchored {
			n++
		} else {
			t.Log("not anchored:", r.id)
		}
	}
	set.allow.regexes()
	t.Logf("%d of %d anchored", n, len(set.rules))
	if len(set.rules) < 200 || n < 190 {
		t.Errorf("%d rules, %d anchored", len(set.rules), n)
	}
}
