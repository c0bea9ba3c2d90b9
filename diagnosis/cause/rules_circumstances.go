package cause

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/circumstance"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// symptoms are what is wrong and does not name its root, or whose root may lie deeper: pods that are ill in whatever way.
var symptoms = checks.CodesThat(func(c finding.Code) bool {
	return c.Severity != incident.Info && (!c.Root || c.Trouble == finding.PodTrouble)
})

// circumstanceRules are about what was found since nothing explained the rest: the finding says itself what it is about.
var circumstanceRules = []Rule{
	{"shared-factor", []string{circumstance.SharedFactor}, symptoms,
		broughtAbout("all that fails so has this in common, and what is well lacks it"),
		"1 workload fails that has it", "%d workloads fail that have it"},
	{"recent-change", []string{circumstance.RecentChange}, symptoms,
		broughtAbout("it began just after, and nothing else that was seen explains it"),
		"1 object fails since, and nothing else that was seen explains it",
		"%d objects fail since, and nothing else that was seen explains them"},
	{nameRule, []string{circumstance.NamedInError}, symptoms, broughtAbout("its own words complain of it"),
		"1 object complains of it", "%d objects complain of it"},
}

// nameRule is the rule by which words of one finding name what another is about; see Linked.Name.
const nameRule = "named-in-error"

func broughtAbout(reason string) func(*Context, *finding.Finding, *finding.Finding) (Link, bool) {
	return func(_ *Context, from, to *finding.Finding) (Link, bool) {
		b, ok := finding.DetailOf[circumstance.Behind](from)
		return Link{Reason: reason, Inferred: true}, ok && slices.Contains(b.Of, to)
	}
}
