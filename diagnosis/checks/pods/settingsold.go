package pods

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// SettingsOld is the code of containers that run with what a ConfigMap or Secret was before it changed.
const SettingsOld = "SettingsOld"

var settingsOldCodes = []finding.Code{
	{Code: SettingsOld, Severity: incident.Warning, Root: true,
		Meaning: "A ConfigMap or Secret has changed lately, and a container runs with what it was before: variables, and files that are " +
			"mounted by subPath, never follow.",
		Next: "If the change is meant for it, restart the workload (kubectl rollout restart).",
		Example: "Deployment proxy runs with what ConfigMap proxy-conf was before 09:40:00 UTC: it is mounted by subPath at " +
			"/etc/proxy/proxy.yaml"},
}

// source is a ConfigMap or Secret that a container has taken once, and by which field.
type source struct {
	o            incident.Object
	field, taken string
}

// checkSettingsOld compares when ConfigMaps and Secrets changed with when the containers started that never see the change. Variables from
// a ConfigMap are EnvironmentStale's affair where a pod is not ready, or where pods of one workload differ.
func checkSettingsOld(s *snapshot.Snapshot, r *finding.Report) {
	type key struct{ source, workload incident.Object }
	found := map[key]*finding.Finding{}
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.Status.Phase != corev1.PodRunning || p.DeletionTimestamp != nil {
			continue
		}
		for _, c := range kube.ContainersOf(p) {
			if c.Status.State.Running == nil {
				continue
			}
			started := c.Status.State.Running.StartedAt.Time
			for _, x := range takenOnce(p, c.Spec) {
				at, by := changedAt(s, x.o)
				if at.IsZero() || !at.After(started) || s.At.Sub(at) > finding.LastWeek.For || x.o.Kind == "ConfigMap" &&
					strings.HasPrefix(x.taken, "variables") && !kube.IsReady(p) {
					continue
				}
				k := key{x.o, s.WorkloadOf(p)}
				f := found[k]
				if f == nil {
					f = r.Find(SettingsOld, k.workload, fmt.Sprintf("%s runs with what %s was before %s: %s", finding.Short(k.workload),
						finding.Short(x.o), finding.Moment(s.At, at), x.taken)).Suspected()
					f.Workload, f.Since, f.Told, f.Refs = k.workload, at, []time.Time{at}, []incident.Object{x.o}
					f.Fault, f.AtMost = []incident.Object{k.workload, x.o}, incident.Likely
					f.Cite(finding.SeenAPI(x.o, "metadata.managedFields", at, strings.TrimSpace("last changed at "+finding.Clock(at)+" "+by)))
					found[k] = f
				}
				if f.AddPod(p); len(f.Pods) <= finding.ShownPods {
					f.Cite(finding.SeenAPI(finding.PodObject(p), x.field, started, finding.Short(x.o)+"; the container has run since "+
						finding.Moment(s.At, started)))
				}
			}
		}
	}
}

// takenOnce is what a container takes when it starts, and never again.
func takenOnce(p *corev1.Pod, c *corev1.Container) []source {
	var out []source
	add := func(kind, name, field, taken string) {
		o := snapshot.ObjectOf(kind, p.Namespace, name)
		if name != "" && !slices.ContainsFunc(out, func(x source) bool { return x.o == o }) {
			out = append(out, source{o, "spec.containers[" + c.Name + "]." + field, taken})
		}
	}
	for _, e := range c.EnvFrom {
		if e.ConfigMapRef != nil {
			add("ConfigMap", e.ConfigMapRef.Name, "envFrom", "variables are taken from it")
		}
		if e.SecretRef != nil {
			add("Secret", e.SecretRef.Name, "envFrom", "variables are taken from it")
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom != nil && e.ValueFrom.ConfigMapKeyRef != nil {
			add("ConfigMap", e.ValueFrom.ConfigMapKeyRef.Name, "env["+e.Name+"]", "variables are taken from it")
		}
		if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
			add("Secret", e.ValueFrom.SecretKeyRef.Name, "env["+e.Name+"]", "variables are taken from it")
		}
	}
	for _, m := range c.VolumeMounts {
		if m.SubPath == "" && m.SubPathExpr == "" {
			continue
		}
		for i := range p.Spec.Volumes {
			v := &p.Spec.Volumes[i]
			if v.Name != m.Name {
				continue
			}
			if v.ConfigMap != nil {
				add("ConfigMap", v.ConfigMap.Name, "volumeMounts["+m.Name+"].subPath", "it is mounted by subPath at "+m.MountPath)
			}
			if v.Secret != nil {
				add("Secret", v.Secret.SecretName, "volumeMounts["+m.Name+"].subPath", "it is mounted by subPath at "+m.MountPath)
			}
		}
	}
	return out
}

// changedAt is when a ConfigMap or Secret was last changed, and by whom; zero where that is not known, or it was only made.
func changedAt(s *snapshot.Snapshot, o incident.Object) (at time.Time, by string) {
	if o.Kind == "Secret" {
		if x := kube.SecretNamed(s, o.Namespace, o.Name); x != nil {
			return x.Changed, ""
		}
		return time.Time{}, ""
	}
	m := s.ConfigMap(o.Namespace, o.Name)
	if m == nil {
		return time.Time{}, ""
	}
	if at, by = snapshot.Changed(m); !at.After(m.CreationTimestamp.Time) {
		return time.Time{}, ""
	}
	if by != "" {
		by = "by " + by
	}
	return at, by
}
