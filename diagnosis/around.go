package diagnosis

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// surroundings are what pods that are presumed to be ill depend on, one step away.
type surroundings struct {
	called       []incident.Object // Services that their settings name
	behind       []*corev1.Pod     // the pods behind these
	further      []*corev1.Pod     // the pods behind what those in turn call: what is called may only hand an error on
	tending      []*corev1.Pod     // the pods of the controllers of custom resources and Ingresses
	objects      map[incident.Object]bool
	certificates []incident.Object // the Secrets of Ingresses that were asked about
	spaces       map[string]bool   // the namespaces of Services that are called: their custom resources may be what is called in truth
}

// Bounds on what is looked at beside what was asked about.
const (
	mostCalled = 20 // Services
	mostBehind = 3  // pods of one Service, or of one controller
	// pods of one Service that what is called calls
	mostFurther = 2
	// pods that answer names, of one workload
	mostServers = 2
	mostTended  = 12 // kinds whose controllers are looked at
)

// around finds what is beside what is presumed to be ill. It is shared, and not to be changed.
func (p Presumption) around(s *snapshot.Snapshot) surroundings {
	return snapshot.Once(s, p.key("around"), func() surroundings {
		a := aroundOf(s, p.pods(s))
		a.tended(s, p.views(s))
		a.names(s, p.pods(s))
		return a
	})
}

// tended adds the controllers of the custom resources and the Ingresses that lie in the views: of each kind those of the first.
func (a *surroundings) tended(s *snapshot.Snapshot, views []view) {
	kinds := map[string]bool{}
	add := func(o incident.Object, pods func() []*corev1.Pod) {
		if kinds[o.Kind] || len(kinds) == mostTended || !a.spaces[o.Namespace] &&
			!slices.ContainsFunc(views, func(v view) bool { return v.holds(o) }) {
			return
		}
		kinds[o.Kind], a.objects[o] = true, true
		taken := map[incident.Object]int{}
		for _, p := range pods() {
			w := s.WorkloadOf(p)
			if taken[w]++; taken[w] <= mostBehind {
				a.tending = append(a.tending, p)
				a.objects[w], a.objects[podObject(p)] = true, true
			}
		}
	}
	for i := range s.Customs {
		o := snapshot.CustomObject(&s.Customs[i])
		add(o, func() []*corev1.Pod {
			return finding.Union(slices.Clone(checks.PodsBehind(s, o)), checks.PodsOfGroup(s, o))
		})
	}
	for i := range s.Ingresses {
		o := snapshot.ObjectOf("Ingress", s.Ingresses[i].Namespace, s.Ingresses[i].Name)
		if slices.ContainsFunc(views, func(v view) bool { return v.named[o] }) {
			for _, t := range s.Ingresses[i].Spec.TLS {
				a.certificates = append(a.certificates, snapshot.ObjectOf("Secret", o.Namespace, t.SecretName))
			}
		}
		add(o, func() []*corev1.Pod { return checks.IngressControllers(s, o) })
	}
}

// aroundOf finds what pods depend on: Services and what lies behind them, configuration, rights, claims and volumes,
// nodes, and the policies of both ends.
func aroundOf(s *snapshot.Snapshot, pods []*corev1.Pod) surroundings {
	var called finding.Gathered[incident.Object]
	own, spaces := map[*corev1.Pod]bool{}, map[string]bool{}
	a := surroundings{objects: map[incident.Object]bool{}, spaces: map[string]bool{}}
	for _, p := range pods {
		own[p], spaces[p.Namespace] = true, true
		called.Add(calls.Configured(s, p)...)
		a.lies(p)
	}
	a.called = called.List[:min(len(called.List), mostCalled)]
	for _, o := range a.called {
		v := s.Service(o.Namespace, o.Name)
		a.objects[o], spaces[o.Namespace], a.spaces[o.Namespace] = true, true, true
		behind := s.PodsSelected(o.Namespace, v.Spec.Selector)
		for i, p := range behind {
			a.objects[podObject(p)], a.objects[s.WorkloadOf(p)] = true, true
			if i < mostBehind && !own[p] {
				a.behind = append(a.behind, p)
			}
		}
	}
	a.furtherOf(s, own)
	for i := range s.NetworkPolicies {
		if n := &s.NetworkPolicies[i]; spaces[n.Namespace] {
			a.objects[snapshot.ObjectOf("NetworkPolicy", n.Namespace, n.Name)] = true
		}
	}
	a.called = slices.DeleteFunc(a.called, func(o incident.Object) bool {
		v := s.Service(o.Namespace, o.Name)
		return len(v.Spec.Selector) > 0 && slices.ContainsFunc(pods, func(p *corev1.Pod) bool {
			return p.Namespace == o.Namespace && kube.Matches(v.Spec.Selector, p.Labels)
		})
	})
	return a
}

// furtherOf adds the pods behind what the pods that are called have in their settings.
func (a *surroundings) furtherOf(s *snapshot.Snapshot, own map[*corev1.Pod]bool) {
	var called finding.Gathered[incident.Object]
	for _, p := range a.behind {
		called.Add(calls.Configured(s, p)...)
	}
	for _, o := range called.List[:min(len(called.List), mostCalled)] {
		n := 0
		for _, p := range s.PodsSelected(o.Namespace, s.Service(o.Namespace, o.Name).Spec.Selector) {
			if !own[p] && !slices.Contains(a.behind, p) && n < mostFurther {
				a.further, n = finding.Union(a.further, []*corev1.Pod{p}), n+1
			}
		}
	}
}

// names adds some of the pods that answer names for pods that ask the cluster's DNS.
func (a *surroundings) names(s *snapshot.Snapshot, pods []*corev1.Pod) {
	var nodes []string
	for _, p := range pods {
		if resolvers.UsesClusterDNS(p) && p.Spec.NodeName != "" {
			nodes = finding.Union(nodes, []string{p.Spec.NodeName})
		}
	}
	if len(nodes) == 0 {
		return
	}
	taken := map[incident.Object]int{}
	for _, p := range resolvers.Servers(s, nodes) {
		w := s.WorkloadOf(p)
		if taken[w]++; taken[w] <= mostServers {
			a.behind = finding.Union(a.behind, []*corev1.Pod{p})
		}
	}
}

// lies adds what a pod lies on and takes its configuration and rights from.
func (a *surroundings) lies(p *corev1.Pod) {
	for _, o := range kube.TakenFrom(p) {
		a.objects[o] = true
	}
	if p.Spec.NodeName != "" {
		a.objects[snapshot.ObjectOf("Node", "", p.Spec.NodeName)] = true
	}
}

// certifies says whether an object holds the certificate of an Ingress that was asked about.
func (a surroundings) certifies(o incident.Object) bool { return slices.Contains(a.certificates, o) }
