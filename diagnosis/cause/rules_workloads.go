package cause

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
)

// workloadRules are about workloads and their pods.
var workloadRules = []Rule{
	{"pods-refused", []string{checks.PodsRefused}, workloadFaults, sameWorkload("its pods are refused"),
		"1 workload is not available", "%d workloads are not available"},
	{"pods-of-workload", podFaults, workloadFaults, sameWorkload("these are its pods"),
		"1 workload is not available", "%d workloads are not available"},
	{"pods-of-job", podFaults, []string{checks.JobFailed}, sameWorkload("these are its pods"),
		"1 Job has failed", "%d Jobs have failed"},
	{"unavailable-stuck", []string{checks.DeploymentStuck}, []string{checks.DeploymentUnavailable}, sameWorkload("its rollout does not get ready"),
		"1 workload is not available", "%d workloads are not available"},
	{"node-daemon", nodeFaults, []string{checks.DaemonSetUnavailable}, daemonNode,
		"1 workload is not available", "%d workloads are not available"},
}

func daemonNode(_ *Context, from, to *checks.Finding) (Link, bool) {
	return Link{Reason: "its pod on " + from.Object.Name + " is not ready because the node is not"}, slices.Contains(to.Nodes, from.Object.Name)
}
