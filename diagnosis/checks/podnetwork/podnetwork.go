package podnetwork

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Checks look at the network between pods.
var Checks = []finding.Check{
	{Name: "podnetwork", Codes: podNetworkCodes, Run: checkPodNetwork},
	{Name: "files of nodes that two write", Codes: contendedCodes, Run: checkContended},
	{Name: "node addresses", Codes: nodeAddressCodes, Run: checkNodeAddresses},
	{Name: "ranges of nodes", Codes: strayedCodes, Run: checkStrayed},
}

// The codes of findings about the pod network.
const (
	NetworkPluginMissing = "NetworkPluginMissing"
	NodeIPsExhausted     = "NodeIPsExhausted"
	NodeProxyMissing     = "NodeProxyMissing"
	PodNetworkOverlap    = "PodNetworkOverlap"
	NodeNetworkCut       = "NodeNetworkCut"
	BGPPeersMissing      = "BGPPeersMissing"
)

var podNetworkCodes = []finding.Code{
	{Code: NetworkPluginMissing, Severity: incident.Critical, Root: true,
		RestsOn: []incident.Resource{finding.Nodes, finding.DaemonSets},
		Meaning: "The network plugin's pod is missing on a node on which pods cannot get a network.",
		Next:    "See why its DaemonSet has no pod there: its node selector, its tolerations, or the DaemonSet itself is gone.",
		Example: "DaemonSet kube-flannel-ds has no pod on node worker-2, where pods cannot get a network"},
	{Code: NodeIPsExhausted, Severity: incident.Critical, Root: true,
		Meaning: "All addresses that a node may give to pods are taken, so no new pod can start on it.",
		Next: "Move pods away; if far fewer pods run than addresses are taken, remove what the plugin forgot (/var/lib/cni/networks on the " +
			"node); give nodes larger ranges.",
		Example: "Node worker-1 has no pod address left: 10.42.1.0/24 is used up"},
	{Code: NodeProxyMissing, Severity: incident.Critical, Root: true,
		Meaning: "kube-proxy does not run on a node, so the addresses of Services lead nowhere from there.",
		Next:    "See why the DaemonSet kube-proxy has no pod there: its node selector or its tolerations.",
		Example: "Node worker-2 has no kube-proxy: addresses of Services lead nowhere from it"},
	{Code: PodNetworkOverlap, Severity: incident.Critical, Root: true,
		RestsOn: []incident.Resource{finding.Pods},
		Meaning: "Two address ranges overlap that must be apart: pods, nodes and Services. What lies in both is not reached from everywhere.",
		Next:    "Give the pod network a range of its own (--cluster-cidr, or the plugin's pool); it can hardly be changed without new nodes.",
		Example: "The pod network of node worker-1, 192.168.0.0/24, holds the address of node worker-2 (192.168.0.12)"},
	{Code: NodeNetworkCut, Severity: incident.Critical, Root: true,
		Meaning: "Pods of several workloads on one node get no answer from beyond it, while pods of the same workloads on other nodes are well.",
		Next: "On the node, compare ip rule, ip route and the packet filter with those of a node that is well; restart the network plugin's " +
			"pod there, which writes its own anew. " +
			"If systemd-networkd removes them, set ManageForeignRoutes=no and ManageForeignRoutingPolicyRules=no in networkd.conf.",
		Example: "Pods on node worker-1 get no answer from beyond it, those of 3 workloads: their pods on other nodes are well; " +
			"systemd-networkd set up the node's network anew at 06:13:49 UTC"},
	{Code: BGPPeersMissing, Severity: incident.Critical, Root: true,
		RestsOn: []incident.Resource{finding.Nodes},
		Meaning: "Calico's nodes peer with no one: its mesh between nodes is off, and no node fits the selectors of any BGPPeer, so that no " +
			"routes to other nodes' pods are learned.",
		Next: "Give the route reflectors the label that the BGPPeer's selector names, or let it name one that they have (calicoctl node " +
			"status shows the sessions).",
		Example: "BGPPeer route-reflectors selects its peers by has(route-reflector), which no node fits, and the mesh between nodes is off: " +
			"nodes learn no routes to one another's pods"},
}

func checkPodNetwork(s *snapshot.Snapshot, r *finding.Report) {
	checkPlugins(s, r)
	checkAddresses(s, r)
	checkProxies(s, r)
	checkOverlaps(s, r)
	checkCutNodes(s, r)
	checkPeers(s, r)
}

// plugins are how the DaemonSets of network plugins are called.
var plugins = []string{"kube-flannel", "calico-node", "cilium", "canal", "weave-net", "kindnet", "aws-node", "azure-cni", "kube-router",
	"antrea-agent", "ovnkube-node", "kube-multus"}

// NetworkPlugin says whether a workload is the part of a network plugin that runs on every node.
func NetworkPlugin(w incident.Object) bool {
	return w.Kind == "DaemonSet" && slices.ContainsFunc(plugins, func(name string) bool {
		return w.Name == name || strings.HasPrefix(w.Name, name+"-ds") || w.Name == "rke2-"+name
	})
}

// podsByNode are a DaemonSet's pods, by node.
func podsByNode(s *snapshot.Snapshot, d *appsv1.DaemonSet) map[string]*corev1.Pod {
	m := map[string]*corev1.Pod{}
	for _, p := range s.PodsIn(d.Namespace) {
		if c := metav1.GetControllerOf(p); c != nil && c.Kind == "DaemonSet" && c.Name == d.Name && p.DeletionTimestamp == nil {
			m[p.Spec.NodeName] = p
		}
	}
	return m
}

