package netpol

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// checkPolicies follows what pods say that they could not reach through the policies. A policy that cuts off what nobody misses is as
// somebody wanted it, unless pods call it by their settings: that is suspected.
func checkPolicies(s *snapshot.Snapshot, r *finding.Report) {
	if len(s.NetworkPolicies) == 0 || finding.NotSeen(s, "pods", "") || finding.NotSeen(s, "networkpolicies.networking.k8s.io", "") {
		return
	}
	checkIdlePolicies(s, r)
	p := newPolicies(s)
	c := flows{calls.Callers{S: s, R: r, Found: map[string]*finding.Finding{}}, p}
	c.follow(calls.Failing(s))
	flows{c.Well(), p}.follow(calls.Complaints(s))
	checkShutOut(s, r, p)
}

// follow looks at the way to what each call did not reach.
func (c flows) follow(all []calls.Call) {
	for _, by := range all {
		if by.Need.Kind == logs.NameUnresolved {
			c.name(by)
		} else {
			c.reach(by)
		}
	}
}

// flows reports the flows that failing pods miss and that policies cut.
type flows struct {
	calls.Callers
	policies policies
}

// name looks at the way to the cluster's DNS of a pod to which no name server answered.
func (c flows) name(by calls.Call) {
	d, ok := resolvers.Find(c.S)
	if !ok || d.Service == nil && !finding.NotSeen(c.S, finding.Services, resolvers.DNSNamespace) ||
		!by.Need.Unanswered() || !resolvers.UsesClusterDNS(by.Pod) {
		return
	}
	if c.cache(by) {
		return
	}
	to, udp := asked(d, by)
	var blocked []*policy
	var cut flow
	egress := true
	for _, p := range d.Pods {
		if !kube.IsReady(p) {
			continue
		}
		f := flow{from: podSide(by.Pod), to: side{p, append(kube.AddrsOf(p.Status.PodIP), to.addrs...)}, protocol: corev1.ProtocolUDP,
			ports: finding.Union([]intstr.IntOrString{intstr.FromInt32(53)}, udp)}
		by, out := c.cutting(f)
		if len(by) == 0 {
			return
		}
		blocked, cut, egress = by, f, out
	}
	if len(blocked) == 0 {
		return
	}
	c.report(PolicyBlocksDNS, by, blocked, cut, egress, "cuts %s off from DNS", "kube-dns", "53 (UDP)")
}

// asked is where a pod asks for names, and at which ports of the pods behind. Where the Service was not seen, the log may tell its address,
// and the pods themselves at which port they answer.
func asked(d resolvers.Resolver, by calls.Call) (to side, udp []intstr.IntOrString) {
	if v := d.Service; v != nil {
		for _, port := range v.Spec.Ports {
			if port.Protocol == corev1.ProtocolUDP {
				udp = append(udp, kube.TargetPort(port))
			}
		}
		return side{addrs: append(kube.AddrsOf(v.Spec.ClusterIPs...), kube.AddrsOf(v.Spec.ClusterIP, resolvers.NodeLocalDNS)...)}, udp
	}
	to.addrs = kube.AddrsOf(resolvers.NodeLocalDNS)
	if m := calls.AskedServer.FindStringSubmatch(by.Need.Line); m != nil {
		to.addrs = append(to.addrs, kube.AddrsOf(m[1])...)
	}
	for _, c := range d.Spec.Containers {
		for _, port := range c.Ports {
			if port.Protocol == corev1.ProtocolUDP {
				udp = append(udp, intstr.FromInt32(port.ContainerPort))
			}
		}
	}
	return to, udp
}

// cutting lists the policies that cut a flow, those of its source first, and whether it is they.
func (c flows) cutting(f flow) (by []*policy, egress bool) {
	if by := c.policies.cut(f, true); len(by) > 0 {
		return by, true
	}
	if f.to.pod == nil {
		return nil, false
	}
	return c.policies.cut(f, false), false
}

