// Package circumstance documents what no check can see by itself, since it shows only once it is known what nothing explains: what the
// failing have in common, what was changed just before, what their words complain of. Package diagnosis looks for these, and makes
// findings of these codes.
package circumstance

import (
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// The codes of circumstances.
const (
	SharedFactor = "SharedFactor"
	RecentChange = "RecentChange"
	NamedInError = "NamedInError"
	StandsNear   = "StandsNear"
)

// Checks have codes, and no Run.
var Checks = []finding.Check{{Name: "circumstances", Codes: codes}}

var codes = []finding.Code{
	{Code: SharedFactor, Severity: incident.Warning, Root: true, Detail: Behind{},
		Meaning: "What fails alike, and is explained by nothing, shares one thing that what is well lacks.",
		Next:    "Look at what they share: take it away from one of those that fail, or give it to one that is well, and see.",
		Example: "All 7 pods that fail run on node w-3; of the 41 that are well none does"},
	{Code: RecentChange, Severity: incident.Warning, Detail: Behind{},
		Meaning: "Something on the way to what fails was changed just before it began, and nothing explains it otherwise.",
		Next:    "Ask who made the change what it was for; take it back if it can be, and see.",
		Example: "Just before, at 09:30:01 UTC, Deployment web was changed: revision 4 was rolled out: image shop/web:3 → shop/web:4"},
	{Code: NamedInError, Severity: incident.Warning, Detail: Behind{},
		Meaning: "The words of what fails and is explained by nothing, its log's or an event's, complain of another object.",
		Next:    "Compare what the words say with what the object holds.",
		Example: "The log of Deployment grafana complains, and names ConfigMap datasources: datasource.yaml config is invalid"},
	{Code: StandsNear, Severity: incident.Info,
		Meaning: "Nothing that was seen explains what fails, and this stands nearest before it: it is called, holds its configuration, made " +
			"it or " +
			"carries it. Nothing is known to be wrong with it.",
		Next:    "Look at it next: nothing that was seen says what it is that fails.",
		Example: "Deployment api does not reach Service db, by its log"},
}

// Behind is the detail of all of them.
type Behind struct {
	Of []*finding.Finding // what the circumstance may have brought about
}
