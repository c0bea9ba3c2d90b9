package kube

import (
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// DeliveredBy are the custom resources that have put an object into the cluster, by the marks that they leave on what they deliver: two
// labels that say their name and namespace under their API group ("kustomize.toolkit.fluxcd.io/name"), or an annotation "tracking-id"
// under their group's domain that begins with their name and goes on with the object's own ("shop:apps/Deployment:shop/web").
func DeliveredBy(s *snapshot.Snapshot, o metav1.Object) []incident.Object {
	var out []incident.Object
	labels := o.GetLabels()
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if group, ok := strings.CutSuffix(key, "/name"); ok && labels[group+"/namespace"] != "" {
			out = append(out, deliverers(s, labels[key], func(of, namespace string) bool {
				return of == group && namespace == labels[group+"/namespace"]
			})...)
		}
	}
	notes := o.GetAnnotations()
	self := ":" + strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/")
	for _, key := range slices.Sorted(maps.Keys(notes)) {
		domain, _, _ := strings.Cut(key, "/")
		name, _, ok := strings.Cut(notes[key], ":")
		if ok && strings.HasSuffix(key, snapshot.TrackingAnnotation) && strings.HasSuffix(notes[key], self) &&
			len(notes[key]) > len(name)+len(self) {
			out = append(out, deliverers(s, name, func(of, _ string) bool { return of == domain || strings.HasSuffix(domain, "."+of) })...)
		}
	}
	return out
}

// deliverers are the custom resources of a name whose group and namespace fit.
func deliverers(s *snapshot.Snapshot, name string, fits func(group, namespace string) bool) []incident.Object {
	var out []incident.Object
	for i := range s.Customs {
		c := &s.Customs[i]
		if c.GetName() == name && fits(c.GroupVersionKind().Group, c.GetNamespace()) {
			out = append(out, snapshot.CustomObject(c))
		}
	}
	return out
}

// targets are the paths of a custom resource by which it says into which namespace it delivers.
var targets = [][]string{{"spec", "destination", "namespace"}, {"spec", "targetNamespace"}, {"spec", "releaseNamespace"},
	{"spec", "target", "namespace"}}

// ReachesInto says whether a custom resource delivers into a part of the cluster: its settings name that part's namespace as its target, or
// its status lists what lies there.
func ReachesInto(c *unstructured.Unstructured, holds func(incident.Object) bool) bool {
	for _, path := range targets {
		if ns := StringAt(c.Object, path...); ns != "" && holds(snapshot.ObjectOf("Namespace", "", ns)) {
			return true
		}
	}
	list, _, _ := unstructured.NestedSlice(c.Object, "status", "resources")
	for _, x := range list {
		m, _ := x.(map[string]any)
		if o := snapshot.ObjectOf(StringAt(m, "kind"), StringAt(m, "namespace"), StringAt(m, "name")); o.Namespace != "" && holds(o) {
			return true
		}
	}
	entries, _, _ := unstructured.NestedSlice(c.Object, "status", "inventory", "entries")
	for _, x := range entries {
		m, _ := x.(map[string]any)
		parts := strings.Split(StringAt(m, "id"), "_") // namespace, name, group, kind
		if len(parts) == 4 && parts[0] != "" && holds(snapshot.ObjectOf(parts[3], parts[0], parts[1])) {
			return true
		}
	}
	return false
}
