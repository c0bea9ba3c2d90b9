package workloads

import (
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about CronJobs.
const (
	CronJobSchedule  = "CronJobSchedule"
	CronJobMissed    = "CronJobMissed"
	CronJobBlocked   = "CronJobBlocked"
	CronJobNoSuccess = "CronJobNoSuccess"
	CronJobSuspended = "CronJobSuspended"
	CronJobOverlaps  = "CronJobOverlaps"
)

var cronJobCodes = []finding.Code{
	{Code: CronJobSchedule, Severity: incident.Warning, Root: true,
		Meaning: "A CronJob's schedule or time zone cannot be understood, so it never starts.",
		Next:    "Correct spec.schedule or spec.timeZone.",
		Example: `CronJob nightly never starts: there is no time zone "Europe/Zurch" (spec.timeZone)`},
	{Code: CronJobMissed, Severity: incident.Warning, Root: true,
		Meaning: "A CronJob has not started at the times that its schedule names.",
		Next: "Look at its events; a startingDeadlineSeconds below 10, clock skew, or a controller-manager that does not run makes it " +
			"miss its times.",
		Example: "CronJob nightly has not started since 2026-01-01 02:00:00 UTC, and missed 14 times since: too many missed start times"},
	{Code: CronJobBlocked, Severity: incident.Warning, Root: true,
		Meaning: "A CronJob starts no new run, for an old one is still running and its concurrencyPolicy is Forbid.",
		Next:    "See why the Job does not end; delete it if it hangs, and give it an activeDeadlineSeconds.",
		Example: "CronJob sync starts no new run: Job sync-29 has been running for 2d3h, and concurrencyPolicy is Forbid; " +
			"612 start times missed"},
	{Code: CronJobNoSuccess, Severity: incident.Warning,
		Meaning: "A CronJob runs at its times, but none of its last runs has succeeded.",
		Next:    "Read the log of its last run's pods.",
		Example: "CronJob backup last succeeded 6d2h ago, though it should have 6 times since"},
	{Code: CronJobOverlaps, Severity: incident.Warning, Root: true,
		RestsOn: []incident.Resource{finding.Jobs},
		Meaning: "A CronJob's runs take longer than the time between two starts, and its concurrencyPolicy lets them add up.",
		Next: "Set concurrencyPolicy to Forbid or Replace, start it less often, or make a run shorter; give its Jobs an " +
			"activeDeadlineSeconds.",
		Example: "CronJob sync has 19 runs at once, the oldest for 18m: a run takes longer than the time between two starts, and " +
			"concurrencyPolicy is Allow"},
	{Code: CronJobSuspended, Severity: incident.Info,
		Meaning: "A CronJob is suspended: it starts nothing until somebody resumes it.",
		Next:    "Resume it, if it should run (kubectl patch cronjob … suspend: false).",
		Example: "CronJob nightly is suspended, and last ran 12d3h ago"},
}

func checkCronJobs(s *snapshot.Snapshot, r *finding.Report) {
	for i := range s.CronJobs {
		c := &s.CronJobs[i]
		if c.DeletionTimestamp != nil {
			continue
		}
		marked := r.MayPass(finding.Lasts(finding.Settling, c.CreationTimestamp.Time))
		checkCronJob(s, r, c, snapshot.ObjectOf("CronJob", c.Namespace, c.Name))
		marked()
	}
}

func checkCronJob(s *snapshot.Snapshot, r *finding.Report, c *batchv1.CronJob, o incident.Object) {
	if suspended(c.Spec.Suspend) {
		reportSuspended(s, r, c, o)
		return
	}
	schedule, field, err := scheduleOf(c)
	if err != nil {
		f := r.Find(CronJobSchedule, o, fmt.Sprintf("CronJob %s never starts: %v (%s)", c.Name, err, field))
		f.Workload, f.Since = o, c.CreationTimestamp.Time
		f.Cite(finding.SeenAPI(o, field, c.CreationTimestamp.Time, fmt.Sprintf("schedule %q, timeZone %q", c.Spec.Schedule, zone(c))),
			finding.SeenEvent(kube.LastEvent(s, o, "UnknownTimeZone", "UnparseableSchedule", "UnParseableCronJobSchedule", "InvalidSchedule")))
		return
	}
	if refusedEvent(s, o) != nil {
		return // its Jobs are refused, which is a finding of its own
	}
	d := dueInItsZone(schedule, c, lastRun(c), s.At)
	switch {
	case len(c.Status.Active) >= manyRuns && c.Spec.ConcurrencyPolicy != batchv1.ForbidConcurrent:
		reportRunsAddUp(s, r, c, o)
	case len(c.Status.Active) > 0 && c.Spec.ConcurrencyPolicy == batchv1.ForbidConcurrent:
		checkBlocked(s, r, c, o, d)
	case d.count > 0 && finding.Lasts(finding.Settling, d.first).Over(s.At) &&
		!reportMissed(s, r, c, o, d).NotYet(finding.LateStart, d.first, s.At).Early(s.At):
	case len(c.Status.Active) == 0:
		checkSuccess(s, r, c, o, schedule)
	}
}

// manyRuns is from how many runs at once on a CronJob is not meant to run so.
const manyRuns = 10

// reportRunsAddUp wants the Jobs themselves to be at work: the status may be behind.
func reportRunsAddUp(s *snapshot.Snapshot, r *finding.Report, c *batchv1.CronJob, o incident.Object) {
	runs, oldest, ours := 0, s.At, map[string]bool{}
	for _, j := range jobsOf(s, o) {
		if j.Status.Active > 0 && j.Status.CompletionTime == nil && j.Status.StartTime != nil {
			runs, oldest, ours[j.Name] = runs+1, finding.Earlier(oldest, j.Status.StartTime.Time), true
		}
	}
	if runs < manyRuns {
		return
	}
	f := r.Find(CronJobOverlaps, o, fmt.Sprintf("CronJob %s has %d runs at once, the oldest for %s: a run takes longer than the time "+
		"between two starts, and concurrencyPolicy is Allow",
		c.Name, runs, finding.Duration(s.At.Sub(oldest))))
	f.Workload, f.Since = o, oldest
	for _, p := range s.PodsIn(c.Namespace) {
		if owner := metav1.GetControllerOf(p); owner != nil && owner.Kind == "Job" && ours[owner.Name] && p.Status.Phase == corev1.PodRunning {
			f.Pods = append(f.Pods, p)
		}
	}
	f.Cite(finding.SeenAPI(o, "status.active", time.Time{}, fmt.Sprintf("%d Jobs", len(c.Status.Active))),
		finding.SeenAPI(o, "spec.schedule", time.Time{}, c.Spec.Schedule))
}

func reportSuspended(s *snapshot.Snapshot, r *finding.Report, c *batchv1.CronJob, o incident.Object) {
	title := fmt.Sprintf("CronJob %s is suspended", c.Name)
	if last := c.Status.LastScheduleTime; last != nil {
		title += fmt.Sprintf(", and last ran %s ago", finding.Duration(s.At.Sub(last.Time)))
	}
	f := r.Find(CronJobSuspended, o, title)
	f.Workload = o
	f.Cite(finding.SeenAPI(o, "spec.suspend", time.Time{}, "true"))
}

func zone(c *batchv1.CronJob) string {
	if c.Spec.TimeZone == nil {
		return ""
	}
	return *c.Spec.TimeZone
}

// scheduleOf reads a schedule as the CronJob controller does; field is what cannot be understood.
func scheduleOf(c *batchv1.CronJob) (schedule cron.Schedule, field string, err error) {
	const scheduleField = "spec.schedule"
	if c.Spec.TimeZone != nil {
		if _, err := time.LoadLocation(zone(c)); err != nil {
			return nil, "spec.timeZone", fmt.Errorf("there is no time zone %q", zone(c))
		}
	}
	schedule, err = kube.Schedule(c.Spec.Schedule, c.Spec.TimeZone)
	if errors.Is(err, kube.ErrNoSchedule) {
		return nil, scheduleField, err
	}
	if err != nil {
		return nil, scheduleField, fmt.Errorf("its schedule %q cannot be read: %w", c.Spec.Schedule, err)
	}
	if schedule.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, scheduleField, fmt.Errorf("its schedule %q names no day that there is", c.Spec.Schedule)
	}
	return schedule, "", nil
}

