package kube

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// MakesNodes says whether objects of a kind stand for nodes that are to be made: NodePool, NodeClaim, MachineDeployment.
func MakesNodes(kind string) bool {
	return strings.HasPrefix(kind, "Machine") || strings.HasPrefix(kind, "Node") && kind != "Node" ||
		slices.ContainsFunc([]string{"NodeClass", "NodePool", "NodeGroup", "MachinePool", "MachineTemplate"},
			func(end string) bool { return strings.HasSuffix(kind, end) })
}

// NodesAreMade says whether anything in the cluster stands for nodes that are to be made, be it no more than the definition of its kind.
func NodesAreMade(s *snapshot.Snapshot) bool {
	type key struct{}
	return snapshot.Once(s, key{}, func() bool {
		for i := range s.Customs {
			c := &s.Customs[i]
			kind := c.GetKind()
			if c.GroupVersionKind().GroupKind() == snapshot.DefinitionKind {
				kind = StringAt(c.Object, "spec", "names", "kind")
			}
			if MakesNodes(kind) {
				return true
			}
		}
		return false
	})
}

// Spells says whether words name an object by its kind, as "nodeclaim/default-x7k2p", `nodepool "default"` or "NodePool=default".
func Spells(words string, o incident.Object) bool {
	low, kind := strings.ToLower(words), strings.ToLower(o.Kind)
	if o.Name == "" || !strings.Contains(low, kind) {
		return false
	}
	named := regexp.MustCompile(`\b` + regexp.QuoteMeta(kind) + `(?:[/=]|:? ")` + regexp.QuoteMeta(o.Name) + `(?:[^\w.-]|[.]?$|[.]\s)`)
	return named.MatchString(low)
}

// AutoscalerEvent is the newest event by which who makes nodes says why it makes none for a pod; nil if there is none.
func AutoscalerEvent(s *snapshot.Snapshot, p *corev1.Pod) *corev1.Event {
	var out *corev1.Event
	for _, e := range s.EventsOf(snapshot.ObjectOf("Pod", p.Namespace, p.Name)) {
		if e.Reason != "NotTriggerScaleUp" && (e.Reason != "FailedScheduling" || scheduled(p, e)) {
			continue
		}
		if out == nil || snapshot.EventTime(e).After(snapshot.EventTime(out).Time) {
			out = e
		}
	}
	return out
}

// scheduled says whether an event is the word of a scheduler: of the pod's own, or one that tells how many nodes it has looked at.
func scheduled(p *corev1.Pod, e *corev1.Event) bool {
	by := e.ReportingController
	if by == "" {
		by = e.Source.Component
	}
	return by == "" || by == p.Spec.SchedulerName || strings.Contains(by, "scheduler") || strings.Contains(e.Message, "nodes are available")
}
