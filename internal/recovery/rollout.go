package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const (
	recentRollout = 24 * time.Hour   // a revision older than this did not break things by being new
	provenFor     = 10 * time.Minute // a revision that was the current one for less was never proved
)

// rollBackCodes are what a new revision can bring about. A schema that is half migrated is none of them: the old program may not know it.
var rollBackCodes = []string{"DeploymentStuck", "DeploymentUnavailable", "DeploymentFails", "StatefulSetUnavailable",
	"DaemonSetUnavailable",
	"PodCrashLoop", "PodExitsZero", "PodCannotStart", "PodImagePull", "PodConfigError", "PodOOMKilled", "PodProbeFailing", "PodNotReady",
	"PodRestarts", "PodInitStuck", "PodUnschedulable", "PodVolumeFailed", "PodSandboxFailed", "PodSecurityRefused", "PodOverStorage",
	"ConfigMapMissing", "SecretMissing", "LogMissingEnv", "LogConfigInvalid", "LogPortInUse", "LogFileDenied", "LogFileMissing",
	"LogAuthFailed", "LogTLSFailed", "LogDataVersion", "LogDatabaseMissing", "LogOutOfMemory", "LogServiceLink", "LogNotEmpty", "LogExhausted",
	"RecentChange", "SharedFactor"}

func draftRollback(ctx context.Context, r *Recovery, q request) (draft, error) {
	var out draft
	var why string
	var titles []string
	for _, o := range atFault(q) {
		prev, reason := backTo(q.s, o, q.cause.Since)
		if prev == nil {
			why = reason
			continue
		}
		now, _ := revisionsOf(q.s, o)
		s, err := r.rollbackTo(ctx, o, prev, now.number, prev.serving(q.s, o))
		if err != nil {
			return draft{}, err
		}
		titles = append(titles, fmt.Sprintf("roll %s back to revision %s", inWords(o), prev.number))
		out.steps = append(out.steps, s)
		if len(titles) <= 5 { // a person reads it
			out.why = join(out.why, reason)
		}
		if held := heldBy(q.s, o); len(held) > 0 {
			out.steps, out.why = append(out.steps, held...), join(out.why, heldWords)
		}
	}
	if len(out.steps) == 0 {
		if why == "" {
			why = "no Deployment, StatefulSet or DaemonSet is at fault"
		}
		return no("%s", why)
	}
	if out.title = strings.Join(few(titles, "more"), ", then "); len(out.steps) == len(titles) {
		out.many = "roll %d workloads back to the revision before"
	}
	return out, nil
}

// atFault lists the workloads that a cause blames; if it blames something else, those that suffer from it.
func atFault(q request) []incident.Object {
	var out []incident.Object
	for _, o := range q.cause.Objects {
		if o = workloadOf(q.s, o); restartable(o) {
			out = append(out, o)
		}
	}
	if len(out) == 0 {
		out = explained(q)
	}
	return out
}

// rollbackTo reads the revision's template as it is, for the Snapshot's types may not know all its fields.
func (r *Recovery) rollbackTo(ctx context.Context, o incident.Object, prev *templateRevision, from string, serving int) (incident.Step,
	error) {
	b, err := r.o.Reader.Get(ctx, prev.kept)
	if err != nil {
		return incident.Step{}, err
	}
	kept, err := decodeObject(b)
	if err != nil {
		return incident.Step{}, err
	}
	if data, ok := kept["data"].(map[string]any); ok && prev.kept.Kind == "ControllerRevision" { // a patch of the whole template
		kept = data
		kept.unset("spec", "template", "$patch")
	}
	t, err := templateOf(kept)
	if err != nil {
		return incident.Step{}, fmt.Errorf("read %s: %w", prev.kept, err)
	}
	hash, err := r.put(ctx, encode(t))
	if err != nil {
		return incident.Step{}, err
	}
	source := fmt.Sprintf("revision %s, with which it was available before", prev.number)
	if serving > 0 {
		source = fmt.Sprintf("revision %s, which still serves with %s", prev.number, counted(serving, "pod"))
	}
	return incident.Step{Kind: RollBackWorkload, Target: incident.Target{Object: o}, Source: source,
		Params: map[string]string{"template": hash, "to": prev.number, "from": from}}, nil
}

