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
	all := driverWorkloads(s, driver)
	if len(all) == 0 {
		return incident.Object{}, ""
	}
	return all[0].of, all[0].sound
}

// NodeDriver is DriverWorkload for what a driver does on a node: of its workloads, the one that runs on every node.
func NodeDriver(s *snapshot.Snapshot, driver string) (of incident.Object, sound string) {
	for _, w := range driverWorkloads(s, driver) {
		if w.of.Kind == "DaemonSet" {
			return w.of, w.sound
		}
	}
	return DriverWorkload(s, driver)
}

// DriverPods are the pods of a storage driver: on the node that a volume is to be mounted on, and those that make and attach volumes.
func DriverPods(s *snapshot.Snapshot, driver, node string) []*corev1.Pod {
	var out []*corev1.Pod
	for _, w := range driverWorkloads(s, driver) {
		for _, p := range PodsOfWorkload(s, w.of) {
			if w.of.Kind != "DaemonSet" || p.Spec.NodeName == node {
				out = append(out, p)
			}
		}
	}
	return out
}

// DriversOf are the drivers of the volumes that a pod claims: of the volume, or of the class that is to make it.
func DriversOf(s *snapshot.Snapshot, p *corev1.Pod) []string {
	var out []string
	add := func(name string) {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for i := range p.Spec.Volumes {
		if v := &p.Spec.Volumes[i]; v.CSI != nil {
			add(v.CSI.Driver)
		}
	}
	for _, o := range ClaimsOf(p) {
		c := s.PersistentVolumeClaim(o.Namespace, o.Name)
		if c == nil {
			continue
		}
		if v := s.PersistentVolume(c.Spec.VolumeName); v != nil && v.Spec.CSI != nil {
			add(v.Spec.CSI.Driver)
			continue
		}
		for j := range s.StorageClasses {
			if k := &s.StorageClasses[j]; c.Spec.StorageClassName != nil && k.Name == *c.Spec.StorageClassName {
				add(k.Provisioner)
			}
		}
	}
	return out
}

// driverWorkload is a workload of a storage driver, and how it does.
type driverWorkload struct {
	of    incident.Object
	sound string
}

// driverWorkloads are the workloads of a storage driver: those that make volumes before those on each node.
func driverWorkloads(s *snapshot.Snapshot, driver string) []driverWorkload {
	named := namesDriver(driver)
	var out []driverWorkload
	for i := range s.Deployments {
		if d := &s.Deployments[i]; named(d.Name, &d.Spec.Template.Spec) {
			out = append(out, driverWorkload{snapshot.ObjectOf("Deployment", d.Namespace, d.Name), OfReplicas(d.Status.AvailableReplicas,
				Replicas(d.Spec.Replicas))})
		}
	}
	for i := range s.StatefulSets {
		if d := &s.StatefulSets[i]; named(d.Name, &d.Spec.Template.Spec) {
			out = append(out, driverWorkload{snapshot.ObjectOf("StatefulSet", d.Namespace, d.Name), OfReplicas(d.Status.ReadyReplicas,
				Replicas(d.Spec.Replicas))})
		}
	}
	for i := range s.DaemonSets {
		if d := &s.DaemonSets[i]; named(d.Name, &d.Spec.Template.Spec) {
			out = append(out, driverWorkload{snapshot.ObjectOf("DaemonSet", d.Namespace, d.Name), OfReplicas(d.Status.NumberReady,
				d.Status.DesiredNumberScheduled)})
		}
	}
	for i := range s.Pods {
		if p := &s.Pods[i]; len(p.OwnerReferences) == 0 && named(p.Name, &p.Spec) {
			out = append(out, driverWorkload{finding.PodObject(p), "is " + strings.ToLower(string(p.Status.Phase))})
		}
	}
	return out
}

// namesDriver says of a workload's name and template whether they are a storage driver's.
func namesDriver(driver string) func(name string, t *corev1.PodSpec) bool {
	var parts []string
	for _, p := range strings.FieldsFunc(strings.ToLower(driver), func(r rune) bool { return r == '/' || r == '.' }) {
		if len(p) >= 3 && !slices.Contains(PlainParts, p) {
			parts = append(parts, p)
		}
	}
	return func(name string, t *corev1.PodSpec) bool {
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
}
