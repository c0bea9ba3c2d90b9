package diagnosis

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// illCluster fills a Snapshot with workloads that are ill in as many ways as a large cluster is on a bad day.
type illCluster struct {
	*snapshot.Snapshot
	old   metav1.Time
	nodes int
}

// ill is a cluster of so many pods, of which four in five are ill: they crash-loop for reasons of their own, cannot reach one another,
// failed with their Jobs, wait for claims or for the nodes where their volumes are, cannot pull, or are not ready. A namespace has 200
// pods, a node 50.
func ill(pods int) *snapshot.Snapshot {
	at := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	c := illCluster{&snapshot.Snapshot{At: at, Cluster: "ill"}, metav1.NewTime(at.Add(-time.Hour)), max(1, pods/50)}
	for i := range c.nodes {
		n := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node(i), CreationTimestamp: c.old,
			Labels: map[string]string{corev1.LabelHostname: node(i)}}}
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
		n.Status.Allocatable = corev1.ResourceList{corev1.ResourceCPU: apiresource.MustParse("16"),
			corev1.ResourceMemory: apiresource.MustParse("64Gi"),
			corev1.ResourcePods:   apiresource.MustParse("110")}
		c.Nodes = append(c.Nodes, n)
	}
	for i := range pods / 200 {
		ns := fmt.Sprintf("team-%04d", i)
		c.Namespaces = append(c.Namespaces, corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns, CreationTimestamp: c.old}})
		c.policies(ns)
		for w := range 20 {
			n, name := i*20+w, fmt.Sprintf("app-%02d", w)
			switch w {
			case 0, 1, 2, 3, 4, 5:
				c.crashing(ns, name, n, fmt.Sprintf("FATAL cannot start: option feature-%d is not known", n))
			case 6, 7, 8:
				c.crashing(ns, name, n, fmt.Sprintf("FATAL dial tcp: connect to app-%02d.%s.svc:80: connection refused", w-6, ns))
			case 9:
				c.crashing(ns, name, n, fmt.Sprintf("FATAL lookup gone-%d.%s.svc.cluster.local: no such host", n, ns))
			case 10, 11:
				c.job(ns, name)
			case 12, 13:
				c.cronJob(ns, name)
			case 14, 15, 16:
				c.waiting(ns, name, n, w != 14)
			case 17:
				c.unpulled(ns, name, n)
			case 18:
				c.unready(ns, name, n)
			case 19:
				c.deployment(ns, name, n, running(true, c.old), "")
			}
		}
	}
	c.Index()
	return c.Snapshot
}

func node(i int) string { return fmt.Sprintf("node-%04d", i) }

func (c illCluster) meta(ns, name string, owner ...metav1.OwnerReference) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: ns, Name: name, UID: types.UID(ns + "/" + name), CreationTimestamp: c.old,
		Labels: map[string]string{"app": name}, OwnerReferences: owner}
}

func ownedBy(kind, ns, name string) metav1.OwnerReference {
	yes := true
	return metav1.OwnerReference{Kind: kind, Name: name, UID: types.UID(ns + "/" + name), Controller: &yes}
}

func running(ready bool, since metav1.Time) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: "main", Ready: ready,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: since}}}
}

// policies let nothing into a namespace but what comes from it.
func (c illCluster) policies(ns string) {
	for _, name := range []string{"same-namespace", "from-ingress"} {
		p := networkingv1.NetworkPolicy{ObjectMeta: c.meta(ns, name)}
		p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
		peer := networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{}}
		p.Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{peer}}}
		p.Spec.Egress = []networkingv1.NetworkPolicyEgressRule{{To: []networkingv1.NetworkPolicyPeer{peer}}}
		c.NetworkPolicies = append(c.NetworkPolicies, p)
	}
}

