// Package snapshottest makes Snapshots of clusters that are too large to write down.
package snapshottest

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// At is when an outage is looked at. Half an hour before, everything was rolled out anew.
var At = time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)

// PodsEach is how many pods each workload of an outage has.
const PodsEach = 10

// Outage is a cluster of which every pod crash-loops: Deployments of ten pods, with a Service each, on nodes that are well, in namespaces
// of twenty. Their logs give as many reasons as there are to be, each as often as the others. Every Deployment was well with the revision
// before the current one.
func Outage(pods, reasons int) *snapshot.Snapshot {
	s := &snapshot.Snapshot{At: At, Cluster: "outage"}
	nodes := max(1, pods/50)
	for i := range nodes {
		s.Nodes = append(s.Nodes, corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%04d", i),
			CreationTimestamp: ago(90 * 24 * time.Hour)},
			Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue,
				LastTransitionTime: ago(90 * 24 * time.Hour)}}}})
	}
	for w := range pods / PodsEach {
		workload{ns: fmt.Sprintf("team-%03d", w/20), name: fmt.Sprintf("svc-%05d", w), n: w, nodes: nodes,
			says: fmt.Sprintf("FATAL cannot start: option feature-%d is not known to this version", w%max(1, reasons))}.add(s)
	}
	s.Index()
	return s
}

func ago(d time.Duration) metav1.Time { return metav1.NewTime(At.Add(-d)) }

// workload is one Deployment that crash-loops.
type workload struct {
	ns, name, says string
	n, nodes       int
}

func (w workload) add(s *snapshot.Snapshot) {
	labels, yes, ten := map[string]string{"app": w.name}, true, int32(PodsEach)
	meta := func(name string, since metav1.Time, owner ...metav1.OwnerReference) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: w.ns, Name: name, UID: types.UID(name), CreationTimestamp: since, Labels: labels,
			OwnerReferences: owner}
	}
	template := func(version string) corev1.PodTemplateSpec {
		return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{
			{Name: "main", Image: "shop/service:" + version, Ports: []corev1.ContainerPort{{ContainerPort: 8080}}}}}}
	}
	rolled := ago(30 * time.Minute)
	d := appsv1.Deployment{ObjectMeta: meta(w.name, ago(30*24*time.Hour)),
		Spec: appsv1.DeploymentSpec{Replicas: &ten, Template: template("v2"),
			Selector: &metav1.LabelSelector{MatchLabels: labels}}}
	d.Annotations = map[string]string{"deployment.kubernetes.io/revision": "2"}
	d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse,
		LastTransitionTime: ago(29 * time.Minute)}}
	s.Deployments = append(s.Deployments, d)
	for i, version := range []string{"v1", "v2"} {
		rs := appsv1.ReplicaSet{ObjectMeta: meta(fmt.Sprintf("%s-%d", w.name, i+1), []metav1.Time{ago(30 * 24 * time.Hour), rolled}[i],
			metav1.OwnerReference{APIVersion: "apps/v1", Kind: "Deployment", Name: w.name, UID: types.UID(w.name), Controller: &yes}),
			Spec: appsv1.ReplicaSetSpec{Template: template(version)}}
		rs.Annotations = map[string]string{"deployment.kubernetes.io/revision": fmt.Sprint(i + 1)}
		s.ReplicaSets = append(s.ReplicaSets, rs)
	}
	s.Services = append(s.Services, corev1.Service{ObjectMeta: meta(w.name, ago(30*24*time.Hour)), Spec: corev1.ServiceSpec{
		ClusterIP: fmt.Sprintf("10.43.%d.%d", w.n/250, w.n%250), Selector: labels,
		Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}}})
	for i := range PodsEach {
		p := corev1.Pod{ObjectMeta: meta(fmt.Sprintf("%s-2-%d", w.name, i), rolled,
			metav1.OwnerReference{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: w.name + "-2", UID: types.UID(w.name + "-2"), Controller: &yes}),
			Spec: template("v2").Spec}
		p.Spec.NodeName = fmt.Sprintf("node-%04d", (w.n*PodsEach+i)%w.nodes)
		p.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady,
			Status: corev1.ConditionFalse, LastTransitionTime: rolled}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "main", Image: "shop/service:v2", RestartCount: 9,
				State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
				LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, StartedAt: ago(28 * time.Minute),
					FinishedAt: ago(28 * time.Minute)}}}}}
		s.Pods = append(s.Pods, p)
		s.Logs = append(s.Logs, snapshot.Log{Namespace: w.ns, Pod: p.Name, Container: "main", Previous: true, Text: "starting up\n" + w.says +
			"\n"})
	}
}
