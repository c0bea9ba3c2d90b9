package netpol

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of suspicions about NetworkPolicies: that somebody is shut out is what they are for.
const (
	PolicyAdmitsNobody = "PolicyAdmitsNobody"
	PolicyShutsOut     = "PolicyShutsOut"
)

var shutOutCodes = []finding.Code{
	{Code: PolicyAdmitsNobody, Severity: incident.Warning, Root: true,
		Meaning: "NetworkPolicies let no pod that there is, and no address, in to the pods behind a Service. It may be meant.",
		Next:    "See who is to call the Service, and let the policy allow it.",
		Example: "NetworkPolicy shop/db lets nobody in to the pods of Service db: it allows app=web-old, which no pod has"},
	{Code: PolicyShutsOut, Severity: incident.Warning, Root: true,
		Meaning: "A NetworkPolicy keeps pods from a Service that their settings name. Whether they call it is not known.",
		Next:    "If they are to call it, add a rule for that to the policy.",
		Example: "NetworkPolicy shop/db keeps Deployment api from Service db, which its settings name: it lets nothing in to StatefulSet db " +
			"on port 5432"},
}

// shutOut looks for those whom policies keep from a Service though nobody has complained of it.
type shutOut struct {
	flows
	somebody map[*networkingv1.NetworkPolicyPeer]bool // whether a peer means any pod that there is
}

// checkShutOut reports Services whose pods nobody is let in to, and those of whom a pod of the same namespace, or one that is not let out,
// calls by its settings what it does not reach. A pod of another namespace counts where it fails for something does not answer it.
func checkShutOut(s *snapshot.Snapshot, r *finding.Report, m policies) {
	x := shutOut{flows{calls.Callers{S: s, R: r}, m}, map[*networkingv1.NetworkPolicyPeer]bool{}}
	closed := map[incident.Object]bool{}
	narrow := map[string]bool{} // namespaces where a Service's pods are isolated
	for i := range s.Services {
		v := &s.Services[i]
		pods := servedBy(s, v)
		if len(pods) == 0 || len(m.isolating(pods[0], false)) == 0 || kube.Newly(s, v.CreationTimestamp.Time) {
			continue
		}
		narrow[v.Namespace] = true
		if o := kube.ServiceObject(v); x.admitsNobody(v, pods) {
			closed[o] = true
		}
	}
	seen, silent := map[incident.Object]bool{}, calls.Silent(s)
	for i := range s.Pods {
		p := &s.Pods[i]
		_, waits := silent[s.WorkloadOf(p)]
		if kube.HasEnded(p) || !waits && !narrow[p.Namespace] && len(m.isolating(p, true)) == 0 || seen[s.WorkloadOf(p)] {
			continue
		}
		seen[s.WorkloadOf(p)] = true
		for _, o := range calls.Configured(s, p) {
			if !closed[o] {
				x.keepsFrom(p, s.Service(o.Namespace, o.Name))
			}
		}
	}
}

// servedBy are the ready pods behind a Service that are not on their node's network.
func servedBy(s *snapshot.Snapshot, v *corev1.Service) []*corev1.Pod {
	if v == nil || len(v.Spec.Selector) == 0 {
		return nil
	}
	return slices.DeleteFunc(kube.Selected(s, v.Namespace, v.Spec.Selector), func(p *corev1.Pod) bool {
		return !kube.IsReady(p) || p.Spec.HostNetwork
	})
}

// told says whether a finding of the code, or that a flow is cut, is about one of the policies and a pod of the caller's, where one is
// named.
func (x shutOut) told(by []*policy, caller incident.Object) bool {
	return slices.ContainsFunc(x.R.Findings, func(f *finding.Finding) bool {
		return f.Code == PolicyBlocksFlow && slices.ContainsFunc(by, func(n *policy) bool {
			return slices.Contains(f.AtFault(), policyObject(n.NetworkPolicy))
		}) && (caller.IsZero() || len(f.Pods) > 0 && x.S.WorkloadOf(f.Pods[0]) == caller)
	})
}

// admitsNobody reports a Service to whose pods the policies let nobody in.
func (x shutOut) admitsNobody(v *corev1.Service, pods []*corev1.Pod) bool {
	isolating := x.policies.isolating(pods[0], false)
	if slices.ContainsFunc(isolating, func(n *policy) bool { return x.admits(n) }) || x.told(isolating, incident.Object{}) {
		return false
	}
	n := slices.MaxFunc(isolating, func(a, b *policy) int { return ruleCount(a, false) - ruleCount(b, false) })
	o := policyObject(n.NetworkPolicy)
	x.wanted(v, pods, n)
	why := "it has no ingress rule"
	if ruleCount(n, false) > 0 {
		why = "it allows " + peerWords(n) + ", which no pod fits"
	}
	f := x.R.Find(PolicyAdmitsNobody, o, fmt.Sprintf("NetworkPolicy %s/%s lets nobody in to the pods of Service %s: %s", n.Namespace, n.Name,
		v.Name, why)).Suspected()
	f.Refs, f.Since = []incident.Object{kube.ServiceObject(v)}, changed(n)
	f.Cite(finding.SeenAPI(o, "spec", n.CreationTimestamp.Time, policyWords(n, false)),
		finding.SeenAPI(f.Refs[0], "spec.selector", time.Time{}, kube.LabelWords(v.Spec.Selector)))
	return true
}

