package cause

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/events"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/pods"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
)

// latentRules are about what proves nothing until something follows from it.
var latentRules = []Rule{
	{"settings-old", []string{pods.SettingsOld}, slices.Concat(crashes, complaints, []string{applog.LogAuthFailed}), settingsOld,
		"1 workload is refused its credentials", "%d workloads are refused their credentials"},
	// Where nothing else says why, what a component says is the best thing said.
	{"event-says", []string{events.EventUnexplained}, append([]string{podproblem.PodNotReady, podproblem.PodStuckCreating,
		podproblem.PodInitStuck, services.ServicePodsUnready}, workloadFaults...), eventSays,
		"1 object is not well that it is about", "%d objects are not well that it is about"},
}

// settingsOld wants a log of refused credentials, of a pod that takes them from the same Secret: one of the two sides has the old ones.
func settingsOld(_ *Context, from, to *finding.Finding) (Link, bool) {
	refused := slices.ContainsFunc(to.Said, func(d logs.Fact) bool { return d.Kind == logs.AuthFailed })
	if !refused || len(to.Pods) == 0 || len(from.Refs) == 0 || from.Refs[0].Namespace != to.Pods[0].Namespace {
		return Link{}, false
	}
	return Link{Reason: "its log says that its credentials are refused, and it takes them from there as well"},
		from.Refs[0].Kind == "Secret" && slices.Contains(kube.SecretsOf(to.Pods[0]), from.Refs[0].Name)
}

// eventSays wants a symptom of the very object, or of the workload whose pods it is about.
func eventSays(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "a component tells of a failure of it meanwhile", Inferred: true},
		!to.Root && (from.Object == to.Object || from.Object == to.Workload)
}
