package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Logs lists the logs that are worth reading besides those of a first look, however well who writes them looks: those that the findings
// which a scope is told of ask for, and, for a scope that is presumed to be ill, of what runs there. Read them, add them to the Snapshot,
// and call Again. What is beyond the bound is added to the Snapshot's NotSeen, and what failed while findings were asked to its Failures
// too.
func (x *Examination) Logs(scope Scope) []snapshot.LogWanted {
	pods, failures := checks.AsksLogs(x.s, x.findings(scope))
	for _, f := range failures {
		x.s.Failures, x.s.NotSeen = append(x.s.Failures, f), append(x.s.NotSeen, f.NotSeen)
	}
	most, whose := snapshot.MostAsked, "of what findings point to"
	var asked []*corev1.Pod
	if !scope.Ill.none() {
		most, whose = snapshot.MostCloser, "of what was asked about, or that findings point to"
		asked = x.s.InTurns(scope.closely(x.s))
		pods = finding.Union(finding.Union(upTo(x.s.InTurns(pods), snapshot.MostAsked), asked), scope.Ill.around(x.s).further)
	}
	wanted, left := x.s.LogsCloser(pods, most)
	for i := range wanted {
		wanted[i].Asked = slices.Contains(asked, wanted[i].Pod)
	}
	if left.Containers > 0 {
		x.s.NotSeen = append(x.s.NotSeen, incident.NotSeen{What: incident.LogsOf(left.Containers) + " " + whose,
			Why: fmt.Sprintf("the logs of %d containers are read at most: %s", most, leftWords(left))})
	}
	return wanted
}

// leftWords name the workloads of which no log is read, or not each.
func leftWords(l snapshot.LeftOut) string {
	const mostNamed = 5
	var words []string
	for _, x := range []struct {
		some string
		of   []incident.Object
	}{{"none of ", l.Whole}, {"not all of ", l.Partly}} {
		var names []string
		for _, o := range x.of {
			names = append(names, o.String())
		}
		if len(names) > 0 {
			words = append(words, x.some+finding.ListWords(names, mostNamed))
		}
	}
	return strings.Join(words, ", and ")
}

// upTo are the first pods, as many as have no more than the most containers together.
func upTo(pods []*corev1.Pod, most int) []*corev1.Pod {
	n := 0
	for i, p := range pods {
		if n += len(p.Status.InitContainerStatuses) + len(p.Status.ContainerStatuses); n > most {
			return pods[:i:i]
		}
	}
	return pods[:len(pods):len(pods)]
}

// closely is the pods of a scope that are looked at closely: those of what is presumed to be ill, some behind each Service that they
// call, and the controllers of what lies there.
func (sc Scope) closely(s *snapshot.Snapshot) []*corev1.Pod {
	beside := sc.Ill.around(s)
	return finding.Union(slices.Clone(sc.Ill.pods(s)), slices.Concat(beside.behind, beside.tending))
}