// changed is when a policy was last changed, or made.
func changed(n *policy) time.Time {
	if at, _ := snapshot.Changed(n.NetworkPolicy); !at.IsZero() {
		return at
	}
	return n.CreationTimestamp.Time
}

// admits says whether a policy has an ingress rule for anybody that there is.
func (x shutOut) admits(n *policy) bool {
	return slices.ContainsFunc(n.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool {
		if len(rule.From) == 0 {
			return true
		}
		for i := range rule.From {
			if x.meansSomebody(n, &rule.From[i]) {
				return true
			}
		}
		return false
	})
}

func (x shutOut) meansSomebody(n *policy, peer *networkingv1.NetworkPolicyPeer) bool {
	if peer.IPBlock != nil {
		return true
	}
	if known, ok := x.somebody[peer]; ok {
		return known
	}
	is := slices.ContainsFunc(x.S.Pods, func(p corev1.Pod) bool { return !kube.HasEnded(&p) && x.policies.isPeer(n, peer, podSide(&p)) })
	x.somebody[peer] = is
	return is
}

// keepsFrom reports a pod that reaches none of the pods behind a Service at any of its ports.
func (x shutOut) keepsFrom(by *corev1.Pod, v *corev1.Service) {
	caller, pods := x.S.WorkloadOf(by), servedBy(x.S, v)
	var cut flow
	var blocked []*policy
	out := true
	for _, p := range pods {
		f := flow{from: podSide(by), to: side{p, append(kube.AddrsOf(p.Status.PodIP, v.Spec.ClusterIP), kube.AddrsOf(v.Spec.ClusterIPs...)...)}}
		for _, port := range v.Spec.Ports {
			f.ports, f.protocol = append(f.ports, kube.TargetPort(port)), port.Protocol
		}
		if x.S.WorkloadOf(p) == caller {
			return
		}
		if blocked, out = x.cutting(f); len(blocked) == 0 {
			return
		}
		cut = f
	}
	if len(blocked) == 0 || x.told(blocked, caller) {
		return
	}
	n := nearestPolicy(x.policies, blocked, cut, out)
	x.policies.missing(PolicyShutsOut, n, cut, out)
	port := ""
	if len(cut.ports) == 1 {
		port = portWords(cut)
	}
	f := x.R.Find(PolicyShutsOut, policyObject(n.NetworkPolicy), fmt.Sprintf(
		"NetworkPolicy %s/%s keeps %s from Service %s/%s, which its settings name: %s", n.Namespace, n.Name, finding.Short(caller), v.Namespace,
		v.Name, x.lacks(n, cut, out, caller, finding.Short(x.S.WorkloadOf(cut.to.pod)), port))).Suspected()
	f.Workload, f.Since, f.AtMost = caller, changed(n), incident.Possible
	if silent, ok := calls.Silent(x.S)[caller]; ok {
		f.Severity, f.AtMost = incident.Warning, incident.Likely // its log says that something does not answer, if not what
		f.AddFacts([]logs.Fact{silent.Need})
		f.Cite(silent.Seen())
	}
	f.Refs = []incident.Object{kube.ServiceObject(v)}
	f.AddPod(by)
	for _, b := range blocked[:min(len(blocked), finding.ShownPods)] {
		f.Cite(finding.SeenAPI(policyObject(b.NetworkPolicy), "spec", b.CreationTimestamp.Time, policyWords(b, out)))
	}
	f.Cite(finding.SeenAPI(finding.PodObject(by), "spec.containers", time.Time{}, "names Service "+v.Namespace+"/"+v.Name))
}

// portWords is the one port of a flow, as a number.
func portWords(f flow) string {
	if n := policyPort(f.to.pod, f.ports[0], kube.ProtocolOf(f.protocol)); n != 0 {
		return fmt.Sprint(n)
	}
	return f.ports[0].String()
}

// peerWords are the peers that a policy lets in, in words.
func peerWords(n *policy) string {
	var out []string
	for _, p := range policyPeers(n, false) {
		var parts []string
		if p.PodSelector != nil {
			parts = append(parts, "pods with "+cmp.Or(podSelectorWords(p.PodSelector), "any labels"))
		}
		if p.NamespaceSelector != nil {
			parts = append(parts, "in namespaces with "+cmp.Or(podSelectorWords(p.NamespaceSelector), "any labels"))
		}
		out = finding.Union(out, []string{strings.Join(parts, " ")})
	}
	return finding.ListWords(out, 2)
}
