package checks

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about Jobs.
const (
	JobFailed = "JobFailed"
)

var jobCodes = []Code{
	{Code: JobFailed, Severity: incident.Warning, Root: true,
		Meaning: "A Job has given up: its pods failed too often, or it took too long.",
		Next:    "Read its pods' log; run it again once the reason is gone.",
		Example: "Job nightly-backup has failed after 7 tries: exit code 1, disk full"},
}

func checkJobs(s *snapshot.Snapshot, r *Report) {
	newest := newestJobs(s)
	var pods map[incident.Object][]*corev1.Pod
	for i := range s.Jobs {
		j := &s.Jobs[i]
		c := jobCondition(j, batchv1.JobFailed)
		if c == nil || c.Status != corev1.ConditionTrue || j.DeletionTimestamp != nil {
			continue
		}
		if pods == nil {
			pods = podsOfJobs(s)
		}
		reportJob(s, r, j, c, pods[snapshot.ObjectOf("Job", j.Namespace, j.Name)], newest)
	}
}

func jobCondition(j *batchv1.Job, t batchv1.JobConditionType) *batchv1.JobCondition {
	for i := range j.Status.Conditions {
		if j.Status.Conditions[i].Type == t {
			return &j.Status.Conditions[i]
		}
	}
	return nil
}

// newestJobs is each CronJob's newest Job: an older one's failure is past.
func newestJobs(s *snapshot.Snapshot) map[incident.Object]*batchv1.Job {
	newest := map[incident.Object]*batchv1.Job{}
	for i := range s.Jobs {
		j := &s.Jobs[i]
		o, ok := cronJobOf(j)
		if ok && (newest[o] == nil || newest[o].CreationTimestamp.Before(&j.CreationTimestamp)) {
			newest[o] = j
		}
	}
	return newest
}

func cronJobOf(j *batchv1.Job) (incident.Object, bool) {
	c := metav1.GetControllerOf(j)
	if c == nil || c.Kind != "CronJob" {
		return incident.Object{}, false
	}
	return snapshot.ObjectOf("CronJob", j.Namespace, c.Name), true
}

func podsOfJobs(s *snapshot.Snapshot) map[incident.Object][]*corev1.Pod {
	pods := map[incident.Object][]*corev1.Pod{}
	for i := range s.Pods {
		p := &s.Pods[i]
		if c := metav1.GetControllerOf(p); c != nil && c.Kind == "Job" {
			o := snapshot.ObjectOf("Job", p.Namespace, c.Name)
			pods[o] = append(pods[o], p)
		}
	}
	return pods
}

func reportJob(s *snapshot.Snapshot, r *Report, j *batchv1.Job, c *batchv1.JobCondition, pods []*corev1.Pod, newest map[incident.Object]*batchv1.Job) {
	o := snapshot.ObjectOf("Job", j.Namespace, j.Name)
	title := inflect(fmt.Sprintf("Job %s has failed after %d {try|tries}", j.Name, max(j.Status.Failed, 1)), int(max(j.Status.Failed, 1)))
	if c.Reason == batchv1.JobReasonDeadlineExceeded {
		title = fmt.Sprintf("Job %s took longer than its deadline", j.Name)
		if d := j.Spec.ActiveDeadlineSeconds; d != nil {
			title += fmt.Sprintf(" of %ds", *d)
		}
	}
	f := r.Find(JobFailed, o, title)
	f.Workload, f.Since, f.Pods = o, c.LastTransitionTime.Time, pods
	f.See(seenAPI(o, "status.conditions[Failed]", f.Since, c.Reason+": "+c.Message))
	if cron, ok := cronJobOf(j); ok {
		f.Workload = cron
		if newest[cron] != j {
			f.Severity = incident.Info
		}
	}
	for _, p := range pods {
		for _, ct := range containersOf(p) {
			end := ct.status.State.Terminated
			if end == nil {
				end = ct.status.LastTerminationState.Terminated
			}
			if end == nil || end.ExitCode == 0 {
				continue
			}
			a := crashed(s, p, ct, end)
			if len(f.Seen) == 1 && c.Reason != batchv1.JobReasonDeadlineExceeded {
				f.Title = oneLine(title+": "+a.why, maxTitle)
			}
			f.hear(a.said)
			f.Refs = union(f.Refs, a.refs)
			f.See(a.seen...)
		}
	}
}
