package cause

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// nodeRules are about nodes.
var nodeRules = append(slices.Clone(hostRules), []Rule{
	{"cni-node", []string{nodes.NodeCNIMissing}, []string{nodes.NodeNotReady},
		sameNode("the kubelet is not ready without a CNI configuration"),
		"the kubelet reports the node as not ready", "%d nodes are not ready"},
	{"node-pods", nodeFaults, []string{podproblem.PodNotReady, podproblem.PodStuckCreating, podproblem.PodSandboxFailed,
		podproblem.PodTerminating, podproblem.PodVolumeFailed}, onNode,
		"the pods of 1 workload on it are not ready or cannot start", "the pods of %d workloads on it are not ready or cannot start"},
	{"node-taint", append(slices.Clone(nodeFaults), nodes.NodePressure, nodes.NodeCordoned, nodes.NodeFull),
		[]string{podproblem.PodUnschedulable}, tainted,
		"the pods of 1 workload find no node", "the pods of %d workloads find no node"},
	{"node-limit", []string{applog.NodeLimitShared}, []string{applog.LogExhausted, applog.LogNoSpace, podproblem.PodCrashLoop,
		podproblem.PodProbeFailing}, nodeLimit,
		"1 workload on it gets no more from it", "%d workloads on it get no more from it"},
	{"device-plugin", podFaults, []string{podproblem.PodUnschedulable}, devicePlugin,
		"the pods of 1 workload wait for its devices", "the pods of %d workloads wait for its devices"},
	{"certificate-wanted", []string{nodes.CertificateNotSigned}, slices.Concat(complaints, crashes, []string{podproblem.PodInitStuck}),
		certificateWanted, "1 workload is told so, or waits for it", "%d workloads are told so, or wait for it"},
	{"node-pressure", []string{nodes.NodePressure}, []string{podproblem.PodEvicted, podproblem.PodOOMKilled}, pressed,
		"the pods of 1 workload were stopped", "the pods of %d workloads were stopped"},
}...)

// ofCertificates is how a program says that it could not speak TLS, for a certificate's sake.
var ofCertificates = regexp.MustCompile(`(?i)\b(?:tls|ssl|x509|certificates?|csr|handshake)\b`)

// certificateWanted wants words of the log that name who asks for the certificate, or its request, and speak of TLS; or a program that runs
// as who asks, and does not get on.
func certificateWanted(_ *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[nodes.Unsigned](from)
	for _, e := range to.Seen {
		if e.Source != incident.SourceLog || !ofCertificates.MatchString(e.Excerpt) {
			continue
		}
		if i := slices.IndexFunc(d.Names, func(name string) bool { return logs.Names(e.Excerpt, name) }); i >= 0 {
			return Link{Reason: "its log says that TLS fails with " + d.Names[i]}, true
		}
	}
	if d.Account.IsZero() || len(to.Pods) == 0 || !ofCertificatesSaid(to) {
		return Link{}, false
	}
	return Link{Reason: "it runs as " + finding.Short(d.Account) + ", which asks for it", Inferred: true},
		!slices.ContainsFunc(to.Pods, func(p *corev1.Pod) bool {
			return snapshot.ObjectOf("ServiceAccount", p.Namespace, cmp.Or(p.Spec.ServiceAccountName, "default")) != d.Account
		})
}

func ofCertificatesSaid(f *finding.Finding) bool {
	return slices.ContainsFunc(f.Seen, func(e incident.Evidence) bool {
		return e.Source == incident.SourceLog && ofCertificates.MatchString(e.Excerpt)
	})
}

// onNode wants all the pods to be on the node (their findings are kept apart by node) and to have begun to suffer when the node did
// or later.
func onNode(_ *Context, from, to *finding.Finding) (Link, bool) {
	if len(to.Nodes) != 1 || to.Nodes[0] != from.Object.Name {
		return Link{}, false
	}
	if !from.Since.IsZero() && !to.Since.IsZero() && to.Since.Before(from.Since.Add(-slack)) && !endsLater(from, to) {
		return Link{}, false
	}
	node := from.Object.Name
	switch {
	case to.Code == podproblem.PodNotReady:
		return Link{Reason: fmt.Sprintf("pods on %s stop counting as ready when the node does", node)}, true
	case to.Code == podproblem.PodTerminating:
		return Link{Reason: fmt.Sprintf("the kubelet of %s cannot finish it", node), Inferred: from.Code != nodes.NodeUnreachable}, true
	case from.Code == nodes.NodeCNIMissing:
		return Link{Reason: fmt.Sprintf("nothing can start on %s without a CNI configuration", node)}, true
	}
	return Link{Reason: fmt.Sprintf("nothing can start on %s while it is not ready", node)}, true
}

