package cause

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/control"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/dns"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/hosts"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/podnetwork"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// hostRules are about what lies under a node.
var hostRules = []Rule{
	{"resolv-loop", []string{hosts.HostResolvLoopback}, []string{dns.DNSLoop}, resolvLoop,
		"CoreDNS forwards to itself", "CoreDNS forwards to itself (%d findings)"},
	{"swap-service", []string{hosts.HostSwapRefused}, append([]string{hosts.HostServiceFailed}, silentNode...),
		sameNode("the kubelet ends at once while swap is on"),
		"its service does not start", "its service does not start (%d findings)"},
	{"certificate-service", []string{hosts.HostCertificateEnds}, append([]string{hosts.HostServiceFailed}, silentNode...), expired,
		"what uses the certificate is refused", "what uses the certificate is refused (%d findings)"},
	{"datastore-service", []string{hosts.HostDatastore}, append([]string{hosts.HostServiceFailed}, silentNode...), datastoreStops,
		"the API server's service does not start", "the API server's service does not start (%d findings)"},
	{"datastore-writes", []string{hosts.HostDatastore, control.EtcdUnhealthy},
		append([]string{workloads.CronJobMissed, control.SchedulerNotLeading, control.ControllerManagerNotLeading}, silentNode...),
		nothingWritten,
		"what has to be written down stands still", "what has to be written down stands still (%d findings)"},
	{"datastore-etcd", []string{hosts.HostDatastore}, []string{control.EtcdUnhealthy, control.APIServerUnhealthy}, nothingWritten,
		"the API server's datastore is not well", "the API server's datastore is not well (%d findings)"},
	{"host-api", []string{hosts.HostServiceFailed, hosts.HostDatastore, hosts.HostCertificateEnds, hosts.HostDiskFilling,
		hosts.HostDiskFailing}, []string{control.APIServerAway}, underneath,
		"the API server does not answer", "the API server does not answer (%d findings)"},
	{"service-node", []string{hosts.HostServiceFailed}, []string{nodes.NodeUnreachable, nodes.NodeNotReady, nodes.NodeRuntimeDown,
		nodes.NodeLeaseStale}, sameNode("the service without which the node is none does not run on it"),
		"the node is not ready", "%d nodes are not ready"},
	{"refused-node", []string{hosts.HostAgentRefused}, []string{nodes.NodeUnreachable, nodes.NodeNotReady, nodes.NodeLeaseStale},
		sameNode("its agent is not let into the cluster"),
		"the node is not ready", "%d nodes are not ready"},
	{"limit-reached", []string{hosts.HostLimitReached}, []string{applog.NodeLimitShared, applog.LogExhausted, podproblem.PodCrashLoop,
		podproblem.PodProbeFailing}, limitReached,
		"1 workload on the node gets no more from it", "%d workloads on the node get no more from it"},
	{"disk-pressure", []string{hosts.HostDiskFilling}, []string{nodes.NodePressure}, diskPressure,
		"the kubelet reports disk pressure", "%d kubelets report disk pressure"},
	{"disk-node", []string{hosts.HostDiskFailing, hosts.HostDiskFilling}, []string{nodes.NodeRuntimeDown, nodes.NodeNotReady,
		nodes.NodeUnreachable, hosts.HostServiceFailed, hosts.HostDatastore}, diskStops,
		"what writes to the disk fails", "what writes to the disk fails (%d findings)"},
	{"memory-pods", []string{hosts.HostOutOfMemory}, []string{podproblem.PodOOMKilled, nodes.NodeUnreachable}, outOfMemory,
		"what ran on the node was stopped", "what ran on the node was stopped (%d findings)"},
	{"pressure-memory", []string{nodes.NodePressure}, []string{hosts.HostOutOfMemory}, func(_ *Context, from, to *finding.Finding) (Link,
		bool) {
		return Link{Reason: "the node is short of memory, as its kubelet says"},
			from.Object == to.Object && pressedFor(from, corev1.NodeMemoryPressure)
	}, "the kernel killed a process", "the kernel killed processes (%d findings)"},
	{"host-network", about(finding.NodeNetworkTrouble), append([]string{dns.DNSDown}, crashes...), cutOff,
		"1 workload on the node does not reach what it needs", "%d workloads on the node do not reach what they need"},
	{"host-cut", about(finding.NodeNetworkTrouble), []string{podnetwork.NodeNetworkCut}, sameNode("it cuts the pods of the node off"),
		"pods on the node get no answer from beyond it", "pods on the node get no answer from beyond it (%d findings)"},
	{"driver-gpus", []string{nodes.GPUDriverMismatch}, []string{nodes.GPUUnhealthy, nodes.GPUNotOffered},
		sameNode("no program can use a GPU whose driver does not match its libraries"),
		"the node offers no GPU", "%d nodes offer no GPU"},
	{"gpu-lost", []string{nodes.GPUDriverMismatch, nodes.GPUUnhealthy}, []string{applog.LogDeviceLost},
		func(_ *Context, from, to *finding.Finding) (Link, bool) {
			elsewhere := func(p *corev1.Pod) bool { return p.Spec.NodeName != from.Object.Name }
			return Link{Reason: "it runs on " + from.Object.Name + ", whose GPU does not work"}, len(to.Pods) > 0 &&
				!slices.ContainsFunc(to.Pods, elsewhere)
		}, "1 workload cannot use its GPU", "%d workloads cannot use their GPUs"},
	{"plugin-gpus", slices.Concat(podFaults, workloadFaults), []string{nodes.GPUNotOffered}, func(_ *Context, from, to *finding.Finding) (Link,
		bool) {
		return Link{Reason: "it is the device plugin that registers GPUs"}, len(to.Fault) > 0 && from.About(to.Fault[0])
	}, "the node offers no GPU", "%d nodes offer no GPU"},
	{"gpu-pods", []string{nodes.GPUNotOffered, nodes.GPUAbsent, nodes.GPUUnhealthy}, []string{podproblem.PodUnschedulable}, gpuWaits,
		"the pods of 1 workload wait for a GPU", "the pods of %d workloads wait for a GPU"},
}

