package custom

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// mayNot is how those who make nodes say that they may make no more. Where they only say that a pod fits none of what they could make, the
// pod's own demands are as likely at fault.
var mayNot = regexp.MustCompile(`(?i)\b(?:exceeds?|exceeded|reached|over|above|at|hit)\b.*\b(?:limits?|quotas?|maximum|max)\b` +
	`|\b(?:limits?|quotas?|maximum|max(?:imum)? (?:size|nodes?))\b.*\b(?:exceeds?|exceeded|reached|hit)\b|\binsufficient capacity\b`)

// checkNodeMakers reports what makes nodes and may make none for pods that wait, as events about these pods say and name it.
func checkNodeMakers(s *snapshot.Snapshot, r *finding.Report) {
	found := map[incident.Object]*finding.Finding{}
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.Spec.NodeName != "" || p.DeletionTimestamp != nil {
			continue
		}
		e := kube.AutoscalerEvent(s, p)
		if e == nil || !mayNot.MatchString(e.Message) || s.At.Sub(snapshot.EventTime(e).Time) > finding.Recently.For {
			continue
		}
		makers, what := spelled(s, e), "gets no more nodes"
		if by := kube.ReporterOf(s, e); len(makers) == 0 && !by.IsZero() {
			makers, what = []incident.Object{by}, "adds no more nodes"
		}
		for _, o := range makers {
			f := found[o]
			if f == nil {
				f = r.Find(NodeGroupFails, o, fmt.Sprintf("%s %s: %s", finding.Short(o), what, finding.ShortMessage(e.Message)))
				f.Root, f.AtMost, f.Since = true, incident.Likely, kube.BeganAt(e)
				f.Next = "Compare its limits with what it has made, and with the smallest node that it may make; raise the limit, or ask for less."
				found[o] = f
				f.Cite(finding.SeenEvent(e)).Cite(limitSetting(s, o)...)
			}
			f.Since = finding.Earlier(f.Since, kube.BeganAt(e))
		}
	}
}

// spelled are the custom resources that make nodes and that an event names.
func spelled(s *snapshot.Snapshot, e *corev1.Event) []incident.Object {
	var out []incident.Object
	for j := range s.Customs {
		if o := snapshot.CustomObject(&s.Customs[j]); kube.MakesNodes(o.Kind) && kube.Spells(e.Message, o) {
			out = append(out, o)
		}
	}
	return out
}

// sizes are how a maker of nodes is told how many it may make: "--nodes=1:3:pool", "--max-nodes-total=12".
var sizes = regexp.MustCompile(`^--?(?:nodes|max-nodes[a-z-]*|node-group[a-z-]*|cores-total|memory-total)=`)

// limitSetting are the arguments of a workload that say how many nodes it may make.
func limitSetting(s *snapshot.Snapshot, o incident.Object) []incident.Evidence {
	spec := kube.TemplateSpec(s, o)
	if spec == nil {
		return nil
	}
	var said []string
	for _, c := range spec.Containers {
		for _, arg := range slices.Concat(c.Command, c.Args) {
			if sizes.MatchString(arg) && len(said) < finding.ShownPods {
				said = append(said, arg)
			}
		}
	}
	return []incident.Evidence{finding.SeenAPI(o, "spec.template.spec.containers", time.Time{}, strings.Join(said, " "))}
}
