package control

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// SchedulerIdle is the code of a scheduler that leads and places nothing.
const SchedulerIdle = "SchedulerIdle"

var idleSchedulerCodes = []finding.Code{
	{Code: SchedulerIdle, Severity: incident.Critical, Root: true,
		RestsOn: []incident.Resource{finding.Events, finding.Pods},
		Meaning: "The scheduler renews its Lease, but has placed no pod and said nothing of any that waits: it hangs, or cannot watch the API.",
		Next:    "Read the log of the kube-scheduler that holds the Lease; start it anew if it has nothing to say.",
		Example: "kube-scheduler renews its Lease and schedules nothing: 3 pods of 2 workloads have waited since 09:40:00 UTC without a word"},
}

// checkIdleScheduler looks for pods that wait without a word while the scheduler's Lease is kept, and none has been placed since.
func checkIdleScheduler(s *snapshot.Snapshot, r *finding.Report) {
	lease := s.Lease("kube-system", "kube-scheduler")
	if lease == nil || lease.Spec.RenewTime == nil || kube.NodeLeases(s).Newest.Sub(lease.Spec.RenewTime.Time) > 2*finding.LeaseLasts.For ||
		finding.NotSeen(s, "events", "") || finding.NotSeen(s, "pods", "") {
		return
	}
	var pods []*corev1.Pod
	workloads := map[incident.Object]bool{}
	var since time.Time
	for _, p := range s.PodsOn("") {
		if p.Status.Phase != corev1.PodPending || p.DeletionTimestamp != nil || len(p.Spec.SchedulingGates) > 0 ||
			p.Spec.SchedulerName != "" && p.Spec.SchedulerName != corev1.DefaultSchedulerName {
			continue
		}
		if kube.PodCondition(p, corev1.PodScheduled) != nil || kube.LastEvent(s, finding.PodObject(p), "FailedScheduling") != nil {
			return // it has spoken
		}
		pods = append(pods, p)
		workloads[s.WorkloadOf(p)] = true
		since = finding.Earlier(since, p.CreationTimestamp.Time)
	}
	term := finding.NoScheduler
	if len(workloads) == 1 {
		term = finding.SchedulerHangs
	}
	if len(pods) == 0 || works(s, "kube-scheduler", since) {
		return
	}
	o := snapshot.ObjectOf("Lease", lease.Namespace, lease.Name)
	f := r.Find(SchedulerIdle, o, fmt.Sprintf("kube-scheduler renews its Lease and schedules nothing: %s of %s have waited since %s "+
		"without a word",
		finding.Inflect(len(pods), "%d {pod|pods}", len(pods)), finding.Inflect(len(workloads), "%d {workload|workloads}", len(workloads)),
		finding.Clock(since)))
	f.Since, f.Told, f.Pods, f.Fault = since, []time.Time{since}, componentPods(s, "kube-scheduler"), []incident.Object{o}
	f.Cite(finding.SeenAPI(o, "spec.renewTime", lease.Spec.RenewTime.Time, "renewed at "+finding.Clock(lease.Spec.RenewTime.Time)))
	f.NotYet(term, since, s.At)
	for _, p := range f.Pods {
		f.Fault = append(f.Fault, finding.PodObject(p))
		for _, c := range kube.ContainersOf(p) {
			if said, log := readings.Current(s, p, c); !said.Quiet && said.Last != "" {
				log.Excerpt = clip.Bytes(log.Excerpt, incident.MaxExcerpt)
				f.Because = f.Title + ". Its log says: " + finding.ShortMessage(said.Last)
				f.Cite(log)
			}
		}
	}
	for _, p := range pods[:min(len(pods), finding.ShownPods)] {
		f.Cite(finding.SeenAPI(finding.PodObject(p), "spec.nodeName", p.CreationTimestamp.Time, "no node after "+
			finding.Duration(s.At.Sub(p.CreationTimestamp.Time))+", no condition PodScheduled, no event"))
	}
}
