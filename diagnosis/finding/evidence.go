package finding

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// SeenAPI is evidence from an object's field, as the API server has it.
func SeenAPI(o incident.Object, field string, at time.Time, excerpt string) incident.Evidence {
	return NewEvidence(incident.SourceAPI, o, field, at, excerpt)
}

// SeenLog is evidence from a container's log.
func SeenLog(p *corev1.Pod, container string, previous bool, excerpt string) incident.Evidence {
	field := "log[" + container + "]"
	if previous {
		field = "previous " + field
	}
	return NewEvidence(incident.SourceLog, PodObject(p), field, time.Time{}, excerpt)
}

// SeenEvent is evidence from an event; empty for nil.
func SeenEvent(e *corev1.Event) incident.Evidence {
	if e == nil {
		return incident.Evidence{}
	}
	o := incident.Object{Kind: e.InvolvedObject.Kind, Namespace: e.InvolvedObject.Namespace, Name: e.InvolvedObject.Name}
	return NewEvidence(incident.SourceEvent, o, e.Reason, snapshot.EventTime(e).Time, strings.TrimSpace(e.Message))
}

// NewEvidence is a piece of evidence, bounded, without its id.
func NewEvidence(source incident.Source, o incident.Object, field string, at time.Time, excerpt string) incident.Evidence {
	if !at.IsZero() {
		at = at.UTC().Round(0)
	}
	return incident.Evidence{Source: source, Object: o, Field: field, Time: at, Excerpt: clip.Bytes(strings.ToValidUTF8(excerpt, "?"),
		incident.MaxExcerpt)}
}

// PodObject names a pod.
func PodObject(p *corev1.Pod) incident.Object { return snapshot.ObjectOf("Pod", p.Namespace, p.Name) }
