package custom

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CustomUnselected is the code of a custom resource that nobody takes up, though others of its kind are.
const CustomUnselected = "CustomUnselected"

var unselectedCodes = []finding.Code{
	{Code: CustomUnselected, Severity: incident.Warning, Root: true,
		Meaning: "Custom resources of this kind are taken up by the labels that another one of their API group selects, and this one has not " +
			"those of any: nobody acts on it, and nobody says so.",
		Next:    "Give it the labels that are selected, or widen the selector; see also which namespaces it looks at.",
		Example: "ScrapeJob mail is selected by none: Collector main takes those with team=web (spec.scrapeJobSelector), and it has team=mail"},
}

// selector is a custom resource that selects others by their labels.
type selector struct {
	o          *unstructured.Unstructured
	field      string
	of         labels.Selector
	namespaces labels.Selector // nil: not known
}

// checkUnselected reports, as a suspicion, custom resources that none selects, where some of their kind are selected. That may be meant.
func checkUnselected(s *snapshot.Snapshot, r *finding.Report) {
	by := map[string][]*unstructured.Unstructured{}
	for i := range s.Customs {
		o := &s.Customs[i]
		group := o.GroupVersionKind().Group
		by[group] = append(by[group], o)
	}
	for _, group := range slices.Sorted(maps.Keys(by)) {
		stems := map[string][]selector{}
		for _, o := range by[group] {
			for stem, x := range selectorsOf(o) {
				stems[stem] = append(stems[stem], x)
			}
		}
		for _, stem := range slices.Sorted(maps.Keys(stems)) {
			reportUnselected(s, r, by[group], stem, stems[stem])
		}
	}
}

// selectorsOf are the selectors of a spec by the stem of the kind that they are about: serviceMonitorSelector is about ServiceMonitors.
func selectorsOf(o *unstructured.Unstructured) map[string]selector {
	spec, _ := o.Object["spec"].(map[string]any)
	if o.GetDeletionTimestamp() != nil || switchedOff(o) {
		return nil
	}
	out := map[string]selector{}
	for key := range spec {
		stem, ok := strings.CutSuffix(key, "Selector")
		if !ok || strings.HasSuffix(stem, "Namespace") || len(stem) < leastStem {
			continue
		}
		of := labelSelector(spec[key])
		if of == nil || of.Empty() {
			continue
		}
		out[strings.ToLower(stem)] = selector{o, "spec." + key, of, labelSelector(spec[stem+"NamespaceSelector"])}
	}
	return out
}

// leastStem is how long the word for a kind is, at least.
const leastStem = 4

// labelSelector reads a selector as the API has it; nil if it is none.
func labelSelector(v any) labels.Selector {
	m, ok := v.(map[string]any)
	var by metav1.LabelSelector
	if !ok || runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(m, &by, true) != nil {
		return nil
	}
	out, err := metav1.LabelSelectorAsSelector(&by)
	if err != nil {
		return nil
	}
	return out
}

func (x selector) takes(s *snapshot.Snapshot, o *unstructured.Unstructured) bool {
	if !x.of.Matches(labels.Set(o.GetLabels())) {
		return false
	}
	if x.namespaces == nil { // what is empty, and so means every namespace, is not always kept apart from what is not there
		return true
	}
	i := slices.IndexFunc(s.Namespaces, func(n corev1.Namespace) bool { return n.Name == o.GetNamespace() })
	return x.namespaces.Empty() || i < 0 || x.namespaces.Matches(labels.Set(s.Namespaces[i].Labels))
}

func reportUnselected(s *snapshot.Snapshot, r *finding.Report, all []*unstructured.Unstructured, stem string, by []selector) {
	var left []*unstructured.Unstructured
	taken := 0
	for _, o := range all {
		kind := strings.ToLower(o.GetKind())
		if !strings.HasSuffix(kind, stem) || o.GetDeletionTimestamp() != nil || switchedOff(o) || len(o.GetOwnerReferences()) > 0 {
			continue
		}
		if slices.ContainsFunc(by, func(x selector) bool { return x.takes(s, o) }) {
			taken++
		} else {
			left = append(left, o)
		}
	}
	if taken == 0 || len(left) > taken { // whoever takes them up goes by something else
		return
	}
	for _, o := range left {
		obj, x := snapshot.CustomObject(o), by[0]
		who := snapshot.CustomObject(x.o)
		has := "it has no labels"
		if of := o.GetLabels(); len(of) > 0 {
			has = "it has " + kube.LabelWords(of)
		}
		if x.of.Matches(labels.Set(o.GetLabels())) {
			has = "not from namespace " + o.GetNamespace()
		}
		f := r.Find(CustomUnselected, obj, fmt.Sprintf("%s is selected by none: %s takes those with %s (%s), and %s; it takes %d others",
			finding.Short(obj), finding.Short(who), x.of, x.field, has, taken))
		f.Since, f.Refs = o.GetCreationTimestamp().Time, []incident.Object{who}
		f.Fault = []incident.Object{obj, who}
		f.Cite(finding.SeenAPI(obj, "metadata.labels", f.Since, kube.LabelWords(o.GetLabels())),
			finding.SeenAPI(who, x.field, time.Time{}, x.of.String()))
		f.Suspected()
	}
}