// lastRun is when a CronJob last ran, was made, or was written, whichever is the latest: its times count from then.
func lastRun(c *batchv1.CronJob) time.Time {
	t := c.CreationTimestamp.Time
	if last := c.Status.LastScheduleTime; last != nil && last.After(t) {
		t = last.Time
	}
	if at, _ := snapshot.Changed(c); at.After(t) {
		t = at
	}
	return t
}

// due counts the times that a schedule names.
type due struct {
	first time.Time
	count int // at most maxDue
}

// maxDue is where counting ends: the controller itself complains from there on.
const maxDue = 100

func (d due) times() string {
	switch {
	case d.count >= maxDue:
		return "100 start times or more"
	case d.count == 1:
		return "1 start time"
	}
	return fmt.Sprintf("%d start times", d.count)
}

func dueSince(schedule cron.Schedule, since, now time.Time) due {
	var d due
	if since.IsZero() {
		return d
	}
	// a run noted shortly before a time is of that time: clocks differ, and a schedule names minutes
	for t := schedule.Next(since.Add(finding.WrongClock.For)); !t.IsZero() && !t.After(now) && d.count < maxDue; t = schedule.Next(t) {
		if d.count == 0 {
			d.first = t
		}
		d.count++
	}
	return d
}

// skipped is how many starts must have been held up.
const skipped = 3

