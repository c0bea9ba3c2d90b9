package netpol

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// nearestPolicy prefers, of the policies that cut a flow, one with a rule for its peer, then one with a rule for its port, then the one
// with the fewest rules.
func nearestPolicy(m policies, blocked []*policy, f flow, egress bool) *policy {
	score := func(n *policy) int {
		_, peer, port := m.match(n, f, egress)
		switch {
		case peer:
			return 1 << 20
		case port && ruleCount(n, egress) > 0:
			return 1 << 19
		}
		return -ruleCount(n, egress)
	}
	return slices.MaxFunc(blocked, func(a, b *policy) int { return score(a) - score(b) })
}

func ruleCount(n *policy, egress bool) int {
	if egress {
		return len(n.Spec.Egress)
	}
	return len(n.Spec.Ingress)
}

// lacks says which rule a policy does not have.
func (c flows) lacks(n *policy, f flow, egress bool, caller incident.Object, to, port string) string {
	_, peer, hasPort := c.policies.match(n, f, egress)
	switch {
	case ruleCount(n, egress) == 0 && egress:
		return "it lets nothing out" + forPort(" to "+to, port)
	case ruleCount(n, egress) == 0:
		return "it lets nothing in" + forPort(" to "+to, port)
	case peer:
		return fmt.Sprintf("its rules for that peer are not for port %s (they are for %s)", port, strings.Join(policyPorts(n, egress), ", "))
	case egress && hasPort:
		return fmt.Sprintf("it allows port %s, but not to %s%s", port, to, peerHint(n, f.to.pod, egress))
	case egress:
		return "it allows no egress to " + to + forPort("", port)
	case hasPort:
		return fmt.Sprintf("it allows port %s, but not from %s%s", port, finding.Short(caller), peerHint(n, f.from.pod, egress))
	}
	return "it allows no ingress from " + finding.Short(caller) + forPort("", port)
}

func forPort(before, port string) string {
	if port == "" {
		return before
	}
	return before + " on port " + port
}

// peerHint names labels that the policy's peers ask for and the pod has otherwise.
func peerHint(n *policy, p *corev1.Pod, egress bool) string {
	if p == nil {
		return ""
	}
	for _, peer := range policyPeers(n, egress) {
		if peer.PodSelector == nil || peer.NamespaceSelector == nil && p.Namespace != n.Namespace {
			continue
		}
		for _, k := range slices.Sorted(maps.Keys(peer.PodSelector.MatchLabels)) {
			want := peer.PodSelector.MatchLabels[k]
			if have, ok := p.Labels[k]; ok && have != want {
				return fmt.Sprintf(" (it names %s=%s, the pod has %s=%s)", k, want, k, have)
			}
		}
	}
	return ""
}

func policyPeers(n *policy, egress bool) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	if egress {
		for _, r := range n.Spec.Egress {
			out = append(out, r.To...)
		}
		return out
	}
	for _, r := range n.Spec.Ingress {
		out = append(out, r.From...)
	}
	return out
}

// policyPorts are the ports of a policy's rules in words.
func policyPorts(n *policy, egress bool) []string {
	var ports []networkingv1.NetworkPolicyPort
	if egress {
		for _, r := range n.Spec.Egress {
			ports = append(ports, r.Ports...)
		}
	} else {
		for _, r := range n.Spec.Ingress {
			ports = append(ports, r.Ports...)
		}
	}
	var out []string
	for _, p := range ports {
		word := "every port"
		if p.Port != nil {
			word = p.Port.String()
		}
		if p.EndPort != nil {
			word += fmt.Sprintf("-%d", *p.EndPort)
		}
		if p.Protocol != nil && *p.Protocol != corev1.ProtocolTCP {
			word += " (" + string(*p.Protocol) + ")"
		}
		if len(out) < 6 {
			out = finding.Union(out, []string{word})
		}
	}
	return out
}

// policyWords say what a policy selects and allows, for its evidence.
func policyWords(n *policy, egress bool) string {
	direction := "Ingress"
	if egress {
		direction = "Egress"
	}
	selects := "every pod of the namespace"
	if words := podSelectorWords(&n.Spec.PodSelector); words != "" {
		selects = "pods with " + words
	}
	allows := "nothing"
	if count := ruleCount(n, egress); count > 0 {
		allows = fmt.Sprintf("%d rules", count)
		if ports := policyPorts(n, egress); len(ports) > 0 {
			allows += ", ports " + strings.Join(ports, ", ")
		}
		if count == 1 {
			allows = strings.Replace(allows, "1 rules", "1 rule", 1)
		}
	}
	return fmt.Sprintf("policyTypes %s; selects %s; allows %s", direction, selects, allows)
}
