package cause

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Rule is one way in which a finding can explain another.
type Rule struct {
	Name     string
	From, To []string // codes
	// Explains says why from would explain to, or that it would not. It is called for every pair of the codes named.
	Explains func(c *Context, from, to *checks.Finding) (Link, bool)
	// One and Many say what follows, for a cause's reason; Many has a %d for the number of objects. Rules may share them.
	One, Many string
}

// Link is the reason of an edge.
type Link struct {
	Reason   string
	Inferred bool
}

// Context is what rules may look at beside the two findings.
type Context struct {
	Snapshot *snapshot.Snapshot
	pods     map[*checks.Finding]map[*corev1.Pod]bool
	byIP     map[string]incident.Object // Services by cluster IP
}

func newContext(s *snapshot.Snapshot, findings []*checks.Finding) *Context {
	c := &Context{Snapshot: s, pods: make(map[*checks.Finding]map[*corev1.Pod]bool, len(findings)), byIP: map[string]incident.Object{}}
	for _, f := range findings {
		m := make(map[*corev1.Pod]bool, len(f.Pods))
		for _, p := range f.Pods {
			m[p] = true
		}
		c.pods[f] = m
	}
	for i := range s.Services {
		v := &s.Services[i]
		if ip := v.Spec.ClusterIP; ip != "" && ip != corev1.ClusterIPNone {
			c.byIP[ip] = snapshot.ObjectOf("Service", v.Namespace, v.Name)
		}
	}
	return c
}

// share says whether two findings have a pod in common.
func (c *Context) share(a, b *checks.Finding) bool {
	if len(a.Pods) > len(b.Pods) {
		a, b = b, a
	}
	for _, p := range a.Pods {
		if c.pods[b][p] {
			return true
		}
	}
	return false
}

var (
	dnsFaults = []string{checks.DNSLoop, checks.DNSCorefileError, checks.DNSScaledToZero}

	crashes = []string{checks.PodCrashLoop, checks.PodRestarts, checks.PodExitsZero, checks.PodInitStuck, checks.PodFailed, checks.PodProbeFailing, checks.JobFailed}

	podFaults = []string{checks.PodCrashLoop, checks.PodExitsZero, checks.PodOOMKilled, checks.PodCannotStart, checks.PodRestarts, checks.PodImagePull,
		checks.PodConfigError, checks.PodUnschedulable, checks.PodProbeFailing, checks.PodSandboxFailed, checks.PodVolumeFailed, checks.PodStuckCreating,
		checks.PodInitStuck, checks.PodNotReady, checks.PodEvicted, checks.PodFailed, checks.PodTerminating}

	workloadFaults = []string{checks.DeploymentUnavailable, checks.DeploymentStuck, checks.StatefulSetUnavailable, checks.DaemonSetUnavailable}

	serviceFaults = []string{checks.ServiceNoEndpoints, checks.ServicePodsUnready, checks.ServicePortMismatch, checks.ServiceMissing}

	nodeFaults = []string{checks.NodeCNIMissing, checks.NodeNotReady, checks.NodeUnreachable}
)

// Rules is every rule. Where two would give the same edge, the first does.
var Rules = []Rule{
	{"dns-stops", []string{checks.DNSLoop, checks.DNSCorefileError}, crashes, dnsStops,
		"CoreDNS stops, again and again", "CoreDNS stops, again and again (%d findings)"},
	{"dns-pods", slices.Concat(dnsFaults, podFaults, []string{checks.PodsRefused}), []string{checks.DNSDown}, dnsPods,
		"nothing answers names in the cluster", "nothing answers names in the cluster (%d findings)"},
	{"dns-switched-off", []string{checks.DNSScaledToZero}, workloadFaults, sameWorkload("it is scaled to 0"),
		"its workload has no pods", "%d workloads have no pods"},
	{"names-unresolved", append(slices.Clone(dnsFaults), checks.DNSDown), crashes, namesUnresolved,
		"1 workload fails because a name does not resolve", "%d workloads fail because names do not resolve"},
	{"reference-missing", []string{checks.ConfigMapMissing, checks.SecretMissing}, []string{checks.PodConfigError, checks.PodVolumeFailed, checks.PodImagePull, checks.PodStuckCreating}, waitsFor,
		"the pods of 1 workload cannot start", "the pods of %d workloads cannot start"},
	{"claim-unbound", []string{checks.PVCPending, checks.PVCLost, checks.PVCMissing}, []string{checks.PodUnschedulable, checks.PodVolumeFailed, checks.PodStuckCreating}, waitsFor,
		"the pods of 1 workload cannot start", "the pods of %d workloads cannot start"},
	{"claim-unscheduled", []string{checks.PodUnschedulable}, []string{checks.PVCPending}, claimWaits,
		"1 claim waits for its pod", "%d claims wait for their pods"},
	{"cni-node", []string{checks.NodeCNIMissing}, []string{checks.NodeNotReady}, sameNode("the kubelet is not ready without a CNI configuration"),
		"the kubelet reports the node as not ready", "%d nodes are not ready"},
	{"node-pods", nodeFaults, []string{checks.PodNotReady, checks.PodStuckCreating, checks.PodSandboxFailed, checks.PodTerminating, checks.PodVolumeFailed}, onNode,
		"the pods of 1 workload on it are not ready or cannot start", "the pods of %d workloads on it are not ready or cannot start"},
	{"node-taint", append(slices.Clone(nodeFaults), checks.NodePressure, checks.NodeCordoned), []string{checks.PodUnschedulable}, tainted,
		"the pods of 1 workload find no node", "the pods of %d workloads find no node"},
	{"node-pressure", []string{checks.NodePressure}, []string{checks.PodEvicted, checks.PodOOMKilled}, pressed,
		"the pods of 1 workload were stopped", "the pods of %d workloads were stopped"},
	{"service-called", serviceFaults, crashes, serviceCalled,
		"1 workload fails because a Service that it calls does not answer", "%d workloads fail because Services that they call do not answer"},
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
	{"pods-of-service", podFaults, []string{checks.ServicePodsUnready}, podsOfService,
		"1 Service has no endpoint", "%d Services have no endpoint"},
	{"no-pods-for-service", append(slices.Clone(workloadFaults), checks.PodsRefused), []string{checks.ServiceNoEndpoints}, sameWorkload("there is no pod that it could select"),
		"1 Service has no pods", "%d Services have no pods"},
}

