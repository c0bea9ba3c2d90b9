package checks

import (
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// noScheduler is how long a pod may wait without a word from any scheduler.
const noScheduler = time.Minute

var preemption = regexp.MustCompile(`\.? preemption: .*$`)

func unscheduled(s *snapshot.Snapshot, p *corev1.Pod) (ailment, bool) {
	if newly(s, p.CreationTimestamp.Time) {
		return ailment{}, false
	}
	o, since := podObject(p), p.CreationTimestamp.Time
	c := podCondition(p, corev1.PodScheduled)
	e := lastEvent(s, o, "FailedScheduling")
	a := ailment{code: PodUnschedulable, since: since, refs: claimsOf(p)}
	switch {
	case c != nil && c.Reason == "SchedulingGated":
		a.words = c.Message
		a.what = "{waits|wait} for {a scheduling gate|scheduling gates} to be removed: " + gates(p)
	case c != nil && c.Status != corev1.ConditionTrue && c.Message != "":
		a.words = c.Message
		a.what = "cannot be scheduled: " + preemption.ReplaceAllString(c.Message, "")
	case e != nil:
		a.words = e.Message
		a.what = "cannot be scheduled: " + preemption.ReplaceAllString(e.Message, "")
	case s.At.Sub(since) >= noScheduler:
		a.what = "{is|are} taken up by no scheduler: " + schedulerWords(p)
		a.seen = []incident.Evidence{seenAPI(o, "spec.nodeName", since, "no node after "+duration(s.At.Sub(since))+", and no word from scheduler "+p.Spec.SchedulerName)}
		return a, true
	default:
		return ailment{}, false
	}
	a.seen = []incident.Evidence{seenEvent(e)}
	if c != nil {
		a.seen = append(a.seen, seenAPI(o, "status.conditions[PodScheduled]", c.LastTransitionTime.Time, c.Reason+": "+c.Message))
	}
	return a, true
}

func gates(p *corev1.Pod) string {
	var names []string
	for _, g := range p.Spec.SchedulingGates {
		names = append(names, g.Name)
	}
	return strings.Join(names, ", ")
}

func schedulerWords(p *corev1.Pod) string {
	if n := p.Spec.SchedulerName; n != "" && n != corev1.DefaultSchedulerName {
		return "is there a scheduler named " + n + "?"
	}
	return "does the scheduler run?"
}

// claimsOf names the PersistentVolumeClaims that a pod uses.
func claimsOf(p *corev1.Pod) []incident.Object {
	var out []incident.Object
	for i := range p.Spec.Volumes {
		if c := p.Spec.Volumes[i].PersistentVolumeClaim; c != nil {
			out = append(out, snapshot.ObjectOf("PersistentVolumeClaim", p.Namespace, c.ClaimName))
		}
	}
	return out
}
