package diagnosis

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/change"
	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/dns"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/rbac"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Presumption says of which part of a cluster somebody says that it hurts: all that lies in the namespaces, and the objects. The zero value
// presumes nothing.
type Presumption struct {
	Namespaces []string
	Objects    []incident.Object
}

func (p Presumption) none() bool { return len(p.Namespaces)+len(p.Objects) == 0 }

// presumedKey is of what a Snapshot remembers of a presumption: many ask for it, in the course of one answer.
type presumedKey struct{ what, of string }

func (p Presumption) key(what string) presumedKey { return presumedKey{what, fmt.Sprintf("%q", p)} }

// views are what of a Snapshot is presumed to be ill. They are shared, and not to be changed.
func (p Presumption) views(s *snapshot.Snapshot) []view {
	return snapshot.Once(s, p.key("views"), func() []view {
		var out []view
		for _, n := range p.Namespaces {
			out = append(out, Scope{Namespace: n}.view(s))
		}
		if len(p.Objects) > 0 {
			out = append(out, Scope{Objects: p.Objects}.view(s))
		}
		return out
	})
}

// pods are the pods of what is presumed to be ill. They are shared, and not to be changed.
func (p Presumption) pods(s *snapshot.Snapshot) []*corev1.Pod {
	return snapshot.Once(s, p.key("pods"), func() []*corev1.Pod {
		views := p.views(s)
		var out []*corev1.Pod
		for i := range s.Pods {
			x := &s.Pods[i]
			for j := range views {
				if v := &views[j]; v.counts(podObject(x)) || v.above[podObject(x)] {
					out = append(out, x)
					break
				}
			}
		}
		return out
	})
}

// ill says of a finding whether it is about what is presumed to be ill, as the diagnosis knows that by its evidence, or about what that
// depends on; nil where nothing is.
func (sc Scope) ill(s *snapshot.Snapshot, d *incident.Diagnosis) func(*finding.Finding) bool {
	if sc.Ill.none() {
		return nil
	}
	views := sc.Ill.views(s)
	there := make([]map[string]bool, len(views))
	for i := range views {
		there[i] = views[i].seenThere(d)
	}
	beside := sc.Ill.around(s)
	return func(f *finding.Finding) bool {
		if slices.ContainsFunc(views, func(v view) bool { return refersInto(s, f, v.holds) || caresFor(s, f, v.holds) }) ||
			refersInto(s, f, beside.certifies) {
			return true
		}
		if beside.objects[f.Object] || beside.objects[f.Workload] {
			return true
		}
		for i := range views {
			if views[i].concerns(&f.Finding, there[i]) {
				return true
			}
		}
		return false
	}
}

// touched are the ids of findings about what lies elsewhere and bears upon a scope that is presumed to be ill: who should make or change
// something there and cannot, and a cluster's DNS that is down while somebody there misses a name.
func (sc Scope) touched(s *snapshot.Snapshot, found []*finding.Finding, holds func(incident.Object) bool) map[string]bool {
	ids := map[string]bool{}
	if sc.Ill.none() {
		return ids
	}
	upon, beside := bearsUpon(s, holds), sc.Ill.around(s)
	for _, f := range found {
		if !f.Suspect && (upon(f) || refersInto(s, f, beside.certifies)) {
			ids[f.ID] = true
		}
	}
	return ids
}

// bearsUpon says of a finding about what lies elsewhere whether it bears upon what lies there.
func bearsUpon(s *snapshot.Snapshot, holds func(incident.Object) bool) func(*finding.Finding) bool {
	unnamed := missesNames(s, holds)
	return func(f *finding.Finding) bool {
		return refersInto(s, f, holds) || caresFor(s, f, holds) || unnamed && f.Code == dns.DNSDown
	}
}

// caresFor says whether a right is missing in the namespace of a custom resource that lies there, to who was made for another one of its
// API group: it takes the resource up, and sees nothing of what that is about.
func caresFor(s *snapshot.Snapshot, f *finding.Finding, holds func(incident.Object) bool) bool {
	of, ok := finding.DetailOf[rbac.RefusedRight](f)
	return ok && len(f.Pods) > 0 && slices.ContainsFunc(s.Customs, func(c unstructured.Unstructured) bool {
		o := snapshot.CustomObject(&c)
		return slices.Contains(of.Namespaces, o.Namespace) && holds(o) && slices.Contains(checks.PodsOfGroup(s, o), f.Pods[0])
	})
}

