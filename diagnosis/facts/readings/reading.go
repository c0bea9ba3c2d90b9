package readings

import (
	"fmt"
	"runtime"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Reading is what a log says, or why that is not known: then it says nothing.
type Reading struct {
	logs.Reading
	Failed *incident.Failure
}

// readOnce reads each log once, whoever asks.
func readOnce(s *snapshot.Snapshot, l *snapshot.Log) Reading {
	type key struct{ log *snapshot.Log }
	return snapshot.Once(s, key{l}, func() Reading { return ReadBy(l, logs.Read) })
}

// ReadBy reads a log by a function, whose panic says nothing of other logs.
func ReadBy(l *snapshot.Log, read func(string) logs.Reading) Reading {
	var said logs.Reading
	failed := incident.Catch(incident.NotSeen{
		What:      "the reading of the log of " + l.Container + " in " + l.Namespace + "/" + l.Pod,
		Resources: []incident.Resource{incident.PodLogs}, Where: incident.Object{Kind: "Pod", Namespace: l.Namespace, Name: l.Pod},
	}, func() { said = read(l.Text) })
	return Reading{said, failed}
}

// Of is what a log says, read once.
func Of(s *snapshot.Snapshot, l *snapshot.Log) logs.Reading { return readOnce(s, l).Reading }

// Unread are the logs whose reading failed, once all have been read.
func Unread(s *snapshot.Snapshot) []incident.Failure {
	var out []incident.Failure
	for i := range s.Logs {
		if f := readOnce(s, &s.Logs[i]).Failed; f != nil {
			out = append(out, *f)
		}
	}
	return out
}

// ReadLogs has the logs read beside the checks, by as many as there are processors, so that no check reads them all alone.
func ReadLogs(s *snapshot.Snapshot, wg *sync.WaitGroup) {
	n := min(runtime.GOMAXPROCS(0), len(s.Logs))
	for first := range n {
		wg.Go(func() {
			for i := first; i < len(s.Logs); i += n {
				Of(s, &s.Logs[i])
			}
		})
	}
}

// Last is what the log of a container's instance that ended says, with the evidence of it: the current one's log while nothing runs,
// or else the previous one's. It is the zero value where no log was read.
func Last(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container) (logs.Reading, incident.Evidence) {
	order := []bool{false, true}
	if c.Status.State.Running != nil && !c.Init {
		order = []bool{true}
	}
	for _, previous := range order {
		l := s.Log(p.Namespace, p.Name, c.Spec.Name, previous)
		if l == nil || strings.TrimSpace(l.Text) == "" {
			continue
		}
		r := Of(s, l)
		return r, finding.SeenLog(p, c.Spec.Name, previous, strings.Join(r.Telling, "\n"))
	}
	return logs.Reading{}, incident.Evidence{}
}

// Current is what the log of a container's instance that runs says, with the evidence of it.
func Current(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container) (logs.Reading, incident.Evidence) {
	l := s.Log(p.Namespace, p.Name, c.Spec.Name, false)
	if l == nil || c.Status.State.Running == nil {
		return logs.Reading{}, incident.Evidence{}
	}
	r := Of(s, l)
	return r, finding.SeenLog(p, c.Spec.Name, false, strings.Join(r.Telling, "\n"))
}

// NeedsOf is for titles: the first of what a program could not reach, and how many more; empty where it says no such thing.
func NeedsOf(facts []logs.Fact) string {
	first, more := "", 0
	for _, f := range facts {
		switch {
		case !f.Kind.Network():
		case first == "":
			first = f.String()
		default:
			more++
		}
	}
	if more == 0 {
		return first
	}
	return fmt.Sprintf("%s, and %d more", first, more)
}
