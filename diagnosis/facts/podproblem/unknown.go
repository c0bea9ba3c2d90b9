package podproblem

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// readElsewhere are the reasons of events about pods that tell of a step by which the pod's problem is named otherwise.
var readElsewhere = []string{"FailedCreatePodSandBox", "NetworkNotReady", "FailedMount", "FailedAttachVolume", "FailedMapVolume",
	"FailedScheduling", "NotTriggerScaleUp", "SandboxChanged", "BackOff", "Unhealthy", "Killing", "NodeNotReady", "ProbeWarning"}

// lastWarning is the newest event of type Warning about a pod whose reason is none that is read elsewhere, since a time: what the kubelet, the
// runtime or an operator says is the best that is known, whatever the reason is called. Nil if there is none.
func lastWarning(s *snapshot.Snapshot, p *corev1.Pod, since time.Time) *corev1.Event {
	events := s.EventsOf(finding.PodObject(p))
	for _, e := range slices.Backward(events) {
		if e.Type == corev1.EventTypeWarning && e.Message != "" && !slices.Contains(readElsewhere, e.Reason) &&
			!snapshot.EventTime(e).Time.Before(since) {
			return e
		}
	}
	return nil
}

// quoteWarning adds to a problem that nothing explains what such an event says.
func quoteWarning(s *snapshot.Snapshot, p *corev1.Pod, a *Problem) {
	if e := lastWarning(s, p, a.Since); e != nil {
		a.Predicate = a.Predicate.And("; %s: %s", e.Reason, finding.ShortMessage(e.Message))
		a.Seen = append(a.Seen, finding.SeenEvent(e))
	}
}
