package diagnosis

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/change"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on what is told where somebody asked and nothing was found.
const (
	mostDepends = 6
	farBack     = 24 * time.Hour // how far back pods' restarts and changes are told of
)

// closely is what of a scope was looked at closely, for whoever asked and gets no cause.
type closely struct {
	s       *snapshot.Snapshot
	scope   Scope
	pods    []*corev1.Pod
	around  surroundings
	told    *incident.Diagnosis
	changes []change.Change
	well    []string // the checks whose places are told to be well already
}

// lookedClosely adds to a diagnosis of what is presumed to be ill, without a cause, what was looked at there and is well, in a person's
// words, and what it depends on, to be asked about next. Nothing that could not be looked at is among it. Well are the checks whose places
// are told to be well already.
func lookedClosely(s *snapshot.Snapshot, scope Scope, d *incident.Diagnosis, changes []change.Change, well []string) {
	if scope.Ill.none() || len(d.Causes) > 0 {
		return
	}
	c := closely{s: s, scope: scope, pods: scope.Ill.pods(s), around: scope.Ill.around(s), told: d, changes: changes, well: well}
	var out []incident.RuledOut
	for _, p := range []struct {
		what string
		why  func() string
	}{
		{"the pods of " + scopeWords(scope), c.podsWell}, {"their logs", c.logsWell}, {"their events", c.eventsWell},
		{"what they call", c.calledWell}, {"network policies", c.noPolicy}, {"the nodes that they run on", c.nodesWell},
		{"changes", c.unchanged},
	} {
		if why := p.why(); why != "" {
			out = append(out, incident.RuledOut{What: p.what, Why: why})
		}
	}
	d.RuledOut = append(out, d.RuledOut...)
	d.Depends = c.depends()
}

func scopeWords(sc Scope) string {
	told := incident.Scope{Objects: sc.Ill.Objects}
	if len(sc.Ill.Objects) == 0 {
		return "namespace " + strings.Join(sc.Ill.Namespaces, ", ")
	}
	return told.String()
}

// seen says whether all of the resources were seen where the pods are.
func (c *closely) seen(by ...incident.Resource) bool {
	if len(c.pods) == 0 {
		return false
	}
	return c.s.SeenWhole(c.pods[0].Namespace, by...)
}

func (c *closely) podsWell() string {
	n, again := 0, int32(0)
	for _, p := range c.pods {
		switch {
		case p.Status.Phase == corev1.PodSucceeded:
			continue
		case !kube.IsReady(p):
			return ""
		}
		n++
		for i := range p.Status.ContainerStatuses {
			if t := p.Status.ContainerStatuses[i].LastTerminationState.Terminated; t != nil && c.s.At.Sub(t.FinishedAt.Time) < farBack {
				again += p.Status.ContainerStatuses[i].RestartCount
			}
		}
	}
	if n == 0 || again > 0 || !c.seen("pods") {
		return ""
	}
	return finding.Inflect(n, "%d {is|are} ready, and {was not|none was} restarted in the last 24 hours", n)
}

func (c *closely) logsWell() string {
	own := map[incident.Object]bool{}
	for _, p := range c.pods {
		own[podObject(p)] = true
	}
	n := counting(c.s.Logs, func(l *snapshot.Log) bool { return own[snapshot.ObjectOf("Pod", l.Namespace, l.Pod)] })
	if n == 0 || slices.ContainsFunc(c.told.Evidence, func(e incident.Evidence) bool {
		return e.Source == incident.SourceLog && own[e.Object]
	}) {
		return ""
	}
	return finding.Inflect(n, "%d {was|were} read, and no error repeats in {it|them}", n)
}

func (c *closely) eventsWell() string {
	n := 0
	for _, p := range c.pods {
		for _, o := range []incident.Object{podObject(p), c.s.WorkloadOf(p)} {
			for _, e := range c.s.EventsOf(o) {
				if n++; e.Type == corev1.EventTypeWarning {
					return ""
				}
			}
		}
	}
	switch {
	case !c.seen("events"):
		return ""
	case n == 0:
		return "there are none: nothing has happened to them within the hour for which a cluster keeps events"
	}
	return "none of them is a warning"
}

// calledWell tells of the Services that settings name; "" if one of them has nothing behind it that is ready.
func (c *closely) calledWell() string {
	var names []string
	for _, o := range c.around.called {
		if ready, _ := kube.EndpointsOf(c.s, o.Namespace, o.Name); ready == 0 {
			return ""
		}
		names = append(names, o.Namespace+"/"+o.Name)
	}
	if len(names) == 0 || !c.seen("endpointslices.discovery.k8s.io") {
		return ""
	}
	return finding.Inflect(len(names), "{Service|Services} %s {has|have} ready endpoints", finding.ListWords(names, mostDepends))
}

func (c *closely) noPolicy() string {
	if !c.seen("networkpolicies.networking.k8s.io") || slices.ContainsFunc(c.s.NetworkPolicies, func(n networkingv1.NetworkPolicy) bool {
		return slices.ContainsFunc(c.pods, func(p *corev1.Pod) bool { return p.Namespace == n.Namespace })
	}) {
		return ""
	}
	return "there are none where they run"
}

func (c *closely) nodesWell() string {
	names := map[string]bool{}
	for _, p := range c.pods {
		n := c.s.Node(p.Spec.NodeName)
		if n == nil || !kube.NodeReady(n) {
			return ""
		}
		names[n.Name] = true
	}
	if len(names) == 0 {
		return ""
	}
	if slices.Contains(c.well, "nodes") {
		return "" // all nodes are told of
	}
	return finding.Inflect(len(names), "%d {is|are} ready", len(names))
}

func (c *closely) unchanged() string {
	for _, x := range c.changes {
		if c.s.At.Sub(x.At) < farBack && (c.around.objects[x.Object] || slices.ContainsFunc(c.pods, func(p *corev1.Pod) bool {
			return c.s.WorkloadOf(p) == x.Object
		})) {
			return ""
		}
	}
	if !c.seen("deployments.apps", "configmaps") {
		return ""
	}
	return "nothing on the way to them was changed in the last 24 hours, going by what the API server keeps"
}

// depends are what to ask about next: what the pods call, then the nodes.
func (c *closely) depends() []incident.Object {
	out := slices.Clone(c.around.called)
	for _, p := range c.pods {
		if o := snapshot.ObjectOf("Node", "", p.Spec.NodeName); p.Spec.NodeName != "" && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out[:min(len(out), mostDepends)]
}
