package change

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// revision is one version of a workload's pod template.
type revision struct {
	number   int64
	made     time.Time
	template *corev1.PodTemplateSpec
	by       string
}

const deploymentRevision = "deployment.kubernetes.io/revision"

// rollouts enters the revisions of Deployments, which their ReplicaSets are.
func (t *timeline) rollouts() {
	of := map[incident.Object][]revision{}
	for i := range t.s.ReplicaSets {
		rs := &t.s.ReplicaSets[i]
		c := metav1.GetControllerOf(rs)
		number, err := strconv.ParseInt(rs.Annotations[deploymentRevision], 10, 64)
		if c == nil || c.Kind != "Deployment" || err != nil {
			continue
		}
		o := snapshot.ObjectOf("Deployment", rs.Namespace, c.Name)
		of[o] = append(of[o], revision{number: number, made: rs.CreationTimestamp.Time, template: &rs.Spec.Template})
	}
	for i := range t.s.Deployments {
		d := &t.s.Deployments[i]
		o := snapshot.ObjectOf("Deployment", d.Namespace, d.Name)
		at, by := snapshot.Changed(d)
		for _, r := range ordered(of[o]) {
			if at.Sub(r.now.made).Abs() <= making {
				r.now.by = by
			}
			// an old template taken up again keeps its ReplicaSet, and the Deployment says when
			if rolledBack := r.now.made.Before(r.before.made); rolledBack {
				r.now.made, r.now.by = progressed(d), by
			}
			t.rolled(o, r)
		}
	}
}

func progressed(d *appsv1.Deployment) time.Time {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing {
			return c.LastUpdateTime.Time
		}
	}
	return time.Time{}
}

// revisions enters those of StatefulSets and DaemonSets, which are ControllerRevisions.
func (t *timeline) revisions() {
	of := map[incident.Object][]revision{}
	for i := range t.s.ControllerRevisions {
		r := &t.s.ControllerRevisions[i]
		c := metav1.GetControllerOf(r)
		if c == nil || c.Kind != "StatefulSet" && c.Kind != "DaemonSet" {
			continue
		}
		o := snapshot.ObjectOf(c.Kind, r.Namespace, c.Name)
		of[o] = append(of[o], revision{number: r.Revision, made: r.CreationTimestamp.Time, template: snapshot.RevisionTemplate(r)})
	}
	for o, list := range of {
		for _, r := range ordered(list) {
			t.rolled(o, r)
		}
	}
}

// step is a revision and the one before it.
type step struct{ before, now *revision }

// ordered pairs each revision but the first with the one before it, by number.
func ordered(list []revision) []step {
	slices.SortFunc(list, func(a, b revision) int { return int(a.number - b.number) })
	var steps []step
	for i := 1; i < len(list); i++ {
		steps = append(steps, step{&list[i-1], &list[i]})
	}
	return steps
}

func (t *timeline) rolled(o incident.Object, r step) {
	if !t.recent(r.now.made) {
		return
	}
	what, touched := fmt.Sprintf("revision %d was rolled out", r.now.number), Program
	if r.before.template != nil && r.now.template != nil {
		if diff := snapshot.TemplateDiff(r.before.template, r.now.template); len(diff) > 0 {
			what += ": " + strings.Join(diff, ", ")
		}
	}
	if r.before.template != nil && r.now.template != nil && equality.Semantic.DeepEqual(r.before.template.Spec, r.now.template.Spec) {
		touched = Marks
	}
	t.add(touched, incident.SourceAPI, o, r.now.made, r.now.by, what)
}