// reach looks at the way to what did not answer: a Service's ready pods, a pod, or something outside.
func (c flows) reach(by calls.Call) {
	from := podSide(by.Pod)
	where := by.Need.Host
	if by.Need.Port != "" {
		where += ":" + by.Need.Port
	}
	number, _ := strconv.ParseInt(by.Need.Port, 10, 32)
	if by.Service.IsZero() {
		f := flow{from: from}
		if number > 0 {
			f.ports = []intstr.IntOrString{intstr.FromInt32(int32(number))}
		}
		if a, ok := by.Address(); ok {
			if a.IsLoopback() {
				return
			}
			f.to.addrs = []netip.Addr{a}
			f.to.pod = kube.PodAt(c.S, a)
		}
		if blocked, egress := c.cutting(f); len(blocked) > 0 {
			c.report(PolicyBlocksFlow, by, blocked, f, egress, "keeps %s from "+where, where, by.Need.Port)
		}
		return
	}
	v := c.S.Service(by.Service.Namespace, by.Service.Name)
	if v == nil {
		return
	}
	if len(v.Spec.Selector) == 0 {
		c.reachByHand(by, v, where)
		return
	}
	var blocked []*policy
	var cut flow
	out := true
	for _, p := range c.S.PodsSelected(v.Namespace, v.Spec.Selector) {
		if !kube.IsReady(p) {
			continue
		}
		f := flow{from: from, to: side{p, append(kube.AddrsOf(p.Status.PodIP, v.Spec.ClusterIP), kube.AddrsOf(v.Spec.ClusterIPs...)...)}}
		for _, port := range v.Spec.Ports {
			if v.Spec.ClusterIP != corev1.ClusterIPNone && fmt.Sprint(port.Port) == by.Need.Port {
				f.ports, f.protocol = []intstr.IntOrString{kube.TargetPort(port)}, port.Protocol
			}
		}
		if v.Spec.ClusterIP == corev1.ClusterIPNone && number > 0 {
			f.ports = []intstr.IntOrString{intstr.FromInt32(int32(number))}
		}
		blocking, egress := c.cutting(f)
		if len(blocking) == 0 {
			return // one that can be reached would have answered
		}
		blocked, cut, out = blocking, f, egress
	}
	if len(blocked) > 0 {
		o := by.Service
		name := fmt.Sprintf("Service %s/%s", o.Namespace, o.Name)
		if by.Need.Port != "" {
			name += ":" + by.Need.Port
		}
		port := by.Need.Port
		if len(cut.ports) > 0 {
			port = fmt.Sprint(policyPort(cut.to.pod, cut.ports[0], kube.ProtocolOf(cut.protocol)))
		}
		c.report(PolicyBlocksFlow, by, blocked, cut, out, "keeps %s from "+name, finding.Short(c.S.WorkloadOf(cut.to.pod)), port)
	}
}

// reachByHand looks at the way to a Service whose addresses are in EndpointSlices of no selector's, such as the API server's.
func (c flows) reachByHand(by calls.Call, v *corev1.Service, where string) {
	var blocked []*policy
	var cut flow
	for _, slice := range c.S.EndpointSlicesOf(v.Namespace, v.Name) {
		f := flow{from: podSide(by.Pod), to: side{addrs: kube.AddrsOf(append(slices.Clone(v.Spec.ClusterIPs), v.Spec.ClusterIP)...)}}
		for _, p := range slice.Ports {
			if p.Port != nil {
				f.ports = finding.Union(f.ports, []intstr.IntOrString{intstr.FromInt32(*p.Port)})
			}
		}
		for _, e := range slice.Endpoints {
			f.to.addrs = append(f.to.addrs, kube.AddrsOf(e.Addresses...)...)
		}
		if len(f.ports) == 0 || len(slice.Endpoints) == 0 {
			return
		}
		by := c.policies.cut(f, true)
		if len(by) == 0 {
			return
		}
		blocked, cut = by, f
	}
	if len(blocked) > 0 {
		c.report(PolicyBlocksFlow, by, blocked, cut, true, fmt.Sprintf("keeps %%s from Service %s/%s (%s)", v.Namespace, v.Name, where),
			"Service "+v.Name, cut.ports[0].String())
	}
}

