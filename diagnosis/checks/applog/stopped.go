package applog

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// LogStopped is the code of a program that runs and has stopped working.
const LogStopped = "LogStopped"

var stoppedCodes = []finding.Code{
	{Code: LogStopped, Severity: incident.Warning, Root: true,
		Meaning: "A container runs and its log says that it has stopped working: it halted, refuses writes, will not try again. " +
			"Or it no longer " +
			"says, since an error, what it had said again and again until then.",
		Next: "Read the error, mend what it names, and restart the program: most don't go on by themselves.",
		Example: "StatefulSet compactor runs, and has stopped working since 2d7h, by its log: " +
			"critical error detected; halting: overlaps found while gathering blocks"},
}

// manyTimes is for how many times its interval something must not have been said to be missed.
const manyTimes = 5

// checkStopped looks for programs that run and have stopped working, the latest stop of each workload.
func checkStopped(s *snapshot.Snapshot, r *finding.Report) {
	found := map[incident.Object]*finding.Finding{}
	for l, p := range currentLogs(s) {
		w := s.WorkloadOf(p)
		for _, x := range stopsOf(s, l) {
			x.First = readings.Moment(x.First, s.At)
			if !x.Words && s.At.Sub(x.First) < max(manyTimes*x.Every, finding.RecentError.For) {
				continue
			}
			if f := found[w]; f != nil {
				f.AddPod(p)
			} else {
				found[w] = reportStopped(s, r, w, p, l, x)
			}
			break
		}
	}
}

// stopsOf are the stops that a log tells of, read once.
func stopsOf(s *snapshot.Snapshot, l *snapshot.Log) []logs.Stop {
	type key struct{ log *snapshot.Log }
	return snapshot.Once(s, key{l}, func() []logs.Stop { return logs.Stops(l.Text) })
}

func reportStopped(s *snapshot.Snapshot, r *finding.Report, w incident.Object, p *corev1.Pod, l *snapshot.Log,
	x logs.Stop) *finding.Finding {
	when := ""
	if !x.First.IsZero() {
		when = " since " + finding.Duration(s.At.Sub(x.First))
	}
	f := r.Find(LogStopped, w, fmt.Sprintf("%s runs, and has stopped working%s, by its log: %s", finding.Short(w), when,
		clip.Bytes(x.Says, 160)))
	f.Workload, f.Container, f.Since = w, l.Container, x.First
	f.AddPod(p)
	f.Cite(finding.SeenLog(p, l.Container, false, clip.Bytes(strings.Join(x.Lines, "\n"), incident.MaxExcerpt)))
	if x.No != "" {
		f.Cite(finding.SeenLog(p, l.Container, false, fmt.Sprintf("said every %s until then, and never since: %s",
			finding.Duration(x.Every), clip.Bytes(x.No, finding.MaxLine))))
	}
	return f.Suspected()
}
