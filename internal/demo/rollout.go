package demo

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/rand"
)

// What the Deployment controller notes (k8s.io/kubernetes/pkg/controller/deployment/util).
const (
	revisionAnnotation = "deployment.kubernetes.io/revision"
	historyAnnotation  = "deployment.kubernetes.io/revision-history"
	desiredAnnotation  = "deployment.kubernetes.io/desired-replicas"
	maximumAnnotation  = "deployment.kubernetes.io/max-replicas"
)

// rollout is one Deployment and its ReplicaSets, as the Deployment controller sees them.
type rollout struct {
	cluster
	d    *appsv1.Deployment
	sets []*appsv1.ReplicaSet
	now  time.Time
}

// roll does what the Deployment controller does: it makes a ReplicaSet of a template that is new, or takes up the one that it has of it;
// it scales that up and the others down within maxSurge and maxUnavailable; and it says how far it has come.
func (r *rollout) roll() error {
	i := slices.IndexFunc(r.sets, func(s *appsv1.ReplicaSet) bool {
		t := s.Spec.Template.DeepCopy()
		delete(t.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
		return equality.Semantic.DeepEqual(*t, r.d.Spec.Template)
	})
	was := r.d.DeepCopy()
	if i < 0 {
		return r.begin()
	}
	current := r.sets[i]
	old := slices.Delete(slices.Clone(r.sets), i, i+1)
	if newest := mostRevision(old); revisionOf(current) <= newest {
		metav1.SetMetaDataAnnotation(&current.ObjectMeta, historyAnnotation, current.Annotations[revisionAnnotation])
		metav1.SetMetaDataAnnotation(&current.ObjectMeta, revisionAnnotation, strconv.FormatInt(newest+1, 10))
		return r.act(current, controllers, "")
	}
	if revision := current.Annotations[revisionAnnotation]; r.d.Annotations[revisionAnnotation] != revision {
		metav1.SetMetaDataAnnotation(&r.d.ObjectMeta, revisionAnnotation, revision)
		return r.act(r.d, controllers, "status") // by which annotations can be set, too
	}
	if err := r.scale(current, old); err != nil {
		return err
	}
	r.report(current)
	if equality.Semantic.DeepEqual(was.Status, r.d.Status) {
		return nil
	}
	return r.act(r.d, controllers, "status")
}

func revisionOf(o metav1.Object) int64 {
	n, err := strconv.ParseInt(o.GetAnnotations()[revisionAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func mostRevision(sets []*appsv1.ReplicaSet) (most int64) {
	for _, s := range sets {
		most = max(most, revisionOf(s))
	}
	return most
}

// begin makes the ReplicaSet of a template that is new.
func (r *rollout) begin() error {
	raw, err := json.Marshal(r.d.Spec.Template)
	if err != nil {
		return err
	}
	sum := fnv.New32a()
	sum.Write(raw)
	hash := rand.SafeEncodeString(strconv.FormatUint(uint64(sum.Sum32()), 10))
	t := *r.d.Spec.Template.DeepCopy()
	selector := r.d.Spec.Selector.DeepCopy()
	metav1.AddLabelToSelector(selector, appsv1.DefaultDeploymentUniqueLabelKey, hash)
	t.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = hash
	none := int32(0)
	return r.act(&appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: r.d.Name + "-" + hash, Namespace: r.d.Namespace, Generation: 1, Labels: t.Labels,
			CreationTimestamp: wholeSecond(r.now), OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(r.d,
				appsv1.SchemeGroupVersion.WithKind("Deployment"))},
			Annotations: map[string]string{revisionAnnotation: strconv.FormatInt(mostRevision(r.sets)+1, 10),
				desiredAnnotation: fmt.Sprint(*r.d.Spec.Replicas), maximumAnnotation: fmt.Sprint(*r.d.Spec.Replicas + r.surge())}},
		Spec: appsv1.ReplicaSetSpec{Replicas: &none, Selector: selector, Template: t},
	}, controllers, "")
}

func wholeSecond(t time.Time) metav1.Time { return metav1.NewTime(t.UTC().Truncate(time.Second)) }

// surge is how many pods there may be beyond those that are wanted, and spare how many of those may lack.
func (r *rollout) surge() int32 { return r.share(r.d.Spec.Strategy.RollingUpdate.MaxSurge, true) }
func (r *rollout) spare() int32 {
	return r.share(r.d.Spec.Strategy.RollingUpdate.MaxUnavailable, false)
}

func (r *rollout) share(of *intstr.IntOrString, up bool) int32 {
	n, err := intstr.GetScaledValueFromIntOrPercent(of, int(*r.d.Spec.Replicas), up)
	if err != nil {
		return 0
	}
	return int32(n)
}

// scale moves by as much as is allowed: pods that are not available go first, and those that are only as others take their place.
func (r *rollout) scale(current *appsv1.ReplicaSet, old []*appsv1.ReplicaSet) error {
	want, total, available := *r.d.Spec.Replicas, int32(0), int32(0)
	for _, s := range r.sets {
		total, available = total+*s.Spec.Replicas, available+s.Status.AvailableReplicas
	}
	to := map[*appsv1.ReplicaSet]int32{current: min(want, *current.Spec.Replicas+max(0, want+r.surge()-total))}
	for _, s := range old {
		to[s] = *s.Spec.Replicas
	}
	least := want - r.spare()
	sick := total - least - (*current.Spec.Replicas - current.Status.AvailableReplicas)
	for _, s := range old {
		cut := max(0, min(sick, *s.Spec.Replicas-s.Status.AvailableReplicas))
		to[s], sick = to[s]-cut, sick-cut
	}
	well := available - least
	for _, s := range old {
		cut := max(0, min(well, to[s]))
		to[s], well = to[s]-cut, well-cut
	}
	for _, s := range r.sets {
		if err := r.resize(s, to[s]); err != nil {
			return err
		}
	}
	return nil
}

func (r *rollout) resize(s *appsv1.ReplicaSet, to int32) error {
	from := *s.Spec.Replicas
	if from == to {
		return nil
	}
	s.Spec.Replicas = &to
	s.Generation++
	way := "up"
	if to < from {
		way = "down"
	}
	if err := r.act(s, controllers, ""); err != nil {
		return err
	}
	return r.tell(r.d, "", corev1.EventTypeNormal, "ScalingReplicaSet", "deployment-controller",
		fmt.Sprintf("Scaled %s replica set %s from %d to %d", way, s.Name, from, to), r.now)
}

// report is the Deployment's status.
func (r *rollout) report(current *appsv1.ReplicaSet) {
	was := r.d.Status.DeepCopy()
	s, want := &r.d.Status, *r.d.Spec.Replicas
	s.ObservedGeneration, s.Replicas, s.ReadyReplicas, s.AvailableReplicas = r.d.Generation, 0, 0, 0
	for _, set := range r.sets {
		s.Replicas += set.Status.Replicas
		s.ReadyReplicas += set.Status.ReadyReplicas
		s.AvailableReplicas += set.Status.AvailableReplicas
	}
	s.UpdatedReplicas = current.Status.Replicas
	s.UnavailableReplicas = max(0, s.Replicas-s.AvailableReplicas)
	enough, why, text := corev1.ConditionTrue, "MinimumReplicasAvailable", "Deployment has minimum availability."
	if s.AvailableReplicas < want-r.spare() {
		enough, why, text = corev1.ConditionFalse, "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
	}
	r.condition(appsv1.DeploymentAvailable, enough, why, text, false)
	progressing := r.conditionOf(appsv1.DeploymentProgressing)
	moved := s.UpdatedReplicas > was.UpdatedReplicas || s.Replicas-s.UpdatedReplicas < was.Replicas-was.UpdatedReplicas ||
		s.ReadyReplicas > was.ReadyReplicas || s.AvailableReplicas > was.AvailableReplicas
	deadline := 600 * time.Second
	if r.d.Spec.ProgressDeadlineSeconds != nil {
		deadline = time.Duration(*r.d.Spec.ProgressDeadlineSeconds) * time.Second
	}
	switch {
	case s.UpdatedReplicas == want && s.Replicas == want && s.AvailableReplicas == want:
		r.condition(appsv1.DeploymentProgressing, corev1.ConditionTrue, "NewReplicaSetAvailable",
			fmt.Sprintf("ReplicaSet %q has successfully progressed.", current.Name), false)
	case moved, progressing == nil, progressing.Reason == "NewReplicaSetAvailable":
		r.condition(appsv1.DeploymentProgressing, corev1.ConditionTrue, "ReplicaSetUpdated",
			fmt.Sprintf("ReplicaSet %q is progressing.", current.Name), true)
	case r.now.Sub(progressing.LastUpdateTime.Time) > deadline:
		r.condition(appsv1.DeploymentProgressing, corev1.ConditionFalse, "ProgressDeadlineExceeded",
			fmt.Sprintf("ReplicaSet %q has timed out progressing.", current.Name), false)
	}
}

func (r *rollout) conditionOf(t appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range r.d.Status.Conditions {
		if c := &r.d.Status.Conditions[i]; c.Type == t {
			return c
		}
	}
	return nil
}

// condition sets a condition, if it says something else than before, or is to be stamped anew.
func (r *rollout) condition(t appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string, stamp bool) {
	c := r.conditionOf(t)
	if c == nil {
		r.d.Status.Conditions = append(r.d.Status.Conditions, appsv1.DeploymentCondition{Type: t})
		c = &r.d.Status.Conditions[len(r.d.Status.Conditions)-1]
	}
	if c.Status == status && c.Reason == reason && c.Message == message && !stamp {
		return
	}
	if c.Status != status {
		c.LastTransitionTime = wholeSecond(r.now)
	}
	c.Status, c.Reason, c.Message, c.LastUpdateTime = status, reason, message, wholeSecond(r.now)
}
