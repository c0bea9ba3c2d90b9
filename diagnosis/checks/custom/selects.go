package custom

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CustomSelectsNothing is the code of a custom resource that selects pods by labels of which none has all.
const CustomSelectsNothing = "CustomSelectsNothing"

var selectsCodes = []finding.Code{
	{Code: CustomSelectsNothing, Severity: incident.Warning, Root: true,
		Meaning: "A custom resource selects pods by labels, and no pod has all of them, though some have all but one or two: what it is there " +
			"for is done to none.",
		Next: "Compare the labels that it selects by with those in the workload's pod template.",
		Example: "DestinationRule cart selects no pod by canary=on,version=v2 (spec.subsets[v2].labels): Deployment cart-v2 has version=v2, " +
			"but not canary=on"},
}

// selection is a place in a spec by which pods are selected.
type selection struct {
	field  string
	name   string // of the part that it belongs to, as that is referred to; empty: it has none
	labels map[string]string
}

// podSelectors are keys under which a spec says which pods it is about; other selectors may mean objects of any kind.
var podSelectors = []string{"podSelector", "workloadSelector", "endpointSelector", "podLabelSelector", "podMatchLabels"}

// otherSelectors are keys of selectors that may mean pods, or else other objects.
var otherSelectors = []string{"selector", "labelSelector", "targetSelector", "appSelector"}

// missed is a selection that no pod fits, and a pod that nearly does.
type missed struct {
	selection
	o    *unstructured.Unstructured
	near *corev1.Pod
}

// checkSelects reports, as a suspicion, selections that no pod fits and a workload's pods nearly do. Where a log says of one by its name
// that nothing is behind it, that is proven.
func checkSelects(s *snapshot.Snapshot, r *finding.Report) {
	for _, x := range missedIn(s) {
		x.report(s, r)
	}
}

// missedIn are the selections of a Snapshot that no pod fits and some pod nearly does.
func missedIn(s *snapshot.Snapshot) []missed {
	type once struct{}
	return snapshot.Once(s, once{}, func() []missed {
		var out []missed
		if !s.SeenWhole("", "pods") {
			return nil
		}
		var all carried
		for i := range s.Customs {
			o := &s.Customs[i]
			if slices.Contains(otherGroups, o.GroupVersionKind().Group) || o.GetDeletionTimestamp() != nil || switchedOff(o) ||
				len(o.GetOwnerReferences()) > 0 {
				continue
			}
			for _, x := range selectionsOf(o) {
				if all == nil {
					all = labelsOf(s)
				}
				if all.fit(x.labels) {
					continue
				}
				if near := nearlySelected(s, o, x); near != nil {
					out = append(out, missed{x, o, near})
				}
			}
		}
		return out
	})
}

// Callers are the pods of the namespaces of named selections that no pod fits: who is sent there says so in his log.
func Callers(s *snapshot.Snapshot) []*corev1.Pod {
	var out finding.Gathered[*corev1.Pod]
	for _, x := range missedIn(s) {
		if x.name != "" && x.o.GetNamespace() != "" {
			out.Add(s.PodsIn(x.o.GetNamespace())...)
		}
	}
	return out.List
}

// label is one of an object's labels.
type label struct{ key, value string }

// carried are sets of labels, by each label that they have.
type carried map[label][]map[string]string

// fit says whether a set has all of the labels. It looks through those alone that have the rarest of them.
func (all carried) fit(labels map[string]string) bool {
	var fewest []map[string]string
	first := true
	for k, v := range labels {
		if have := all[label{k, v}]; first || len(have) < len(fewest) {
			fewest, first = have, false
		}
	}
	return slices.ContainsFunc(fewest, func(have map[string]string) bool { return kube.Matches(labels, have) })
}

// labelsOf are the labels of whatever may be selected: pods, what they are made from, Services, nodes, namespaces, claims, volumes,
// configuration, and custom resources.
func labelsOf(s *snapshot.Snapshot) carried {
	out := carried{}
	add := func(of map[string]string) {
		for k, v := range of {
			out[label{k, v}] = append(out[label{k, v}], of)
		}
	}
	for i := range s.Pods {
		add(s.Pods[i].Labels)
	}
	for i := range s.Services {
		add(s.Services[i].Labels)
	}
	for i := range s.Nodes {
		add(s.Nodes[i].Labels)
	}
	for i := range s.Namespaces {
		add(s.Namespaces[i].Labels)
	}
	for i := range s.PersistentVolumeClaims {
		add(s.PersistentVolumeClaims[i].Labels)
	}
	for i := range s.PersistentVolumes {
		add(s.PersistentVolumes[i].Labels)
	}
	for i := range s.ConfigMaps {
		add(s.ConfigMaps[i].Labels)
	}
	for i := range s.Customs {
		add(s.Customs[i].GetLabels())
	}
	for i := range s.Namespaces {
		for _, t := range kube.TemplatesIn(s, s.Namespaces[i].Name) {
			if t.Replicas == 0 { // its pods are to come
				add(t.Labels)
			}
		}
	}
	return out
}

