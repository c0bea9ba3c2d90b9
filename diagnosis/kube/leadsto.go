package kube

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// LeadsTo lists the Services to which an Ingress, or a custom resource that does an Ingress' work, leads: those who ask there are answered
// by them. They are Services that exist, each once.
func LeadsTo(s *snapshot.Snapshot, o incident.Object) []incident.Object {
	var out []incident.Object
	add := func(namespace, name string) {
		service := snapshot.ObjectOf("Service", namespace, name)
		if name != "" && s.Service(namespace, name) != nil && !slices.Contains(out, service) {
			out = append(out, service)
		}
	}
	if o.Kind == "Ingress" {
		for i := range s.Ingresses {
			g := &s.Ingresses[i]
			if g.Namespace != o.Namespace || g.Name != o.Name {
				continue
			}
			for _, x := range RoutesOf(g) {
				if x.Backend.Service != nil {
					add(g.Namespace, x.Backend.Service.Name)
				}
			}
		}
		return out
	}
	c := s.Custom(o)
	if c == nil {
		return nil
	}
	for _, key := range []string{"rules", "routes"} {
		rules, _, _ := unstructured.NestedSlice(c.Object, "spec", key)
		for _, rule := range rules {
			for _, b := range backends(rule) {
				namespace, _ := b["namespace"].(string)
				if namespace == "" {
					namespace = o.Namespace
				}
				name, _ := b["name"].(string)
				add(namespace, name)
			}
		}
	}
	return out
}

// backends are what a rule of a route names as its Services: backendRefs of the Gateway API's, services of others'.
func backends(rule any) []map[string]any {
	of, _ := rule.(map[string]any)
	var out []map[string]any
	for _, key := range []string{"backendRefs", "services"} {
		list, _ := of[key].([]any)
		for _, x := range list {
			b, _ := x.(map[string]any)
			if kind, ok := b["kind"].(string); b != nil && (!ok || kind == "Service") {
				out = append(out, b)
			}
		}
	}
	return out
}