// comes is until when a DaemonSet's pod may still come to a node.
func comes(d *appsv1.DaemonSet, n *corev1.Node) finding.Term {
	return finding.Lasts(finding.Settling, d.CreationTimestamp.Time).Max(finding.Lasts(finding.AgentComes, n.CreationTimestamp.Time))
}

// noSandbox are the events by which the kubelets say that pods get no network, the newest of each node, with those pods, and until when
// that may pass.
type noSandbox struct {
	events map[string]*corev1.Event
	pods   map[string][]*corev1.Pod
	normal map[string]finding.Term
}

// sandboxFailures goes by the pods that have waited for long enough, and for a node without any by those that wait for a moment.
func sandboxFailures(s *snapshot.Snapshot) noSandbox {
	x := sandboxesOf(s, func(p *corev1.Pod) bool { return !kube.Newly(s, p.CreationTimestamp.Time) })
	early := sandboxesOf(s, func(p *corev1.Pod) bool { return kube.Newly(s, p.CreationTimestamp.Time) })
	for node, e := range early.events {
		if x.events[node] == nil {
			x.events[node], x.pods[node], x.normal[node] = e, early.pods[node], early.normal[node]
		}
	}
	return x
}

// forget leaves out what a node's young pods show, where the kubelet says itself that there is no network.
func (x noSandbox) forget(s *snapshot.Snapshot, node string) {
	if !x.normal[node].Over(s.At) {
		delete(x.events, node)
		delete(x.pods, node)
		delete(x.normal, node)
	}
}

func sandboxesOf(s *snapshot.Snapshot, counts func(*corev1.Pod) bool) noSandbox {
	x := noSandbox{map[string]*corev1.Event{}, map[string][]*corev1.Pod{}, map[string]finding.Term{}}
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.Status.Phase != corev1.PodPending || p.Spec.NodeName == "" || !counts(p) {
			continue
		}
		e := kube.LastEvent(s, finding.PodObject(p), "FailedCreatePodSandBox", "NetworkNotReady")
		if e == nil {
			continue
		}
		node := p.Spec.NodeName
		x.pods[node] = append(x.pods[node], p)
		x.normal[node] = x.normal[node].Max(finding.Lasts(finding.Settling, p.CreationTimestamp.Time))
		if before := x.events[node]; before == nil || snapshot.EventTime(before).Time.Before(snapshot.EventTime(e).Time) {
			x.events[node] = e
		}
	}
	return x
}

// checkPlugins looks, where pods get no network, whether the plugin's pod is missing. One that is there and unwell speaks for itself.
func checkPlugins(s *snapshot.Snapshot, r *finding.Report) {
	failed := sandboxFailures(s)
	nodes := slices.Sorted(maps.Keys(failed.events))
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if c := kube.NodeCondition(n, corev1.NodeReady); c != nil && c.Status == corev1.ConditionFalse && kube.NoCNI(c.Message) {
			nodes = finding.Union(nodes, []string{n.Name})
			failed.forget(s, n.Name)
		}
	}
	if len(nodes) == 0 || finding.NotSeen(s, "daemonsets.apps", "") {
		return
	}
	for i := range s.DaemonSets {
		d := &s.DaemonSets[i]
		o := snapshot.ObjectOf("DaemonSet", d.Namespace, d.Name)
		if !NetworkPlugin(o) || d.Name == "kube-multus" {
			continue
		}
		have := podsByNode(s, d)
		for _, node := range nodes {
			n := s.Node(node)
			if n == nil || have[node] != nil || spares(d, n) {
				continue
			}
			f := r.Find(NetworkPluginMissing, o, fmt.Sprintf("DaemonSet %s has no pod on node %s, where pods cannot get a network%s", d.Name, node,
				whyNot(d, s.Node(node))))
			f.Nodes, f.Pods = []string{node}, failed.pods[node]
			f.Cite(finding.SeenAPI(o, "status.desiredNumberScheduled", time.Time{},
				fmt.Sprintf("%d of %d nodes, none on %s", d.Status.DesiredNumberScheduled, len(s.Nodes), node)),
				finding.SeenEvent(failed.events[node])).
				NotYetWithin(comes(d, n).Max(failed.normal[node]), s.At)
		}
	}
}

// whyNot says which label or taint keeps a DaemonSet off a node, as far as its node selector and tolerations tell.
func whyNot(d *appsv1.DaemonSet, n *corev1.Node) string {
	spec := &d.Spec.Template.Spec
	if !kube.Matches(spec.NodeSelector, n.Labels) {
		return fmt.Sprintf(": its nodeSelector has %s, the node does not", kube.LabelWords(kube.Differing(spec.NodeSelector, n.Labels)))
	}
	for _, t := range n.Spec.Taints {
		if t.Effect != corev1.TaintEffectPreferNoSchedule && !strings.HasPrefix(t.Key, "node.kubernetes.io/") &&
			!kube.Tolerates(spec.Tolerations, t) {
			return fmt.Sprintf(": it does not tolerate the taint %s=%s:%s", t.Key, t.Value, t.Effect)
		}
	}
	return ""
}
