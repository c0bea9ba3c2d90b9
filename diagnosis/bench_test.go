package diagnosis

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// many is a cluster like the lab's simulated one: Deployments of ten pods with a Service each, spread over namespaces of 200 pods and
// nodes of 50; every "every"th workload crash-loops, without logs.
func many(pods, every int) *snapshot.Snapshot {
	at := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	old, yes := metav1.NewTime(at.Add(-time.Hour)), true
	s := &snapshot.Snapshot{At: at}
	for i := range pods / 50 {
		s.Nodes = append(s.Nodes, corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("sim-%04d", i), CreationTimestamp: old},
			Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}}})
	}
	for w := range pods / 10 {
		ns, name := fmt.Sprintf("team-%03d", w/20), fmt.Sprintf("svc-%05d", w)
		labels, bad := map[string]string{"app": name}, every > 0 && w%every == 0
		meta := func(name string, owner ...metav1.OwnerReference) metav1.ObjectMeta {
			return metav1.ObjectMeta{Namespace: ns, Name: name, UID: types.UID(name), CreationTimestamp: old, Labels: labels, OwnerReferences: owner}
		}
		d := appsv1.Deployment{ObjectMeta: meta(name),
			Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}}}}
		d.Status.AvailableReplicas = 10
		ready, state := corev1.ConditionTrue, corev1.ContainerStatus{Name: "main", Ready: true,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: old}}}
		if bad {
			d.Status.AvailableReplicas = 0
			d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse,
				LastTransitionTime: old}}
			ready = corev1.ConditionFalse
			state = corev1.ContainerStatus{Name: "main", RestartCount: 1842,
				State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
				LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, StartedAt: old, FinishedAt: old}}}
		}
		s.Deployments = append(s.Deployments, d)
		s.ReplicaSets = append(s.ReplicaSets, appsv1.ReplicaSet{ObjectMeta: meta(name+"-1", metav1.OwnerReference{Kind: "Deployment", Name: name,
			Controller: &yes})})
		s.Services = append(s.Services, corev1.Service{ObjectMeta: meta(name), Spec: corev1.ServiceSpec{ClusterIP: fmt.Sprintf("10.43.%d.%d",
			w/250, w%250),
			Selector: labels, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}}})
		for i := range 10 {
			p := corev1.Pod{ObjectMeta: meta(fmt.Sprintf("%s-1-%d", name, i), metav1.OwnerReference{Kind: "ReplicaSet", Name: name + "-1",
				UID: types.UID(name + "-1"), Controller: &yes})}
			p.Spec = corev1.PodSpec{NodeName: fmt.Sprintf("sim-%04d", (w*10+i)%max(1, pods/50)),
				Containers: []corev1.Container{{Name: "main", Ports: []corev1.ContainerPort{{ContainerPort: 8080}}}}}
			p.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready,
				LastTransitionTime: old}}, ContainerStatuses: []corev1.ContainerStatus{state}}
			s.Pods = append(s.Pods, p)
		}
	}
	s.Index()
	return s
}

// BenchmarkDiagnose prints what a diagnosis costs at 5,000 pods, once with every fiftieth workload crash-looping (100 pods) and once
// with all of them.
func BenchmarkDiagnose(b *testing.B) {
	for _, c := range []struct {
		name        string
		pods, every int
	}{{"5000 pods, 100 crash-looping", 5000, 50}, {"5000 pods, all crash-looping", 5000, 1}} {
		b.Run(c.name, func(b *testing.B) {
			s := many(c.pods, c.every)
			b.ReportAllocs()
			for b.Loop() {
				Diagnose(s, Scope{})
			}
		})
	}
}

// BenchmarkIllClusters prints what a diagnosis costs for each pod of clusters that are ill in many ways: about as much in a large one.
func BenchmarkIllClusters(b *testing.B) {
	for _, pods := range []int{1000, 5000, 20_000} {
		b.Run(fmt.Sprintf("%d pods", pods), func(b *testing.B) {
			s := ill(pods)
			var d *incident.Diagnosis
			for b.Loop() {
				s.Index() // or the readings of logs are remembered
				d = Diagnose(s, Scope{})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pods), "ns/pod")
			b.ReportMetric(float64(len(d.Findings)), "findings")
			b.ReportMetric(float64(len(d.Causes)), "causes")
		})
	}
}

// One finding a workload, not one a pod; and no scan that grows with the square of the pods.
func TestManyPods(t *testing.T) {
	s := many(5000, 50)
	began := time.Now()
	d := Diagnose(s, Scope{})
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took) // generous: a busy machine is no failure, a square is
	}
	if len(d.Causes) != 10 || len(d.Findings) != 30 || d.Restarts[0].Count != 18420 {
		t.Errorf("%d causes, %d findings, want one cause for each of ten workloads, its rollout and its Service", len(d.Causes), len(d.Findings))
	}
}

// The time that a pod costs hardly grows with the pods: a square would make it eight times as much.
func TestTimeGrowsWithThePods(t *testing.T) {
	if testing.Short() {
		t.Skip("diagnoses large clusters")
	}
	growsWithThePods(t, ill)
}

// Nor does it where all of them lie in one namespace, with a Service for every ten.
func TestTimeGrowsWithThePodsOfANamespace(t *testing.T) {
	if testing.Short() {
		t.Skip("diagnoses large clusters")
	}
	growsWithThePods(t, func(pods int) *snapshot.Snapshot {
		s := many(pods, 0)
		for i := range s.Pods {
			s.Pods[i].Namespace = "shop"
		}
		for i := range s.Services {
			s.Services[i].Namespace, s.Deployments[i].Namespace, s.ReplicaSets[i].Namespace = "shop", "shop", "shop"
		}
		return s
	})
}

func growsWithThePods(t *testing.T, cluster func(pods int) *snapshot.Snapshot) {
	t.Helper()
	small, large := cluster(1000), cluster(8000)
	best := func(s *snapshot.Snapshot) time.Duration {
		shortest := time.Hour
		for range 3 {
			s.Index()
			began := time.Now()
			Diagnose(s, Scope{})
			shortest = min(shortest, time.Since(began))
		}
		return shortest
	}
	ratio := func() float64 { return float64(best(large)) / float64(best(small)) / 8 }
	for range 3 { // another may have taken the processor away
		if ratio() < 4 {
			return
		}
	}
	t.Errorf("a pod costs %.1f times as much among 8,000 as among 1,000", ratio())
}
