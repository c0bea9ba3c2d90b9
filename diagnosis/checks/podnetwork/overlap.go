package podnetwork

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// span is a node's pod range.
type span struct {
	prefix netip.Prefix
	node   *corev1.Node
}

// checkOverlaps compares the nodes' pod ranges with one another, with the nodes' addresses and with those of Services. A range counts
// only where a pod of its node has an address in it: many plugins give addresses from ranges of their own.
func checkOverlaps(s *snapshot.Snapshot, r *finding.Report) {
	var spans []span
	for i := range s.Nodes {
		n := &s.Nodes[i]
		for _, cidr := range podRanges(n) {
			if prefix, err := netip.ParsePrefix(cidr); err == nil && inUseOn(s, n.Name, prefix) {
				spans = append(spans, span{prefix.Masked(), n})
			}
		}
	}
	if len(spans) == 0 {
		return
	}
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()),
			cmp.Compare(a.node.Name, b.node.Name))
	})
	widest := spans[0]
	for _, x := range spans[1:] {
		if widest.prefix.Overlaps(x.prefix) && widest.node != x.node {
			overlap(r, x, fmt.Sprintf("overlaps that of node %s (%s)", widest.node.Name, widest.prefix), kube.NodeObject(widest.node),
				"spec.podCIDR", widest.prefix.String())
		}
		if !widest.prefix.Overlaps(x.prefix) {
			widest = x
		}
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		for _, a := range n.Status.Addresses {
			if x, ok := spanOf(spans, a.Address); ok && a.Type == corev1.NodeInternalIP {
				overlap(r, x, fmt.Sprintf("holds the address of node %s (%s)", n.Name, a.Address), kube.NodeObject(n), "status.addresses[InternalIP]",
					a.Address)
			}
		}
	}
	told := map[*corev1.Node]bool{}
	for i := range s.Services {
		v := &s.Services[i]
		if x, ok := spanOf(spans, v.Spec.ClusterIP); ok && !told[x.node] {
			told[x.node] = true
			overlap(r, x, fmt.Sprintf("holds the address of Service %s/%s (%s)", v.Namespace, v.Name, v.Spec.ClusterIP), kube.ServiceObject(v),
				"spec.clusterIP", v.Spec.ClusterIP)
		}
	}
}

func podRanges(n *corev1.Node) []string {
	if len(n.Spec.PodCIDRs) > 0 {
		return n.Spec.PodCIDRs
	}
	return []string{n.Spec.PodCIDR}
}

func inUseOn(s *snapshot.Snapshot, node string, prefix netip.Prefix) bool {
	return slices.ContainsFunc(s.PodsOn(node), func(p *corev1.Pod) bool {
		a, err := netip.ParseAddr(p.Status.PodIP)
		return err == nil && !p.Spec.HostNetwork && prefix.Contains(a)
	})
}

// spanOf finds the range that holds an address. Ranges are in order; those that overlap are told of apart.
func spanOf(spans []span, address string) (span, bool) {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return span{}, false
	}
	i, _ := slices.BinarySearchFunc(spans, a, func(x span, a netip.Addr) int {
		if x.prefix.Addr().Compare(a) <= 0 {
			return -1
		}
		return 1
	})
	if i > 0 && spans[i-1].prefix.Contains(a) {
		return spans[i-1], true
	}
	return span{}, false
}

func overlap(r *finding.Report, x span, what string, other incident.Object, field, seen string) {
	f := r.Find(PodNetworkOverlap, kube.NodeObject(x.node), fmt.Sprintf("The pod network of node %s, %s, %s", x.node.Name, x.prefix,
		what)).On(x.node)
	f.Cite(finding.SeenAPI(f.Object, "spec.podCIDR", x.node.CreationTimestamp.Time, x.prefix.String()),
		finding.SeenAPI(other, field, time.Time{}, seen))
}
