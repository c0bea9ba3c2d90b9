package kube

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// APIServiceKind is the kind by which aggregated APIs are registered.
var APIServiceKind = schema.GroupKind{Group: "apiregistration.k8s.io", Kind: "APIService"}

// APIServiceTarget is the Service behind an aggregated API; ok is false for one that the API server serves itself.
func APIServiceTarget(a *unstructured.Unstructured) (namespace, name string, ok bool) {
	namespace, _, _ = unstructured.NestedString(a.Object, "spec", "service", "namespace")
	name, ok, _ = unstructured.NestedString(a.Object, "spec", "service", "name")
	return namespace, name, ok
}

// ServicesByIP are the Services by their cluster IPs.
func ServicesByIP(s *snapshot.Snapshot) map[string]incident.Object {
	m := make(map[string]incident.Object, len(s.Services))
	for i := range s.Services {
		v := &s.Services[i]
		for _, ip := range append([]string{v.Spec.ClusterIP}, v.Spec.ClusterIPs...) {
			if ip != "" && ip != corev1.ClusterIPNone {
				m[ip] = ServiceObject(v)
			}
		}
	}
	return m
}

// CouldBe names the Services that one that does not exist could have meant: like it in its namespace, or else of its name in others.
func CouldBe(s *snapshot.Snapshot, namespace, name string) string {
	if like := Nearest(name, ServicesIn(s, namespace)); len(like) > 0 {
		return DidYouMean(like)
	}
	type key struct{}
	others := slices.DeleteFunc(slices.Clone(snapshot.Once(s, key{}, func() map[string][]string {
		namespaces := map[string][]string{}
		for i := range s.Services {
			namespaces[s.Services[i].Name] = append(namespaces[s.Services[i].Name], s.Services[i].Namespace)
		}
		return namespaces
	})[name]), func(other string) bool { return other == namespace })
	if len(others) == 0 {
		return ""
	}
	slices.Sort(others)
	return " (there is one in namespace " + finding.FirstFew(others) + ")"
}

// ServicesIn are the names of a namespace's Services.
func ServicesIn(s *snapshot.Snapshot, namespace string) []string {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[string][]string {
		names := map[string][]string{}
		for i := range s.Services {
			names[s.Services[i].Namespace] = append(names[s.Services[i].Namespace], s.Services[i].Name)
		}
		return names
	})[namespace]
}

// Route is one host and path of an Ingress with its backend.
type Route struct {
	Host, Path, PathType string
	Backend              *networkingv1.IngressBackend
	Field                string
}

// RoutesOf are an Ingress' routes, the default backend's first.
func RoutesOf(g *networkingv1.Ingress) []Route {
	var out []Route
	if g.Spec.DefaultBackend != nil {
		out = append(out, Route{Backend: g.Spec.DefaultBackend, Field: "spec.defaultBackend"})
	}
	for i := range g.Spec.Rules {
		rule := &g.Spec.Rules[i]
		if rule.HTTP == nil {
			continue
		}
		for j := range rule.HTTP.Paths {
			p := &rule.HTTP.Paths[j]
			x := Route{Host: rule.Host, Path: p.Path, Backend: &p.Backend, Field: fmt.Sprintf("spec.rules[%d].http.paths[%d].backend", i, j)}
			if x.Path == "" {
				x.Path = "/"
			}
			if p.PathType != nil {
				x.PathType = string(*p.PathType)
			}
			out = append(out, x)
		}
	}
	return out
}

// ServiceObject names a Service.
func ServiceObject(v *corev1.Service) incident.Object {
	return snapshot.ObjectOf("Service", v.Namespace, v.Name)
}

// Latest is the later of two times.
func Latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// SliceEvidence is what the EndpointSlices say, where there are any.
func SliceEvidence(s *snapshot.Snapshot, v *corev1.Service) incident.Evidence {
	ready, total, name := 0, 0, ""
	for _, slice := range s.EndpointSlicesOf(v.Namespace, v.Name) {
		name = slice.Name
		for i := range slice.Endpoints {
			total++
			if c := slice.Endpoints[i].Conditions.Ready; c == nil || *c {
				ready++
			}
		}
	}
	if name == "" {
		return incident.Evidence{}
	}
	return finding.SeenAPI(snapshot.ObjectOf("EndpointSlice", v.Namespace, name), "endpoints", time.Time{},
		fmt.Sprintf("%d of %d endpoints ready", ready, total))
}
