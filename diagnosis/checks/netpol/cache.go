package netpol

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
)

// cache looks at the way to the node's own DNS cache, where the log says that it was asked and did not answer. The cache listens at a
// link-local address of the host: no pod selector means it, only an ipBlock does. It says whether the log speaks of such a cache.
func (c flows) cache(by calls.Call) bool {
	m := calls.AskedServer.FindStringSubmatch(by.Need.Line)
	if m == nil {
		return false
	}
	a, err := netip.ParseAddr(m[1])
	if err != nil || !a.IsLinkLocalUnicast() || !c.listensOn(by.Pod.Spec.NodeName, m[1]) {
		return false
	}
	f := flow{from: podSide(by.Pod), to: side{addrs: []netip.Addr{a}}, protocol: corev1.ProtocolUDP,
		ports: []intstr.IntOrString{intstr.FromInt32(53)}}
	if blocked := c.policies.cut(f, true); len(blocked) > 0 {
		found := c.report(PolicyBlocksDNS, by, blocked, f, true, "cuts %s off from the node's DNS cache", m[1]+
			", an address of the node that only an ipBlock means", "53 (UDP)")
		found.Next = fmt.Sprintf("Allow egress to ipBlock %s/%d on port 53, UDP and TCP.", a, a.BitLen())
	}
	return true
}

// listensOn says whether a ready pod on the node's own network is told to listen at the address, as node-local-dns is by -localip.
func (c flows) listensOn(node, address string) bool {
	return slices.ContainsFunc(c.S.PodsOn(node), func(p *corev1.Pod) bool {
		return p.Spec.HostNetwork && kube.IsReady(p) && slices.ContainsFunc(p.Spec.Containers, func(x corev1.Container) bool {
			return slices.ContainsFunc(append(slices.Clone(x.Command), x.Args...), func(arg string) bool { return strings.Contains(arg, address) })
		})
	})
}
