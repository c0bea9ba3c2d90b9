package diagnosis

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Logs lists the logs that are worth reading besides those of a first look, for a scope that is presumed to be ill: of what runs there, how
// well it looks. Read them, add them to the Snapshot, and call Again. What is beyond the bound is added to the Snapshot's NotSeen.
func (x *Examination) Logs(scope Scope) []snapshot.LogWanted {
	pods := scope.closely(x.s)
	wanted, left := x.s.LogsCloser(pods)
	if left > 0 {
		x.s.NotSeen = append(x.s.NotSeen, incident.NotSeen{What: fmt.Sprintf("logs of %d containers of what was asked about", left),
			Why: fmt.Sprintf("the logs of %d containers are read at most", snapshot.MostCloser)})
	}
	return wanted
}

// closely is the pods of a scope that are looked at closely: those of what is presumed to be ill, and some behind each Service that they call.
func (sc Scope) closely(s *snapshot.Snapshot) []*corev1.Pod {
	own := sc.ownPods(s)
	return append(own, aroundOf(s, own).behind...)
}

// ownPods are the pods of what is presumed to be ill.
func (sc Scope) ownPods(s *snapshot.Snapshot) []*corev1.Pod {
	if sc.Ill.none() {
		return nil
	}
	views := sc.Ill.views(s)
	var out []*corev1.Pod
	for i := range s.Pods {
		p := &s.Pods[i]
		for j := range views {
			if v := &views[j]; v.counts(podObject(p)) || v.above[podObject(p)] {
				out = append(out, p)
				break
			}
		}
	}
	return out
}
