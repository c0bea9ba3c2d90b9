package kube

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// WaitsForGate returns the readiness gate that a pod waits for and that bears a name after its domain, as
// "target-health.elbv2.k8s.aws/NAME" does: the gate of the object of that name. It is empty if there is none.
func WaitsForGate(p *corev1.Pod, name string) string {
	for _, g := range p.Spec.ReadinessGates {
		_, of, ok := strings.Cut(string(g.ConditionType), "/")
		if c := PodCondition(p, g.ConditionType); ok && of == name && (c == nil || c.Status != corev1.ConditionTrue) {
			return string(g.ConditionType)
		}
	}
	return ""
}
