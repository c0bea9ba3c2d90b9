package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
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
