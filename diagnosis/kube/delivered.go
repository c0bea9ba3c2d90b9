package kube

import (
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
