package kube

import (
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// EventCount is how often an event was seen.
func EventCount(e *corev1.Event) int32 {
	if e.Series != nil {
		return max(e.Series.Count, e.Count)
	}
	return e.Count
}

var namedWebhook = regexp.MustCompile(`webhook "([^"]+)"`)

// WebhooksIn are the admission webhooks that the API server's words name.
func WebhooksIn(message string) []string {
	var names []string
	for _, m := range namedWebhook.FindAllStringSubmatch(message, -1) {
		names = finding.Union(names, m[1:])
	}
	return names
}

// LastEvent returns the newest event about the object that one of the reasons names, or nil.
func LastEvent(s *snapshot.Snapshot, o incident.Object, reasons ...string) *corev1.Event {
	events := s.EventsOf(o)
	for i := len(events) - 1; i >= 0; i-- {
		if slices.Contains(reasons, events[i].Reason) {
			return events[i]
		}
	}
	return nil
}

// BeganAt is when an event was first seen.
func BeganAt(e *corev1.Event) time.Time {
	switch {
	case e == nil:
		return time.Time{}
	case !e.FirstTimestamp.IsZero():
		return e.FirstTimestamp.Time
	case !e.EventTime.IsZero():
		return e.EventTime.Time
	}
	return snapshot.EventTime(e).Time
}

// ReporterOf is the workload that has written an event, by the name that it gives itself; zero where none, or more than one, is called so.
func ReporterOf(s *snapshot.Snapshot, e *corev1.Event) incident.Object {
	by := e.ReportingController
	if by == "" {
		by = e.Source.Component
	}
	const telling = 6 // bytes: a shorter name is part of many
	var exact, like []incident.Object
	for kind, w := range Workloads(s) {
		o := snapshot.ObjectOf(kind, w.GetNamespace(), w.GetName())
		switch {
		case by == "":
		case o.Name == by || w.GetLabels()["app.kubernetes.io/name"] == by:
			exact = append(exact, o)
		case len(by) >= telling && strings.Contains(o.Name, by):
			like = append(like, o)
		}
	}
	if len(exact) == 0 {
		exact = like
	}
	if len(exact) != 1 {
		return incident.Object{}
	}
	return exact[0]
}
