package workloads

import (
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about Jobs.
const (
	JobFailed  = "JobFailed"
	JobEndless = "JobEndless"
	JobHeld    = "JobHeld"
)

var jobCodes = []finding.Code{
	{Code: JobFailed, Severity: incident.Warning, Root: true, Crash: true,
		Meaning: "A Job has given up: its pods failed too often, or it took too long.",
		Next:    "Read its pods' log; run it again once the reason is gone.",
		Example: "Job nightly-backup has failed after 7 tries: exit code 1, disk full"},
	{Code: JobEndless, Severity: incident.Info,
		Meaning: "A Job has been running for days, and nothing would ever end it.",
		Next:    "See whether it still does something; give it an activeDeadlineSeconds.",
		Example: "Job import has been running for 5d2h, and has no activeDeadlineSeconds"},
	{Code: JobHeld, Severity: incident.Warning, Root: true,
		Meaning: "A Job's work is done, or has failed, but a helper beside it, such as a service mesh's proxy, runs on, so that the Job " +
			"never ends, and does not try again.",
		Next: "Run the helper as an init container with restartPolicy Always (a native sidecar), have the program tell it to quit when it " +
			"is done (istio: POST /quitquitquit on port 15020), or keep it out of Jobs. Delete the pod that hangs.",
		Example: "Job sync-29 does not end: container sync ended with exit 0 9h12m ago, and istio-proxy beside it runs on"},
}

func checkJobs(s *snapshot.Snapshot, r *finding.Report) {
	newest := newestJobs(s)
	for i := range s.Jobs {
		j := &s.Jobs[i]
		if j.DeletionTimestamp != nil {
			continue
		}
		c := kube.JobCondition(j, batchv1.JobFailed)
		if c == nil || c.Status != corev1.ConditionTrue {
			checkRunning(s, r, j)
			continue
		}
		reportJob(s, r, j, c, kube.PodsOf(s, snapshot.ObjectOf("Job", j.Namespace, j.Name)), newest)
	}
}

// checkRunning looks at a Job that has not ended: it may run on and on.
func checkRunning(s *snapshot.Snapshot, r *finding.Report, j *batchv1.Job) {
	o := snapshot.ObjectOf("Job", j.Namespace, j.Name)
	if jobEnded(j) || suspended(j.Spec.Suspend) {
		return
	}
	if j.Status.Active > 0 && checkJobHeld(s, r, j) {
		return
	}
	checkTries(s, r, j)
	if start := j.Status.StartTime; start != nil && j.Spec.ActiveDeadlineSeconds == nil && j.Status.Active > 0 &&
		finding.Lasts(finding.EndlessJob, start.Time).Over(s.At) {
		f := r.Find(JobEndless, o, fmt.Sprintf("Job %s has been running for %s, and has no activeDeadlineSeconds", j.Name,
			finding.Duration(s.At.Sub(start.Time))))
		f.Workload, f.Since = o, start.Time
		f.Cite(finding.SeenAPI(o, "status.startTime", start.Time, fmt.Sprintf("%d active, %d succeeded, %d failed", j.Status.Active,
			j.Status.Succeeded, j.Status.Failed)))
	}
}

func jobEnded(j *batchv1.Job) bool {
	for _, t := range []batchv1.JobConditionType{batchv1.JobComplete, batchv1.JobFailed} {
		if c := kube.JobCondition(j, t); c != nil && c.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}

// suspended reads an optional spec.suspend.
func suspended(b *bool) bool { return b != nil && *b }

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

// jobsOf are a CronJob's Jobs, by name.
func jobsOf(s *snapshot.Snapshot, cron incident.Object) []*batchv1.Job {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[incident.Object][]*batchv1.Job {
		m := map[incident.Object][]*batchv1.Job{}
		for i := range s.Jobs {
			if o, ok := cronJobOf(&s.Jobs[i]); ok {
				m[o] = append(m[o], &s.Jobs[i])
			}
		}
		return m
	})[cron]
}

func cronJobOf(j *batchv1.Job) (incident.Object, bool) {
	c := metav1.GetControllerOf(j)
	if c == nil || c.Kind != "CronJob" {
		return incident.Object{}, false
	}
	return snapshot.ObjectOf("CronJob", j.Namespace, c.Name), true
}

// doneSince says whether another Job that runs the same has succeeded since: the next try, under a name of its own.
func doneSince(s *snapshot.Snapshot, j *batchv1.Job, failed time.Time) bool {
	type key struct{}
	done := snapshot.Once(s, key{}, func() map[string]time.Time {
		m := map[string]time.Time{}
		for i := range s.Jobs {
			if t := s.Jobs[i].Status.CompletionTime; t != nil {
				m[taskOf(&s.Jobs[i])] = kube.Latest(m[taskOf(&s.Jobs[i])], t.Time)
			}
		}
		return m
	})
	return done[taskOf(j)].After(failed)
}

// taskOf is what a Job runs, whatever the version: its containers with their commands, and their images without tags.
func taskOf(j *batchv1.Job) string {
	var b strings.Builder
	b.WriteString(j.Namespace)
	for _, c := range j.Spec.Template.Spec.Containers {
		image, _, _ := strings.Cut(c.Image, "@")
		if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
			image = image[:i]
		}
		fmt.Fprintf(&b, "\x00%s\x00%s\x00%q\x00%q", c.Name, image, c.Command, c.Args)
	}
	return b.String()
}

