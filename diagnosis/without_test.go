package diagnosis

import (
	"slices"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/cause"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/dns"
)

// Without a code, nothing is found by it and no rule starts from it, also once second looks have been taken; nothing else changes.
func TestWithoutCodes(t *testing.T) {
	w := WithoutCodes([]string{dns.DNSLoop})
	if len(w.Rules) == 0 || slices.ContainsFunc(cause.Rules, func(r cause.Rule) bool {
		return slices.Contains(r.From, dns.DNSLoop) != slices.Contains(w.Rules, r.Name)
	}) {
		t.Errorf("rules left out: %q", w.Rules)
	}
	s := snapshotOf(t, "testdata/founding.txtar")
	x := w.Examine(s)
	x.answers-- // as if a second look had been answered since
	x.Again()
	d, whole := x.Diagnose(Scope{}), Diagnose(s, Scope{})
	for _, f := range d.Findings {
		if f.Code == dns.DNSLoop {
			t.Errorf("it is still found: %s", f.Title)
		}
	}
	for _, c := range d.Causes {
		for _, l := range c.Links {
			if slices.Contains(w.Rules, l.Rule) {
				t.Errorf("%s still explains by %s", c.ID, l.Rule)
			}
		}
	}
	if whole.Causes[0].Code != dns.DNSLoop || d.Causes[0].Code == dns.DNSLoop {
		t.Errorf("first %s instead of %s", d.Causes[0].Code, whole.Causes[0].Code)
	}
}
