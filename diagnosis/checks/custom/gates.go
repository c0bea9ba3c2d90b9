package custom

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// opensGate says whether a pod waits for a readiness gate that bears a custom resource's name. Where such a resource says that it fails, it
// is known why the pod waits.
func opensGate(s *snapshot.Snapshot, o incident.Object) bool {
	return slices.ContainsFunc(s.Pods, func(p corev1.Pod) bool {
		return len(p.Spec.ReadinessGates) > 0 && p.DeletionTimestamp == nil && (o.Namespace == "" || o.Namespace == p.Namespace) &&
			kube.WaitsForGate(&p, o.Name) != ""
	})
}
