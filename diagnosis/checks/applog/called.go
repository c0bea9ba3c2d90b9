package applog

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CalledComplains is the code of a program that is called, and whose log says of the same as its caller's what is wrong.
const CalledComplains = "CalledComplains"

var calledCodes = []finding.Code{
	{Code: CalledComplains, Severity: incident.Warning, Root: true, Detail: Complains{},
		Meaning: "The log of a program that another one calls warns of the very thing that its caller complains of, or of something like it, " +
			"for the first time just before its caller began to complain: it refuses, or cannot, what is asked of it.",
		Next:    "Read what the called program warns of, and look at its settings, its limits and its disk.",
		Example: "StatefulSet bus warns of what Deployment api complains of: memory resource limit alarm set on node bus-1"},
}

// Complains is the detail of CalledComplains.
type Complains struct {
	Callers []incident.Object // the workloads that complain
	Same    bool              // in the same words
	Says    string            // what the log of what is called warns of
}

const (
	aFewWords  = 2 // that both say, where what is called warns just before
	manyWords  = 3 // that both say, whenever
	mostBehind = 6 // pods of one Service whose logs are compared
)

// checkCalled compares what workloads complain of again and again with what the logs behind the Services say that their settings name.
func checkCalled(s *snapshot.Snapshot, r *finding.Report) {
	all := repeating(s)
	found := map[incident.Object]*finding.Finding{}
	for _, k := range all.order {
		for _, behind := range calls.Behind(s, all.by[k][0].pod) {
			for _, p := range behind[:min(len(behind), mostBehind)] {
				if s.WorkloadOf(p) != k.workload {
					compare(s, r, found, all.by[k], k.workload, p)
				}
			}
		}
	}
}

// compare looks for what a caller complains of in the log of a pod that it calls.
func compare(s *snapshot.Snapshot, r *finding.Report, found map[incident.Object]*finding.Finding, errors []said, caller incident.Object,
	p *corev1.Pod) {
	for i := range s.Logs {
		l := &s.Logs[i]
		if l.Namespace != p.Namespace || l.Pod != p.Name || l.Previous || !isRunning(p, l.Container) {
			continue
		}
		for _, x := range errors {
			if slices.ContainsFunc(x.Facts, func(f logs.Fact) bool { return f.Kind.Network() || f.Kind == logs.AuthFailed }) {
				continue // it is understood
			}
			if says, line := logs.Shared(x.Whole, l.Text); line != "" {
				complains(s, r, found, p, caller, x).same(p, l, x, says, line)
			} else if w, ok := warned(s, l, x); ok {
				complains(s, r, found, p, caller, x).like(p, l, x, w)
			}
		}
	}
}

// warningsOf are what a log warns of, read once.
func warningsOf(s *snapshot.Snapshot, l *snapshot.Log) []logs.Warning {
	type key struct{ log *snapshot.Log }
	return snapshot.Once(s, key{l}, func() []logs.Warning { return logs.Warnings(l.Text) })
}

// warned is what a log warns of in words like those of a caller's error, the likest.
func warned(s *snapshot.Snapshot, l *snapshot.Log, x said) (logs.Warning, bool) {
	var best logs.Warning
	most := 0
	for _, w := range warningsOf(s, l) {
		n, at := w.Alike(x.Says+" "+x.Whole), readings.Moment(w.First, s.At)
		just := !at.IsZero() && !x.First.IsZero() && at.After(x.First.Add(-finding.WarnedBefore.For)) &&
			at.Before(x.First.Add(finding.WrongClock.For))
		if n > most && (n >= manyWords || n >= aFewWords && just) {
			best, most = w, n
		}
	}
	return best, most > 0
}

// callee is a finding about what is called.
type callee struct{ *finding.Finding }

// complains is the finding about the workload of a pod that is called.
func complains(s *snapshot.Snapshot, r *finding.Report, found map[incident.Object]*finding.Finding, p *corev1.Pod, caller incident.Object,
	x said) callee {
	w := s.WorkloadOf(p)
	f := found[w]
	if f == nil {
		f = r.Find(CalledComplains, w, "").Suspected()
		f.Workload, f.Detail = w, Complains{}
		found[w] = f
	}
	f.AddPod(p)
	d, _ := finding.DetailOf[Complains](f)
	d.Callers = finding.Union(d.Callers, []incident.Object{caller})
	f.Detail, f.Refs, f.Since = d, d.Callers, finding.Earlier(f.Since, x.First)
	return callee{f}
}

// same tells of a line that has the caller's words; it is more than what is merely like them.
func (c callee) same(p *corev1.Pod, l *snapshot.Log, x said, says, line string) {
	d, _ := finding.DetailOf[Complains](c.Finding)
	if d.Same {
		return
	}
	d.Same = true
	c.Detail = d
	c.tell(p, l, x, says, line)
}

func (c callee) like(p *corev1.Pod, l *snapshot.Log, x said, w logs.Warning) {
	if c.Title == "" {
		c.tell(p, l, x, w.Says, strings.Join(w.Lines, "\n"))
	}
}

func (c callee) tell(p *corev1.Pod, l *snapshot.Log, x said, says, lines string) {
	d, _ := finding.DetailOf[Complains](c.Finding)
	d.Says = says
	c.Detail = d
	c.Retitle(fmt.Sprintf("%s warns of what %s complains of: %s", finding.Short(c.Object), finding.Short(d.Callers[0]),
		finding.ShortMessage(says)))
	c.Cite(finding.SeenLog(p, l.Container, false, clip.Bytes(lines, incident.MaxExcerpt)),
		finding.SeenLog(x.pod, x.log.Container, false, clip.Bytes(x.Line, incident.MaxExcerpt)))
}