// silentNode is how it shows that no kubelet runs on a node.
var silentNode = []string{nodes.NodeUnreachable, nodes.NodeLeaseStale}

// resolvLoop needs no more: the finding is only there with CoreDNS' own word, from that node.
func resolvLoop(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "the Corefile sends what CoreDNS cannot answer to the node's resolv.conf, which names a loopback address"},
		slices.Contains(to.AtFault(), from.Object)
}

// later says whether the second finding began no earlier than the first; an unknown time can be any.
func later(from, to *finding.Finding) bool {
	return from.Since.IsZero() || to.Since.IsZero() || !to.Since.Before(from.Since.Add(-slack))
}

// expired wants a certificate that has ended before the service or the node fell silent; the service's own word is proof.
func expired(_ *Context, from, to *finding.Finding) (Link, bool) {
	ok := from.Object == to.Object && from.Severity == incident.Critical && later(from, to)
	certificate, _ := finding.DetailOf[hosts.EndingCertificate](from)
	return Link{Reason: "an expired certificate is refused", Inferred: !certificate.Refused}, ok
}

// underneath takes what fails on the one node that is seen for what keeps the API server away: nothing says that it runs there.
func underneath(_ *Context, from, to *finding.Finding) (Link, bool) {
	ok := from.Severity == incident.Critical && later(from, to)
	return Link{Reason: "the API server needs it, if it runs on this node", Inferred: true}, ok
}

func datastoreStops(_ *Context, from, to *finding.Finding) (Link, bool) {
	ok := from.Object == to.Object && from.Severity == incident.Critical && later(from, to)
	return Link{Reason: "the server ends when its datastore fails", Inferred: to.Code != hosts.HostServiceFailed}, ok
}

// nothingWritten wants a datastore that takes no writes, and something that began once it took none.
func nothingWritten(_ *Context, from, to *finding.Finding) (Link, bool) {
	datastore, _ := finding.DetailOf[finding.Datastore](from)
	return Link{Reason: "Leases, Jobs and heartbeats cannot be written while the datastore takes no writes"}, datastore.Full && later(from, to)
}

func diskPressure(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "the kubelet reports pressure when less is free than its thresholds"},
		from.Object == to.Object && pressedFor(to, corev1.NodeDiskPressure)
}

