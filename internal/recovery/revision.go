package recovery

import (
	"reflect"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// templateRevision is a pod template that a workload has or had.
type templateRevision struct {
	kept       incident.Object // what keeps it: a ReplicaSet, or a ControllerRevision
	number     string          // for people
	made       time.Time
	template   corev1.PodTemplateSpec
	hash       string             // by which a StatefulSet's and a DaemonSet's pods are told apart
	replicaSet *appsv1.ReplicaSet // of a Deployment
}

// revisionsOf finds a workload's current revision, and the newest one before it with another template. Nil where there is none.
func revisionsOf(s *snapshot.Snapshot, o incident.Object) (now, prev *templateRevision) {
	switch o.Kind {
	case "Deployment":
		now, prev = replicaSets(s, o)
	case "StatefulSet":
		if t := s.StatefulSet(o.Namespace, o.Name); t != nil {
			now, prev = controllerRevisions(s, t, t.Status.UpdateRevision)
		}
	case "DaemonSet":
		if t := s.DaemonSet(o.Namespace, o.Name); t != nil {
			now, prev = controllerRevisions(s, t, "")
		}
	}
	if now != nil && prev != nil && reflect.DeepEqual(now.template.Spec, prev.template.Spec) {
		prev = nil // a restart: to go back changes nothing
	}
	return now, prev
}

func replicaSets(s *snapshot.Snapshot, o incident.Object) (now, prev *templateRevision) {
	d := s.Deployment(o.Namespace, o.Name)
	if d == nil {
		return nil, nil
	}
	current, best := revisionNumber(d), int64(0)
	for i := range s.ReplicaSets {
		rs := &s.ReplicaSets[i]
		if rs.Namespace != o.Namespace || !metav1.IsControlledBy(rs, d) {
			continue
		}
		v := &templateRevision{kept: incident.Object{Kind: "ReplicaSet", Namespace: rs.Namespace, Name: rs.Name},
			number: rs.Annotations[revisionAnnotation],
			made:   rs.CreationTimestamp.Time, template: rs.Spec.Template, replicaSet: rs}
		if n := revisionNumber(rs); n == current {
			now = v
		} else if n > best && n < current {
			prev, best = v, n
		}
	}
	return now, prev
}

func revisionNumber(o metav1.Object) int64 {
	n, _ := strconv.ParseInt(o.GetAnnotations()[revisionAnnotation], 10, 64) // 0 where there is none
	return n
}

// controllerRevisions finds those of a StatefulSet or a DaemonSet. The current one is that of the name, or the newest.
func controllerRevisions(s *snapshot.Snapshot, owner metav1.Object, current string) (now, prev *templateRevision) {
	var newest, before *appsv1.ControllerRevision
	for i := range s.ControllerRevisions {
		r := &s.ControllerRevisions[i]
		if r.Namespace == owner.GetNamespace() && metav1.IsControlledBy(r, owner) && (r.Name == current || current == "" &&
			(newest == nil || r.Revision > newest.Revision)) {
			newest = r
		}
	}
	if newest == nil {
		return nil, nil
	}
	for i := range s.ControllerRevisions {
		r := &s.ControllerRevisions[i]
		if r.Namespace == owner.GetNamespace() && metav1.IsControlledBy(r, owner) && r.Revision < newest.Revision &&
			(before == nil || r.Revision > before.Revision) {
			before = r
		}
	}
	return keptIn(newest, current != ""), keptIn(before, current != "")
}

// keptIn reads a ControllerRevision. The pods of a StatefulSet are labelled with its name, and those of a DaemonSet with its hash.
func keptIn(r *appsv1.ControllerRevision, byName bool) *templateRevision {
	t := snapshot.RevisionTemplate(r)
	if t == nil {
		return nil
	}
	hash := r.Labels[appsv1.ControllerRevisionHashLabelKey]
	if byName {
		hash = r.Name
	}
	return &templateRevision{kept: incident.Object{Kind: "ControllerRevision", Namespace: r.Namespace, Name: r.Name},
		number: strconv.FormatInt(r.Revision, 10),
		made:   r.CreationTimestamp.Time, template: *t, hash: hash}
}
