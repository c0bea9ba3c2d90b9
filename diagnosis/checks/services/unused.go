package services

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// stands says whether neither a Service nor the pods behind it were made or changed of late.
func stands(s *snapshot.Snapshot, v *corev1.Service, pods []*corev1.Pod) bool {
	changed, _ := snapshot.Changed(v)
	long := func(t time.Time) bool { return s.At.Sub(t) > finding.LongStanding.For }
	return long(kube.Latest(changed, v.CreationTimestamp.Time)) &&
		!slices.ContainsFunc(pods, func(p *corev1.Pod) bool { return !long(p.CreationTimestamp.Time) })
}

// unused says whether nothing is known to use a Service: it serves nobody outside, no Ingress, webhook, API or custom resource leads to it,
// no workload's settings name it, and no log tells of it.
func unused(s *snapshot.Snapshot, v *corev1.Service) bool {
	o := kube.ServiceObject(v)
	if v.Spec.Type != corev1.ServiceTypeClusterIP && v.Spec.Type != "" || reliedOn(s, o) || len(failedDials(s, o)) > 0 {
		return false
	}
	if slices.ContainsFunc(calls.Complaints(s), func(c calls.Call) bool { return c.Service == o }) ||
		slices.ContainsFunc(s.Customs, func(c unstructured.Unstructured) bool { return leadsTo(&c, v) }) {
		return false
	}
	seen := map[incident.Object]bool{}
	for i := range s.Pods {
		p := &s.Pods[i]
		if w := s.WorkloadOf(p); !seen[w] {
			if seen[w] = true; slices.Contains(calls.Configured(s, p), o) {
				return false
			}
		}
	}
	return true
}

// leadsTo says whether a custom resource's spec has the name of a Service, in its namespace, or that of its host.
func leadsTo(c *unstructured.Unstructured, v *corev1.Service) bool {
	const most = 2000 // values that are looked at
	host := v.Name + "." + v.Namespace
	queue := []any{c.Object["spec"]}
	for n := 0; n < len(queue) && n < most; n++ {
		switch of := queue[n].(type) {
		case string:
			if of == v.Name && (c.GetNamespace() == v.Namespace || c.GetNamespace() == "") || strings.HasPrefix(of+".", host+".") {
				return true
			}
		case map[string]any:
			for _, x := range of {
				queue = append(queue, x)
			}
		case []any:
			queue = append(queue, of...)
		}
	}
	return false
}
