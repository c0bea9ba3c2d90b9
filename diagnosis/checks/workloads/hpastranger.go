package workloads

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// reportStranger reports an autoscaler that counts the pods of another workload, which has the labels that its target selects by: an
// autoscaler goes by labels, not by owners. It wants one of them to lack the request that is said to be missing, and the target's own
// pods to have it, or else these are why.
func reportStranger(s *snapshot.Snapshot, r *finding.Report, o, target incident.Object,
	c *autoscalingv2.HorizontalPodAutoscalerCondition) *finding.Finding {
	m := anyRequest.FindStringSubmatch(c.Message)
	sel := selectorOf(s, target)
	if m == nil || sel == nil {
		return nil
	}
	resource := corev1.ResourceName(m[1])
	var stranger *corev1.Pod
	for _, p := range s.PodsIn(target.Namespace) {
		if kube.HasEnded(p) || !sel.Matches(labels.Set(p.Labels)) || unrequested(p, resource) == "" {
			continue
		}
		if s.WorkloadOf(p) == target {
			return nil
		}
		if stranger == nil {
			stranger = p
		}
	}
	if stranger == nil {
		return nil
	}
	w, lacks := s.WorkloadOf(stranger), unrequested(stranger, resource)
	f := r.Find(HPARequestMissing, o, fmt.Sprintf("HorizontalPodAutoscaler %s cannot measure %s: it counts the pods of %s as well, which "+
		"have the labels that %s selects by (%s), and container %s there has no %s request", o.Name, resource, finding.Short(w),
		finding.Short(target), sel, lacks, resource))
	f.Fault = []incident.Object{w, target, o}
	f.Next = fmt.Sprintf("Give the pods of %s labels of their own, or else the request.", finding.Short(w))
	f.Refs = []incident.Object{w}
	f.Cite(finding.SeenAPI(finding.PodObject(stranger), "metadata.labels", stranger.CreationTimestamp.Time, kube.LabelWords(stranger.Labels)))
	return f
}

// selectorOf is what a workload selects its pods by; nil if it is not known.
func selectorOf(s *snapshot.Snapshot, w incident.Object) labels.Selector {
	var by *metav1.LabelSelector
	switch w.Kind {
	case "Deployment":
		if d := s.Deployment(w.Namespace, w.Name); d != nil {
			by = d.Spec.Selector
		}
	case "StatefulSet":
		if x := s.StatefulSet(w.Namespace, w.Name); x != nil {
			by = x.Spec.Selector
		}
	}
	sel, err := metav1.LabelSelectorAsSelector(by)
	if by == nil || err != nil || sel.Empty() {
		return nil
	}
	return sel
}

// unrequested is a container of a pod that asks for none of a resource; empty: each does, or the pod does as a whole.
func unrequested(p *corev1.Pod, resource corev1.ResourceName) string {
	if all := p.Spec.Resources; all != nil {
		if _, ok := all.Requests[resource]; ok {
			return ""
		}
	}
	for i := range p.Spec.Containers {
		if _, ok := p.Spec.Containers[i].Resources.Requests[resource]; !ok {
			return p.Spec.Containers[i].Name
		}
	}
	return ""
}
