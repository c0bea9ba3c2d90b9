package cause

import (
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// A rule that panics on a pair explains nothing from there, is told once, and keeps no other rule from explaining.
func TestARuleThatPanicsTakesNothingWithIt(t *testing.T) {
	found := func(code, name string) *finding.Finding {
		return &finding.Finding{Finding: incident.Finding{Code: code, Severity: incident.Critical,
			Object: snapshot.ObjectOf("Pod", "shop", name)}}
	}
	findings := []*finding.Finding{found("A", "1"), found("A", "2"), found("B", "3"), found("B", "4")}
	rules := []Rule{
		{"breaks", []string{"A"}, []string{"B"}, func(_ *Context, from, to *finding.Finding) (Link, bool) {
			if from.Object.Name == "1" {
				_ = from.Pods[3]
			}
			return Link{Reason: "it breaks"}, to.Object.Name == "3"
		}, "1", "%d"},
		{"holds", []string{"A"}, []string{"B"}, func(*Context, *finding.Finding, *finding.Finding) (Link, bool) {
			return Link{Reason: "it holds"},
				true
		}, "1", "%d"},
	}
	edges, failures := edgesBy(rules, nil, &snapshot.Snapshot{At: time.Unix(0, 0)}, findings)
	if len(failures) != 1 || failures[0].What != "rule breaks" || !failures[0].Names(incident.Checks) || failures[0].Stack == "" {
		t.Errorf("%+v", failures)
	}
	by := map[string]int{}
	for _, e := range edges {
		by[e.Rule]++
	}
	if by["breaks"] != 1 || by["holds"] != 3 {
		t.Errorf("edges by rule: %v, want the one of the other finding, and all that remain by the rule that holds", by)
	}
}
