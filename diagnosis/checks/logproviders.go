package checks

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/ingress"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/podnetwork"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/rbac"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// providers are the pods of what a finding names beside what suffers: the workload, the Service or the API at fault or referred to, and
// the controllers of custom resources.
func providers(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
	var out []*corev1.Pod
	for _, o := range finding.Union(slices.Clone(f.AtFault()), append(slices.Clone(f.Refs), f.Object)) {
		out = append(out, PodsBehind(s, o)...)
	}
	return out
}

// PodsBehind are the pods that do an object's work: those that it has made, those behind it, its controller's.
func PodsBehind(s *snapshot.Snapshot, o incident.Object) []*corev1.Pod {
	switch o.Kind {
	case "Pod":
		if p := s.Pod(o.Namespace, o.Name); p != nil {
			return []*corev1.Pod{p}
		}
		return nil
	case "Deployment", "StatefulSet", "DaemonSet", "CronJob":
		return kube.PodsOfWorkload(s, o)
	case "ReplicaSet", "Job":
		return kube.PodsOf(s, o)
	case "Service":
		if v := s.Service(o.Namespace, o.Name); v != nil && len(v.Spec.Selector) > 0 {
			return kube.Selected(s, v.Namespace, v.Spec.Selector)
		}
		return nil
	case "Component":
		return component(s, o.Name)
	}
	c := s.Custom(o)
	if c == nil {
		return nil
	}
	if c.GroupVersionKind().GroupKind() == kube.APIServiceKind {
		if namespace, name, ok := kube.APIServiceTarget(c); ok {
			return PodsBehind(s, snapshot.ObjectOf("Service", namespace, name))
		}
		return nil
	}
	return append(slices.Clone(kube.MadeBy(s, o)), controllersOf(s, c)...)
}

// PodsOfGroup are the pods that an operator has made for other kinds of a custom resource's API group: what takes up a ServiceMonitor is
// what was made for a Prometheus.
func PodsOfGroup(s *snapshot.Snapshot, o incident.Object) []*corev1.Pod {
	c := s.Custom(o)
	if c == nil {
		return nil
	}
	kind := c.GroupVersionKind()
	type key struct{ kind schema.GroupKind }
	return snapshot.Once(s, key{kind.GroupKind()}, func() []*corev1.Pod {
		var out []*corev1.Pod
		for i := range s.Customs {
			if of := s.Customs[i].GroupVersionKind(); of.Group == kind.Group && of.Kind != kind.Kind {
				out = finding.Union(out, kube.MadeBy(s, snapshot.CustomObject(&s.Customs[i])))
			}
		}
		return out
	})
}

// component are the pods of a part of the control plane, by the label that kubeadm and others give them.
func component(s *snapshot.Snapshot, name string) []*corev1.Pod {
	return kube.Selected(s, metav1.NamespaceSystem, map[string]string{"component": name})
}

// controllersOf are the pods of the controller of a custom resource: of who has the right to write its status; of who has written it, by
// the name that it gives itself; of what is named after its API group; or else of who would have that right, did its binding not name
// another namespace. It is found once for all resources of a kind.
func controllersOf(s *snapshot.Snapshot, o *unstructured.Unstructured) []*corev1.Pod {
	type key struct{ kind schema.GroupKind }
	return snapshot.Once(s, key{o.GroupVersionKind().GroupKind()}, func() []*corev1.Pod { return findControllers(s, o) })
}

func findControllers(s *snapshot.Snapshot, o *unstructured.Unstructured) []*corev1.Pod {
	if pods := statusWriters(s, o); len(pods) > 0 {
		return pods
	}
	for _, m := range o.GetManagedFields() {
		if m.Subresource != "status" || m.Manager == "" {
			continue
		}
		if pods := podsNamed(s, m.Manager); len(pods) > 0 {
			return pods
		}
	}
	if pods := podsNamedAfter(s, strings.Split(o.GroupVersionKind().Group, ".")); len(pods) > 0 {
		return pods
	}
	return podsAs(s, boundElsewhere(s, mayWriteStatus(s, o)))
}

// boundElsewhere are the accounts that are called as those which a binding names and which do not exist, in whatever namespace: it was
// installed into another one than its binding was written for.
func boundElsewhere(s *snapshot.Snapshot, bound []incident.Object) []incident.Object {
	var out []incident.Object
	for _, o := range bound {
		if o.Name == "default" || s.ServiceAccount(o.Namespace, o.Name) != nil {
			continue
		}
		for i := range s.ServiceAccounts {
			if a := &s.ServiceAccounts[i]; a.Name == o.Name {
				out = append(out, snapshot.ObjectOf("ServiceAccount", a.Namespace, a.Name))
			}
		}
	}
	return out
}

// IngressControllers are the pods that serve an Ingress: those of controllers that are known, or else what is named after the controller
// that its class names.
func IngressControllers(s *snapshot.Snapshot, o incident.Object) []*corev1.Pod {
	if pods := ingress.ControllerPods(s, o); len(pods) > 0 {
		return pods
	}
	return podsNamedAfter(s, strings.FieldsFunc(ingress.ControllerOf(s, o), func(r rune) bool { return r == '.' || r == '/' }))
}

// podsNamedAfter are the pods of the first part of a name that is a product's and that some are named after.
func podsNamedAfter(s *snapshot.Snapshot, parts []string) []*corev1.Pod {
	for _, part := range parts {
		if len(part) < 4 || slices.Contains(kube.PlainParts, part) || slices.Contains(plainGroups, part) {
			continue
		}
		if pods := podsNamed(s, part); len(pods) > 0 {
			return pods
		}
	}
	return nil
}

