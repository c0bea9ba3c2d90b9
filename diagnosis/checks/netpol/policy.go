package netpol

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// policies answers what NetworkPolicies allow, by the API's rules. Where the API leaves it to the network plugin (host networks, a
// Service's address in an ipBlock) it takes the lenient reading: what may be allowed is not called cut.
type policies struct {
	s           *snapshot.Snapshot
	byNamespace map[string][]*policy
	namespaces  map[string]labels.Set
	tell        func(Missing) // of the flows that are cut; may be nil
}

// policy is a NetworkPolicy whose pod selector is parsed.
type policy struct {
	*networkingv1.NetworkPolicy
	selects         labels.Selector
	ingress, egress bool // the directions in which it isolates the pods that it selects
}

// flow is one connection. A side is a pod, or an address outside the pod network; zero where not even that is known.
type flow struct {
	from, to side
	ports    []intstr.IntOrString // of the destination, any of which would do; none: not known
	protocol corev1.Protocol
}

type side struct {
	pod   *corev1.Pod
	addrs []netip.Addr // the pod's, and those that stand for it, such as its Service's; or the outside's
}

func newPolicies(s *snapshot.Snapshot) policies {
	m := policies{s: s, byNamespace: map[string][]*policy{}, namespaces: map[string]labels.Set{}}
	for i := range s.NetworkPolicies {
		n := &s.NetworkPolicies[i]
		p := &policy{NetworkPolicy: n, selects: selectorOf(&n.Spec.PodSelector)}
		if types := n.Spec.PolicyTypes; len(types) > 0 {
			p.ingress, p.egress = slices.Contains(types, networkingv1.PolicyTypeIngress), slices.Contains(types, networkingv1.PolicyTypeEgress)
		} else {
			p.ingress, p.egress = true, len(n.Spec.Egress) > 0
		}
		m.byNamespace[n.Namespace] = append(m.byNamespace[n.Namespace], p)
	}
	for i := range s.Namespaces {
		n := &s.Namespaces[i]
		set := labels.Set{corev1.LabelMetadataName: n.Name}
		for k, v := range n.Labels {
			set[k] = v
		}
		m.namespaces[n.Name] = set
	}
	return m
}

// selectorOf parses a selector; one that the API would not have accepted matches nothing.
func selectorOf(l *metav1.LabelSelector) labels.Selector {
	sel, err := metav1.LabelSelectorAsSelector(l)
	if err != nil {
		return labels.Nothing()
	}
	return sel
}

// isolating lists the policies that isolate a pod in a direction. None means that all is allowed. Pods on their node's network are not
// isolated.
func (m policies) isolating(p *corev1.Pod, egress bool) []*policy {
	if p == nil || p.Spec.HostNetwork {
		return nil
	}
	var out []*policy
	for _, n := range m.byNamespace[p.Namespace] {
		if (egress && n.egress || !egress && n.ingress) && n.selects.Matches(labels.Set(p.Labels)) {
			out = append(out, n)
		}
	}
	return out
}

// cut lists the policies that together keep a flow from leaving its source (egress) or reaching its destination (ingress); none if one
// of them allows it, or nothing isolates the pod.
func (m policies) cut(f flow, egress bool) []*policy {
	at := f.to.pod
	if egress {
		at = f.from.pod
	}
	isolating := m.isolating(at, egress)
	for _, n := range isolating {
		if m.allows(n, f, egress) {
			return nil
		}
	}
	return isolating
}

// allows says whether a policy has a rule for the flow.
func (m policies) allows(n *policy, f flow, egress bool) bool {
	whole, _, _ := m.match(n, f, egress)
	return whole
}

// match says whether some rule of a policy is for the flow; if none is, whether some rule has its peer, and whether some rule has its port.
func (m policies) match(n *policy, f flow, egress bool) (whole, peer, port bool) {
	other := f.from
	if egress {
		other = f.to
	}
	consider := func(peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) {
		hasPeer := len(peers) == 0 || slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool { return m.isPeer(n, &p, other) })
		hasPort := len(ports) == 0 || len(f.ports) == 0 ||
			slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool { return isPolicyPort(&p, f) })
		whole, peer, port = whole || hasPeer && hasPort, peer || hasPeer, port || hasPort
	}
	if egress {
		for _, rule := range n.Spec.Egress {
			consider(rule.To, rule.Ports)
		}
	} else {
		for _, rule := range n.Spec.Ingress {
			consider(rule.From, rule.Ports)
		}
	}
	return whole, peer, port
}

func (m policies) isPeer(n *policy, p *networkingv1.NetworkPolicyPeer, other side) bool {
	if p.IPBlock != nil {
		if other.pod == nil && len(other.addrs) == 0 {
			return true // somewhere outside; it may lie there
		}
		return slices.ContainsFunc(other.addrs, func(a netip.Addr) bool { return inBlock(p.IPBlock, a) })
	}
	if other.pod == nil {
		return false
	}
	if other.pod.Spec.HostNetwork {
		return true // whether selectors see such pods is the plugin's choice
	}
	if p.NamespaceSelector == nil {
		if other.pod.Namespace != n.Namespace {
			return false
		}
	} else if set, known := m.namespaces[other.pod.Namespace]; known {
		if !selectorOf(p.NamespaceSelector).Matches(set) {
			return false
		}
	} else if sel := selectorOf(p.NamespaceSelector); !sel.Empty() &&
		!sel.Matches(labels.Set{corev1.LabelMetadataName: other.pod.Namespace}) && !finding.NotSeen(m.s, "namespaces", "") {
		return false
	}
	return p.PodSelector == nil || selectorOf(p.PodSelector).Matches(labels.Set(other.pod.Labels))
}

func inBlock(b *networkingv1.IPBlock, a netip.Addr) bool {
	in := func(cidr string) bool {
		prefix, err := netip.ParsePrefix(cidr)
		return err == nil && prefix.Contains(a)
	}
	return in(b.CIDR) && !slices.ContainsFunc(b.Except, in)
}

func isPolicyPort(p *networkingv1.NetworkPolicyPort, f flow) bool {
	protocol := corev1.ProtocolTCP
	if p.Protocol != nil {
		protocol = *p.Protocol
	}
	if protocol != kube.ProtocolOf(f.protocol) {
		return false
	}
	if p.Port == nil {
		return true
	}
	return slices.ContainsFunc(f.ports, func(want intstr.IntOrString) bool {
		number := policyPort(f.to.pod, want, protocol)
		if p.Port.Type == intstr.String {
			named := policyPort(f.to.pod, *p.Port, protocol)
			return named != 0 && named == number
		}
		if p.EndPort != nil {
			return number >= p.Port.IntVal && number <= *p.EndPort
		}
		return number == p.Port.IntVal
	})
}

// policyPort is the number of a port that may be named after one of the pod's containers'; 0 if there is none of the name.
func policyPort(p *corev1.Pod, port intstr.IntOrString, protocol corev1.Protocol) int32 {
	if port.Type == intstr.Int {
		return port.IntVal
	}
	if p != nil {
		ports, _ := kube.DeclaredPorts(p, protocol)
		for _, c := range ports {
			if c.Name == port.StrVal {
				return c.ContainerPort
			}
		}
	}
	return 0
}
