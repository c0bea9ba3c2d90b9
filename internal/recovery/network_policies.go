package recovery

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/netpol"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// draftFlow adds a rule for each flow that the policy is blamed for, and nothing that nobody misses.
func draftFlow(ctx context.Context, r *Recovery, q request) (draft, error) {
	o, err := aboutKind(q, "NetworkPolicy")
	if err != nil {
		return draft{}, err
	}
	var flows []netpol.Missing
	for _, m := range netpol.MissingFlows(q.s) {
		if m.Code == q.cause.Code && m.Blames == o {
			flows = append(flows, m)
		}
	}
	if len(flows) == 0 {
		return no("who is to be let through %s is not known: no program names what is behind it; let its rules name those who are to call it",
			inWords(o))
	}
	rules := map[incident.Object]*allowance{}
	out := draft{title: "let " + flowWords(q.s, flows[0]), why: "The rule is for exactly that: the labels are those by which the " +
		"workload selects its own pods, and the ports those that they listen on."}
	const own = "The policy that cuts it is for more than that, so the rule is in one of its own."
	for _, m := range flows {
		rule, err := ruleFor(q.s, m)
		if err != nil {
			return draft{}, err
		}
		a := rules[m.Policy]
		switch {
		case m.Code != netpol.PolicyBlocksDNS && selectsOthers(q.s, m):
			out.steps = append(out.steps, ownPolicy(q.s, m, rule))
			out.why = join(strings.TrimSpace(strings.TrimSuffix(out.why, own)), own)
			continue
		case a == nil:
			a = &allowance{egress: m.Egress}
			rules[m.Policy] = a
		case a.egress != m.Egress: // one step for each object: the other direction is let by a policy of its own
			out.steps = append(out.steps, ownPolicy(q.s, m, rule))
			continue
		}
		if !slices.ContainsFunc(a.rules, func(have any) bool { return encodeValue(have) == encodeValue(rule) }) {
			a.rules = append(a.rules, rule)
		}
	}
	for _, m := range flows {
		a := rules[m.Policy]
		if a == nil || a.done {
			continue
		}
		a.done = true
		s, err := r.allow(ctx, m.Policy, a)
		if err != nil {
			return draft{}, err
		}
		out.steps = append(out.steps, s)
	}
	return out, nil
}

