package applog

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/logs"
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