// toldOf says of a finding whether an answer about the scope tells of it; nil where it tells of all. What is merely beside what was asked
// about is told of only for what follows from it.
func (sc Scope) toldOf(s *snapshot.Snapshot, in view, d *incident.Diagnosis) func(*finding.Finding) bool {
	if in.whole || sc.Ill.none() {
		return nil
	}
	there, upon := in.seenThere(d), bearsUpon(s, in.holds)
	return func(f *finding.Finding) bool {
		return in.concerns(&f.Finding, there) || slices.ContainsFunc(f.AtFault(), in.holds) || upon(f)
	}
}

// missesNames says whether the log of a pod there tells of a name that no server answered, which its pod asks the cluster's DNS for.
func missesNames(s *snapshot.Snapshot, holds func(incident.Object) bool) bool {
	return slices.ContainsFunc(slices.Concat(calls.Failing(s), calls.Complaints(s)), func(c calls.Call) bool {
		return c.Need.Unanswered() && resolvers.UsesClusterDNS(c.Pod) && holds(podObject(c.Pod))
	})
}

// refersInto says whether a custom resource that is not well names something that lies there, is what something there goes by, or delivers
// into it.
func refersInto(s *snapshot.Snapshot, f *finding.Finding, holds func(incident.Object) bool) bool {
	says, ok := finding.DetailOf[custom.Says](f)
	return ok && (slices.ContainsFunc(f.AtFault(), func(o incident.Object) bool {
		c := s.Custom(o)
		return c != nil && kube.ReachesInto(c, holds)
	}) || slices.ContainsFunc(f.Refs, holds) || slices.ContainsFunc(says.Objects, holds) ||
		slices.ContainsFunc(says.Users, func(u custom.User) bool { return holds(u.Workload) }))
}

// tell puts the findings that count into the diagnosis: of those that may still be normal, or that prove nothing, such as a cause explains.
// What is merely suspected is told apart.
func tell(d *incident.Diagnosis, found, suspected []*finding.Finding) {
	explained := map[string]bool{}
	for i := range d.Causes {
		for _, id := range d.Causes[i].Explains {
			explained[id] = true
		}
	}
	for _, f := range found {
		if !f.Suspect && !f.Early(d.At) || explained[f.ID] {
			d.Findings = append(d.Findings, f.Finding)
		}
	}
	for _, f := range suspected[:min(len(suspected), incident.MostSuspicions)] {
		d.Suspicions = append(d.Suspicions, incident.Suspicion{Code: f.Code, Title: f.Title, Objects: f.AtFault(), Next: f.Next,
			Evidence: slices.Clone(f.Evidence[:min(len(f.Evidence), mostSuspect)]), Since: f.Since, NormalUntil: f.NormalUntil, Normal: f.Normal})
	}
}

// mostSuspect bounds the evidence of a suspicion.
const mostSuspect = 4

// prune removes evidence that nothing which is told cites.
func prune(d *incident.Diagnosis) {
	keep := map[string]bool{}
	for i := range d.Findings {
		for _, id := range d.Findings[i].Evidence {
			keep[id] = true
		}
	}
	for i := range d.Suspicions {
		for _, id := range d.Suspicions[i].Evidence {
			keep[id] = true
		}
	}
	d.Evidence = slices.DeleteFunc(d.Evidence, func(e incident.Evidence) bool { return !keep[e.ID] })
}

// lies says whether a finding is about what is presumed to be ill, before it has ids: by its object, and by what it was seen at.
func (sc Scope) lies(s *snapshot.Snapshot) func(*finding.Finding) bool {
	views := sc.Ill.views(s)
	return func(f *finding.Finding) bool {
		return slices.ContainsFunc(views, func(v view) bool {
			return v.holds(f.Object) || v.above[f.Object] || v.namespace == "" && slices.ContainsFunc(f.Seen, func(e incident.Evidence) bool {
				return e.Field != changeField && v.named[e.Object]
			})
		})
	}
}

// paths lead to what is presumed to be ill: whatever lies in the namespaces, and what is on the way to the objects.
func (sc Scope) paths(s *snapshot.Snapshot, changes []change.Change) []change.Path {
	var out []change.Path
	for _, c := range changes {
		if o := c.Object; o.Namespace != "" && slices.Contains(sc.Ill.Namespaces, o.Namespace) {
			out = append(out, change.Path{Object: o})
		}
	}
	if len(sc.Ill.Objects) == 0 {
		return out
	}
	ways := newPaths(s)
	for _, o := range sc.Ill.Objects {
		f := &finding.Finding{Finding: incident.Finding{Object: o}, Workload: o}
		for _, p := range (Presumption{Objects: []incident.Object{o}}).pods(s) {
			f.AddPod(p)
		}
		out = append(out, ways.to(f)...)
	}
	return out
}
