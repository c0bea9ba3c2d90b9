package kube

import (
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"
)

// String is the host and path as people write them.
func (x Route) String() string {
	if x.Host == "" && x.Path == "" {
		return "all that no rule names"
	}
	host := x.Host
	if host == "" {
		host = "*"
	}
	path := x.Path
	if path == "" {
		path = "/"
	}
	return host + path
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