// selectionsOf reads a spec for what it selects pods by: labels under the key of a selector, and those of the named parts of a list of
// subsets.
func selectionsOf(o *unstructured.Unstructured) []selection {
	var out []selection
	queue := []place{{"spec", o.Object["spec"], 0}}
	for n, steps := 0, 0; n < len(queue) && steps < walkSteps && len(out) < walkSigns; n++ {
		p := queue[n]
		switch of := p.value.(type) {
		case map[string]any:
			steps += len(of)
			for _, key := range slices.Sorted(maps.Keys(of)) {
				path := p.path + "." + key
				if labels := selectorIn(key, of); len(labels) > 0 {
					out = append(out, selection{path, "", labels})
				} else if key != "template" && key != "namespaceSelector" && p.depth < walkDepth {
					queue = append(queue, place{path, of[key], p.depth + 1})
				}
			}
		case []any:
			steps += len(of)
			for i, x := range of {
				m, _ := x.(map[string]any)
				name, labels := kube.StringAt(m, "name"), stringsIn(m["labels"])
				if path := p.path + "[" + nameOf(x, i) + "]"; strings.HasSuffix(p.path, "ubsets") && name != "" && len(labels) > 0 {
					out = append(out, selection{path + ".labels", name, labels})
				} else if p.depth < walkDepth {
					queue = append(queue, place{path, x, p.depth + 1})
				}
			}
		}
	}
	return out
}

// selectorIn are the labels that stand under the key of a selector.
func selectorIn(key string, in map[string]any) map[string]string {
	if !slices.Contains(podSelectors, key) && !slices.Contains(otherSelectors, key) || in["namespaceSelector"] != nil {
		return nil
	}
	m, _ := in[key].(map[string]any)
	if _, more := m["matchExpressions"]; more {
		return nil
	}
	for _, inner := range []string{"matchLabels", "labels"} {
		if labels := stringsIn(m[inner]); len(labels) > 0 {
			return labels
		}
	}
	return stringsIn(in[key])
}

// stringsIn is a map of nothing but strings; nil if it is none.
func stringsIn(v any) map[string]string {
	m, _ := v.(map[string]any)
	out := map[string]string{}
	for k, x := range m {
		text, ok := x.(string)
		if !ok {
			return nil
		}
		out[k] = text
	}
	return out
}

// nearlySelected is a ready pod that has most of the labels, of the object's namespace where it has one: all but as many as it has, or, of
// one label, a value that looks alike.
func nearlySelected(s *snapshot.Snapshot, o *unstructured.Unstructured, x selection) *corev1.Pod {
	var best *corev1.Pod
	most := 0
	for i := range s.Pods {
		p := &s.Pods[i]
		if o.GetNamespace() != "" && p.Namespace != o.GetNamespace() || !kube.IsReady(p) {
			continue
		}
		n := 0
		for k, want := range x.labels {
			if have, has := p.Labels[k]; has && have == want {
				n += 2
			} else if has && len(kube.Nearest(want, []string{have})) > 0 {
				n++
			}
		}
		if n >= len(x.labels) && s.WorkloadOf(p).Name == o.GetName() {
			n++
		}
		if n > most && n >= len(x.labels) {
			best, most = p, n
		}
	}
	return best
}

func (x missed) report(s *snapshot.Snapshot, r *finding.Report) {
	near := x.near
	obj, w := snapshot.CustomObject(x.o), s.WorkloadOf(near)
	missing := kube.Differing(x.labels, near.Labels)
	has := "has none of them"
	if shared := shareOf(x.labels, missing); len(shared) > 0 {
		has = "has " + kube.LabelWords(shared)
	}
	f := r.Find(CustomSelectsNothing, obj, fmt.Sprintf("%s selects no pod by %s (%s): %s %s, but not %s", finding.Short(obj),
		kube.LabelWords(x.labels), x.field, finding.Short(w), has, kube.LabelWords(missing)))
	f.Refs, f.Since = []incident.Object{w}, near.CreationTimestamp.Time
	if at, _ := snapshot.Changed(x.o); at.After(f.Since) {
		f.Since = at
	}
	f.Cite(finding.SeenAPI(obj, x.field, time.Time{}, kube.LabelWords(x.labels)),
		finding.SeenAPI(finding.PodObject(near), "metadata.labels", near.CreationTimestamp.Time, kube.LabelWords(near.Labels)))
	if !emptyByLog(s, f, x.name) {
		f.Suspected()
	}
}

// shareOf are the labels but for those that are missing.
func shareOf(labels, missing map[string]string) map[string]string {
	out := maps.Clone(labels)
	maps.DeleteFunc(out, func(k, _ string) bool { _, ok := missing[k]; return ok })
	return out
}
