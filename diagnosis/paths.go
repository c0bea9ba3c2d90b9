package diagnosis

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/paramedic-bot/paramedic/diagnosis/change"
	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// paths finds what lies on the way to something that fails, with how many steps away it is.
type paths struct {
	s       *snapshot.Snapshot
	granted map[incident.Object][]incident.Object // bindings and roles, by the account
	ruling  map[string][]incident.Object          // quotas, limits and custom resources, by namespace
	guards  map[string][]*networkingv1.NetworkPolicy
	names   []*corev1.Pod // that answer for the cluster's names
	out     []change.Path
}

func newPaths(s *snapshot.Snapshot) *paths {
	p := &paths{s: s, granted: map[incident.Object][]incident.Object{}, ruling: map[string][]incident.Object{},
		guards: map[string][]*networkingv1.NetworkPolicy{}}
	if v := resolvers.Service(s); v != nil {
		p.names = s.PodsSelected(v.Namespace, v.Spec.Selector)
	}
	for i := range s.NetworkPolicies {
		n := &s.NetworkPolicies[i]
		p.guards[n.Namespace] = append(p.guards[n.Namespace], n)
	}
	for i := range s.RoleBindings {
		b := &s.RoleBindings[i]
		p.grants(snapshot.ObjectOf("RoleBinding", b.Namespace, b.Name), b.Subjects, b.RoleRef)
	}
	for i := range s.ClusterRoleBindings {
		b := &s.ClusterRoleBindings[i]
		p.grants(snapshot.ObjectOf("ClusterRoleBinding", "", b.Name), b.Subjects, b.RoleRef)
	}
	for i := range s.ResourceQuotas {
		p.rules("ResourceQuota", &s.ResourceQuotas[i])
	}
	for i := range s.LimitRanges {
		p.rules("LimitRange", &s.LimitRanges[i])
	}
	for i := range s.Customs {
		p.rules(s.Customs[i].GetKind(), &s.Customs[i])
	}
	return p
}

func (p *paths) grants(binding incident.Object, to []rbacv1.Subject, role rbacv1.RoleRef) {
	in := binding.Namespace
	if role.Kind == "ClusterRole" {
		in = ""
	}
	for _, x := range to {
		if x.Kind == rbacv1.ServiceAccountKind {
			o := snapshot.ObjectOf("ServiceAccount", x.Namespace, x.Name)
			p.granted[o] = append(p.granted[o], binding, snapshot.ObjectOf(role.Kind, in, role.Name))
		}
	}
}

func (p *paths) rules(kind string, o metav1.Object) {
	if ns := o.GetNamespace(); ns != "" {
		p.ruling[ns] = append(p.ruling[ns], snapshot.ObjectOf(kind, ns, o.GetName()))
	}
}

// to lists what lies on the way to a finding. Of pods that fail alike, one stands for all.
func (p *paths) to(f *finding.Finding) []change.Path {
	p.out = nil
	p.add(0, f.Object, f.Workload)
	p.add(0, f.AtFault()...)
	p.add(1, f.Refs...)
	if len(f.Nodes) <= mostNodes {
		for _, n := range f.Nodes {
			p.add(1, snapshot.ObjectOf("Node", "", n))
		}
	}
	if len(f.Pods) > 0 {
		p.ofPod(f.Pods[0], 0)
		p.onNodes(f.Pods)
		p.called(f)
	}
	if f.NeedsName() && len(p.names) > 0 {
		p.ofPod(p.names[0], 1)
	}
	return p.out
}

func (p *paths) add(steps int, objects ...incident.Object) {
	for _, o := range objects {
		if !o.IsZero() {
			p.out = append(p.out, change.Path{Object: o, Steps: steps})
		}
	}
}

// ofPod adds what a pod, so many steps away, takes and is subject to.
func (p *paths) ofPod(x *corev1.Pod, steps int) {
	w := p.s.WorkloadOf(x)
	p.add(steps, w)
	for _, o := range kube.TakenFrom(x) {
		p.add(steps+1, o)
		p.add(steps+2, p.granted[o]...)
		if c := p.s.PersistentVolumeClaim(o.Namespace, o.Name); o.Kind == "PersistentVolumeClaim" && c != nil {
			p.add(steps+2, snapshot.ObjectOf("PersistentVolume", "", c.Spec.VolumeName))
			if c.Spec.StorageClassName != nil {
				p.add(steps+2, snapshot.ObjectOf("StorageClass", "", *c.Spec.StorageClassName))
			}
		}
	}
	p.add(steps+1, p.policies(x)...)
	p.add(steps+2, p.ruling[x.Namespace]...)
	p.add(steps+2, snapshot.ObjectOf("Namespace", "", x.Namespace))
	if x.Spec.PriorityClassName != "" {
		p.add(steps+2, snapshot.ObjectOf("PriorityClass", "", x.Spec.PriorityClassName))
	}
	for i := range p.s.MutatingWebhooks {
		p.add(steps+2, snapshot.ObjectOf("MutatingWebhookConfiguration", "", p.s.MutatingWebhooks[i].Name))
	}
	for i := range p.s.ValidatingWebhooks {
		p.add(steps+2, snapshot.ObjectOf("ValidatingWebhookConfiguration", "", p.s.ValidatingWebhooks[i].Name))
	}
}

// policies are the NetworkPolicies that select a pod.
func (p *paths) policies(x *corev1.Pod) []incident.Object {
	var out []incident.Object
	for _, n := range p.guards[x.Namespace] {
		if sel, err := metav1.LabelSelectorAsSelector(&n.Spec.PodSelector); err == nil && sel.Matches(labels.Set(x.Labels)) {
			out = append(out, snapshot.ObjectOf("NetworkPolicy", n.Namespace, n.Name))
		}
	}
	return out
}

// onNodes adds the pods' nodes: what fails everywhere is no node's doing.
func (p *paths) onNodes(pods []*corev1.Pod) {
	var nodes finding.Gathered[string]
	for _, x := range pods {
		if nodes.Add(x.Spec.NodeName); len(nodes.List) > mostNodes {
			return
		}
	}
	for _, n := range nodes.List {
		if n != "" {
			p.add(1, snapshot.ObjectOf("Node", "", n))
		}
	}
}

// called adds the Services that a finding's pods could not reach by their logs, or that their settings name, and what lies behind them.
func (p *paths) called(f *finding.Finding) {
	said := checks.Called(p.s, f)
	configured := calls.Configured(p.s, f.Pods[0])
	for _, o := range finding.Union(slices.Clone(said), configured) {
		steps := 2
		if slices.Contains(said, o) {
			steps = 1
		}
		p.add(steps, o)
		if v := p.s.Service(o.Namespace, o.Name); v != nil {
			if behind := kube.Selected(p.s, o.Namespace, v.Spec.Selector); len(behind) > 0 {
				p.ofPod(behind[0], steps)
			}
		}
	}
}
