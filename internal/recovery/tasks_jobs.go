package recovery

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// draftRunAgain makes a failed Job once more, where it is seen that what it failed of has passed.
func draftRunAgain(ctx context.Context, r *Recovery, q request) (draft, error) {
	for _, o := range ofKind(q.cause.Objects, "Job") {
		j := find(q.s.Jobs, o)
		if j == nil {
			continue
		}
		failed := kube.JobCondition(j, batchv1.JobFailed)
		if failed == nil || failed.Status != corev1.ConditionTrue {
			return no("%s has not given up: it tries again by itself", o)
		}
		if again := laterSuccess(q.s, j, failed.LastTransitionTime.Time); again != "" {
			return no("%s need not run again: Job %s of the same CronJob has succeeded since", o, again)
		}
		why, cron := passed(q.s, j, failed.LastTransitionTime.Time)
		if why == "" {
			return no("nothing shows that what %s failed of has passed, and to run it again before would only fail again", o)
		}
		live, err := r.asItIs(ctx, o)
		if err != nil || live == nil {
			return draft{no: fmt.Sprintf("%s is not there any more", o)}, err
		}
		spec := live.at("spec")
		if cron {
			from, err := r.asItIs(ctx, snapshot.ObjectOf("CronJob", o.Namespace, metav1.GetControllerOf(j).Name))
			if err != nil || from == nil {
				return draft{no: fmt.Sprintf("the CronJob of %s is not there any more", o)}, err
			}
			spec = from.at("spec", "jobTemplate", "spec")
		}
		again, ok := jobAgain(live, spec, q.d.At)
		if !ok {
			return no("%s selects its pods by labels that somebody chose by hand; a second one would take its pods over", o)
		}
		target := snapshot.ObjectOf("Job", o.Namespace, again.text("metadata", "name"))
		return single(restingOn("the Job that failed, or what its CronJob runs by now: "+why, stepTo(MakeObject, target, again)),
			fmt.Sprintf("run Job %s/%s again as %s", o.Namespace, o.Name, target.Name), why)
	}
	return no("no Job is at fault")
}

// laterSuccess is a Job of the same CronJob that has succeeded since.
func laterSuccess(s *snapshot.Snapshot, j *batchv1.Job, failed time.Time) string {
	owner := metav1.GetControllerOf(j)
	for i := range s.Jobs {
		x := &s.Jobs[i]
		if c := metav1.GetControllerOf(x); owner != nil && c != nil && c.UID == owner.UID && x.Status.CompletionTime != nil &&
			x.Status.CompletionTime.After(failed) {
			return x.Name
		}
	}
	return ""
}

// passed says what has changed for the better since a Job failed: its pods were taken from it, its CronJob runs something else by now
// (cron is true then), what it is configured by was written since, or what it called answers again.
func passed(s *snapshot.Snapshot, j *batchv1.Job, failed time.Time) (why string, cron bool) {
	o := snapshot.ObjectOf("Job", j.Namespace, j.Name)
	pods := kube.PodsOf(s, o)
	lost := 0
	for _, p := range pods {
		if kube.PodCondition(p, corev1.DisruptionTarget) != nil || p.Status.Reason == "Evicted" || p.Status.Reason == "NodeLost" {
			lost++
		}
	}
	if lost > 0 && lost == len(pods) {
		return fmt.Sprintf("All pods of %s that are known were taken from it (evicted, or lost with their node): its program did not fail.", o),
			false
	}
	if c := metav1.GetControllerOf(j); c != nil && c.Kind == "CronJob" {
		cronJob := find(s.CronJobs, snapshot.ObjectOf("CronJob", j.Namespace, c.Name))
		if cronJob != nil && !reflect.DeepEqual(cronJob.Spec.JobTemplate.Spec.Template.Spec, j.Spec.Template.Spec) {
			return fmt.Sprintf("CronJob %s runs another template by now than the one %s failed with; this is a run of the new one.", c.Name, o), true
		}
	}
	if named := writtenSince(s, j, failed); named != "" {
		return fmt.Sprintf("%s, which %s is configured by, was written after it had failed.", named, o), false
	}
	return answersAgain(s, o, pods), false
}

// answersAgain names the Services that a Job's pods could not reach, if all of them have ready endpoints now.
func answersAgain(s *snapshot.Snapshot, job incident.Object, pods []*corev1.Pod) string {
	var names []string
	for _, c := range calls.Failing(s) {
		for _, p := range pods {
			if c.Pod != p {
				continue
			}
			n := 0
			if !c.Service.IsZero() {
				n, _ = kube.EndpointsOf(s, c.Service.Namespace, c.Service.Name)
			}
			if n == 0 {
				return ""
			}
			names = append(names, fmt.Sprintf("Service %s/%s (%d endpoints ready)", c.Service.Namespace, c.Service.Name, n))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("What %s could not reach answers again: %s.", job, names[0])
}

// writtenSince names a ConfigMap or Secret of a Job's pods that was made or changed after the Job failed.
func writtenSince(s *snapshot.Snapshot, j *batchv1.Job, failed time.Time) string {
	for _, o := range kube.TakenFrom(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: j.Namespace}, Spec: j.Spec.Template.Spec}) {
		at := time.Time{}
		switch o.Kind {
		case "ConfigMap":
			if c := find(s.ConfigMaps, o); c != nil {
				at, _ = snapshot.Changed(c)
				at = kube.Latest(at, c.CreationTimestamp.Time)
			}
		case "Secret":
			if c := kube.SecretNamed(s, o.Namespace, o.Name); c != nil {
				at = c.Changed
			}
		}
		if at.After(failed) {
			return inWords(o)
		}
	}
	return ""
}