// report names the policy that comes nearest to allowing the flow, or else the one that allows least, and what it lacks.
func (c flows) report(code string, by calls.Call, blocked []*policy, f flow, egress bool, what, to, port string) *finding.Finding {
	blames := nearestPolicy(c.policies, blocked, f, egress)
	n := blames.NetworkPolicy
	o, caller := policyObject(n), c.S.WorkloadOf(by.Pod)
	c.policies.missing(code, blames, f, egress)
	title := fmt.Sprintf("NetworkPolicy %s/%s %s: %s", n.Namespace, n.Name, fmt.Sprintf(what, finding.Short(caller)),
		c.lacks(blames, f, egress, caller, to, port))
	would := c.policies.idleFor(f, egress)
	if len(would) > 0 {
		title += fmt.Sprintf("; %s would allow it, but selects no pod", would[0].Name)
	}
	found := c.Find(code, o, finding.Short(caller)+" "+to+" "+port, by, title)
	for _, b := range blocked[:min(len(blocked), 4)] {
		found.Fault = finding.Union(found.Fault, []incident.Object{policyObject(b.NetworkPolicy)})
		found.Cite(finding.SeenAPI(policyObject(b.NetworkPolicy), "spec", b.CreationTimestamp.Time, policyWords(b, egress)))
	}
	for _, w := range would {
		found.Refs = finding.Union(found.Refs, []incident.Object{policyObject(w.NetworkPolicy)})
	}
	if at, _ := snapshot.Changed(n); !at.IsZero() {
		found.Since = at
	} else {
		found.Since = n.CreationTimestamp.Time
	}
	if !by.Service.IsZero() && code == PolicyBlocksFlow {
		found.Unless(c.leads(by.Service)...)
	}
	if slices.ContainsFunc(blocked, selectsNamespaces) {
		found.Unless(finding.Namespaces)
	}
	return found
}

// leads are the resources by which it is known where a Service leads.
func (c flows) leads(o incident.Object) []incident.Resource {
	if v := c.S.Service(o.Namespace, o.Name); v != nil && len(v.Spec.Selector) == 0 {
		return []incident.Resource{finding.Services, finding.EndpointSlices}
	}
	return []incident.Resource{finding.Services}
}

// nameOnly is, of labels, the one that Kubernetes gives every namespace: its name.
func nameOnly(of map[string]string) map[string]string {
	if name, ok := of[corev1.LabelMetadataName]; ok {
		return map[string]string{corev1.LabelMetadataName: name}
	}
	return nil
}

// selectsNamespaces says whether the policy lets in, or out, by labels of namespaces that a namespace's name does not tell.
func selectsNamespaces(p *policy) bool {
	selects := func(peers []networkingv1.NetworkPolicyPeer) bool {
		return slices.ContainsFunc(peers, func(x networkingv1.NetworkPolicyPeer) bool {
			return x.NamespaceSelector != nil && (len(x.NamespaceSelector.MatchExpressions) > 0 ||
				len(x.NamespaceSelector.MatchLabels) > len(nameOnly(x.NamespaceSelector.MatchLabels)))
		})
	}
	return slices.ContainsFunc(p.Spec.Ingress, func(r networkingv1.NetworkPolicyIngressRule) bool { return selects(r.From) }) ||
		slices.ContainsFunc(p.Spec.Egress, func(r networkingv1.NetworkPolicyEgressRule) bool { return selects(r.To) })
}

func policyObject(n *networkingv1.NetworkPolicy) incident.Object {
	return snapshot.ObjectOf("NetworkPolicy", n.Namespace, n.Name)
}

func podSide(p *corev1.Pod) side { return side{p, kube.AddrsOf(p.Status.PodIP)} }
