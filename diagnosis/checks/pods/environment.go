package pods

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// EnvironmentStale is the code of pods that run with what a ConfigMap was before it changed.
const EnvironmentStale = "EnvironmentStale"

var environmentCodes = []finding.Code{
	{Code: EnvironmentStale, Severity: incident.Info,
		Meaning: "A container took its environment from a ConfigMap that has changed since it started. Environment variables, unlike mounted " +
			"files, never follow.",
		Next:    "If the change is meant for it, restart the workload (kubectl rollout restart).",
		Example: "2 of 3 pods of Deployment web run with what ConfigMap web-config was before 09:40:00 UTC; they started at 09:00:00 UTC"},
}

// stale is what of one workload's one ReplicaSet took its environment from one ConfigMap before and after it changed.
type stale struct {
	config        *corev1.ConfigMap
	workload      incident.Object
	changed       time.Time
	by            string
	before, after []*corev1.Pod
	started       time.Time // the earliest
	sick          bool
	field         string
}

// checkEnvironment compares when ConfigMaps changed with when the containers started that took variables from them. It is worth a
// warning only where pods of one template disagree, or where one that runs with the old values is not ready.
func checkEnvironment(s *snapshot.Snapshot, r *finding.Report) {
	type key struct {
		config, workload incident.Object
		template         string
	}
	by := map[key]*stale{}
	var order []*stale
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.Status.Phase != corev1.PodRunning || p.DeletionTimestamp != nil {
			continue
		}
		for _, c := range kube.ContainersOf(p) {
			if c.Status.State.Running == nil || len(c.Spec.Env) == 0 && len(c.Spec.EnvFrom) == 0 {
				continue
			}
			from := environmentFrom(c.Spec)
			for _, name := range slices.Sorted(maps.Keys(from)) {
				config := s.ConfigMap(p.Namespace, name)
				if config == nil {
					continue
				}
				at, manager := snapshot.Changed(config)
				if at.IsZero() || !at.After(config.CreationTimestamp.Time) {
					continue
				}
				k := key{snapshot.ObjectOf("ConfigMap", p.Namespace, name), s.WorkloadOf(p),
					p.Labels["pod-template-hash"] + p.Labels["controller-revision-hash"]}
				x := by[k]
				if x == nil {
					x = &stale{config: config, workload: k.workload, changed: at, by: manager, field: "spec.containers[" + c.Spec.Name + "]." + from[name]}
					by[k] = x
					order = append(order, x)
				}
				x.add(p, c.Status.State.Running.StartedAt.Time)
			}
		}
	}
	for _, x := range order {
		x.report(r)
	}
}

// environmentFrom are the ConfigMaps that a container takes variables from, by name, and the field that says so.
func environmentFrom(c *corev1.Container) map[string]string {
	out := map[string]string{}
	for _, e := range c.EnvFrom {
		if e.ConfigMapRef != nil {
			out[e.ConfigMapRef.Name] = "envFrom"
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom != nil && e.ValueFrom.ConfigMapKeyRef != nil && out[e.ValueFrom.ConfigMapKeyRef.Name] == "" {
			out[e.ValueFrom.ConfigMapKeyRef.Name] = "env[" + e.Name + "]"
		}
	}
	return out
}

func (x *stale) add(p *corev1.Pod, started time.Time) {
	if started.After(x.changed) {
		x.after = with(x.after, p)
		return
	}
	x.before = with(x.before, p)
	x.started = finding.Earlier(x.started, started)
	x.sick = x.sick || !kube.IsReady(p)
}

// with adds a pod unless it was the last one added: another of its containers has been looked at.
func with(pods []*corev1.Pod, p *corev1.Pod) []*corev1.Pod {
	if n := len(pods); n > 0 && pods[n-1] == p {
		return pods
	}
	return append(pods, p)
}

func (x *stale) report(r *finding.Report) {
	if len(x.before) == 0 {
		return
	}
	n := len(x.before)
	who := fmt.Sprintf("%d of %d pods of %s", n, n+len(x.after), finding.Short(x.workload))
	switch {
	case x.workload.Kind == "Pod":
		who = finding.Short(x.workload)
	case n == 1 && len(x.after) == 0:
		who = "The pod of " + finding.Short(x.workload)
	case len(x.after) == 0:
		who = fmt.Sprintf("%d pods of %s", n, finding.Short(x.workload))
	}
	f := r.Find(EnvironmentStale, x.workload, finding.Inflect(n, "%s {runs|run} with what ConfigMap %s was before %s; {it|they} started at %s",
		who, x.config.Name, finding.Clock(x.changed), finding.Clock(x.started)))
	f.Workload, f.Pods, f.Since, f.Told = x.workload, x.before, x.changed, []time.Time{x.changed, x.started}
	f.Refs = []incident.Object{snapshot.ObjectOf("ConfigMap", x.config.Namespace, x.config.Name)}
	f.Fault = append([]incident.Object{x.workload}, f.Refs...)
	if x.sick || len(x.after) > 0 {
		f.Severity = incident.Warning
	}
	if len(x.after) > 0 {
		f.Title = finding.OneLine(f.Title+fmt.Sprintf(", the other %d after it", len(x.after)), finding.MaxTitle)
	}
	f.Cite(finding.SeenAPI(f.Refs[0], "metadata.managedFields", x.changed, strings.TrimSpace("last changed at "+finding.Clock(x.changed)+
		" by "+x.by)),
		finding.SeenAPI(finding.PodObject(x.before[0]), x.field, x.started, "ConfigMap "+x.config.Name+"; the container has run since "+
			finding.Clock(x.started)))
}