// diskStops takes a disk that is full or fails for the likely reason of what stopped later; words about space are proof.
func diskStops(_ *Context, from, to *finding.Finding) (Link, bool) {
	if from.Object != to.Object || from.Severity != incident.Critical || !later(from, to) {
		return Link{}, false
	}
	says := func(words string) bool {
		return slices.ContainsFunc(to.Seen, func(e incident.Evidence) bool { return strings.Contains(e.Excerpt, words) })
	}
	if from.Code == hosts.HostDiskFilling {
		return Link{Reason: "its log says that no space is left"}, says("no space left on device")
	}
	return Link{Reason: "its disk fails", Inferred: !says("read-only file system") && !says("input/output error")}, true
}

// silentAfter is how soon after the kernel killed something a node falls silent for it.
const silentAfter = 10 * time.Minute

func outOfMemory(_ *Context, from, to *finding.Finding) (Link, bool) {
	if !slices.Contains(to.Nodes, from.Object.Name) {
		return Link{}, false
	}
	if to.Code == nodes.NodeUnreachable {
		apart := to.Since.Sub(from.Since)
		return Link{Reason: "a node without memory hardly answers", Inferred: true}, !to.Since.IsZero() && apart > -silentAfter &&
			apart < silentAfter
	}
	killed, _ := finding.DetailOf[podproblem.OutOfMemory](to)
	return Link{Reason: "the kernel killed it because the node had no memory left"}, killed.OfNode
}

// cutOff wants a log that says that something was not reached, from a pod on the node that is not on the host's own network; or that
// the pods that answer names are all there. The packets themselves were not seen, so it is inferred.
func cutOff(c *Context, from, to *finding.Finding) (Link, bool) {
	node := from.Object.Name
	on := func(p *corev1.Pod) bool { return p.Spec.NodeName == node && !p.Spec.HostNetwork }
	if !later(from, to) && !from.Since.IsZero() {
		return Link{}, false
	}
	if to.Code == dns.DNSDown {
		ok := len(to.Pods) > 0 && !slices.ContainsFunc(to.Pods, func(p *corev1.Pod) bool { return !on(p) })
		return Link{Reason: fmt.Sprintf("the pods that answer names are on %s, whose pods are cut off", node), Inferred: true}, ok
	}
	if !slices.ContainsFunc(to.Pods, on) {
		return Link{}, false
	}
	for _, d := range to.Said {
		if d.Kind == logs.NameUnresolved || d.Kind == logs.ConnectionTimeout {
			return Link{Reason: fmt.Sprintf("it runs on %s, and its log says: %s", node, d.String()), Inferred: !cutsAll(from)}, true
		}
	}
	return Link{}, false
}

// cutsAll says whether a node's setting lets nothing pass between its pods and the rest, rather than some of it.
func cutsAll(f *finding.Finding) bool {
	return f.Code == hosts.HostForwardingOff || f.Code == hosts.HostRulesFlushed
}

// gpuWaits wants the very pods, or the scheduler's word that such GPUs run short.
func gpuWaits(c *Context, from, to *finding.Finding) (Link, bool) {
	if c.share(from, to) {
		return Link{Reason: "its pods ask for a GPU that no node offers"}, true
	}
	gpu, ok := finding.DetailOf[nodes.GPU](from)
	u, _ := finding.DetailOf[podproblem.Unschedulable](to)
	return Link{Reason: fmt.Sprintf("%s of %s are missing from what the nodes offer", gpu.Resource, from.Object.Name), Inferred: true},
		ok && slices.Contains(u.Short, gpu.Resource)
}

// limitReached wants all the pods on the node, and their own word that they cannot open one more. That it is the node's limit and not the
// container's own is inferred.
func limitReached(_ *Context, from, to *finding.Finding) (Link, bool) {
	onAnother := func(p *corev1.Pod) bool { return p.Spec.NodeName != from.Object.Name }
	if len(to.Pods) == 0 || slices.ContainsFunc(to.Pods, onAnother) {
		return Link{}, false
	}
	for _, d := range to.Said {
		if d.Kind == logs.Exhausted && strings.Contains(strings.ToLower(d.Name), "file") {
			return Link{Reason: fmt.Sprintf("it runs on %s, and its log says: %s", from.Object.Name, d.Name)}, true
		}
	}
	return Link{}, false
}
