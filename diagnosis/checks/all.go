package checks

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/beside"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/circumstance"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/control"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/dns"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/events"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/hosts"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/ingress"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/netpol"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/podnetwork"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/pods"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/rbac"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/storage"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// All is every check, by area; what looks at the findings of the others comes last. Codes are stable, for postmortems, runbooks and
// policies name them; each is a constant beside its check.
var All = slices.Concat(nodes.Checks, hosts.Checks, pods.Checks, applog.Checks, workloads.Checks, services.Checks, ingress.Checks,
	netpol.Checks,
	dns.Checks, podnetwork.Checks, storage.Checks, rbac.Checks, control.Checks, custom.Checks, beside.Checks,
	events.Checks)

// Documented is every check, and, after them, what only a diagnosis as a whole can find.
var Documented = slices.Concat(All, circumstance.Checks)

// CodeOf returns the documentation of a code; ok is false for one that nothing reports.
func CodeOf(code string) (c finding.Code, ok bool) {
	for _, check := range Documented {
		if c, ok := finding.CodeIn(check.Codes, code); ok {
			return c, true
		}
	}
	return finding.Code{Code: code}, false
}

// CodesThat lists the codes for which is says yes, in the order of the checks' table.
func CodesThat(is func(finding.Code) bool) []string {
	var out []string
	for _, check := range All {
		for _, c := range check.Codes {
			if is(c) {
				out = append(out, c.Code)
			}
		}
	}
	return out
}
