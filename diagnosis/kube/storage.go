package kube

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// ClaimsOf names the PersistentVolumeClaims that a pod uses.
func ClaimsOf(p *corev1.Pod) []incident.Object {
	var out []incident.Object
	for i := range p.Spec.Volumes {
		switch v := &p.Spec.Volumes[i]; {
		case v.PersistentVolumeClaim != nil:
			out = append(out, snapshot.ObjectOf("PersistentVolumeClaim", p.Namespace, v.PersistentVolumeClaim.ClaimName))
		case v.Ephemeral != nil:
			out = append(out, snapshot.ObjectOf("PersistentVolumeClaim", p.Namespace, p.Name+"-"+v.Name))
		}
	}
	return out
}
