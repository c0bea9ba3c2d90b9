package checks

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

// groups gathers the ailments of pods by workload, so that ten pods that fail alike are one finding.
type groups struct {
	s     *snapshot.Snapshot
	order []*group
	by    map[groupKey]*group
	size  map[incident.Object]int // pods of a workload that have not ended
	ready map[incident.Object]int
}

// groupKey is what pods have in common that fail alike.
type groupKey struct {
	workload    incident.Object
	code, alike string
}

// group are the pods of a workload that fail alike.
type group struct {
	key      groupKey
	pods     []*corev1.Pod
	problems []ailment
}

// newGroups counts the pods of each workload, and gathers nothing yet.
func newGroups(s *snapshot.Snapshot) *groups {
	g := &groups{s: s, by: map[groupKey]*group{}, size: map[incident.Object]int{}, ready: map[incident.Object]int{}}
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
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

// add takes up what is wrong with a pod.
func (g *groups) add(p *corev1.Pod, a ailment) {
	k := groupKey{g.s.WorkloadOf(p), a.code, a.alike}
	if g.by[k] == nil {
		g.by[k] = &group{key: k}
		g.order = append(g.order, g.by[k])
	}
	g.by[k].pods = append(g.by[k].pods, p)
	g.by[k].problems = append(g.by[k].problems, a)
}

// report makes a finding of each group, in the order in which they came up.
func (g *groups) report(r *finding.Report) {
	for _, x := range g.order {
		left := g.leftBehind(x)
		if left && x.longAgo(g.s) {
			continue
		}
		first := x.telling()
		f := r.Find(x.key.code, x.key.workload, g.subject(x)+" "+first.predicate.Of(len(x.pods)))
		f.Workload, f.Pods, f.Detail, f.Told, f.Container = x.key.workload, x.pods, first.detail, first.told, first.container
		if first.severity != "" {
			f.Severity = first.severity
		}
		f.Severity = g.severity(f)
		f.Root = f.Root && !first.symptom
		if first.next != "" {
			f.Next = first.next
		}
		if len(first.fault) > 0 {
			f.Fault = finding.Union([]incident.Object{x.key.workload}, first.fault)
		}
		var refs finding.Gathered[incident.Object]
		var nodes finding.Gathered[string]
		for i, a := range x.problems {
			f.Since = finding.Earlier(f.Since, a.since)
			f.AddFacts(a.said)
			refs.Add(a.refs...)
			if a.node != "" {
				nodes.Add(a.node)
			}
			if i < finding.ShownPods {
				f.Cite(a.seen...)
			}
		}
		f.Refs, f.Nodes = refs.List, nodes.List
		if left {
			f.Severity = incident.Info
		}
	}
}

// telling is the ailment that the title speaks of: the first whose log says something that is understood, or else the first.
func (x *group) telling() ailment {
	for _, a := range x.problems {
		if len(a.said) > 0 {
			return a
		}
	}
	return x.problems[0]
}

// severity is lowered to warning while other pods of the workload serve.
func (g *groups) severity(f *finding.Finding) incident.Severity {
	if f.Severity == incident.Critical && g.ready[f.Workload] > 0 {
		return incident.Warning
	}
	return f.Severity
}

// leftBehind says whether the pods of a group ended and others have taken their place: their workload has as many ready pods as it wants,
// or their Job has got on without them.
func (g *groups) leftBehind(x *group) bool {
	if x.key.code != PodEvicted && x.key.code != PodFailed && x.key.code != PodRejected {
		return false
	}
	w := x.key.workload
	switch w.Kind {
	case "Pod":
		return x.longAgo(g.s) // nobody's, as those are by which people try something
	case "Deployment", "StatefulSet", "DaemonSet":
		return kube.Satisfied(g.s, w)
	case "Job", "CronJob":
		return !slices.ContainsFunc(x.pods, func(p *corev1.Pod) bool { return !retried(g.s, p) })
	}
	return g.size[w] > 0 && g.ready[w] == g.size[w] // of an operator's kind: what it has made since is well
}

// longAgo says whether the last of a group's ailments began more than a day ago.
func (x *group) longAgo(s *snapshot.Snapshot) bool {
	var last time.Time
	for _, a := range x.problems {
		last = kube.Latest(last, a.since)
	}
	return !last.IsZero() && s.At.Sub(last) > finding.OldRestart
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

func (g *groups) subject(x *group) string {
	w, n, total := x.key.workload, len(x.pods), g.size[x.key.workload]
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
