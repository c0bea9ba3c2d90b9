package cause

import (
	"github.com/paramedic-bot/paramedic/diagnosis/checks/events"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// eventRules are about events that no check makes anything of: where nothing else says why, what a component says is the best thing said.
var eventRules = []Rule{
	{"event-says", []string{events.EventUnexplained}, append([]string{podproblem.PodNotReady, podproblem.PodStuckCreating,
		podproblem.PodInitStuck, services.ServicePodsUnready}, workloadFaults...), eventSays,
		"1 object is not well that it is about", "%d objects are not well that it is about"},
}

// eventSays wants a symptom of the very object, or of the workload whose pods it is about.
func eventSays(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "a component tells of a failure of it meanwhile", Inferred: true},
		!to.Root && (from.Object == to.Object || from.Object == to.Workload)
}
