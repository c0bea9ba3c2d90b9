package recovery

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// hung is how long a pod must have run before it can be said to have worked and then stopped.
const hung = 10 * time.Minute

// draftRestart restarts only what a restart can help: every pod that is not ready runs, has run for long, was ready and ceased to be, on
// a node that works; and it was not restarted in vain just before.
func draftRestart(_ context.Context, _ *Recovery, q request) (draft, error) {
	for _, o := range atFault(q) {
		n := 0
		for _, p := range q.s.PodsIn(o.Namespace) {
			if q.s.WorkloadOf(p) != o || p.DeletionTimestamp != nil || ready(p) {
				continue
			}
			if why := notHung(q.s, p); why != "" {
				return no("a restart of %s would not help: %s", o, why)
			}
			n++
		}
		if n > 0 {
			source := fmt.Sprintf("%d of its pods were ready, ceased to be, and run on", n)
			return draft{steps: []incident.Step{restingOn(source, restart(o, q.d.At))}, title: fmt.Sprintf("restart %s %s/%s", o.Kind, o.Namespace, o.Name),
				why: fmt.Sprintf("%d pods of %s ran well, then stopped answering, and keep running.", n, o)}, nil
		}
	}
	return no("no workload is at fault that a restart would help")
}

func notHung(s *snapshot.Snapshot, p *corev1.Pod) string {
	if n := s.Node(p.Spec.NodeName); n == nil || !nodeReadyFor(n, s.At, 0) {
		return "the node of " + p.Name + " is not ready"
	}
	if at, err := time.Parse(time.RFC3339, p.Annotations[restartedAt]); err == nil && s.At.Sub(at) < time.Hour {
		return p.Name + " was restarted within the hour"
	}
	for _, c := range p.Status.ContainerStatuses {
		if c.State.Running == nil || s.At.Sub(c.State.Running.StartedAt.Time) < hung {
			return "container " + c.Name + " of " + p.Name + " does not run, or not for long"
		}
		if ceased := readySince(p); ceased.Sub(c.State.Running.StartedAt.Time) < time.Minute {
			return p.Name + " was never ready since it started"
		}
	}
	return ""
}

// readySince is when a pod's readiness last changed.
func readySince(p *corev1.Pod) time.Time {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}
