package podproblem

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Groups gathers the problems of pods by workload, so that ten pods that fail alike are one finding.
type Groups struct {
	s     *snapshot.Snapshot
	Order []*Group
	by    map[GroupKey]*Group
	size  map[incident.Object]int // pods of a workload that have not ended
	ready map[incident.Object]int
}

// GroupKey is what pods have in common that fail alike. Those whose problem may still pass are a group of their own, so that it changes
// nothing of what is said of the others.
type GroupKey struct {
	Workload    incident.Object
	Code, Alike string
	early       bool
	standing    standing
}

// Group are the pods of a workload that fail alike.
type Group struct {
	Key      GroupKey
	pods     []*corev1.Pod
	problems []Problem
}

// NewGroups counts the pods of each workload, and gathers nothing yet.
func NewGroups(s *snapshot.Snapshot) *Groups {
	g := &Groups{s: s, by: map[GroupKey]*Group{}, size: map[incident.Object]int{}, ready: map[incident.Object]int{}}
	for i := range s.Pods {
		p := &s.Pods[i]
		if kube.HasEnded(p) {
			continue
		}
		w := s.WorkloadOf(p)
		g.size[w]++
		if kube.IsReady(p) {
			g.ready[w]++
		}
	}
	return g
}

// Add takes up what is wrong with a pod.
func (g *Groups) Add(p *corev1.Pod, a Problem) {
	k := GroupKey{Workload: g.s.WorkloadOf(p), Code: a.Code, Alike: a.Alike}
	if a.Early(g.s.At) {
		k.early, k.standing = true, a.standing
	}
	if g.by[k] == nil {
		g.by[k] = &Group{Key: k}
		g.Order = append(g.Order, g.by[k])
	}
	g.by[k].pods = append(g.by[k].pods, p)
	g.by[k].problems = append(g.by[k].problems, a)
}

// Report makes a finding of each group, in the order in which they came up.
func (g *Groups) Report(r *finding.Report) {
	for _, x := range g.Order {
		left := g.leftBehind(x)
		if left && x.longAgo(g.s) {
			continue
		}
		first := x.telling()
		f := r.Find(x.Key.Code, x.Key.Workload, g.subject(x)+" "+first.Predicate.Of(len(x.pods)))
		f.Workload, f.Pods, f.Detail, f.Told, f.Container = x.Key.Workload, x.pods, first.detail, first.told, first.Container
		if first.severity != "" {
			f.Severity = first.severity
		}
		f.Severity = g.severity(f)
		f.Root, f.Final = f.Root && !first.symptom, f.Final || first.final
		if first.next != "" {
			f.Next = first.next
		}
		if len(first.fault) > 0 {
			f.Fault = finding.Union([]incident.Object{x.Key.Workload}, first.fault)
		}
		var refs finding.Gathered[incident.Object]
		var nodes finding.Gathered[string]
		for i, a := range x.problems {
			f.Since = finding.Earlier(f.Since, a.Since)
			f.AddFacts(a.Said)
			refs.Add(a.Refs...)
			if a.node != "" {
				nodes.Add(a.node)
			}
			if i < finding.ShownPods {
				f.Cite(a.Seen...)
			}
		}
		f.Refs, f.Nodes = refs.List, nodes.List
		if left {
			f.Severity = incident.Info
		} else if mayBeReplaced(x.Key.Code) {
			f.Unless(toldBy(x.Key.Workload))
		}
		x.doubt(f, g.s.At)
	}
}

// doubt says of the finding until when what is wrong with all of the pods may pass, and whether it proves anything.
func (x *Group) doubt(f *finding.Finding, now time.Time) {
	for _, a := range x.problems {
		if f.MayPassWithin(a.normal); a.atMost != "" {
			f.AtMost = a.atMost
		}
		f.Unless(a.restsOn...)
	}
	if x.Key.standing == suspect || x.Key.standing == waits && f.Early(now) {
		f.Suspected()
	}
}

// telling is the problem that the title speaks of: the first whose log says something that is understood, or else the first.
func (x *Group) telling() Problem {
	for _, a := range x.problems {
		if len(a.Said) > 0 {
			return a
		}
	}
	return x.problems[0]
}

// severity is lowered to warning while other pods of the workload serve.
func (g *Groups) severity(f *finding.Finding) incident.Severity {
	if f.Severity == incident.Critical && g.ready[f.Workload] > 0 {
		return incident.Warning
	}
	return f.Severity
}

// mayBeReplaced says whether pods with a problem of the code have ended, so that others may have taken their place.
func mayBeReplaced(code string) bool {
	return code == PodEvicted || code == PodFailed || code == PodRejected
}

// toldBy is the resource whose objects tell whether a workload has got on without some of its pods; "" of an operator's kind.
func toldBy(w incident.Object) incident.Resource {
	if w.Kind == "CronJob" {
		return snapshot.ResourceOfKind("Job")
	}
	return snapshot.ResourceOfKind(w.Kind)
}

// leftBehind says whether the pods of a group ended and others have taken their place: their workload has as many ready pods as it wants,
// or their Job has got on without them.
func (g *Groups) leftBehind(x *Group) bool {
	if !mayBeReplaced(x.Key.Code) {
		return false
	}
	w := x.Key.Workload
	switch r := toldBy(w); {
	case w.Kind == "Pod":
		return x.longAgo(g.s) // nobody's, as those are by which people try something
	case r != "" && finding.NotSeen(g.s, r, w.Namespace): // its pods alone tell how it is
	case w.Kind == "Deployment", w.Kind == "StatefulSet", w.Kind == "DaemonSet":
		return kube.Satisfied(g.s, w)
	case w.Kind == "Job", w.Kind == "CronJob":
		return !slices.ContainsFunc(x.pods, func(p *corev1.Pod) bool { return !retried(g.s, p) })
	}
	return g.size[w] > 0 && g.ready[w] == g.size[w] // of an operator's kind: what it has made since is well
}

// longAgo says whether the last of a group's problems began more than a day ago.
func (x *Group) longAgo(s *snapshot.Snapshot) bool {
	var last time.Time
	for _, a := range x.problems {
		last = kube.Latest(last, a.Since)
	}
	return !last.IsZero() && s.At.Sub(last) > finding.OldRestart.For
}

// retried says whether a pod's Job has got on without it: it is done, or has another pod at work.
func retried(s *snapshot.Snapshot, p *corev1.Pod) bool {
	owner := metav1.GetControllerOf(p)
	if owner == nil || owner.Kind != "Job" {
		return false
	}
	j := kube.JobsByName(s)[snapshot.ObjectOf("Job", p.Namespace, owner.Name)]
	return j != nil && (j.Status.CompletionTime != nil || j.Status.Ready != nil && *j.Status.Ready > 0)
}

func (g *Groups) subject(x *Group) string {
	w, n, total := x.Key.Workload, len(x.pods), g.size[x.Key.Workload]
	switch {
	case w.Kind == "Pod":
		return finding.Short(w)
	case n < total:
		return fmt.Sprintf("%d of %d pods of %s", n, total, finding.Short(w))
	case n == 1:
		return "The pod of " + finding.Short(w)
	}
	return fmt.Sprintf("%d pods of %s", n, finding.Short(w))
}
