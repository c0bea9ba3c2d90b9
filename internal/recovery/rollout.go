package recovery

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
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

func draftRollback(ctx context.Context, r *Recovery, q request) (draft, error) {
	var out draft
	var why string
	for _, o := range atFault(q) {
		if o.Kind != "Deployment" {
			continue
		}
		prev, from, reason := previous(q.s, o, q.cause.Since)
		if prev == nil {
			why = reason
			continue
		}
		s, err := r.rollbackTo(ctx, o, prev, from)
		if err != nil {
			return draft{}, err
		}
		out.steps = append(out.steps, s)
		out.title = fmt.Sprintf("roll Deployment %s/%s back to revision %s", o.Namespace, o.Name, s.Params["to"])
		if len(out.steps) <= 5 { // a person reads it
			out.why = join(out.why, reason)
		}
	}
	out.many = "roll %d Deployments back to the revision before"
	if len(out.steps) == 0 {
		if why == "" {
			why = "no Deployment is at fault"
		}
		return no("%s", why)
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

// rollbackTo reads the ReplicaSet's template as it is, for the Snapshot's types may not know all its fields.
func (r *Recovery) rollbackTo(ctx context.Context, o incident.Object, prev *appsv1.ReplicaSet, from string) (incident.Step, error) {
	b, err := r.o.Reader.Get(ctx, incident.Object{Kind: "ReplicaSet", Namespace: prev.Namespace, Name: prev.Name})
	if err != nil {
		return incident.Step{}, err
	}
	rs, err := decodeObject(b)
	if err != nil {
		return incident.Step{}, err
	}
	t, err := templateOf(rs)
	if err != nil {
		return incident.Step{}, fmt.Errorf("read ReplicaSet %s/%s: %w", prev.Namespace, prev.Name, err)
	}
	hash, err := r.put(ctx, encode(t))
	if err != nil {
		return incident.Step{}, err
	}
	to := prev.Annotations[revisionAnnotation]
	source := fmt.Sprintf("revision %s, with which it was available before", to)
	if n := prev.Status.AvailableReplicas; n > 0 {
		source = fmt.Sprintf("revision %s, which still serves with %s", to, counted(int(n), "pod"))
	}
	return incident.Step{Kind: RollBackWorkload, Target: incident.Target{Object: o}, Source: source,
		Params: map[string]string{"template": hash, "to": to, "from": from}}, nil
}

// previous finds the revision before a Deployment's current one, if the trouble began with the current one and the one before is known
// to have worked. The reason says why, or why not.
func previous(s *snapshot.Snapshot, o incident.Object, since time.Time) (prev *appsv1.ReplicaSet, from, reason string) {
	d, now, prev := revisions(s, o)
	switch {
	case d == nil || now == nil:
		return nil, "", fmt.Sprintf("the revisions of %s are not known", o)
	case prev == nil:
		return nil, "", fmt.Sprintf("%s has no earlier revision to go back to", o)
	case s.At.Sub(now.CreationTimestamp.Time) > recentRollout:
		return nil, "", fmt.Sprintf("%s was last rolled out %s, too long ago to be the reason", o, stamp(now.CreationTimestamp.Time))
	case !since.IsZero() && since.Before(now.CreationTimestamp.Add(-time.Minute)):
		return nil, "", fmt.Sprintf("the trouble of %s began before its last rollout", o)
	}
	to := prev.Annotations[revisionAnnotation]
	ran := now.CreationTimestamp.Sub(prev.CreationTimestamp.Time)
	from = now.Annotations[revisionAnnotation]
	switch {
	case prev.Status.AvailableReplicas > 0:
		reason = fmt.Sprintf("%s was rolled out %s and fails since; revision %s still serves with %d pods.", o, stamp(now.CreationTimestamp.Time),
			to, prev.Status.AvailableReplicas)
	case ran >= provenFor && wasAvailable(d, now.CreationTimestamp.Time):
		reason = fmt.Sprintf("%s was rolled out %s and fails since; it was available with revision %s before.", o,
			stamp(now.CreationTimestamp.Time), to)
	default:
		return nil, "", fmt.Sprintf("nothing proves that revision %s of %s worked", to, o)
	}
	return prev, from, reason
}

// revisions finds a Deployment, its current ReplicaSet, and the newest one before it with another template.
func revisions(s *snapshot.Snapshot, o incident.Object) (d *appsv1.Deployment, now, prev *appsv1.ReplicaSet) {
	for i := range s.Deployments {
		if s.Deployments[i].Namespace == o.Namespace && s.Deployments[i].Name == o.Name {
			d = &s.Deployments[i]
		}
	}
	if d == nil {
		return nil, nil, nil
	}
	current, best := revision(d), int64(0)
	for i := range s.ReplicaSets {
		rs := &s.ReplicaSets[i]
		if rs.Namespace != o.Namespace || !metav1.IsControlledBy(rs, d) {
			continue
		}
		if n := revision(rs); n == current {
			now = rs
		} else if n > best && n < current {
			prev, best = rs, n
		}
	}
	if now != nil && prev != nil && reflect.DeepEqual(now.Spec.Template.Spec, prev.Spec.Template.Spec) {
		prev = nil // a restart: to go back changes nothing
	}
	return d, now, prev
}

func revision(o metav1.Object) int64 {
	n, _ := strconv.ParseInt(o.GetAnnotations()[revisionAnnotation], 10, 64) // 0 where there is none
	return n
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