// backTo finds the revision before a workload's current one, if the trouble began with the current one and the one before is known to have
// worked. The reason says why, or why not.
func backTo(s *snapshot.Snapshot, o incident.Object, since time.Time) (prev *templateRevision, reason string) {
	now, prev := revisionsOf(s, o)
	switch {
	case now == nil:
		return nil, fmt.Sprintf("the revisions of %s are not known", o)
	case prev == nil:
		return nil, fmt.Sprintf("%s has no earlier revision to go back to", o)
	case s.At.Sub(now.made) > recentRollout:
		return nil, fmt.Sprintf("%s was last rolled out %s, too long ago to be the reason", o, stamp(now.made))
	case !since.IsZero() && since.Before(now.made.Add(-time.Minute)):
		return nil, fmt.Sprintf("the trouble of %s began before its last rollout", o)
	}
	serving, crashed := prev.serving(s, o), prev.crashed(s, o, now.made)
	switch {
	case crashed != nil:
		return nil, fmt.Sprintf("revision %s of %s fails as well: its pod %s has crashed since revision %s was rolled out", prev.number, o,
			crashed.Name, now.number)
	case serving > 0:
		reason = fmt.Sprintf("%s was rolled out %s and fails since; revision %s still serves with %s.", inWords(o), stamp(now.made), prev.number,
			counted(serving, "pod"))
	case now.made.Sub(prev.made) >= provenFor && wasWhole(s, o, now, prev):
		reason = fmt.Sprintf("%s was rolled out %s and fails since; it was available with revision %s before.", o, stamp(now.made), prev.number)
	default:
		return nil, fmt.Sprintf("nothing proves that revision %s of %s worked", prev.number, o)
	}
	return prev, reason
}

// serving is how many pods of the revision are ready. One that has just been started again is so for a moment, whatever becomes of it.
func (v *templateRevision) serving(s *snapshot.Snapshot, o incident.Object) int {
	steady, shaky := 0, 0
	for _, p := range v.pods(s, o) {
		switch {
		case ill(p, s.At) == "":
			steady++
		case ready(p):
			shaky++
		}
	}
	if v.replicaSet != nil {
		return max(0, int(v.replicaSet.Status.AvailableReplicas)-shaky)
	}
	return steady
}

// crashed is a pod of the revision whose container has failed since; nil if none has.
func (v *templateRevision) crashed(s *snapshot.Snapshot, o incident.Object, since time.Time) *corev1.Pod {
	for _, p := range v.pods(s, o) {
		for _, c := range p.Status.ContainerStatuses {
			for _, t := range []*corev1.ContainerStateTerminated{c.State.Terminated, c.LastTerminationState.Terminated} {
				if t != nil && t.ExitCode != 0 && t.FinishedAt.After(since) {
					return p
				}
			}
		}
	}
	return nil
}

// pods are those of the revision.
func (v *templateRevision) pods(s *snapshot.Snapshot, o incident.Object) []*corev1.Pod {
	return slices.DeleteFunc(podsOfWorkload(s, o), func(p *corev1.Pod) bool {
		if v.replicaSet != nil {
			return !metav1.IsControlledBy(p, v.replicaSet)
		}
		return p.Labels[appsv1.ControllerRevisionHashLabelKey] != v.hash
	})
}

// wasWhole says whether a workload is known to have been well just before its current revision: a Deployment by its own condition; a
// StatefulSet because it calls a revision its current one only once all of its pods were of it and ready, but the first.
func wasWhole(s *snapshot.Snapshot, o incident.Object, now, prev *templateRevision) bool {
	switch o.Kind {
	case "Deployment":
		return wasAvailable(s.Deployment(o.Namespace, o.Name), now.made)
	case "StatefulSet":
		return s.StatefulSet(o.Namespace, o.Name).Status.CurrentRevision == prev.kept.Name && prev.number != "1"
	}
	return false
}

// wasAvailable says whether the Deployment's own condition shows that it was available just before the time.
func wasAvailable(d *appsv1.Deployment, t time.Time) bool {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentAvailable {
			return (c.Status == corev1.ConditionTrue) == c.LastTransitionTime.Time.Before(t)
		}
	}
	return false
}

// heldBy are the steps that delete the pods which keep a workload's new template from them: those that are not ready of a StatefulSet
// that goes by order, and of whatever replaces its pods only when somebody deletes them.
func heldBy(s *snapshot.Snapshot, o incident.Object) []incident.Step {
	held := false
	switch o.Kind {
	case "StatefulSet":
		t := s.StatefulSet(o.Namespace, o.Name)
		held = t != nil && (t.Spec.PodManagementPolicy != appsv1.ParallelPodManagement || t.Spec.UpdateStrategy.Type ==
			appsv1.OnDeleteStatefulSetStrategyType)
	case "DaemonSet":
		t := s.DaemonSet(o.Namespace, o.Name)
		held = t != nil && t.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType
	}
	var out []incident.Step
	for _, p := range slices.Backward(s.PodsIn(o.Namespace)) {
		if held && s.WorkloadOf(p) == o && !ready(p) && p.DeletionTimestamp == nil {
			out = append(out, deletePod(p, fmt.Sprintf("it is not ready and keeps the new template of %s from it", inWords(o)), nil))
		}
	}
	return out
}

// heldWords says why the pods are deleted.
const heldWords = "The pods that are not ready are deleted, for they never become so and would not be replaced by themselves."

func podObject(p *corev1.Pod) incident.Object {
	return incident.Object{Kind: "Pod", Namespace: p.Namespace, Name: p.Name}
}
