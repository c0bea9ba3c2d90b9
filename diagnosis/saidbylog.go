package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// mostSayers bounds the errors of logs that are told with one custom resource.
const mostSayers = 2

// saidByLogs adds to what a custom resource says of itself, where nothing explains it, what the logs of those say who do its work: the errors
// that the pods which it has made repeat, and those in which its controller names it. A status says that something failed, the log why.
func saidByLogs(s *snapshot.Snapshot, unexplained []*finding.Finding) {
	for _, f := range unexplained {
		if f.Root || s.Custom(f.Object) == nil {
			continue
		}
		told, made := 0, kube.MadeBy(s, f.Object)
		for _, p := range checks.PodsBehind(s, f.Object) {
			for i := range p.Spec.Containers {
				l := s.Log(p.Namespace, p.Name, p.Spec.Containers[i].Name, false)
				if l == nil || told == mostSayers {
					continue
				}
				if x := errorAbout(readings.Of(s, l), f.Object, slices.Contains(made, p)); x != nil {
					told++
					sayBy(f, p, l.Container, x, s.WorkloadOf(p))
				}
			}
		}
	}
}

// errorAbout is the most frequent error of a log that names an object, or any where the log is of the object's own pods; nil: there is none.
func errorAbout(r logs.Reading, o incident.Object, own bool) *logs.Repeat {
	for i := range r.Repeats {
		if x := &r.Repeats[i]; own || strings.Contains(x.Line, o.Name) {
			return x
		}
	}
	return nil
}

func sayBy(f *finding.Finding, p *corev1.Pod, container string, x *logs.Repeat, of incident.Object) {
	because := f.Because
	if because == "" {
		because = f.Title
	}
	f.Because = fmt.Sprintf("%s. The log of %s says, %d times: %s", because, finding.Short(of), x.Times, finding.ShortMessage(x.Says))
	f.AddFacts(x.Facts)
	f.Cite(finding.SeenLog(p, container, false, x.Line))
}
