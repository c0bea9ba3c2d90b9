package cause

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// logRules are about what a crashed container's log proves by itself.
var logRules = []Rule{
	{"said-by-log", about(finding.LogTrouble), but(crashes, podproblem.PodExitsZero), saidByLog,
		"1 workload fails, as its log says", "%d workloads fail, as their logs say"},
}

// saidByLog wants the same pods, whose log says the very fact: another container of the pod may crash for a reason of its own.
func saidByLog(c *Context, from, to *finding.Finding) (Link, bool) {
	if !c.share(from, to) {
		return Link{}, false
	}
	for _, f := range from.Said {
		if slices.ContainsFunc(to.Said, f.Same) {
			return Link{Reason: "its log says that it " + f.String()}, true
		}
	}
	return Link{}, false
}
