package kube

import (
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Selected returns the namespace's pods that have all the labels and have not ended, by name.
func Selected(s *snapshot.Snapshot, namespace string, selector map[string]string) []*corev1.Pod {
	return slices.DeleteFunc(s.PodsSelected(namespace, selector), HasEnded)
}

// Matches says whether labels fit a selector.
func Matches(selector, labels map[string]string) bool {
	for k, v := range selector {
		if have, ok := labels[k]; !ok || have != v {
			return false
		}
	}
	return true
}

// Template is a workload's pod template, for Services whose pods do not exist.
type Template struct {
	Object   incident.Object
	Replicas int32
	Labels   map[string]string
}

// TemplatesIn lists the namespace's workloads. It is called only for Services without pods.
func TemplatesIn(s *snapshot.Snapshot, namespace string) []Template {
	type key struct{ namespace string }
	return snapshot.Once(s, key{namespace}, func() []Template { return listTemplates(s, namespace) })
}

func listTemplates(s *snapshot.Snapshot, namespace string) []Template {
	var out []Template
	for i := range s.Deployments {
		if d := &s.Deployments[i]; d.Namespace == namespace {
			out = append(out, Template{snapshot.ObjectOf("Deployment", namespace, d.Name), Replicas(d.Spec.Replicas), d.Spec.Template.Labels})
		}
	}
	for i := range s.StatefulSets {
		if d := &s.StatefulSets[i]; d.Namespace == namespace {
			out = append(out, Template{snapshot.ObjectOf("StatefulSet", namespace, d.Name), Replicas(d.Spec.Replicas), d.Spec.Template.Labels})
		}
	}
	for i := range s.DaemonSets {
		if d := &s.DaemonSets[i]; d.Namespace == namespace {
			out = append(out, Template{snapshot.ObjectOf("DaemonSet", namespace, d.Name), d.Status.DesiredNumberScheduled, d.Spec.Template.Labels})
		}
	}
	for _, p := range s.PodsIn(namespace) {
		if len(p.OwnerReferences) == 0 {
			out = append(out, Template{finding.PodObject(p), 1, p.Labels})
		}
	}
	return out
}

// CustomTemplatesIn lists the namespace's custom resources that have a pod template of their own, as a Rollout has.
func CustomTemplatesIn(s *snapshot.Snapshot, namespace string) []Template {
	type key struct{ namespace string }
	return snapshot.Once(s, key{namespace}, func() []Template {
		var out []Template
		for i := range s.Customs {
			c := &s.Customs[i]
			if c.GetNamespace() != namespace || c.GetDeletionTimestamp() != nil {
				continue
			}
			labels, ok, _ := unstructured.NestedStringMap(c.Object, "spec", "template", "metadata", "labels")
			if containers, _, _ := unstructured.NestedSlice(c.Object, "spec", "template", "spec", "containers"); !ok || len(containers) == 0 {
				continue
			}
			replicas, said, _ := unstructured.NestedInt64(c.Object, "spec", "replicas")
			if !said {
				replicas = 1
			}
			out = append(out, Template{snapshot.CustomObject(c), int32(min(max(replicas, 0), 1<<20)), labels})
		}
		return out
	})
}

// RoleIsFree says whether a Service selects by a label that an operator moves among pods as they run, and that none carries as the
// Service has it: the replicas of a database that has one instance. Ready pods have the label otherwise, and no template gave it to them.
func RoleIsFree(s *snapshot.Snapshot, v *corev1.Service, templates []Template) bool {
	given := map[incident.Object]map[string]string{}
	for _, t := range templates {
		given[t.Object] = t.Labels
	}
	return slices.ContainsFunc(s.PodsIn(v.Namespace), func(p *corev1.Pod) bool {
		if !IsReady(p) || len(p.OwnerReferences) == 0 {
			return false
		}
		template, shared := given[s.WorkloadOf(p)], false
		for k, want := range v.Spec.Selector {
			have, ok := p.Labels[k]
			if _, fixed := template[k]; !ok || have != want && fixed {
				return false
			}
			shared = shared || have == want
		}
		return shared
	})
}

// NearestTemplate finds the workload that a selector most likely means: most labels in common, then values or names that look alike.
func NearestTemplate(name string, selector map[string]string, templates []Template) (best Template, ok bool) {
	bestScore := 0
	for _, t := range templates {
		score := 0
		for k, want := range selector {
			switch have, has := t.Labels[k]; {
			case has && have == want:
				score += 4
			case has && len(Nearest(want, []string{have})) > 0:
				score += 2
			case slices.Contains(slices.Collect(maps.Values(t.Labels)), want):
				score += 2
			}
		}
		if t.Object.Name == name {
			score += 2
		}
		if score > bestScore {
			best, bestScore, ok = t, score, true
		}
	}
	return best, ok
}

// Slipped says whether labels differ from a selector as by a slip of the pen: each value looks alike, or stands under another key.
func Slipped(selector, labels map[string]string) bool {
	for k, want := range Differing(selector, labels) {
		have, ok := labels[k]
		alike := ok && len(Nearest(want, []string{have})) > 0
		if !alike && !slices.Contains(slices.Collect(maps.Values(labels)), want) {
			return false
		}
	}
	return true
}

// Differing are the selector's labels that the others lack or have otherwise.
func Differing(selector, labels map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range selector {
		if labels[k] != v {
			out[k] = v
		}
	}
	return out
}

// Counterpart are the labels that stand where the differing ones should: the same keys, or all of them if none has the key.
func Counterpart(selector, labels map[string]string) map[string]string {
	out := map[string]string{}
	for k := range Differing(selector, labels) {
		if v, ok := labels[k]; ok {
			out[k] = v
		}
	}
	if len(out) == 0 {
		return labels
	}
	return out
}

// LabelWords tell labels in words, sorted.
func LabelWords(labels map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, k+"="+labels[k])
	}
	if len(out) == 0 {
		return "no labels"
	}
	return strings.Join(out, ",")
}

// OwnLabel is a label, as "key=value", by which the first pods differ from the second, the workload's own before Kubernetes' recommended
// ones; "" if there is none.
func OwnLabel(have, lack []*corev1.Pod) string {
	best := ""
	for _, k := range slices.Sorted(maps.Keys(have[0].Labels)) {
		value := have[0].Labels[k]
		if k == appsv1.DefaultDeploymentUniqueLabelKey || k == appsv1.ControllerRevisionHashLabelKey ||
			slices.ContainsFunc(have, func(p *corev1.Pod) bool { return p.Labels[k] != value }) ||
			slices.ContainsFunc(lack, func(p *corev1.Pod) bool { return p.Labels[k] == value }) {
			continue
		}
		if best == "" || strings.Contains(best, "/") && !strings.Contains(k, "/") {
			best = k + "=" + value
		}
	}
	return best
}
