package netpol

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Missing is a flow that somebody needs and that a policy has no rule for: as much of it as such a rule says.
type Missing struct {
	Code     string          // of the finding that tells of it
	Blames   incident.Object // the policy that the finding is about
	Policy   incident.Object // the one that lacks the rule
	Egress   bool            // the rule is one for what is let out; else for what is let in
	From, To *corev1.Pod     // To is nil for an address
	Addrs    []netip.Addr    // to which it goes, where that is no pod
	Ports    []int32         // of the destination; none where they are not known
	Protocol corev1.Protocol // of the ports
}

// MissingFlows are the flows that the policies cut and the findings tell of. Where a policy keeps the source from letting it out and
// another the destination from letting it in, there are two.
func MissingFlows(s *snapshot.Snapshot) []Missing {
	type key struct{}
	return snapshot.Once(s, key{}, func() []Missing {
		var out []Missing
		p := newPolicies(s)
		p.tell = func(m Missing) { out = append(out, m) }
		c := flows{calls.Callers{S: s, R: &finding.Report{}, Found: map[string]*finding.Finding{}}, p}
		c.follow(calls.Failing(s))
		flows{c.Well(), p}.follow(calls.Complaints(s))
		checkShutOut(s, c.R, p)
		return out
	})
}

// missing tells of a flow that policies cut, in both directions where both cut it.
func (m policies) missing(code string, blames *policy, f flow, egress bool) {
	if m.tell == nil {
		return
	}
	at := func(n *policy, egress bool) {
		x := Missing{Code: code, Blames: policyObject(blames.NetworkPolicy), Policy: policyObject(n.NetworkPolicy), Egress: egress,
			From: f.from.pod, To: f.to.pod, Protocol: kube.ProtocolOf(f.protocol)}
		if x.To == nil {
			x.Addrs = m.leadsTo(f.to.addrs)
		}
		for _, port := range f.ports {
			if number := policyPort(f.to.pod, port, x.Protocol); number != 0 {
				x.Ports = finding.Union(x.Ports, []int32{number})
			}
		}
		m.tell(x)
	}
	at(blames, egress)
	if egress && f.to.pod != nil {
		if by := m.cut(f, false); len(by) > 0 {
			at(nearestPolicy(m, by, f, false), false)
		}
	}
}

// leadsTo are addresses without those of Services, which the node's rules have replaced by the time that most plugins look, unless there
// are no others.
func (m policies) leadsTo(all []netip.Addr) []netip.Addr {
	services := kube.ServicesByIP(m.s)
	var out []netip.Addr
	for _, a := range all {
		if _, is := services[a.String()]; !is {
			out = finding.Union(out, []netip.Addr{a})
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

// wanted tells, of a Service that nobody is let in to, of those whose settings name it.
func (x shutOut) wanted(v *corev1.Service, pods []*corev1.Pod, n *policy) {
	if x.policies.tell == nil {
		return
	}
	told := map[incident.Object]bool{}
	for i := range x.S.Pods {
		p := &x.S.Pods[i]
		w := x.S.WorkloadOf(p)
		if kube.HasEnded(p) || told[w] || !slices.Contains(calls.Configured(x.S, p), kube.ServiceObject(v)) {
			continue
		}
		told[w] = true
		f := flow{from: podSide(p), to: podSide(pods[0])}
		for _, port := range v.Spec.Ports {
			f.ports, f.protocol = append(f.ports, kube.TargetPort(port)), port.Protocol
		}
		x.policies.missing(PolicyAdmitsNobody, n, f, false)
	}
}
