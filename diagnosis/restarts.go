package diagnosis

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// restarts sums container restarts by workload, most first. The onset is the earliest restart that still shows: the kubelet keeps a
// container's last end only, but its BackOff event remembers when it was first seen.
func restarts(s *snapshot.Snapshot, wanted func(incident.Object) bool) []incident.Restarts {
	by := map[incident.Object]*incident.Restarts{}
	for i := range s.Pods {
		p := &s.Pods[i]
		n, first, last := podRestarts(p)
		w := s.WorkloadOf(p)
		if n == 0 || !wanted(w) && !wanted(snapshot.ObjectOf("Pod", p.Namespace, p.Name)) {
			continue
		}
		for _, e := range s.EventsOf(snapshot.ObjectOf("Pod", p.Namespace, p.Name)) {
			if e.Reason == "BackOff" && !e.FirstTimestamp.IsZero() && e.FirstTimestamp.Time.Before(first) {
				first = e.FirstTimestamp.Time
			}
		}
		r := by[w]
		if r == nil {
			r = &incident.Restarts{Workload: w}
			by[w] = r
		}
		r.Pods++
		r.Count += n
		if !first.IsZero() && (r.Onset.IsZero() || first.Before(r.Onset)) {
			r.Onset = first.UTC()
		}
		if last.After(r.Last) {
			r.Last = last.UTC()
		}
	}
	out := make([]incident.Restarts, 0, len(by))
	for _, r := range by {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b incident.Restarts) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), a.Workload.Compare(b.Workload))
	})
	return out
}

// podRestarts sums a pod's restarts, and gives the first and the last end of a container that its status still shows.
func podRestarts(p *corev1.Pod) (n int, first, last time.Time) {
	for _, list := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for i := range list {
			st := &list[i]
			if st.RestartCount <= 0 {
				continue
			}
			n += int(st.RestartCount)
			for _, end := range []*corev1.ContainerStateTerminated{st.LastTerminationState.Terminated, st.State.Terminated} {
				if end == nil || end.FinishedAt.IsZero() {
					continue
				}
				if first.IsZero() || end.FinishedAt.Time.Before(first) {
					first = end.FinishedAt.Time
				}
				if end.FinishedAt.After(last) {
					last = end.FinishedAt.Time
				}
			}
		}
	}
	return n, first, last
}
