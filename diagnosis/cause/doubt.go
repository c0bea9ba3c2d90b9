package cause

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// followsFrom are the roots that rules know may follow from another root: seen alone, they may be all that was seen of it.
func followsFrom(rules []Rule) map[string]bool {
	out := map[string]bool{}
	for _, r := range rules {
		for _, to := range r.To {
			if !out[to] && slices.ContainsFunc(r.From, func(from string) bool { return from != to && slices.Contains(rootCodes, from) }) {
				out[to] = true
			}
		}
	}
	return out
}

var rootCodes = checks.CodesThat(func(c finding.Code) bool { return c.Root })

// aside says whether a candidate explains nothing, is about no pods that fail, and stands beside a symptom that nothing explains: whether
// it has to do with what hurts is not shown.
func (c *candidate) aside(all []*candidate) bool {
	return len(c.links) == 0 && len(c.root.Pods) == 0 &&
		slices.ContainsFunc(all, func(x *candidate) bool { return x != c && !x.root.Root })
}
