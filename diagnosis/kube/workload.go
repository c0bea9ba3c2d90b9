package kube

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// PlainParts are parts of drivers' names that tell none from another.
var PlainParts = []string{"com", "io", "org", "net", "csi", "k8s", "kubernetes", "storage", "sigs", "driver", "provisioner", "external",
	"x-k8s"}

// DriverWorkload finds the workload of a storage driver by its name: one that is named after it, or whose containers are told the
// name. Sound says how it does. Zero if there is none to be found.
func DriverWorkload(s *snapshot.Snapshot, driver string) (of incident.Object, sound string) {
	var parts []string
	for _, p := range strings.FieldsFunc(strings.ToLower(driver), func(r rune) bool { return r == '/' || r == '.' }) {
		if len(p) >= 3 && !slices.Contains(PlainParts, p) {
			parts = append(parts, p)
		}
	}
	named := func(name string, t *corev1.PodSpec) bool {
		for i := range t.Containers {
			c := &t.Containers[i]
			for _, a := range slices.Concat(c.Command, c.Args) {
				if strings.Contains(a, driver) {
					return true
				}
			}
			if slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return strings.Contains(e.Value, driver) }) {
				return true
			}
		}
		return (strings.Contains(name, "provisioner") || strings.Contains(name, "csi")) &&
			slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) })
	}
	for i := range s.Deployments {
		if d := &s.Deployments[i]; named(d.Name, &d.Spec.Template.Spec) {
			return snapshot.ObjectOf("Deployment", d.Namespace, d.Name), OfReplicas(d.Status.AvailableReplicas, Replicas(d.Spec.Replicas))
		}
	}
	for i := range s.StatefulSets {
		if d := &s.StatefulSets[i]; named(d.Name, &d.Spec.Template.Spec) {
			return snapshot.ObjectOf("StatefulSet", d.Namespace, d.Name), OfReplicas(d.Status.ReadyReplicas, Replicas(d.Spec.Replicas))
		}
	}
	for i := range s.DaemonSets {
		if d := &s.DaemonSets[i]; named(d.Name, &d.Spec.Template.Spec) {
			return snapshot.ObjectOf("DaemonSet", d.Namespace, d.Name), OfReplicas(d.Status.NumberReady, d.Status.DesiredNumberScheduled)
		}
	}
	for i := range s.Pods {
		if p := &s.Pods[i]; len(p.OwnerReferences) == 0 && named(p.Name, &p.Spec) {
			return finding.PodObject(p), "is " + strings.ToLower(string(p.Status.Phase))
		}
	}
	return incident.Object{}, ""
}

// OfReplicas says in words how many of a workload's pods are available.
func OfReplicas(ready, want int32) string {
	if want == 0 {
		return "is scaled to 0"
	}
	return fmt.Sprintf("has %d of %d pods available", ready, want)
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

// ProbeTime is how long a probe needs until it has failed for good, from the container's start.
func ProbeTime(p *corev1.Probe) time.Duration {
	period, failures := max(p.PeriodSeconds, 1), max(p.FailureThreshold, 1)
	return max(finding.Settling, time.Duration(p.InitialDelaySeconds+period*(failures+1))*time.Second)
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

func endedBadly(t *corev1.ContainerStateTerminated) bool {
	return t != nil && t.ExitCode != 0 && !LostWithNode(t)
}

// WarmingUp says that a pod's containers run, or are being made, for the first time or after their node has started anew, that none has
// failed, and that the time is not up which programs commonly need to start, or the longer one that the pod's own probes grant.
func WarmingUp(s *snapshot.Snapshot, p *corev1.Pod) bool {
	if p.Spec.NodeName == "" || p.Status.Phase == corev1.PodFailed {
		return false
	}
	begun, granted := p.CreationTimestamp.Time, finding.WarmUp
	for _, c := range ContainersOf(p) {
		switch st := c.Status; {
		case endedBadly(st.State.Terminated) || st.LastTerminationState.Terminated != nil && !LostWithNode(st.LastTerminationState.Terminated):
			return false
		case st.State.Waiting != nil && !slices.Contains(beginning, st.State.Waiting.Reason):
			return false
		case st.State.Running != nil:
			begun = Latest(begun, st.State.Running.StartedAt.Time)
		case st.State.Terminated != nil && LostWithNode(st.State.Terminated):
			begun = Latest(begun, st.State.Terminated.FinishedAt.Time)
		}
		for _, probe := range []*corev1.Probe{c.Spec.StartupProbe, c.Spec.ReadinessProbe} {
			if probe != nil {
				granted = max(granted, min(ProbeTime(probe), finding.LongStart))
			}
		}
	}
	return !begun.IsZero() && s.At.Sub(begun) < granted
}

// beginning are the reasons for which a container waits that is about to be created.
var beginning = []string{"", "ContainerCreating", "PodInitializing"}
