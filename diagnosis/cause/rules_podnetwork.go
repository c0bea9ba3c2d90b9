package cause

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/podnetwork"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
)

// podNetworkRules are about what gives pods their network on a node: the plugin, its addresses, kube-proxy.
var podNetworkRules = []Rule{
	{"plugin-pods", failingPods, []string{podproblem.PodSandboxFailed, nodes.NodeCNIMissing, nodes.NodeNotReady}, pluginPods,
		"the pods of 1 workload get no network", "the pods of %d workloads get no network"},
	{"plugin-missing", []string{podnetwork.NetworkPluginMissing}, []string{podproblem.PodSandboxFailed, podproblem.PodStuckCreating,
		nodes.NodeCNIMissing, nodes.NodeNotReady}, pluginMissing,
		"the pods of 1 workload get no network", "the pods of %d workloads get no network"},
	{"addresses-exhausted", []string{podnetwork.NodeIPsExhausted}, []string{podproblem.PodSandboxFailed}, addressesExhausted,
		"the pods of 1 workload get no address", "the pods of %d workloads get no address"},
	{"proxy-pods", failingPods, crashes, proxyPods,
		"1 workload does not reach the Services that it calls", "%d workloads do not reach the Services that they call"},
	{"proxy-missing", []string{podnetwork.NodeProxyMissing}, crashes, proxyMissing,
		"1 workload does not reach the Services that it calls", "%d workloads do not reach the Services that they call"},
	{"node-cut", []string{podnetwork.NodeNetworkCut}, suffers, nodeCut,
		"1 workload gets no answer from beyond the node", "%d workloads get no answer from beyond the node"},
	{"address-mistaken", []string{podnetwork.NodeAddressMistaken}, slices.Concat(suffers, workloadFaults, []string{podnetwork.NodeNetworkCut}),
		addressMistaken,
		"1 workload gets no answer from other nodes", "%d workloads get no answer from other nodes"},
	{"range-strayed", []string{podnetwork.NodeRangeStrayed}, append(slices.Clone(suffersOrSays), podnetwork.NodeNetworkCut), rangeStrayed,
		"1 workload gets no answer across nodes", "%d workloads get no answer across nodes"},
	{"file-contended", []string{podnetwork.FileContended}, slices.Concat(crashes,
		[]string{podproblem.PodInitStuck, podproblem.PodSandboxFailed}),
		fileContended,
		"1 workload finds its network not set up", "%d workloads find their network not set up"},
	{"routes-missing", []string{podnetwork.BGPPeersMissing}, append(slices.Clone(suffers), podnetwork.NodeNetworkCut), routesMissing,
		"1 workload gets no answer from other nodes", "%d workloads get no answer from other nodes"},
}

// failingPods are the faults of pods on the host network that are no fault of the network's.
var failingPods = checks.CodesThat(func(c finding.Code) bool { return c.InPlace })

