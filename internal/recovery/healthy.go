package recovery

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// settled is how long a container that crashed before must run before it counts as well. A container without a readiness probe is
// Ready the moment it starts, and one that crash-loops starts again and again.
const settled = 30 * time.Second

// Healthy says whether a step's target works now, which makes a conditional step needless: all its pods are up to date, available,
// and none of them has crashed within the last half minute. The detail is in words either way.
func (r *Recovery) Healthy(ctx context.Context, s incident.Step) (ok bool, detail string, err error) {
	o := s.Target.Object
	b, err := r.o.Reader.Get(ctx, o)
	if err != nil {
		return false, "", fmt.Errorf("see whether %s is well: %w", o, err)
	}
	selector, ok, detail, err := rolledOut(o, b)
	if err != nil || !ok {
		return false, detail, err
	}
	sel, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, "", fmt.Errorf("see whether %s is well: read its selector: %w", o, err)
	}
	items, err := r.o.Reader.List(ctx, "Pod", o.Namespace, sel.String())
	if err != nil {
		return false, "", fmt.Errorf("see whether %s is well: %w", o, err)
	}
	for _, item := range items {
		var p corev1.Pod
		if err := json.Unmarshal(item, &p); err != nil {
			return false, "", fmt.Errorf("see whether %s is well: read a pod: %w", o, err)
		}
		if why := ill(&p, r.o.Now()); why != "" {
			return false, why, nil
		}
	}
	return true, detail, nil
}

// rolledOut reads a workload's own word about its pods, and how to select them.
func rolledOut(o incident.Object, data []byte) (sel *metav1.LabelSelector, ok bool, detail string, err error) {
	var current, want, updated, available int64
	read := func(into any) bool {
		if err = json.Unmarshal(data, into); err != nil {
			err = fmt.Errorf("see whether %s is well: %w", o, err)
		}
		return err == nil
	}
	switch o.Kind {
	case "Deployment":
		var d appsv1.Deployment
		if !read(&d) {
			return nil, false, "", err
		}
		sel, current = d.Spec.Selector, d.Generation-d.Status.ObservedGeneration
		want, updated, available = replicas(d.Spec.Replicas), int64(d.Status.UpdatedReplicas), int64(d.Status.AvailableReplicas)
	case "StatefulSet":
		var d appsv1.StatefulSet
		if !read(&d) {
			return nil, false, "", err
		}
		sel, current = d.Spec.Selector, d.Generation-d.Status.ObservedGeneration
		want, updated, available = replicas(d.Spec.Replicas), int64(d.Status.UpdatedReplicas), int64(d.Status.AvailableReplicas)
	case "DaemonSet":
		var d appsv1.DaemonSet
		if !read(&d) {
			return nil, false, "", err
		}
		sel, current = d.Spec.Selector, d.Generation-d.Status.ObservedGeneration
		want, updated, available = int64(d.Status.DesiredNumberScheduled), int64(d.Status.UpdatedNumberScheduled), int64(d.Status.NumberAvailable)
	default:
		return nil, false, "", fmt.Errorf("see whether %s is well: only a Deployment, StatefulSet or DaemonSet can be asked", o)
	}
	switch {
	case sel == nil:
		return nil, false, "", fmt.Errorf("see whether %s is well: it selects no pods", o)
	case current > 0:
		return sel, false, "its controller has not seen the newest change yet", nil
	case updated < want || available < want:
		return sel, false, fmt.Sprintf("%d of %d pods available, %d up to date", available, want, updated), nil
	}
	return sel, true, fmt.Sprintf("%d of %d pods available", available, want), nil
}

func replicas(n *int32) int64 {
	if n == nil {
		return 1 // the API server's default
	}
	return int64(*n)
}

// ill says why a pod does not count as well at now; empty: it does.
func ill(p *corev1.Pod, now time.Time) string {
	if over(p) {
		return ""
	}
	for _, c := range p.Status.ContainerStatuses {
		if t := restarted(c); !t.IsZero() && now.Sub(t) < settled {
			return fmt.Sprintf("%s restarted %s ago, for the %dth time", p.Name, words(max(0, now.Sub(t))), c.RestartCount)
		}
	}
	return unready(p)
}

// over says whether a pod does not matter any more: it ended, or is being deleted.
func over(p *corev1.Pod) bool {
	return p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

// unready says why a pod is not ready; empty: it is.
func unready(p *corev1.Pod) string {
	if ready(p) {
		return ""
	}
	for _, c := range p.Status.ContainerStatuses {
		if c.State.Waiting != nil {
			return fmt.Sprintf("%s waits: %s", p.Name, c.State.Waiting.Reason)
		}
	}
	return p.Name + " is not ready"
}

// restarted is when a container that is running was last started again; zero if it never was or does not run.
func restarted(c corev1.ContainerStatus) time.Time {
	if c.RestartCount == 0 || c.State.Running == nil {
		return time.Time{}
	}
	return c.State.Running.StartedAt.Time
}

func ready(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