// plainGroups are parts of names, of API groups and of controllers, that name no product.
var plainGroups = []string{"cluster", "networking", "monitoring", "security", "policy", "config", "source", "apps", "core", "infra",
	"toolkit", "operator", "operators", "example", "service", "services", "resources", "events", "auth", "data", "cloud", "ingress-controller"}

// podsNamed are the running pods of the workloads that are named after a product: they, their namespace or their label for it have the
// name.
func podsNamed(s *snapshot.Snapshot, name string) []*corev1.Pod {
	name = strings.ToLower(name)
	var exact, like []*corev1.Pod
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.Status.Phase != corev1.PodRunning {
			continue
		}
		w := s.WorkloadOf(p)
		switch {
		case p.Labels["app.kubernetes.io/name"] == name || w.Name == name:
			exact = append(exact, p)
		case strings.Contains(w.Name, name) || p.Namespace == name || p.Namespace == name+"-system" ||
			p.Labels["app.kubernetes.io/instance"] == name:
			like = append(like, p)
		}
	}
	return append(exact, like...)
}

// mayWriteStatus are the accounts that have the right to write a custom resource's status. Its plural is not known, but most are regular.
func mayWriteStatus(s *snapshot.Snapshot, o *unstructured.Unstructured) []incident.Object {
	kind := strings.ToLower(o.GetKind())
	var resources []string
	for _, plural := range []string{kind + "s", kind + "es", strings.TrimSuffix(kind, "y") + "ies", kind} {
		resources = append(resources, plural+"/status")
	}
	return rbac.Writers(s, o.GroupVersionKind().Group, resources)
}

// podsAs are the pods that run as one of the accounts.
func podsAs(s *snapshot.Snapshot, accounts []incident.Object) []*corev1.Pod {
	var out []*corev1.Pod
	if len(accounts) == 0 {
		return nil
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		name := p.Spec.ServiceAccountName
		if name == "" {
			name = "default"
		}
		if slices.Contains(accounts, snapshot.ObjectOf("ServiceAccount", p.Namespace, name)) {
			out = append(out, p)
		}
	}
	return out
}

// controllersOfIngresses are the pods that serve the Ingresses which a finding is about.
func controllersOfIngresses(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
	var out []*corev1.Pod
	for _, o := range finding.Union([]incident.Object{f.Object}, f.Refs) {
		if o.Kind == "Ingress" {
			out = append(out, IngressControllers(s, o)...)
		}
	}
	return out
}

// networkOfNodes are the pods of the network plugin and of kube-proxy on the nodes that a finding is about.
func networkOfNodes(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
	var out []*corev1.Pod
	for _, n := range nodesOf(f) {
		out = append(out, kube.NetworkPods(s, n)...)
		for _, p := range s.PodsOn(n) {
			if podnetwork.NetworkPlugin(s.WorkloadOf(p)) {
				out = finding.Union(out, []*corev1.Pod{p})
			}
		}
	}
	return out
}

// driversOfVolumes are the pods of the drivers of the claims that a finding's pods wait for.
func driversOfVolumes(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
	var out []*corev1.Pod
	for _, p := range f.Pods {
		for _, driver := range kube.DriversOf(s, p) {
			out = append(out, kube.DriverPods(s, driver, p.Spec.NodeName)...)
		}
	}
	return out
}

// driversOfClaim are the pods of the driver that should make a claim's volume on the node that was chosen for it; nobody knows who that is
// before.
func driversOfClaim(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
	c := s.PersistentVolumeClaim(f.Object.Namespace, f.Object.Name)
	if c == nil || f.Object.Kind != "PersistentVolumeClaim" {
		return nil
	}
	node, driver := c.Annotations["volume.kubernetes.io/selected-node"], c.Annotations["volume.kubernetes.io/storage-provisioner"]
	if node == "" || driver == "" {
		return nil
	}
	pods := kube.DriverPods(s, driver, node)
	if len(pods) == 0 {
		pods = podsNamedAfter(s, strings.Split(driver, "."))
	}
	return slices.DeleteFunc(slices.Clone(pods), func(p *corev1.Pod) bool {
		return s.WorkloadOf(p).Kind == "DaemonSet" && p.Spec.NodeName != node
	})
}

// schedulersOf are the schedulers' pods, where no scheduler has said a word.
func schedulersOf(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
	if d, ok := finding.DetailOf[podproblem.Unschedulable](f); ok && d.Silent {
		return component(s, "kube-scheduler")
	}
	return nil
}

// issuersOf are the controllers of the custom resources that should have filled a Secret.
func issuersOf(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
	var out []*corev1.Pod
	for _, o := range finding.Union([]incident.Object{f.Object}, f.Refs) {
		if o.Kind != "Secret" {
			continue
		}
		for i := range s.Customs {
			c := &s.Customs[i]
			if c.GetNamespace() == o.Namespace && kube.StringAt(c.Object, "spec", "secretName") == o.Name {
				out = append(out, controllersOf(s, c)...)
			}
		}
	}
	return out
}

// calledPods are the pods behind the Services that a finding's logs complain of.
func calledPods(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
	var out []*corev1.Pod
	for _, o := range Called(s, f) {
		out = append(out, PodsBehind(s, o)...)
	}
	return out
}