// nodesOf are the nodes of a finding's pods, or those that it is about.
func nodesOf(f *finding.Finding) []string {
	if len(f.Pods) == 0 {
		return f.Nodes
	}
	var names []string
	for _, p := range f.Pods {
		if n := p.Spec.NodeName; n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// within says whether all of what suffers is on the nodes where the fault is.
func within(from, to *finding.Finding) bool {
	suffer, faulty := nodesOf(to), nodesOf(from)
	return len(suffer) > 0 && !slices.ContainsFunc(suffer, func(n string) bool { return !slices.Contains(faulty, n) })
}

func pluginPods(_ *Context, from, to *finding.Finding) (Link, bool) {
	if !podnetwork.NetworkPlugin(from.Workload) || from.About(to.Workload) || !within(from, to) {
		return Link{}, false
	}
	return Link{Reason: fmt.Sprintf("the pods of the network plugin %s fail there", from.Workload.Name)}, true
}

func pluginMissing(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: fmt.Sprintf("the network plugin %s has no pod there", from.Object.Name)}, slices.Equal(from.Nodes, nodesOf(to))
}

func nodeCut(c *Context, from, to *finding.Finding) (Link, bool) {
	l, ok := misses("so do other workloads on the node, and none elsewhere")(c, from, to)
	return l, ok && within(from, to)
}

// addressMistaken wants the plugin's own pods, or pods on the node whose log tells of silence.
func addressMistaken(c *Context, from, to *finding.Finding) (Link, bool) {
	if slices.Contains(from.Fault, to.Workload) || slices.Contains(from.Fault, to.Object) {
		return Link{Reason: "these are the plugin's pods, which find one another by that address"}, true
	}
	if !slices.Contains(nodesOf(to), from.Object.Name) {
		return Link{}, false
	}
	return routesMissing(c, from, to)
}

// timesOut are words for what does not answer.
var timesOut = regexp.MustCompile(`(?i)\btime(?:d|s)?[ -]?out\b`)

// rangeStrayed wants pods on the node whose log tells of silence, or words of such that name the address of a pod there.
func rangeStrayed(c *Context, from, to *finding.Finding) (Link, bool) {
	if to.Code == podnetwork.NodeNetworkCut {
		return Link{Reason: "no route leads to the addresses of its pods"}, to.Object == from.Object
	}
	silent := slices.ContainsFunc(to.Said, func(d logs.Fact) bool { return d.Kind == logs.ConnectionTimeout || d.Unanswered() })
	for _, e := range to.Seen {
		silent = silent || timesOut.MatchString(e.Excerpt)
		for _, p := range from.Pods {
			if strings.Contains(e.Excerpt, p.Status.PodIP+":") && timesOut.MatchString(e.Excerpt) {
				return Link{Reason: "what it waits for in vain has the address " + p.Status.PodIP + ", to which no route leads"}, true
			}
		}
	}
	return Link{Reason: "it waits in vain for an answer, and has a pod on the node", Inferred: true},
		silent && slices.Contains(nodesOf(to), from.Object.Name)
}

// routesMissing wants a log that tells of silence: what is on other nodes neither answers nor refuses.
func routesMissing(c *Context, from, to *finding.Finding) (Link, bool) {
	if to.Code == podnetwork.NodeNetworkCut {
		return Link{Reason: "no routes to other nodes are learned"}, true
	}
	for _, d := range to.Said {
		ofName := d.Unanswered() && len(to.Pods) > 0 && resolvers.UsesClusterDNS(to.Pods[0])
		if ofName || d.Kind == logs.ConnectionTimeout {
			return Link{Reason: "its log says that it " + d.String() + ", and no routes to other nodes' pods are learned"}, true
		}
	}
	return Link{}, false
}

func addressesExhausted(c *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: fmt.Sprintf("%s has no address left for them", from.Object.Name)}, c.share(from, to)
}

func proxyPods(c *Context, from, to *finding.Finding) (Link, bool) {
	if !podnetwork.NodeProxy(from.Workload) || from.About(to.Workload) || !within(from, to) {
		return Link{}, false
	}
	return Link{Reason: "kube-proxy fails on its node, and " + servicesMissed(c, to)}, servicesMissed(c, to) != ""
}

func proxyMissing(c *Context, from, to *finding.Finding) (Link, bool) {
	if !slices.Equal(from.Nodes, nodesOf(to)) {
		return Link{}, false
	}
	return Link{Reason: "kube-proxy does not run on its node, and " + servicesMissed(c, to)}, servicesMissed(c, to) != ""
}

// servicesMissed says which Service with an address of its own a log misses; a name that no server answered misses that of the DNS. "" if
// there is none.
func servicesMissed(c *Context, to *finding.Finding) string {
	for _, d := range to.Said {
		if len(to.Pods) == 0 {
			break
		}
		if d.Kind == logs.NameUnresolved {
			if d.Unanswered() && resolvers.UsesClusterDNS(to.Pods[0]) {
				return "no name server answers it"
			}
			continue
		}
		o, ok := c.called(d, to.Pods[0].Namespace)
		if v := c.Snapshot.Service(o.Namespace, o.Name); ok && v != nil && v.Spec.ClusterIP != corev1.ClusterIPNone {
			return fmt.Sprintf("Service %s/%s does not answer it", o.Namespace, o.Name)
		}
	}
	return ""
}

// fileContended wants pods on the nodes whose log or events tell of how their network is set up.
func fileContended(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its pods find that their network is not set up as it should be", Inferred: true},
		from.Object != to.Workload && checks.TellsOfNetwork(to) &&
			slices.ContainsFunc(to.Pods, func(p *corev1.Pod) bool { return slices.Contains(from.Nodes, p.Spec.NodeName) })
}
