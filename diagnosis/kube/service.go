package kube

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

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
	list := s.EndpointSlicesOf(v.Namespace, v.Name)
	if len(list) == 0 {
		return incident.Evidence{}
	}
	ready, total := EndpointsOf(s, v.Namespace, v.Name)
	return finding.SeenAPI(snapshot.ObjectOf("EndpointSlice", v.Namespace, list[len(list)-1].Name), "endpoints", time.Time{},
		fmt.Sprintf("%d of %d endpoints ready", ready, total))
}

// EndpointsOf counts a Service's endpoints, by its EndpointSlices, and those that are ready.
func EndpointsOf(s *snapshot.Snapshot, namespace, service string) (ready, total int) {
	for _, slice := range s.EndpointSlicesOf(namespace, service) {
		for i := range slice.Endpoints {
			total++
			if c := slice.Endpoints[i].Conditions.Ready; c == nil || *c {
				ready++
			}
		}
	}
	return ready, total
}
