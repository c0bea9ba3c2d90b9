package cause

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/control"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// workloadRules are about workloads and their pods.
var workloadRules = []Rule{
	{"pods-refused", []string{workloads.PodsRefused}, slices.Concat(workloadFaults, cronFaults), sameWorkload("its pods are refused"),
		"1 workload is not available", "%d workloads are not available"},
	{"same-refuser", []string{workloads.PodsRefused}, []string{workloads.PodsRefused}, sameRefuser,
		"it refuses the pods of another workload as well", "it refuses the pods of %d other workloads as well"},
	{"revision-held", []string{workloads.StatefulSetHeld}, slices.Concat(podFaults, []string{workloads.StatefulSetUnavailable}), revisionHeld,
		"1 workload is not available", "%d workloads are not available"},
	{"pods-of-workload", podFaults, workloadFaults, podsOfWorkload,
		"1 workload is not available", "%d workloads are not available"},
	{"pods-of-job", podFaults, slices.Concat([]string{workloads.JobFailed}, cronFaults), sameWorkload("these are its pods"),
		"1 Job has failed", "%d Jobs have failed"},
	{"held-job", []string{workloads.JobHeld}, slices.Concat(cronFaults, []string{workloads.CronJobOverlaps}),
		sameWorkload("this run never ends"),
		"its CronJob starts no new run", "%d CronJobs start no new run"},
	{"held-try", []string{workloads.JobHeld}, podFaults, heldTry,
		"1 pod that has failed stays", "%d pods that have failed stay"},
	{"held-quota", []string{workloads.JobHeld}, []string{workloads.PodsRefused}, heldQuota,
		"1 workload gets no pods", "%d workloads get no pods"},
	{"job-of-cronjob", []string{workloads.JobFailed}, []string{workloads.CronJobNoSuccess}, sameWorkload("these are its runs"),
		"its CronJob has not succeeded for long", "%d CronJobs have not succeeded for long"},
	{"unavailable-stuck", []string{workloads.DeploymentStuck, workloads.DeploymentFails}, []string{workloads.DeploymentUnavailable},
		sameWorkload("its rollout does not get ready"),
		"1 workload is not available", "%d workloads are not available"},
	{"node-daemon", nodeFaults, []string{workloads.DaemonSetUnavailable}, daemonNode,
		"1 workload is not available", "%d workloads are not available"},
	{"peers-unresolved", []string{workloads.StatefulSetNoService}, append(slices.Clone(crashes), podproblem.PodNotReady), peersUnresolved,
		"1 workload does not find its pods by name", "%d workloads do not find its pods by name"},
	{"headless-missing", []string{workloads.StatefulSetNoService}, []string{services.ServiceMissing}, headlessMissing,
		"1 Service is called and does not exist", "%d Services are called and do not exist"},
	{"pods-unmeasured", slices.Concat(podFaults, workloadFaults), []string{workloads.HPANoMetrics}, unmeasured,
		"1 autoscaler gets no metrics", "%d autoscalers get no metrics"},
	{"metrics-unserved", []string{control.APIServiceUnavailable}, []string{workloads.HPANoMetrics}, metricsUnserved,
		"1 autoscaler gets no metrics", "%d autoscalers get no metrics"},
	{"runs-take-room", []string{workloads.CronJobOverlaps}, []string{podproblem.PodUnschedulable}, runsTakeRoom,
		"the pods of 1 workload find no room", "the pods of %d workloads find no room"},
	{"nobody-schedules", []string{control.ControllerManagerNotLeading}, []string{workloads.CronJobMissed}, nobodySchedules,
		"1 CronJob has missed its times", "%d CronJobs have missed their times"},
	{"same-metrics", []string{workloads.HPANoMetrics}, []string{workloads.HPANoMetrics}, sameRefuser,
		"another autoscaler gets no metrics either", "%d other autoscalers get no metrics either"},
	{"budget-spent", podFaults, []string{workloads.PDBUnhealthy}, budgetSpent,
		"1 disruption budget is spent", "%d disruption budgets are spent"},
	{"drain-blocked", []string{workloads.PDBBlocksDrain}, []string{nodes.NodeCordoned}, drainBlocked,
		"1 node stays cordoned", "%d nodes stay cordoned"},
}

// cronFaults are what a CronJob suffers when its Jobs or their pods fail.
var cronFaults = []string{workloads.CronJobBlocked, workloads.CronJobNoSuccess}

// podsOfWorkload tells also how a failing revision differs from the last good one.
func podsOfWorkload(_ *Context, from, to *finding.Finding) (Link, bool) {
	reason := "these are its pods"
	if to.Because != "" {
		reason += "; " + to.Because
	}
	return Link{Reason: reason}, from.About(to.Workload)
}

// revisionHeld: the pod that is waited for is of a revision that has been replaced, so what is wrong with it is mended already.
func revisionHeld(c *Context, from, to *finding.Finding) (Link, bool) {
	if to.Code == workloads.StatefulSetUnavailable {
		return Link{Reason: "the StatefulSet waits for the pod of its old revision"}, from.About(to.Workload)
	}
	return Link{Reason: "the pod is of the old revision"}, c.share(from, to)
}