// selectsOthers says whether a policy is for pods of other workloads as well as for the one that the flow leaves, or reaches: a rule in it
// would let through more than is missing.
func selectsOthers(s *snapshot.Snapshot, m netpol.Missing) bool {
	at := m.To
	if m.Egress {
		at = m.From
	}
	n := policyNamed(s, m.Policy)
	if n == nil || at == nil {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(&n.Spec.PodSelector)
	return err == nil && slices.ContainsFunc(kube.TemplatesIn(s, n.Namespace), func(t kube.Template) bool {
		return t.Object != s.WorkloadOf(at) && selector.Matches(labels.Set(t.Labels))
	})
}

func policyNamed(s *snapshot.Snapshot, o incident.Object) *networkingv1.NetworkPolicy {
	i := slices.IndexFunc(s.NetworkPolicies, func(n networkingv1.NetworkPolicy) bool {
		return n.Namespace == o.Namespace && n.Name == o.Name
	})
	if i < 0 {
		return nil
	}
	return &s.NetworkPolicies[i]
}

// excepted says whether a policy takes an address out of a range that it allows.
func excepted(s *snapshot.Snapshot, o incident.Object, a netip.Addr) bool {
	n := policyNamed(s, o)
	if n == nil {
		return false
	}
	for _, rule := range n.Spec.Egress {
		for _, peer := range rule.To {
			if peer.IPBlock != nil && slices.ContainsFunc(peer.IPBlock.Except, func(cidr string) bool {
				p, err := netip.ParsePrefix(cidr)
				return err == nil && p.Contains(a)
			}) {
				return true
			}
		}
	}
	return false
}

// ruleSource is where the rules for a flow come from.
const ruleSource = "the labels by which the workload selects its pods, and the ports on which they listen"

// allowance is what a policy is to allow besides.
type allowance struct {
	egress, done bool
	rules        []any
}

func (r *Recovery) allow(ctx context.Context, o incident.Object, a *allowance) (incident.Step, error) {
	now, err := r.asIs(ctx, o)
	if err != nil {
		return incident.Step{}, err
	}
	kind, field := "AllowIngress", "ingress"
	if a.egress {
		kind, field = "AllowEgress", "egress"
	}
	has, _ := now.clone().at("spec", field).([]any)
	return restingOn(ruleSource, setTo(kind, o, append(has, a.rules...))), nil
}

// ruleFor is a policy's rule for a flow, as the API server has it.
func ruleFor(s *snapshot.Snapshot, m netpol.Missing) (map[string]any, error) {
	side, other := "from", m.From
	if m.Egress {
		side, other = "to", m.To
	}
	var peers []any
	switch {
	case other != nil && other.Spec.HostNetwork:
		return nil, unfit("%s is on its node's network, and whether rules by labels see it is the network plugin's choice; allow its address",
			other.Name)
	case other != nil:
		own := ownLabels(s, other)
		if len(own) == 0 {
			return nil, unfit("no label tells the pods of %s from others", inWords(s.WorkloadOf(other)))
		}
		peer := map[string]any{"podSelector": map[string]any{"matchLabels": asAny(own)}}
		if other.Namespace != m.Policy.Namespace {
			peer["namespaceSelector"] = map[string]any{"matchLabels": map[string]any{corev1.LabelMetadataName: other.Namespace}}
		}
		peers = append(peers, peer)
	case len(m.Addrs) == 0:
		return nil, unfit("which address %s calls is not known", inWords(s.WorkloadOf(m.From)))
	}
	for _, a := range m.Addrs {
		if excepted(s, m.Policy, a) {
			return nil, unfit("%s takes %s out of a range that it allows, which somebody wanted", inWords(m.Policy), a)
		}
		peers = append(peers, map[string]any{"ipBlock": map[string]any{"cidr": fmt.Sprintf("%s/%d", a, a.BitLen())}})
	}
	if len(m.Ports) == 0 {
		return nil, unfit("at which port %s calls is not known", inWords(s.WorkloadOf(m.From)))
	}
	var ports []any
	for _, number := range m.Ports {
		protocols := []string{string(m.Protocol)}
		if m.Code == netpol.PolicyBlocksDNS { // a long answer comes over TCP
			protocols = []string{string(corev1.ProtocolUDP), string(corev1.ProtocolTCP)}
		}
		for _, protocol := range protocols {
			ports = append(ports, map[string]any{"port": int64(number), "protocol": protocol})
		}
	}
	return map[string]any{side: peers, "ports": ports}, nil
}

// ownPolicy makes a policy beside those that cut a flow, which lets it in or out and isolates nobody who is not isolated already.
func ownPolicy(s *snapshot.Snapshot, m netpol.Missing, rule map[string]any) incident.Step {
	at, direction, field := m.To, "Ingress", "ingress"
	if m.Egress {
		at, direction, field = m.From, "Egress", "egress"
	}
	to := "outside"
	if m.To != nil {
		to = s.WorkloadOf(m.To).Name
	}
	o := incident.Object{Kind: "NetworkPolicy", Namespace: at.Namespace, Name: fmt.Sprintf("allow-%s-to-%s", s.WorkloadOf(m.From).Name, to)}
	return restingOn(ruleSource, setTo(MakeObject, o, map[string]any{"apiVersion": "networking.k8s.io/v1", "kind": o.Kind,
		"metadata": map[string]any{"name": o.Name, "namespace": o.Namespace},
		"spec": map[string]any{"podSelector": map[string]any{"matchLabels": asAny(ownLabels(s, at))}, "policyTypes": []any{direction},
			field: []any{rule}}}))
}

func flowWords(s *snapshot.Snapshot, m netpol.Missing) string {
	to := ""
	switch {
	case m.Code == netpol.PolicyBlocksDNS:
		to = "the cluster's DNS"
	case m.To != nil:
		to = inWords(s.WorkloadOf(m.To))
	case len(m.Addrs) > 0:
		to = m.Addrs[0].String()
	}
	return fmt.Sprintf("%s reach %s", inWords(s.WorkloadOf(m.From)), to)
}

// ownLabels are those by which a pod's workload selects it; of a pod without one of the kinds that do, its own that no controller gave it.
func ownLabels(s *snapshot.Snapshot, p *corev1.Pod) map[string]string {
	w := s.WorkloadOf(p)
	if d := s.Deployment(w.Namespace, w.Name); w.Kind == "Deployment" && d != nil && d.Spec.Selector != nil {
		return d.Spec.Selector.MatchLabels
	}
	if d := s.StatefulSet(w.Namespace, w.Name); w.Kind == "StatefulSet" && d != nil && d.Spec.Selector != nil {
		return d.Spec.Selector.MatchLabels
	}
	if d := s.DaemonSet(w.Namespace, w.Name); w.Kind == "DaemonSet" && d != nil && d.Spec.Selector != nil {
		return d.Spec.Selector.MatchLabels
	}
	out := map[string]string{}
	for k, v := range p.Labels {
		if k != templateHashLabel && !strings.HasPrefix(k, "batch.kubernetes.io/") && k != "controller-uid" && k != "job-name" {
			out[k] = v
		}
	}
	return out
}

// draftPolicySelector takes the labels from the workload that the check found nearest.
func draftPolicySelector(ctx context.Context, r *Recovery, q request) (draft, error) {
	o, err := aboutKind(q, "NetworkPolicy")
	if err != nil {
		return draft{}, err
	}
	now, err := r.asIs(ctx, o)
	if err != nil {
		return draft{}, err
	}
	selector := object(asMap(now.clone().at("spec", "podSelector")))
	want := map[string]string{}
	for k, v := range asMap(selector["matchLabels"]) {
		want[k], _ = v.(string)
	}
	templates := kube.TemplatesIn(q.s, o.Namespace)
	near, ok := kube.NearestTemplate(o.Name, want, templates)
	if !ok || !kube.Slipped(want, near.Labels) {
		return no("no workload in namespace %s has labels like %s", o.Namespace, kube.LabelWords(want))
	}
	right := corrected(want, near.Labels)
	for _, t := range templates {
		if t.Object != near.Object && kube.Matches(right, t.Labels) {
			return no("%s would fit %s as well as %s", kube.LabelWords(right), inWords(t.Object), inWords(near.Object))
		}
	}
	selector["matchLabels"] = asAny(right)
	return oneStep(setTo("SetPolicySelector", o, map[string]any(selector)),
		fmt.Sprintf("let %s select the pods of %s", inWords(o), inWords(near.Object)),
		fmt.Sprintf("The labels are those in the pod template of %s. From then on the policy cuts what it does not allow.", inWords(near.Object)))
}
