package cause

import (
	"fmt"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/events"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/storage"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// goesByRules are about what workloads and controllers go by, and cannot use.
var goesByRules = []Rule{
	{"custom-used", customs, slices.Concat(crashes, complaints), customUsed,
		"1 workload goes by it", "%d workloads go by it"},
	{"custom-off", []string{custom.CustomSwitchedOff}, slices.Concat(podFaults, workloadFaults, customs, []string{storage.PVCPending,
		services.LoadBalancerPending, events.EventUnexplained, workloads.PodsRefused}), customOff,
		"1 object needs it, as its events or its status say", "%d objects need it, as their events or their status say"},
	{"custom-selects", []string{custom.CustomSelectsNothing}, slices.Concat(crashes, complaints), customSelects,
		"the log of 1 workload says that nothing is behind it", "the logs of %d workloads say that nothing is behind it"},
}

// customUsed wants the workload to name the custom resource in its settings.
func customUsed(_ *Context, from, to *finding.Finding) (Link, bool) {
	says, _ := finding.DetailOf[custom.Says](from)
	i := slices.IndexFunc(says.Users, func(u custom.User) bool { return u.Workload == to.Workload })
	if i < 0 || to.Since.Add(slack).Before(from.Since) && !to.Since.IsZero() {
		return Link{}, false
	}
	return Link{Reason: fmt.Sprintf("its settings name it (%s)", says.Users[i].By), Inferred: true}, true
}

// customSelects wants the pods whose log says, by its name, that nothing is behind it.
func customSelects(c *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its log says that nothing is behind " + finding.Short(from.Object)}, c.share(from, to)
}

// customOff wants the failure that misses it to be about the very object, or about a pod of the workload.
func customOff(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "what fails says that it finds none of its kind, or names it"}, slices.Contains(from.Refs, to.Object) ||
		!to.Workload.IsZero() && slices.Contains(from.Refs, to.Workload)
}
