package kube

import (
	"fmt"
	"iter"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// OfReplicas says in words how many of a workload's pods are available.
func OfReplicas(ready, want int32) string {
	if want == 0 {
		return "is scaled to 0"
	}
	return fmt.Sprintf("has %d of %d pods available", ready, want)
}

// WorkloadMeta is the metadata of a workload; nil if it is not there, or of another kind.
func WorkloadMeta(s *snapshot.Snapshot, w incident.Object) metav1.Object {
	switch w.Kind {
	case "Deployment":
		if d := s.Deployment(w.Namespace, w.Name); d != nil {
			return d
		}
	case "StatefulSet":
		if d := s.StatefulSet(w.Namespace, w.Name); d != nil {
			return d
		}
	case "DaemonSet":
		if d := s.DaemonSet(w.Namespace, w.Name); d != nil {
			return d
		}
	}
	return nil
}

// TemplateSpec is the spec of a workload's pod template; nil if it is not seen.
func TemplateSpec(s *snapshot.Snapshot, o incident.Object) *corev1.PodSpec {
	switch o.Kind {
	case "Deployment":
		if d := s.Deployment(o.Namespace, o.Name); d != nil {
			return &d.Spec.Template.Spec
		}
	case "StatefulSet":
		if d := s.StatefulSet(o.Namespace, o.Name); d != nil {
			return &d.Spec.Template.Spec
		}
	case "DaemonSet":
		if d := s.DaemonSet(o.Namespace, o.Name); d != nil {
			return &d.Spec.Template.Spec
		}
	}
	return nil
}

// JobCondition is a Job's condition; nil if it has none of the type.
func JobCondition(j *batchv1.Job, t batchv1.JobConditionType) *batchv1.JobCondition {
	for i := range j.Status.Conditions {
		if j.Status.Conditions[i].Type == t {
			return &j.Status.Conditions[i]
		}
	}
	return nil
}

// JobsByName are the Jobs by their names, once for a Snapshot.
func JobsByName(s *snapshot.Snapshot) map[incident.Object]*batchv1.Job {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[incident.Object]*batchv1.Job {
		m := make(map[incident.Object]*batchv1.Job, len(s.Jobs))
		for i := range s.Jobs {
			m[snapshot.ObjectOf("Job", s.Jobs[i].Namespace, s.Jobs[i].Name)] = &s.Jobs[i]
		}
		return m
	})
}

// DeploymentCondition is a Deployment's condition; nil if it has none of the type.
func DeploymentCondition(d *appsv1.Deployment, t appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range d.Status.Conditions {
		if d.Status.Conditions[i].Type == t {
			return &d.Status.Conditions[i]
		}
	}
	return nil
}

// Replicas is what a workload wants; nil means 1.
func Replicas(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}

// Satisfied says whether a workload has as many ready pods as it wants.
func Satisfied(s *snapshot.Snapshot, w incident.Object) bool {
	switch w.Kind {
	case "Deployment":
		d := s.Deployment(w.Namespace, w.Name)
		return d != nil && d.Status.AvailableReplicas >= Replicas(d.Spec.Replicas)
	case "StatefulSet":
		d := s.StatefulSet(w.Namespace, w.Name)
		return d != nil && d.Status.ReadyReplicas >= Replicas(d.Spec.Replicas)
	case "DaemonSet":
		d := s.DaemonSet(w.Namespace, w.Name)
		return d != nil && d.Status.NumberReady >= d.Status.DesiredNumberScheduled
	}
	return false
}

// Workloads goes through the Deployments, StatefulSets and DaemonSets, each with its kind.
func Workloads(s *snapshot.Snapshot) iter.Seq2[string, metav1.Object] {
	return func(yield func(string, metav1.Object) bool) {
		for i := range s.Deployments {
			if !yield("Deployment", &s.Deployments[i]) {
				return
			}
		}
		for i := range s.StatefulSets {
			if !yield("StatefulSet", &s.StatefulSets[i]) {
				return
			}
		}
		for i := range s.DaemonSets {
			if !yield("DaemonSet", &s.DaemonSets[i]) {
				return
			}
		}
	}
}
