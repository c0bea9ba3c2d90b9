package change

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// configuration enters what was written by field managers: of what restricts or routes, its creation as well.
func (t *timeline) configuration() {
	s := t.s
	for i := range s.ConfigMaps {
		// the API server's own, and records of elected leaders, are written all the time
		if c := &s.ConfigMaps[i]; c.Name != "kube-root-ca.crt" && c.Annotations["control-plane.alpha.kubernetes.io/leader"] == "" {
			t.written("ConfigMap", c)
		}
	}
	for _, x := range s.Secrets {
		t.add(Unknown, incident.SourceAPI, snapshot.ObjectOf("Secret", x.Namespace, x.Name), x.Changed, "", "was changed")
	}
	each(t.written, "Service", s.Services)
	each(t.written, "ServiceAccount", s.ServiceAccounts)
	each(t.written, "StorageClass", s.StorageClasses)
	each(t.written, "Ingress", s.Ingresses)
	each(t.written, "HorizontalPodAutoscaler", s.HPAs)
	each(t.written, "Role", s.Roles)
	each(t.written, "RoleBinding", s.RoleBindings)
	each(t.written, "ClusterRole", s.ClusterRoles)
	each(t.written, "ClusterRoleBinding", s.ClusterRoleBindings)
	for i := range s.Customs {
		t.custom(&s.Customs[i])
	}
	for _, enter := range []func(string, metav1.Object){t.made, t.written} {
		each(enter, "NetworkPolicy", s.NetworkPolicies)
		each(enter, "ResourceQuota", s.ResourceQuotas)
		each(enter, "LimitRange", s.LimitRanges)
		each(enter, "PodDisruptionBudget", s.PDBs)
		each(enter, "ValidatingWebhookConfiguration", s.ValidatingWebhooks)
		each(enter, "MutatingWebhookConfiguration", s.MutatingWebhooks)
	}
}

// custom enters that a custom resource was written by somebody else than the controller that keeps its status.
func (t *timeline) custom(o *unstructured.Unstructured) {
	keeps := map[string]bool{}
	for _, f := range o.GetManagedFields() {
		keeps[f.Manager] = keeps[f.Manager] || f.Subresource == "status"
	}
	if _, by := snapshot.Changed(o); !keeps[by] {
		t.written(o.GetKind(), o)
	}
}

func each[T any, P interface {
	*T
	metav1.Object
}](enter func(string, metav1.Object), kind string, list []T) {
	for i := range list {
		enter(kind, P(&list[i]))
	}
}

// scaling enters what an autoscaler or a person did to the number of replicas.
func (t *timeline) scaling() {
	for i := range t.s.Events {
		if e := &t.s.Events[i]; e.Reason == "SuccessfulRescale" {
			t.add(Autoscaled, incident.SourceEvent, eventObject(e), snapshot.EventTime(e).Time, "horizontal-pod-autoscaler",
				strings.TrimSpace(e.Message))
		}
	}
	scaled := func(kind string, o metav1.Object, replicas *int32) {
		for _, f := range o.GetManagedFields() {
			if f.Subresource == "scale" && f.Time != nil && replicas != nil {
				t.add(Scaled, incident.SourceAPI, snapshot.ObjectOf(kind, o.GetNamespace(), o.GetName()), f.Time.Time, f.Manager,
					fmt.Sprintf("was scaled; it now wants %d", *replicas))
			}
		}
	}
	for i := range t.s.Deployments {
		scaled("Deployment", &t.s.Deployments[i], t.s.Deployments[i].Spec.Replicas)
	}
	for i := range t.s.StatefulSets {
		scaled("StatefulSet", &t.s.StatefulSets[i], t.s.StatefulSets[i].Spec.Replicas)
	}
}

func eventObject(e *corev1.Event) incident.Object {
	return snapshot.ObjectOf(e.InvolvedObject.Kind, e.InvolvedObject.Namespace, e.InvolvedObject.Name)
}

// controllers write to Nodes all the time.
var controllers = []string{"kubelet", "kube-controller-manager", "cloud-controller-manager", "kube-scheduler", "k3s", "rke2",
	"node-problem-detector", "kwok"}

// nodes enters nodes that joined, were rebooted, had their kubelet started, were cordoned or written to by somebody.
func (t *timeline) nodes() {
	for i := range t.s.Nodes {
		n := &t.s.Nodes[i]
		o := snapshot.ObjectOf("Node", "", n.Name)
		t.add(Joined, incident.SourceAPI, o, n.CreationTimestamp.Time, "",
			strings.TrimSpace("joined the cluster "+n.Status.NodeInfo.KubeletVersion))
		for _, taint := range n.Spec.Taints {
			if taint.Key == corev1.TaintNodeUnschedulable && taint.TimeAdded != nil {
				t.add(Cordoned, incident.SourceAPI, o, taint.TimeAdded.Time, "", "was cordoned")
			}
		}
		if at, by := snapshot.Changed(n); !slices.Contains(controllers, by) && at.Sub(n.CreationTimestamp.Time) > making {
			t.add(Marks, incident.SourceAPI, o, at, by, "was changed")
		}
		for _, e := range t.s.EventsOf(o) {
			switch {
			case e.Reason == "Rebooted":
				t.add(Machine, incident.SourceEvent, o, snapshot.EventTime(e).Time, "", "was rebooted: "+e.Message)
			case e.Reason == "Starting" && strings.Contains(e.Message, "kubelet"):
				t.add(Machine, incident.SourceEvent, o, snapshot.EventTime(e).Time, "", "had its kubelet started")
			}
		}
	}
}