// endsLater allows for a pod that was bound just before the node failed and is stuck since: its own words name the network.
func endsLater(from, to *finding.Finding) bool {
	failed, _ := finding.DetailOf[podproblem.SandboxFailed](to)
	return from.Code == nodes.NodeCNIMissing && failed.Plugin
}

// tainted takes the scheduler's word: it names the taints that kept the pod away, and has words of its own for nodes that are cordoned or
// full.
func tainted(c *Context, from, to *finding.Finding) (Link, bool) {
	u, _ := finding.DetailOf[podproblem.Unschedulable](to)
	code, _ := checks.CodeOf(from.Code)
	for _, t := range code.Taints {
		if slices.Contains(u.Taints, t) {
			return Link{Reason: fmt.Sprintf("the scheduler keeps it off %s for the taint %s", from.Object.Name, t)}, true
		}
	}
	switch {
	case from.Code == nodes.NodeCordoned && u.Cordoned:
		return Link{Reason: fmt.Sprintf("the scheduler passes over %s, which is cordoned", from.Object.Name), Inferred: true}, true
	case from.Code == nodes.NodeFull && u.Full:
		return Link{Reason: fmt.Sprintf("%s has all the pods that it may have", from.Object.Name)}, true
	}
	return Link{}, false
}

// nodeLimit wants a pod of both, whose log says the very thing.
func nodeLimit(c *Context, from, to *finding.Finding) (Link, bool) {
	if !c.share(from, to) {
		return Link{}, false
	}
	for _, f := range from.Said {
		if slices.ContainsFunc(to.Said, f.Same) {
			return Link{Reason: "others on the node, or it alone as soon as it starts, are told the same: its log says that it " + f.String()}, true
		}
	}
	return Link{}, false
}

// devicePlugin wants a DaemonSet of device plugins of the vendor whose devices are short, with a pod that fails on a node that offers none,
// while others do.
func devicePlugin(c *Context, from, to *finding.Finding) (Link, bool) {
	u, _ := finding.DetailOf[podproblem.Unschedulable](to)
	w := from.Workload
	if w.Kind != "DaemonSet" || !strings.Contains(w.Name, "device-plugin") || from.About(to.Workload) {
		return Link{}, false
	}
	for _, name := range u.Short {
		domain, _, ok := strings.Cut(string(name), "/")
		vendor, _, _ := strings.Cut(domain, ".")
		if !ok || !strings.Contains(w.Namespace+"/"+w.Name, vendor) {
			continue
		}
		for _, p := range from.Pods {
			n := c.Snapshot.Node(p.Spec.NodeName)
			if n == nil {
				continue
			}
			if _, offered := n.Status.Capacity[name]; !offered {
				return Link{Reason: fmt.Sprintf("%s offers no %s without it", n.Name, name), Inferred: true}, true
			}
		}
	}
	return Link{}, false
}

// pressedFor says whether the finding is that the node is under this pressure.
func pressedFor(f *finding.Finding, condition corev1.NodeConditionType) bool {
	d, _ := finding.DetailOf[nodes.Pressure](f)
	return d.Condition == condition
}

func pressed(_ *Context, from, to *finding.Finding) (Link, bool) {
	if len(to.Nodes) != 1 || to.Nodes[0] != from.Object.Name {
		return Link{}, false
	}
	if to.Code == podproblem.PodOOMKilled {
		killed, _ := finding.DetailOf[podproblem.OutOfMemory](to)
		return Link{Reason: "its node is short of memory", Inferred: true}, pressedFor(from, corev1.NodeMemoryPressure) && killed.OfNode
	}
	return Link{Reason: "the kubelet evicted it because of the pressure"}, true
}