// slack is how far apart two clocks in one cluster may tell the same moment.
const slack = 5 * time.Second

func dnsStops(c *Context, from, to *checks.Finding) (Link, bool) {
	if !from.About(to.Workload) {
		return Link{}, false
	}
	return Link{Reason: "CoreDNS stops because of it, again and again"}, true
}

func dnsPods(c *Context, from, to *checks.Finding) (Link, bool) {
	switch {
	case slices.Contains(dnsFaults, from.Code):
		return Link{Reason: "CoreDNS does not answer because of it"}, true
	case from.About(to.Workload) || c.share(from, to):
		return Link{Reason: "these are the pods that answer names"}, true
	}
	return Link{}, false
}

// namesUnresolved wants a log that says that a name did not resolve, from a pod that asks the cluster's DNS. For a name of the cluster
// that is proof; for another name it is likely, for its own servers may be at fault as well.
func namesUnresolved(c *Context, from, to *checks.Finding) (Link, bool) {
	if from.About(to.Workload) || from.Severity != incident.Critical {
		return Link{}, false
	}
	var asks *corev1.Pod
	for _, p := range to.Pods {
		if usesClusterDNS(p) {
			asks = p
			break
		}
	}
	if asks == nil {
		return Link{}, false
	}
	outside := ""
	for _, d := range to.Needs {
		if d.Why != checks.WhyName {
			continue
		}
		if _, ok := checks.ServiceOf(c.Snapshot, d.Host, asks.Namespace); ok {
			return Link{Reason: "its log says that it " + d.String() + ", and nothing answers names in the cluster"}, true
		}
		outside = d.Host
	}
	if outside == "" {
		return Link{}, false
	}
	return Link{Reason: "its log says that it cannot resolve " + outside + ", and its queries go to the cluster's DNS", Inferred: true}, true
}

// usesClusterDNS follows the API's rule: ClusterFirst means the node's resolver for pods on the host network.
func usesClusterDNS(p *corev1.Pod) bool {
	switch p.Spec.DNSPolicy {
	case corev1.DNSClusterFirstWithHostNet:
		return true
	case corev1.DNSClusterFirst, "":
		return !p.Spec.HostNetwork
	}
	return false
}

// serviceCalled follows a log to the Service that it names. An unresolved name is the Service's fault only where it does not exist, or
// is headless and so without a name while no pod is ready.
func serviceCalled(c *Context, from, to *checks.Finding) (Link, bool) {
	if len(to.Needs) == 0 || len(to.Pods) == 0 {
		return Link{}, false
	}
	for _, d := range to.Needs {
		o, ok := c.byIP[d.Host]
		if !ok {
			o, ok = checks.ServiceOf(c.Snapshot, d.Host, to.Pods[0].Namespace)
		}
		if !ok || o != from.Object {
			continue
		}
		if d.Why == checks.WhyName && from.Code != checks.ServiceMissing {
			v := c.Snapshot.Service(o.Namespace, o.Name)
			if v == nil || v.Spec.ClusterIP != corev1.ClusterIPNone {
				continue
			}
		}
		return Link{Reason: fmt.Sprintf("its log says: %s, and that is Service %s/%s", d.String(), o.Namespace, o.Name)}, true
	}
	return Link{}, false
}

func podsOfService(c *Context, from, to *checks.Finding) (Link, bool) {
	if !c.share(from, to) {
		return Link{}, false
	}
	return Link{Reason: "these are the pods behind it"}, true
}

