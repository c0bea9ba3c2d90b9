package recovery

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// mostWatch bounds how long a plan asks for: nobody waits for longer to hear whether it helped.
const mostWatch = 30 * time.Minute

// watch is how long everything must stay well after a plan, by what was wrong: a container that was killed while it ran must outlive that
// by half, and a liveness probe must have had the time to fail. Zero: the usual time will do.
func watch(p *incident.Plan, d *incident.Diagnosis, s *snapshot.Snapshot) time.Duration {
	ours := map[incident.Object]bool{}
	for _, c := range d.Causes {
		if slices.Contains(p.Causes, c.ID) {
			for _, o := range c.Objects {
				ours[workloadOf(s, o)] = true
			}
		}
	}
	for i := range p.Steps {
		ours[workloadOf(s, p.Steps[i].Target.Object)] = true
	}
	var longest time.Duration
	for i := range s.Pods {
		pod := &s.Pods[i]
		if !ours[s.WorkloadOf(pod)] || over(pod) {
			continue
		}
		for _, c := range pod.Status.ContainerStatuses {
			longest = max(longest, livedFor(c)*3/2)
		}
		for i := range pod.Spec.Containers {
			longest = max(longest, failsWithin(pod.Spec.Containers[i].LivenessProbe))
		}
	}
	return min(longest.Round(time.Minute), mostWatch)
}

// livedFor is how long a container ran before it was last ended. One that never started is said to have begun in 1970.
func livedFor(c corev1.ContainerStatus) time.Duration {
	t := c.LastTerminationState.Terminated
	if t == nil {
		t = c.State.Terminated
	}
	if t == nil || t.ExitCode == 0 || t.StartedAt.Unix() <= 0 {
		return 0
	}
	return t.FinishedAt.Sub(t.StartedAt.Time)
}

// failsWithin is how long a probe that fails from the start takes to say so.
func failsWithin(p *corev1.Probe) time.Duration {
	if p == nil {
		return 0
	}
	return time.Duration(p.InitialDelaySeconds+p.PeriodSeconds*p.FailureThreshold) * time.Second
}