// sameRefuser folds what one object does to several under the one that it did it to first.
func sameRefuser(_ *Context, from, to *finding.Finding) (Link, bool) {
	if len(from.Refs) == 0 || byOnset(from, to) >= 0 || !slices.Equal(from.Refs, to.Refs) {
		return Link{}, false
	}
	o := from.Refs[0]
	return Link{Reason: fmt.Sprintf("it is %s %s here as well", o.Kind, o.Name)}, true
}

// heldQuota wants a quota that refuses where the run lies: the pods of a run that never ends count in it.
// heldTry: a Job tries again in another pod, once this one has ended.
func heldTry(c *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "the pod stays as it is, and no other one tries again", Inferred: true}, c.share(from, to)
}

func heldQuota(_ *Context, from, to *finding.Finding) (Link, bool) {
	i := slices.IndexFunc(to.Refs, func(o incident.Object) bool { return o.Kind == "ResourceQuota" })
	if i < 0 || to.Refs[i].Namespace != from.Object.Namespace {
		return Link{}, false
	}
	return Link{Reason: "its pods never end, and count in ResourceQuota " + to.Refs[i].Name, Inferred: true}, true
}

func daemonNode(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its pod on " + from.Object.Name + " is not ready because the node is not"},
		slices.Contains(to.Nodes, from.Object.Name)
}

// peersUnresolved wants a log to say that a name below the Service does not resolve.
func peersUnresolved(_ *Context, from, to *finding.Finding) (Link, bool) {
	for _, d := range to.Said {
		for _, o := range from.Refs {
			if d.Kind == logs.NameUnresolved && len(to.Pods) > 0 && kube.NamesService(d.Host, to.Pods[0].Namespace, o) {
				return Link{Reason: fmt.Sprintf("its log says that %s does not resolve, and Service %s, which would give it that name, does not exist",
					d.Host, o.Name)}, true
			}
		}
	}
	return Link{}, false
}

func headlessMissing(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "it is the StatefulSet's Service that is called"}, slices.Contains(from.Refs, to.Object)
}

// unmeasured wants the autoscaler's own word that its pods are the reason.
func unmeasured(_ *Context, from, to *finding.Finding) (Link, bool) {
	u, _ := finding.DetailOf[workloads.Unmeasured](to)
	return Link{Reason: "these are the pods that it measures"}, u.PodsUnready && from.About(to.Workload)
}

// metricsUnserved wants the autoscaler to have asked the very API that is not served.
func metricsUnserved(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its metrics come by way of " + from.Object.Kind + " " + from.Object.Name}, slices.Contains(to.Refs, from.Object)
}

// nobodySchedules: CronJobs are started by the controller-manager. One that missed times before has another reason.
func nobodySchedules(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "the controller-manager, which starts its Jobs, does not lead"}, from.Since.IsZero() || to.Since.IsZero() ||
		!to.Since.Before(from.Since.Add(-time.Minute))
}

// runsTakeRoom wants a node where the runs that are too many ask for as much as the pod does, of everything that it finds too little of.
func runsTakeRoom(_ *Context, from, to *finding.Finding) (Link, bool) {
	u, _ := finding.DetailOf[podproblem.Unschedulable](to)
	if len(to.Pods) == 0 || len(u.Short) == 0 {
		return Link{}, false
	}
	taken := map[string]corev1.ResourceList{}
	for _, p := range from.Pods[min(1, len(from.Pods)):] { // one run is as it should be
		node := taken[p.Spec.NodeName]
		if node == nil {
			node = corev1.ResourceList{}
			taken[p.Spec.NodeName] = node
		}
		for name, asked := range requestsOf(p) {
			total := asked.DeepCopy()
			total.Add(node[name])
			node[name] = total
		}
	}
	wants := requestsOf(to.Pods[0])
	for _, node := range slices.Sorted(maps.Keys(taken)) {
		enough := true
		for name, asked := range wants {
			if has := taken[node][name]; slices.Contains(u.Short, name) && has.Cmp(asked) < 0 {
				enough = false
			}
		}
		if enough {
			return Link{Reason: "on node " + node + " the runs that are too many hold as much as it asks for"}, true
		}
	}
	return Link{}, false
}

func requestsOf(p *corev1.Pod) corev1.ResourceList {
	sum := corev1.ResourceList{}
	for i := range p.Spec.Containers {
		for name, asked := range p.Spec.Containers[i].Resources.Requests {
			total := asked.DeepCopy()
			total.Add(sum[name])
			sum[name] = total
		}
	}
	return sum
}

func budgetSpent(c *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "these are the pods that are not healthy"}, c.share(from, to)
}

func drainBlocked(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its drain cannot finish while the budget keeps pods there", Inferred: true},
		slices.Contains(from.Nodes, to.Object.Name)
}

// workloadOf is the workload that a finding is about, or its own object.
func workloadOf(f *finding.Finding) incident.Object {
	if f.Workload.IsZero() {
		return f.Object
	}
	return f.Workload
}
