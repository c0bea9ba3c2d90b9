package applog

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// mostTelling is the place of the first telling fact of a kind, or, where that says nothing but its kind, of what follows it and says more;
// -1 without one.
func mostTelling(facts []logs.Fact, kind logs.Kind) int {
	first := slices.IndexFunc(facts, func(f logs.Fact) bool { return f.Telling && f.Kind == kind })
	if first < 0 || !facts[first].Same(logs.Fact{Kind: kind}) {
		return first
	}
	for i, f := range facts[first+1:] {
		if f.Kind == kind && !f.Same(logs.Fact{Kind: kind}) {
			return first + 1 + i
		}
	}
	return first
}

// dataVersion quotes who wrote the data and who reads them, and shows the image.
func dataVersion(_ *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container, f logs.Fact) (root, bool) {
	x := root{what: finding.Say("cannot read {its|their} data: %s", strings.TrimSpace(strings.TrimPrefix(quote(f), "DETAIL:")))}
	x.seen = append(x.seen, finding.SeenAPI(finding.PodObject(p), "spec.containers["+c.Name+"].image", p.CreationTimestamp.Time, c.Image))
	return x, true
}
