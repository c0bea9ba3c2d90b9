package cause

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/pods"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// podRules are about pods and what keeps them from running.
var podRules = []Rule{
	{"node-would-take", append(slices.Clone(nodeFaults), nodes.NodePressure, nodes.NodeCordoned, nodes.NodeFull),
		[]string{podproblem.PodUnschedulable, podproblem.PodPreempted}, wouldTake,
		"the pods of 1 workload find no node", "the pods of %d workloads find no node"},
	{"node-rejects", append(slices.Clone(nodeFaults), nodes.NodePressure, nodes.NodeFull), []string{podproblem.PodRejected}, rejects,
		"the pods of 1 workload are turned away", "the pods of %d workloads are turned away"},
	{"registry-fails", []string{pods.RegistryFails}, []string{podproblem.PodImagePull},
		sharedPods("its image comes from that registry, which fails for others as well"),
		"the pods of 1 workload cannot get their image", "the pods of %d workloads cannot get their images"},
	{"init-waits", serviceFaults, []string{podproblem.PodInitStuck}, initWaits,
		"1 workload waits for a Service before it starts", "%d workloads wait for Services before they start"},
	{"pods-lost", lost, suffers, missesPods,
		"1 workload misses the pods that were taken away", "%d workloads miss the pods that were taken away"},
	{"cloud-controller", append(slices.Clone(podFaults), workloadFaults...),
		[]string{podproblem.PodUnschedulable, podproblem.PodConfigError, services.LoadBalancerPending}, cloudController,
		"1 object waits for what the cloud's controller does", "%d objects wait for what the cloud's controller does"},
	{"environment-stale", []string{pods.EnvironmentStale}, []string{podproblem.PodProbeFailing, podproblem.PodNotReady}, staleEnvironment,
		"1 workload is not ready", "%d workloads are not ready"},
}

// uninitialized is the taint that a node has until the cloud's controller has told its addresses and its zone
// (k8s.io/cloud-provider/api.TaintExternalCloudProvider).
const uninitialized = "node.cloudprovider.kubernetes.io/uninitialized"

// cloudController wants a controller of the cloud, by its name, and nodes that wait for it; or a Service that waits for an address. That
// nothing else would keep the pods off these nodes is not seen.
func cloudController(c *Context, from, to *finding.Finding) (Link, bool) {
	if !strings.Contains(from.Workload.Name, "cloud-controller-manager") || from.Workload == to.Workload {
		return Link{}, false
	}
	waiting := 0
	for i := range c.Snapshot.Nodes {
		n := &c.Snapshot.Nodes[i]
		if slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == uninitialized }) &&
			(len(to.Nodes) == 0 || slices.Contains(to.Nodes, n.Name)) {
			waiting++
		}
	}
	if to.Code == services.LoadBalancerPending {
		return Link{Reason: "it gives out the addresses of load balancers", Inferred: true}, true
	}
	return Link{Reason: finding.Inflect(waiting, "it has not initialized %d {node|nodes} yet", waiting), Inferred: true}, waiting > 0
}

// initWaits wants the Service in the init container's command, which does nothing but wait for it.
func initWaits(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its init container's command waits for Service " + from.Object.Name}, from.Object != to.Object &&
		slices.Contains(to.Refs, from.Object)
}

// staleEnvironment is likely at most: that the values matter is not seen.
func staleEnvironment(c *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its pods run with what the ConfigMap was before", Inferred: true}, from.About(to.Workload) && c.share(from, to)
}

// rejects wants the node's own word: the kubelet of that very node turned the pods away, for pods where it is full of them.
func rejects(_ *Context, from, to *finding.Finding) (Link, bool) {
	rejected, _ := finding.DetailOf[podproblem.Rejected](to)
	ok := len(to.Nodes) == 1 && to.Nodes[0] == from.Object.Name && (from.Code == nodes.NodeFull) == rejected.TooManyPods
	return Link{Reason: "the kubelet of " + from.Object.Name + " turns pods away"}, ok
}

// wouldTake wants a node on which nothing but its own state keeps the pod away: its requests, labels and the rest fit.
func wouldTake(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: fmt.Sprintf("nothing else keeps it off %s", from.Object.Name)}, slices.Contains(to.Refs, from.Object)
}