func reportJob(s *snapshot.Snapshot, r *finding.Report, j *batchv1.Job, c *batchv1.JobCondition, pods []*corev1.Pod,
	newest map[incident.Object]*batchv1.Job) {
	o := snapshot.ObjectOf("Job", j.Namespace, j.Name)
	title := finding.Inflect(int(max(j.Status.Failed, 1)), "Job %s has failed after %d {try|tries}", j.Name, max(j.Status.Failed, 1))
	if c.Reason == batchv1.JobReasonDeadlineExceeded {
		title = fmt.Sprintf("Job %s took longer than its deadline", j.Name)
		if d := j.Spec.ActiveDeadlineSeconds; d != nil {
			title += fmt.Sprintf(" of %ds", *d)
		}
	}
	switch c.Reason {
	case batchv1.JobReasonPodFailurePolicy:
		title = fmt.Sprintf("Job %s has failed by its pod failure policy", j.Name)
	case batchv1.JobReasonFailedIndexes, batchv1.JobReasonMaxFailedIndexesExceeded:
		title = fmt.Sprintf("Job %s has failed at its indexes", j.Name)
		if x := j.Status.FailedIndexes; x != nil {
			title += " " + *x
		}
	}
	f := r.Find(JobFailed, o, title)
	f.Workload, f.Since, f.Pods = o, c.LastTransitionTime.Time, pods
	f.Cite(finding.SeenAPI(o, "status.conditions[Failed]", f.Since, c.Reason+": "+c.Message))
	if cron, ok := cronJobOf(j); ok {
		f.Workload = cron
		if newest[cron] != j {
			f.Severity = incident.Info
		}
	}
	if s.At.Sub(f.Since) > finding.LongPast.For || doneSince(s, j, f.Since) {
		f.Severity = incident.Info
	}
	crashes(s, f, pods, func(a podproblem.Problem) {
		if len(f.Seen) == 1 && c.Reason != batchv1.JobReasonDeadlineExceeded {
			f.Title = finding.OneLine(title+": "+a.Reason, finding.MaxTitle)
		}
	})
}

// crashes adds why the containers of a Job's pods ended; tell hears of each before its evidence is cited.
func crashes(s *snapshot.Snapshot, f *finding.Finding, pods []*corev1.Pod, tell func(podproblem.Problem)) {
	for _, p := range pods {
		for _, ct := range kube.ContainersOf(p) {
			end := ct.Status.State.Terminated
			if end == nil {
				end = ct.Status.LastTerminationState.Terminated
			}
			if end == nil || end.ExitCode == 0 {
				continue
			}
			a := podproblem.Crashed(s, p, ct, end)
			tell(a)
			f.AddFacts(a.Said)
			f.Refs = finding.Union(f.Refs, a.Refs)
			f.Cite(a.Seen...)
		}
	}
}

// checkTries speaks of a Job of which a try has failed, and that tries again: by itself a suspicion, and a failure while its next try may
// yet come.
func checkTries(s *snapshot.Snapshot, r *finding.Report, j *batchv1.Job) {
	o := snapshot.ObjectOf("Job", j.Namespace, j.Name)
	var failed []*corev1.Pod
	var last time.Time
	for _, p := range kube.PodsOf(s, o) {
		if p.Status.Phase == corev1.PodFailed && p.DeletionTimestamp == nil && kube.PodCondition(p, corev1.DisruptionTarget) == nil &&
			slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
				return c.State.Terminated != nil && c.State.Terminated.ExitCode != 0
			}) {
			failed, last = append(failed, p), kube.Latest(last, podproblem.FailedAt(p))
		}
	}
	if len(failed) == 0 || last.IsZero() {
		return
	}
	title := finding.Inflect(len(failed), "%d {try|tries} of Job %s {has|have} failed, and it tries again", len(failed), j.Name)
	f := r.Find(JobFailed, o, title)
	f.Workload, f.Since, f.Pods = o, last, failed
	if cron, ok := cronJobOf(j); ok {
		f.Workload = cron
	}
	f.Cite(finding.SeenAPI(o, "status", last, fmt.Sprintf("%d active, %d succeeded, %d failed", j.Status.Active, j.Status.Succeeded,
		j.Status.Failed)))
	crashes(s, f, failed, func(a podproblem.Problem) {
		if len(f.Seen) == 1 {
			f.Title = finding.OneLine(title+": "+a.Reason, finding.MaxTitle)
		}
	})
	if !f.MayPass(finding.NextTry, last).Early(s.At) {
		f.Suspected()
	}
}