// deployment has ten pods with a Service, an Ingress, a disruption budget and an autoscaler.
func (c illCluster) deployment(ns, name string, n int, state corev1.ContainerStatus, says string) {
	d := appsv1.Deployment{ObjectMeta: c.meta(ns, name)}
	labels, ten := d.Labels, int32(10)
	d.Spec = appsv1.DeploymentSpec{Replicas: &ten, Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}}}
	ready := corev1.ConditionTrue
	if !state.Ready {
		ready = corev1.ConditionFalse
		d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentAvailable, Status: ready, LastTransitionTime: c.old}}
	} else {
		d.Status.AvailableReplicas, d.Status.ReadyReplicas = ten, ten
	}
	c.Deployments = append(c.Deployments, d)
	rs := name + "-1"
	c.ReplicaSets = append(c.ReplicaSets, appsv1.ReplicaSet{ObjectMeta: c.meta(ns, rs, ownedBy("Deployment", ns, name))})
	c.beside(ns, name, n)
	for i := range int(ten) {
		p := corev1.Pod{ObjectMeta: c.meta(ns, fmt.Sprintf("%s-%d", rs, i), ownedBy("ReplicaSet", ns, rs))}
		p.Labels = labels
		p.Spec = corev1.PodSpec{NodeName: node((n*10 + i) % c.nodes), ServiceAccountName: "default", Containers: []corev1.Container{{Name: "main",
			Image: "registry.example/" + name + ":1", Ports: []corev1.ContainerPort{{ContainerPort: 8080}},
			EnvFrom: []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}}}}}}}
		p.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: fmt.Sprintf("10.%d.%d.%d", 100+n*10/65536, n*10/256%256, (n*10+i)%256),
			Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: ready, LastTransitionTime: c.old}},
			ContainerStatuses: []corev1.ContainerStatus{state}}
		c.Pods = append(c.Pods, p)
		c.ConfigMaps = append(c.ConfigMaps, corev1.ConfigMap{ObjectMeta: c.meta(ns, fmt.Sprintf("%s-%d", name, i))})
		if says != "" {
			c.Logs = append(c.Logs, snapshot.Log{Namespace: ns, Pod: p.Name, Container: "main", Previous: true, Text: "starting up\n" + says + "\n"})
		}
	}
	c.ConfigMaps = append(c.ConfigMaps, corev1.ConfigMap{ObjectMeta: c.meta(ns, name)})
}

func (c illCluster) beside(ns, name string, n int) {
	labels := map[string]string{"app": name}
	c.Services = append(c.Services, corev1.Service{ObjectMeta: c.meta(ns, name), Spec: corev1.ServiceSpec{ClusterIP: fmt.Sprintf("10.43.%d.%d",
		n/250, n%250),
		Selector: labels, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}}})
	ing := networkingv1.Ingress{ObjectMeta: c.meta(ns, name)}
	ing.Spec.DefaultBackend = &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: name,
		Port: networkingv1.ServiceBackendPort{Number: 80}}}
	c.Ingresses = append(c.Ingresses, ing)
	budget := policyv1.PodDisruptionBudget{ObjectMeta: c.meta(ns, name)}
	budget.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	c.PDBs = append(c.PDBs, budget)
	scaler := autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: c.meta(ns, name)}
	scaler.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: name, APIVersion: "apps/v1"}
	c.HPAs = append(c.HPAs, scaler)
}

func (c illCluster) crashing(ns, name string, n int, says string) {
	c.deployment(ns, name, n, corev1.ContainerStatus{Name: "main", RestartCount: 1842,
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, StartedAt: c.old,
			FinishedAt: c.old}}}, says)
}

func (c illCluster) unpulled(ns, name string, n int) {
	c.deployment(ns, name, n, corev1.ContainerStatus{Name: "main", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
		Reason: "ImagePullBackOff", Message: "failed to pull: registry.example: i/o timeout"}}}, "")
	for i := range 10 {
		c.event(ns, fmt.Sprintf("%s-1-%d", name, i), "Failed", "Failed to pull image \"registry.example/"+name+
			":1\": dial tcp registry.example: i/o timeout")
	}
}

func (c illCluster) unready(ns, name string, n int) {
	c.deployment(ns, name, n, running(false, c.old), "")
	for i := range 10 {
		c.event(ns, fmt.Sprintf("%s-1-%d", name, i), "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
	}
}

func (c illCluster) event(ns, pod, reason, message string) {
	c.Events = append(c.Events, corev1.Event{ObjectMeta: c.meta(ns, pod+"."+reason), Reason: reason, Type: corev1.EventTypeWarning,
		Message: message, Count: 30,
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: ns, Name: pod}, FirstTimestamp: c.old,
		LastTimestamp: metav1.NewTime(c.At.Add(-time.Minute))})
}

