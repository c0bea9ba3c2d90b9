package cause

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/control"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// evictionRules are about agents that remove pods again and again.
var evictionRules = []Rule{
	{"evicted-for-nothing", []string{control.AdmissionNotAsked}, []string{control.EvictedAgain}, evictedForNothing,
		"pods are evicted for nothing", "pods are evicted for nothing (%d findings)"},
	{"not-asked-behind", slices.Concat(podFaults, workloadFaults, serviceFaults), []string{control.AdmissionNotAsked}, serviceBehind,
		"the webhook behind it answers nobody", "the webhooks behind it answer nobody (%d findings)"},
	{"evicted-again", []string{control.EvictedAgain}, slices.Concat(podFaults, workloadFaults,
		[]string{control.PodsEvictedAgain, services.ServicePodsUnready, services.ServiceNoEndpoints}), evictedAgain,
		"the pods of 1 object start anew all the time", "the pods of %d objects start anew all the time"},
}

// evictedForNothing wants the agent whose webhook it is.
func evictedForNothing(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "the new pods are as the old ones were, for nobody changes them: they are evicted in their turn"},
		slices.Contains(from.Refs, to.Object)
}

// evictedAgain wants one of the workloads whose pods go; that these are not ready for long is likely of it.
func evictedAgain(_ *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[control.Evictions](from)
	l := Link{Reason: "its pods are evicted again and again, and those in their place have just been started", Inferred: true}
	if to.Code == control.PodsEvictedAgain {
		l = Link{Reason: "that is who evicts them, by its events"}
	}
	return l,
		!to.Root && (slices.Contains(d.Workloads, to.Workload) || slices.Contains(d.Workloads, to.Object))
}
