package demo

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"
)

// staff are the controllers, the scheduler and the kubelet behind one Deployment. All that they know is in the API.
type staff struct {
	cluster
	mould corev1.Pod // a pod of the Deployment as admission completes one, and as the kubelet runs it
}

// work lets each look once.
func (s staff) work(now time.Time, nodeReady bool) error {
	o := s.api.Get(deploymentsGVR, releaseNamespace, releaseName)
	if o == nil {
		return nil
	}
	d, err := decode[appsv1.Deployment](o)
	if err != nil {
		return err
	}
	sets, err := all[appsv1.ReplicaSet](s.cluster, replicaSetsGVR, releaseNamespace, ownedBy(d))
	if err != nil {
		return err
	}
	if err := (&rollout{s.cluster, d, sets, now}).roll(); err != nil {
		return err
	}
	if sets, err = all[appsv1.ReplicaSet](s.cluster, replicaSetsGVR, releaseNamespace, ownedBy(d)); err != nil {
		return err
	}
	var pods []*corev1.Pod
	for _, set := range sets {
		its, err := s.replicate(set, now)
		if err != nil {
			return err
		}
		pods = append(pods, its...)
	}
	for _, p := range pods {
		if err := s.run(p, now, nodeReady); err != nil {
			return err
		}
	}
	return s.endpoints(releaseName, pods, now)
}

// replicate does what the ReplicaSet controller does, and returns the pods that there are.
func (s staff) replicate(set *appsv1.ReplicaSet, now time.Time) ([]*corev1.Pod, error) {
	pods, err := all[corev1.Pod](s.cluster, podsGVR, set.Namespace, ownedBy(set))
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(pods, func(a, b *corev1.Pod) int { // what is ready, and what is older, stays longest
		return cmp.Or(cmp.Compare(ready01(b), ready01(a)), a.CreationTimestamp.Compare(b.CreationTimestamp.Time))
	})
	want := int(*set.Spec.Replicas)
	for _, p := range pods[min(want, len(pods)):] {
		if s.api.Delete(podsGVR, p.Namespace, p.Name) {
			if err := s.tell(set, "", corev1.EventTypeNormal, "SuccessfulDelete", "replicaset-controller", "Deleted pod: "+p.Name, now); err != nil {
				return nil, err
			}
		}
	}
	pods = pods[:min(want, len(pods))]
	for range want - len(pods) {
		p := s.pod(set, now)
		if err := s.act(p, controllers, ""); err != nil {
			return nil, err
		}
		if err := s.tell(set, "", corev1.EventTypeNormal, "SuccessfulCreate", "replicaset-controller", "Created pod: "+p.Name, now); err != nil {
			return nil, err
		}
	}
	was := set.Status
	set.Status.Replicas, set.Status.FullyLabeledReplicas, set.Status.ObservedGeneration = int32(want), int32(want), set.Generation
	set.Status.ReadyReplicas = 0
	for _, p := range pods {
		set.Status.ReadyReplicas += int32(ready01(p))
	}
	set.Status.AvailableReplicas = set.Status.ReadyReplicas
	if !equality.Semantic.DeepEqual(was, set.Status) {
		if err := s.act(set, controllers, "status"); err != nil {
			return nil, err
		}
	}
	return pods, nil
}

func ready01(p *corev1.Pod) int {
	if podReady(p) {
		return 1
	}
	return 0
}

// pod is one that a ReplicaSet makes, as admission completes it.
func (s staff) pod(set *appsv1.ReplicaSet, now time.Time) *corev1.Pod {
	mould := s.mould.Spec.DeepCopy()
	spec := set.Spec.Template.Spec.DeepCopy()
	spec.Tolerations = append(spec.Tolerations, mould.Tolerations...)
	spec.ServiceAccountName = cmp.Or(spec.ServiceAccountName, mould.ServiceAccountName)
	spec.DeprecatedServiceAccount, spec.EnableServiceLinks = spec.ServiceAccountName, mould.EnableServiceLinks
	spec.Priority, spec.PreemptionPolicy = mould.Priority, mould.PreemptionPolicy
	token := mould.Volumes[0]
	token.Name = "kube-api-access-" + rand.String(5)
	spec.Volumes = append(spec.Volumes, token)
	mount := mould.Containers[0].VolumeMounts[0]
	mount.Name = token.Name
	for i := range spec.Containers {
		spec.Containers[i].VolumeMounts = append(spec.Containers[i].VolumeMounts, mount)
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: set.Name + "-" + rand.String(5), GenerateName: set.Name + "-", Namespace: set.Namespace,
			Generation: 1, Labels: set.Spec.Template.Labels, Annotations: set.Spec.Template.Annotations, CreationTimestamp: wholeSecond(now),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))}},
		Spec: *spec, Status: corev1.PodStatus{Phase: corev1.PodPending, QOSClass: s.mould.Status.QOSClass},
	}
}

// schedule finds the pod a place: the only node, if that is ready.
func (s staff) schedule(p *corev1.Pod, now time.Time, nodeReady bool) error {
	if !nodeReady {
		if len(p.Status.Conditions) > 0 {
			return nil
		}
		why := "0/1 nodes are available: 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/1 nodes are available: " +
			"1 Preemption is not helpful for scheduling."
		p.Status.Conditions = []corev1.PodCondition{condition(corev1.PodScheduled, false, "Unschedulable", why, now)}
		if err := s.act(p, scheduler, "status"); err != nil {
			return err
		}
		return s.tell(p, "", corev1.EventTypeWarning, "FailedScheduling", defaultScheduler, why, now)
	}
	p.Spec.NodeName = s.mould.Spec.NodeName
	p.Status.Conditions = []corev1.PodCondition{condition(corev1.PodScheduled, true, "", "", now)}
	if err := s.act(p, scheduler, ""); err != nil {
		return err
	}
	return s.tell(p, "", corev1.EventTypeNormal, "Scheduled", defaultScheduler,
		fmt.Sprintf("Successfully assigned %s/%s to %s", p.Namespace, p.Name, p.Spec.NodeName), now)
}

func condition(t corev1.PodConditionType, is bool, reason, message string, now time.Time) corev1.PodCondition {
	c := corev1.PodCondition{Type: t, Status: corev1.ConditionFalse, Reason: reason, Message: message, LastTransitionTime: wholeSecond(now),
		ObservedGeneration: 1}
	if is {
		c.Status = corev1.ConditionTrue
	}
	return c
}

// freeIP is an address of the node's pods that none of them has.
func (s staff) freeIP() string {
	taken := map[string]bool{}
	for _, p := range s.api.List(podsGVR, "") {
		ip, _, _ := unstructured.NestedString(p.Object, "status", "podIP")
		taken[ip] = true
	}
	at, err := netip.ParseAddr(s.mould.Status.PodIP)
	for err == nil && taken[at.String()] {
		at = at.Next()
	}
	return at.String()
}