// job has given up after ten pods.
func (c illCluster) job(ns, name string, owner ...metav1.OwnerReference) {
	c.failedJob(ns, name, 10, owner...)
}

// cronJob has failed ten times.
func (c illCluster) cronJob(ns, name string) {
	cron := batchv1.CronJob{ObjectMeta: c.meta(ns, name), Spec: batchv1.CronJobSpec{Schedule: "*/10 * * * *"}}
	cron.Status.LastScheduleTime = &c.old
	c.CronJobs = append(c.CronJobs, cron)
	for i := range 10 {
		c.failedJob(ns, fmt.Sprintf("%s-%d", name, i), 1, ownedBy("CronJob", ns, name))
	}
}

func (c illCluster) failedJob(ns, name string, pods int, owner ...metav1.OwnerReference) {
	j := batchv1.Job{ObjectMeta: c.meta(ns, name, owner...)}
	j.Status = batchv1.JobStatus{Failed: int32(pods), StartTime: &c.old, Conditions: []batchv1.JobCondition{
		{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: "BackoffLimitExceeded", LastTransitionTime: c.old}}}
	c.Jobs = append(c.Jobs, j)
	for i := range pods {
		p := corev1.Pod{ObjectMeta: c.meta(ns, fmt.Sprintf("%s-%d", name, i), ownedBy("Job", ns, name))}
		p.Spec = corev1.PodSpec{NodeName: node(i % c.nodes), Containers: []corev1.Container{{Name: "main", Image: "registry.example/job:1"}}}
		p.Status = corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{{Name: "main",
			State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, StartedAt: c.old, FinishedAt: c.old}}}}}
		c.Pods = append(c.Pods, p)
		c.Logs = append(c.Logs, snapshot.Log{Namespace: ns, Pod: p.Name, Container: "main",
			Text: fmt.Sprintf("FATAL: password authentication failed for user \"%s\"\n", name)})
	}
}

// waiting is a StatefulSet of ten pods that are on no node: their claims are bound to volumes of a node that is full, or to none.
func (c illCluster) waiting(ns, name string, n int, bound bool) {
	ten := int32(10)
	set := appsv1.StatefulSet{ObjectMeta: c.meta(ns, name), Spec: appsv1.StatefulSetSpec{Replicas: &ten}}
	c.StatefulSets = append(c.StatefulSets, set)
	for i := range int(ten) {
		pod := fmt.Sprintf("%s-%d", name, i)
		p := corev1.Pod{ObjectMeta: c.meta(ns, pod, ownedBy("StatefulSet", ns, name))}
		p.Spec.Containers = []corev1.Container{{Name: "main", Image: "registry.example/db:1", Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: apiresource.MustParse("24")}}}}
		p.Spec.Volumes = []corev1.Volume{{Name: "data",
			VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: pod}}}}
		p.Status = corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled,
			Status: corev1.ConditionFalse,
			Reason: "Unschedulable", Message: fmt.Sprintf("0/%d nodes are available: insufficient cpu", c.nodes), LastTransitionTime: c.old}}}
		c.Pods = append(c.Pods, p)
		c.event(ns, pod, "FailedScheduling", p.Status.Conditions[0].Message)
		class := "local"
		claim := corev1.PersistentVolumeClaim{ObjectMeta: c.meta(ns, pod), Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: &class}}
		claim.Status.Phase = corev1.ClaimPending
		if bound {
			claim.Spec.VolumeName, claim.Status.Phase = "pv-"+ns+"-"+pod, corev1.ClaimBound
			c.volume(claim, (n*10+i)%c.nodes)
		}
		c.PersistentVolumeClaims = append(c.PersistentVolumeClaims, claim)
	}
}

func (c illCluster) volume(claim corev1.PersistentVolumeClaim, on int) {
	v := corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: claim.Spec.VolumeName, CreationTimestamp: c.old}}
	v.Spec.ClaimRef = &corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name}
	v.Spec.StorageClassName, v.Status.Phase = "local", corev1.VolumeBound
	v.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn,
			Values: []string{node(on)}}}}}}}
	c.PersistentVolumes = append(c.PersistentVolumes, v)
}