// byTheJobController are the labels that the Job controller gives to a Job's pods (JobPodLabels in k8s.io/kubernetes/pkg/controller/job).
var byTheJobController = []string{"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"}

// jobAgain is a Job that does the same, under a name of its own that says when: as "kubectl create job --from" makes one. ok is false
// for one that selects its pods by hand.
func jobAgain(failed object, spec any, at time.Time) (object, bool) {
	if failed.at("spec", "manualSelector") == true {
		return nil, false
	}
	out := object{"apiVersion": "batch/v1", "kind": "Job", "metadata": map[string]any{}, "spec": spec}.clone()
	name, suffix := failed.text("metadata", "name"), "-"+strconv.FormatInt(at.Unix()/60, 10)
	out.set(strings.TrimRight(name[:min(len(name), 63-len(suffix))], "-.")+suffix, "metadata", "name")
	out.set(failed.text("metadata", "namespace"), "metadata", "namespace")
	if owners := failed.at("metadata", "ownerReferences"); owners != nil { // who cleans up after it
		out.set(owners, "metadata", "ownerReferences")
		out.set("manual", "metadata", "annotations", "cronjob.kubernetes.io/instantiate")
	}
	out.unset("spec", "selector")
	out.unset("spec", "suspend")
	for _, l := range byTheJobController {
		out.unset("spec", "template", "metadata", "labels", l)
	}
	out.unset("spec", "template", "metadata", "creationTimestamp")
	if labels, _ := out.at("spec", "template", "metadata", "labels").(map[string]any); len(labels) == 0 {
		out.unset("spec", "template", "metadata")
	}
	return out, true
}

// draftEndRun ends a run that hangs and keeps the next ones from starting: it gets the deadline that it lacks.
func draftEndRun(_ context.Context, _ *Recovery, q request) (draft, error) {
	jobs, crons := ofKind(q.cause.Objects, "Job"), ofKind(q.cause.Objects, "CronJob")
	if len(jobs) == 0 || len(crons) == 0 {
		return no("it is no run of a CronJob, so nothing waits for it")
	}
	j, c := find(q.s.Jobs, jobs[0]), find(q.s.CronJobs, crons[0])
	if j == nil || c == nil || j.Status.StartTime == nil {
		return no("%s or its CronJob is not to be seen", jobs[0])
	}
	every, ok := betweenStarts(c, q.s.At)
	if !ok {
		return no("the schedule of %s cannot be read", crons[0])
	}
	usual, longestOf := longestRun(q.s, j)
	deadline, running := max(every, usual), q.s.At.Sub(j.Status.StartTime.Time)
	why := fmt.Sprintf("%s has run for %s; runs start every %s", jobs[0], finding.Duration(running), finding.Duration(every))
	if longestOf != "" {
		why += fmt.Sprintf(", and the longest that is known (%s) took %s", longestOf, finding.Duration(usual))
	}
	if running <= 2*deadline {
		return no("%s: it may still be at work", why)
	}
	why += ". Its deadline becomes the longer of the two, so that it ends now, as failed; what it has half done stays half done. The " +
		"next run " +
		"starts at its time."
	return single(restingOn("the time between two starts, or that of the longest run that is known, whichever is longer",
		stepTo("SetJobDeadline", jobs[0], int64(deadline/time.Second))), fmt.Sprintf("end the run %s/%s that hangs", j.Namespace, j.Name), why)
}

// longestRun is how long the longest completed run of the same CronJob took, and which it was.
func longestRun(s *snapshot.Snapshot, j *batchv1.Job) (longest time.Duration, name string) {
	owner := metav1.GetControllerOf(j)
	for i := range s.Jobs {
		x := &s.Jobs[i]
		c := metav1.GetControllerOf(x)
		if owner == nil || c == nil || c.UID != owner.UID || x.Status.CompletionTime == nil || x.Status.StartTime == nil {
			continue
		}
		if took := x.Status.CompletionTime.Sub(x.Status.StartTime.Time); took > longest {
			longest, name = took, x.Name
		}
	}
	return longest, name
}

// draftEndHelper ends a run of which the work is done while a helper beside it runs on.
func draftEndHelper(_ context.Context, _ *Recovery, q request) (draft, error) {
	for _, o := range ofKind(q.cause.Objects, "Job") {
		j := find(q.s.Jobs, o)
		if j == nil || j.Status.StartTime == nil {
			continue
		}
		if len(ofKind(q.cause.Objects, "CronJob")) == 0 {
			return no("%s belongs to no CronJob: to end it would mark work that is done as failed, and nothing waits for its end", o)
		}
		var done time.Time
		for _, p := range kube.PodsOf(q.s, o) {
			for _, c := range p.Status.ContainerStatuses {
				if end := c.State.Terminated; end != nil && end.ExitCode == 0 {
					done = kube.Latest(done, end.FinishedAt.Time)
				}
			}
		}
		took := done.Sub(j.Status.StartTime.Time).Truncate(time.Second)
		if done.IsZero() || took < time.Second {
			return no("when the work of %s was done is not known", o)
		}
		return single(restingOn("the end of its work, as the status of its pod has it", stepTo("SetJobDeadline", o, int64(took/time.Second))),
			fmt.Sprintf("end Job %s/%s, whose work is done", o.Namespace, o.Name),
			fmt.Sprintf("The work of %s was done after %s. Its deadline becomes that, so that its helper is ended now; Kubernetes will count "+
				"this run "+
				"as failed, though it is not, and the next one starts at its time.", o, finding.Duration(took)))
	}
	return no("no Job is at fault")
}
