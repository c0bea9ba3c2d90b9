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

// LogErrorOnce is the code of an error that a container which runs has written of late, and not again as yet.
const LogErrorOnce = "LogErrorOnce"

var onceCodes = []finding.Code{
	{Code: LogErrorOnce, Severity: incident.Warning,
		Meaning: "A container that runs has written an error into its log of late, once or twice. Most programs do so at times: by itself it " +
			"proves nothing.",
		Next:    "Read the error, and see whether it comes again.",
		Example: "The log of Deployment api has an error at 09:31:02 UTC: cannot dequeue the run: jobs.batch is forbidden"},
}

// checkOnce tells of the newest error of late in the log of a workload of which nothing else was found.
func checkOnce(s *snapshot.Snapshot, found []*finding.Finding, r *finding.Report) {
	told := map[incident.Object]bool{}
	for _, f := range found {
		told[f.Object], told[f.Workload] = true, true
	}
	for l, p := range currentLogs(s) {
		w := s.WorkloadOf(p)
		for _, x := range readings.Of(s, l).Once {
			if x.First, x.Last = readings.Moment(x.First, s.At), readings.Moment(x.Last, s.At); told[w] || x.Last.IsZero() ||
				s.At.Sub(x.Last) > finding.RecentError.For {
				continue
			}
			told[w] = true
			reportOnce(s, r, w, p, l, x)
		}
	}
}

func reportOnce(s *snapshot.Snapshot, r *finding.Report, w incident.Object, p *corev1.Pod, l *snapshot.Log, x logs.Repeat) {
	f := r.Find(LogErrorOnce, w, fmt.Sprintf("The log of %s has an error at %s: %s", finding.Short(w), finding.Clock(x.Last),
		finding.ShortMessage(x.Says)))
	f.Workload, f.Container, f.Since = w, l.Container, x.First
	f.AddPod(p)
	for _, other := range readings.Of(s, l).Once {
		if last := readings.Moment(other.Last, s.At); !last.IsZero() && s.At.Sub(last) <= finding.RecentError.For {
			f.AddFacts(other.Facts)
		}
	}
	f.Cite(finding.SeenLog(p, l.Container, false, clip.Bytes(strings.TrimSpace(x.Whole), incident.MaxExcerpt)))
	f.Suspected()
}
