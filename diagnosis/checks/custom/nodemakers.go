package custom

import (
	"fmt"
	"regexp"

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
		for j := range s.Customs {
			o := snapshot.CustomObject(&s.Customs[j])
			if !kube.MakesNodes(o.Kind) || !kube.Spells(e.Message, o) {
				continue
			}
			f := found[o]
			if f == nil {
				f = r.Find(NodeGroupFails, o, fmt.Sprintf("%s gets no more nodes: %s", finding.Short(o), finding.ShortMessage(e.Message)))
				f.Root, f.AtMost, f.Since = true, incident.Likely, kube.BeganAt(e)
				f.Next = "Compare its limits with what it has made, and with the smallest node that it may make; raise the limit, or ask for less."
				found[o] = f
				f.Cite(finding.SeenEvent(e))
			}
			f.Since = finding.Earlier(f.Since, kube.BeganAt(e))
		}
	}
}