// checkBlocked: fewer starts than that, or a run that is not long, are told to who asks, as a failure where the controller says itself that
// it could not start.
func checkBlocked(s *snapshot.Snapshot, r *finding.Report, c *batchv1.CronJob, o incident.Object, d due) {
	var oldest *batchv1.Job
	for _, j := range jobsOf(s, o) {
		if j.Status.StartTime != nil && j.Status.CompletionTime == nil && j.Status.Active > 0 &&
			(oldest == nil || j.Status.StartTime.Before(oldest.Status.StartTime)) {
			oldest = j
		}
	}
	if oldest == nil || d.count == 0 {
		return
	}
	start := oldest.Status.StartTime.Time
	f := r.Find(CronJobBlocked, o, fmt.Sprintf("CronJob %s starts no new run: Job %s has been running for %s, and concurrencyPolicy is "+
		"Forbid; %s missed", c.Name, oldest.Name, finding.Duration(s.At.Sub(start)), d.times()))
	job := snapshot.ObjectOf("Job", oldest.Namespace, oldest.Name)
	f.Workload, f.Since, f.Fault = o, start, []incident.Object{job, o}
	f.Pods = append(f.Pods, kube.PodsOf(s, job)...)
	f.Cite(finding.SeenAPI(job, "status.startTime", start, fmt.Sprintf("%d active, not ended", oldest.Status.Active)),
		finding.SeenAPI(o, "spec.concurrencyPolicy", time.Time{}, string(c.Spec.ConcurrencyPolicy)),
		finding.SeenEvent(kube.LastEvent(s, o, "JobAlreadyActive")))
	switch f.MayPass(finding.LongRun, start); {
	case f.Early(s.At) && kube.LastEvent(s, o, "JobAlreadyActive") != nil:
		f.AtMost = incident.Likely // it may be meant to hold the next ones up
	case f.Early(s.At) || d.count < skipped:
		f.Suspected()
	}
}

func reportMissed(s *snapshot.Snapshot, r *finding.Report, c *batchv1.CronJob, o incident.Object, d due) *finding.Finding {
	e := kube.LastEvent(s, o, "TooManyMissedTimes", "FailedNeedsStart", "MissSchedule")
	last := "never started"
	if t := c.Status.LastScheduleTime; t != nil {
		last = fmt.Sprintf("not started for %s", finding.Duration(s.At.Sub(t.Time)))
	}
	title := fmt.Sprintf("CronJob %s has %s, and missed %s (schedule %s)", c.Name, last, d.times(), c.Spec.Schedule)
	n := c.Spec.StartingDeadlineSeconds
	hasty := n != nil && *n < 10
	if hasty {
		title += fmt.Sprintf(": its startingDeadlineSeconds of %d leaves the controller, which looks every 10 s, no time", *n)
	} else if e != nil {
		title += ": " + finding.ShortMessage(e.Message)
	}
	f := r.Find(CronJobMissed, o, title)
	f.Workload, f.Since = o, d.first
	f.Root = hasty || e != nil // or else it is the controller that starts nothing, for a reason of its own
	f.Cite(finding.SeenAPI(o, "status.lastScheduleTime", d.first, fmt.Sprintf("%s; due since %s", last, finding.Clock(d.first))),
		finding.SeenEvent(e))
	return f
}

// unsuccessful is how many runs in a row must have been in vain.
const unsuccessful = 3

func checkSuccess(s *snapshot.Snapshot, r *finding.Report, c *batchv1.CronJob, o incident.Object, schedule cron.Schedule) {
	since, what := c.CreationTimestamp.Time, "has never succeeded"
	if t := c.Status.LastSuccessfulTime; t != nil {
		since, what = t.Time, fmt.Sprintf("last succeeded %s ago", finding.Duration(s.At.Sub(t.Time)))
	}
	last := c.Status.LastScheduleTime
	if at, _ := snapshot.Changed(c); at.After(since) {
		since = at // it may have been suspended until then
	}
	if last == nil || c.Status.LastSuccessfulTime == nil && !failedJobs(s, o) {
		return // a CronJob controller from before 1.21 does not say when one succeeded
	}
	d := dueSince(schedule, since, last.Time)
	if d.count < unsuccessful {
		return
	}
	f := r.Find(CronJobNoSuccess, o, fmt.Sprintf("CronJob %s %s, though it should have %d times since", c.Name, what, d.count))
	f.Workload, f.Since = o, d.first
	f.Cite(finding.SeenAPI(o, "status.lastSuccessfulTime", since,
		fmt.Sprintf("%s; last started at %s", what, last.UTC().Format(time.RFC3339))))
}

func failedJobs(s *snapshot.Snapshot, owner incident.Object) bool {
	for _, j := range jobsOf(s, owner) {
		if c := kube.JobCondition(j, batchv1.JobFailed); c != nil && c.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}
