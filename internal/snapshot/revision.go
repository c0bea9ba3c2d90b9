package snapshot

import (
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// ControllerRevision returns the ControllerRevision of the name, or nil.
func (s *Snapshot) ControllerRevision(namespace, name string) *appsv1.ControllerRevision {
	return named(s.ControllerRevisions, namespace, name)
}

// RevisionTemplate is the pod template that a ControllerRevision of a StatefulSet or a DaemonSet keeps; nil if it keeps none.
func RevisionTemplate(r *appsv1.ControllerRevision) *corev1.PodTemplateSpec {
	var data struct {
		Spec struct {
			Template *corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if r == nil || json.Unmarshal(r.Data.Raw, &data) != nil {
		return nil
	}
	return data.Spec.Template
}
