package dns

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// checkPast reports programs that could not resolve names which exist, and have not been tried since the cluster's DNS, well now, was
// started: the kubelet waits for up to five minutes between two tries.
func checkPast(d resolvers.Resolver, s *snapshot.Snapshot, r *finding.Report) {
	since := wellSince(d)
	if since.IsZero() || d.Service == nil {
		return
	}
	var waiting []calls.Call
	for _, c := range calls.Failing(s) {
		v := s.Service(c.Service.Namespace, c.Service.Name)
		end := lastEnd(c.Pod)
		if c.Need.Kind == logs.NameUnresolved && v != nil && v.Spec.ClusterIP != corev1.ClusterIPNone && resolvers.UsesClusterDNS(c.Pod) &&
			!end.IsZero() && !end.After(since.Add(finding.DNSStarts.For)) && !runsSince(c.Pod, end) {
			waiting = append(waiting, c)
		}
	}
	if len(waiting) == 0 {
		return
	}
	f := r.Find(DNSWasDown, kube.ServiceObject(d.Service), "")
	var workloads []string
	for _, c := range waiting {
		f.AddPod(c.Pod)
		workloads = finding.Union(workloads, []string{s.WorkloadOf(c.Pod).String()})
		f.Since = finding.Earlier(f.Since, lastEnd(c.Pod))
	}
	who := "1 workload waits for its next try"
	if n := len(workloads); n > 1 {
		who = fmt.Sprintf("%d workloads wait for their next try", n)
	}
	f.Title = fmt.Sprintf("The cluster's DNS did not answer before %s, when it was started: %s", finding.Clock(since), who)
	f.Told = []time.Time{since}
	f.Cite(finding.SeenAPI(f.Object, "pods", since, "the DNS pods are ready, and run since "+finding.Clock(since)))
	for _, c := range waiting[:min(len(waiting), finding.ShownPods)] {
		f.Cite(c.Seen())
	}
}

// runsSince says whether a container of the pod was started after a moment and runs: it has been tried again.
func runsSince(p *corev1.Pod, end time.Time) bool {
	return slices.ContainsFunc(kube.ContainersOf(p), func(c kube.Container) bool {
		run := c.Status.State.Running
		return run != nil && run.StartedAt.After(end)
	})
}

// wellSince is since when the cluster's DNS is well: the earliest start of its pods, all of which are ready; zero if some are not.
func wellSince(d resolvers.Resolver) time.Time {
	var since time.Time
	if len(d.Pods) == 0 || slices.ContainsFunc(d.Pods, func(p *corev1.Pod) bool { return !kube.IsReady(p) }) {
		return since
	}
	for _, p := range d.Pods {
		for _, c := range kube.ContainersOf(p) {
			if run := c.Status.State.Running; run != nil {
				since = finding.Earlier(since, run.StartedAt.Time)
			}
		}
	}
	return since
}
