package podnetwork

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// NodeRangeStrayed is the code of a node whose pods have addresses outside the range that the node was given.
const NodeRangeStrayed = "NodeRangeStrayed"

var strayedCodes = []finding.Code{
	{Code: NodeRangeStrayed, Severity: incident.Critical, Root: true, RestsOn: []incident.Resource{finding.Pods},
		Meaning: "The pods of one node have addresses outside the range that the node was given, and those of all other nodes lie in " +
			"theirs: no route leads to such pods from other nodes. The kubelet's probes, which are local, see nothing of it.",
		Next: "On the node, compare what hands out the addresses (/run/flannel/subnet.env, /etc/cni/net.d, the bridge's own address) with the " +
			"node's podCIDR, restart the network plugin and the runtime there, and make its pods anew.",
		Example: "The 4 pods of node worker-2 have addresses outside its range 10.42.3.0/24, such as 10.42.1.17: no route leads to them from " +
			"other nodes"},
}

// leastInRange is of how many other nodes the pods must lie in the nodes' ranges: then the plugin goes by these.
const leastInRange = 2

// checkStrayed compares the addresses of pods with the ranges of their nodes. A plugin with ranges of its own goes by none of the nodes',
// so that a node is told only where it is the one that differs.
func checkStrayed(s *snapshot.Snapshot, r *finding.Report) {
	if finding.NotSeen(s, "pods", "") {
		return
	}
	inRange, mixed := 0, 0
	var odd []*corev1.Node
	outside := map[string][]*corev1.Pod{}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		in, out := splitByRange(s, n)
		switch {
		case in > 0 && len(out) == 0:
			inRange++
		case in > 0:
			mixed++
		case len(out) > 1:
			odd = append(odd, n)
			outside[n.Name] = out
		}
	}
	if len(odd) != 1 || mixed > 0 || inRange < leastInRange {
		return
	}
	n, pods := odd[0], outside[odd[0].Name]
	o := kube.NodeObject(n)
	f := r.Find(NodeRangeStrayed, o, fmt.Sprintf("The %d pods of node %s have addresses outside its range %s, such as %s: no route leads to "+
		"them from other nodes", len(pods), n.Name, strings.Join(podRanges(n), ", "), pods[0].Status.PodIP)).On(n)
	f.Pods, f.Nodes, f.Since = pods, []string{n.Name}, pods[0].CreationTimestamp.Time
	f.Cite(finding.SeenAPI(o, "spec.podCIDR", n.CreationTimestamp.Time, strings.Join(podRanges(n), ", ")))
	for _, p := range pods[:min(len(pods), finding.ShownPods)] {
		f.Since = finding.Earlier(f.Since, p.CreationTimestamp.Time)
		f.Cite(finding.SeenAPI(finding.PodObject(p), "status.podIP", time.Time{}, p.Status.PodIP))
	}
}

// splitByRange counts the running pods of a node's pod network that lie in its range, and lists those that lie outside: addresses of the
// families that the node has ranges of.
func splitByRange(s *snapshot.Snapshot, n *corev1.Node) (in int, out []*corev1.Pod) {
	var ranges []netip.Prefix
	for _, text := range podRanges(n) {
		if prefix, err := netip.ParsePrefix(text); err == nil {
			ranges = append(ranges, prefix)
		}
	}
	for _, p := range s.PodsOn(n.Name) {
		a, err := netip.ParseAddr(p.Status.PodIP)
		if err != nil || p.Spec.HostNetwork || p.Status.Phase != corev1.PodRunning || !slices.ContainsFunc(ranges, func(x netip.Prefix) bool {
			return x.Addr().Is4() == a.Is4()
		}) {
			continue
		}
		if slices.ContainsFunc(ranges, func(x netip.Prefix) bool { return x.Contains(a) }) {
			in++
		} else {
			out = append(out, p)
		}
	}
	return in, out
}
