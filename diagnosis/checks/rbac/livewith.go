package rbac

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/mentions"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// refused is one refusal that something tells of.
type refused struct {
	logs.Fact
	pod   *corev1.Pod // whose log tells of it; nil: an event or a status does
	seen  incident.Evidence
	about []incident.Object // what the event or the status is about, or what the log names with it
	// lives says that whose log it is runs on, and is well: many programs ask for what they can do without.
	lives bool
}

// livedWith tells of what is refused to a program that is well, again and again until now.
func livedWith(s *snapshot.Snapshot, l *snapshot.Log, p *corev1.Pod, tell func(refused)) {
	read := readings.Of(s, l)
	for _, x := range read.Repeats {
		last := readings.Moment(x.Last, s.At)
		if last.IsZero() || s.At.Sub(last) > finding.RecentError.For {
			continue
		}
		for _, f := range x.Facts {
			if f.Kind == logs.Forbidden && !standsStill(f) {
				tell(refused{f, p, finding.SeenLog(p, l.Container, false, x.Line), customsIn(s, p, x.Whole), true})
			}
		}
	}
}

// customsIn are the custom resources that a text names.
func customsIn(s *snapshot.Snapshot, p *corev1.Pod, text string) []incident.Object {
	return slices.DeleteFunc(slices.Clone(mentions.In(s, p.Namespace, text)), func(o incident.Object) bool { return s.Custom(o) == nil })
}
