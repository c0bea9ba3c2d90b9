package cause

import (
	"regexp"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// cannotReach are words for a program that says of itself that it is not well, or that something which it calls does not answer.
var cannotReach = regexp.MustCompile(`(?i)statuscode: 5\d\d|connection (?:was )?(?:refused|closed|lost)|econnrefused|timed out|` +
	`(?:can(?:no|')t|could not|unable to) (?:connect|reach)|\b(?:unavailable|unreachable)\b`)

// serviceConfigured: a program that does not say whom it cannot reach complains since the one Service that its settings name, and that
// has nobody behind it, lost its pods.
func serviceConfigured(c *Context, from, to *finding.Finding) (Link, bool) {
	if len(to.Pods) == 0 || c.share(from, to) || from.Since.IsZero() || to.Since.IsZero() ||
		from.Since.Sub(to.Since).Abs() > finding.WarnedBefore.For {
		return Link{}, false
	}
	other := func(d logs.Fact) bool { return !d.Kind.Network() || d.Host != "" }
	if slices.ContainsFunc(to.Said, other) ||
		!slices.ContainsFunc(to.Seen, func(e incident.Evidence) bool { return cannotReach.MatchString(e.Excerpt) }) {
		return Link{}, false
	}
	reason := "its settings name Service " + from.Object.Namespace + "/" + from.Object.Name + ", and it complains since"
	return Link{Reason: reason, Inferred: true},
		slices.Contains(calls.Configured(c.Snapshot, to.Pods[0]), from.Object)
}