func sameWorkload(reason string) func(*Context, *checks.Finding, *checks.Finding) (Link, bool) {
	return func(_ *Context, from, to *checks.Finding) (Link, bool) {
		return Link{Reason: reason}, from.About(to.Workload)
	}
}

func sameNode(reason string) func(*Context, *checks.Finding, *checks.Finding) (Link, bool) {
	return func(_ *Context, from, to *checks.Finding) (Link, bool) {
		return Link{Reason: reason}, from.Object == to.Object
	}
}

// waitsFor wants the very object in what the pods wait for: the kubelet's word, or the claim that the scheduler speaks of.
func waitsFor(c *Context, from, to *checks.Finding) (Link, bool) {
	if !slices.Contains(to.Refs, from.Object) || !c.share(from, to) {
		return Link{}, false
	}
	if to.Code == checks.PodUnschedulable && !strings.Contains(strings.ToLower(to.Words), "persistentvolumeclaim") {
		return Link{}, false
	}
	return Link{Reason: fmt.Sprintf("its pods wait for %s %s", from.Object.Kind, from.Object.Name)}, true
}

// claimWaits is the other way about: a claim that waits for its first consumer, which cannot be scheduled for another reason.
func claimWaits(c *Context, from, to *checks.Finding) (Link, bool) {
	if strings.Contains(strings.ToLower(from.Words), "persistentvolumeclaim") || !c.share(from, to) || !strings.Contains(to.Title, "wait") {
		return Link{}, false
	}
	return Link{Reason: "the claim waits for a pod that cannot be scheduled"}, true
}

// onNode wants all the pods to be on the node (their findings are kept apart by node) and to have begun to suffer when the node did
// or later.
func onNode(_ *Context, from, to *checks.Finding) (Link, bool) {
	if len(to.Nodes) != 1 || to.Nodes[0] != from.Object.Name {
		return Link{}, false
	}
	if !from.Since.IsZero() && !to.Since.IsZero() && to.Since.Before(from.Since.Add(-slack)) && !endsLater(from, to) {
		return Link{}, false
	}
	node := from.Object.Name
	switch {
	case to.Code == checks.PodNotReady:
		return Link{Reason: fmt.Sprintf("pods on %s stop counting as ready when the node does", node)}, true
	case to.Code == checks.PodTerminating:
		return Link{Reason: fmt.Sprintf("the kubelet of %s cannot finish it", node), Inferred: from.Code != checks.NodeUnreachable}, true
	case from.Code == checks.NodeCNIMissing:
		return Link{Reason: fmt.Sprintf("nothing can start on %s without a CNI configuration", node)}, true
	}
	return Link{Reason: fmt.Sprintf("nothing can start on %s while it is not ready", node)}, true
}

// endsLater allows for a pod that was bound just before the node failed and is stuck since: its own words name the network.
func endsLater(from, to *checks.Finding) bool {
	return from.Code == checks.NodeCNIMissing && to.Code == checks.PodSandboxFailed && strings.Contains(strings.ToLower(to.Words), "cni")
}

// taints are those that the node's state puts on it, by the codes that say so.
var taints = map[string][]string{
	checks.NodeCNIMissing:  {corev1.TaintNodeNotReady},
	checks.NodeNotReady:    {corev1.TaintNodeNotReady},
	checks.NodeUnreachable: {corev1.TaintNodeUnreachable},
	checks.NodeCordoned:    {corev1.TaintNodeUnschedulable},
	checks.NodePressure:    {corev1.TaintNodeMemoryPressure, corev1.TaintNodeDiskPressure, corev1.TaintNodePIDPressure, corev1.TaintNodeNetworkUnavailable},
}

// tainted reads the scheduler's words: they name the taints that kept the pod away.
func tainted(c *Context, from, to *checks.Finding) (Link, bool) {
	for _, t := range taints[from.Code] {
		if strings.Contains(to.Words, t) {
			return Link{Reason: fmt.Sprintf("the scheduler keeps it off %s for the taint %s", from.Object.Name, t)}, true
		}
	}
	return Link{}, false
}

func pressed(_ *Context, from, to *checks.Finding) (Link, bool) {
	if len(to.Nodes) != 1 || to.Nodes[0] != from.Object.Name {
		return Link{}, false
	}
	if to.Code == checks.PodOOMKilled {
		return Link{Reason: "its node is short of memory", Inferred: true}, from.Words == string(corev1.NodeMemoryPressure) && to.Words == checks.NodeMemory
	}
	return Link{Reason: "the kubelet evicted it because of the pressure"}, true
}

func daemonNode(_ *Context, from, to *checks.Finding) (Link, bool) {
	return Link{Reason: "its pod on " + from.Object.Name + " is not ready because the node is not"}, slices.Contains(to.Nodes, from.Object.Name)
}
