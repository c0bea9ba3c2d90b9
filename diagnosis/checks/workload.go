package checks

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var workloadChecks = []Check{
	{"workloads", workloadCodes, checkWorkloads},
	{"jobs", jobCodes, checkJobs},
}

// The codes of findings about workloads.
const (
	DeploymentUnavailable  = "DeploymentUnavailable"
	DeploymentStuck        = "DeploymentStuck"
	StatefulSetUnavailable = "StatefulSetUnavailable"
	DaemonSetUnavailable   = "DaemonSetUnavailable"
	PodsRefused            = "PodsRefused"
)

var workloadCodes = []Code{
	{Code: DeploymentUnavailable, Severity: incident.Critical,
		Meaning: "Fewer pods of a Deployment are available than it promises.",
		Next:    "Look at its pods.",
		Example: "Deployment grafana: 0 of 1 pods are available"},
	{Code: DeploymentStuck, Severity: incident.Critical,
		Meaning: "A rollout has not progressed within its deadline; the pods of the new revision do not become ready.",
		Next:    "Look at the new revision's pods; roll back if the previous revision was well (kubectl rollout undo).",
		Example: "Deployment web: the rollout of revision 4 is stuck, image shop/web:v3 → shop/web:v4"},
	{Code: StatefulSetUnavailable, Severity: incident.Critical,
		Meaning: "Fewer pods of a StatefulSet are ready than it should have. It starts them in order: one that fails holds up those after it.",
		Next:    "Look at the first pod that is not ready.",
		Example: "StatefulSet chromadb: 0 of 1 pods are ready, it waits for chromadb-0"},
	{Code: DaemonSetUnavailable, Severity: incident.Warning,
		Meaning: "A DaemonSet does not run on every node that it should.",
		Next:    "Look at its pods on the nodes named.",
		Example: "DaemonSet node-exporter: ready on 2 of 3 nodes, not on worker-1"},
	{Code: PodsRefused, Severity: incident.Critical, Root: true,
		Meaning: "The API server refuses the pods that a workload wants: a quota, a policy, a webhook, a missing ServiceAccount or an invalid field.",
		Next:    "Read the refusal: it names what refuses and its numbers.",
		Example: `Deployment web cannot create pods: exceeded quota: compute, requested: cpu=2, used: cpu=4, limited: cpu=4`},
}

func checkWorkloads(s *snapshot.Snapshot, r *Report) {
	for i := range s.Deployments {
		checkDeployment(s, r, &s.Deployments[i])
	}
	for i := range s.StatefulSets {
		checkStatefulSet(s, r, &s.StatefulSets[i])
	}
	for i := range s.DaemonSets {
		checkDaemonSet(s, r, &s.DaemonSets[i])
	}
}

// replicas is what a workload wants; nil means 1.
func replicas(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}

// satisfied says whether a workload has as many ready pods as it wants.
func satisfied(s *snapshot.Snapshot, w incident.Object) bool {
	switch w.Kind {
	case "Deployment":
		d := s.Deployment(w.Namespace, w.Name)
		return d != nil && d.Status.AvailableReplicas >= replicas(d.Spec.Replicas)
	case "StatefulSet":
		d := s.StatefulSet(w.Namespace, w.Name)
		return d != nil && d.Status.ReadyReplicas >= replicas(d.Spec.Replicas)
	case "DaemonSet":
		d := s.DaemonSet(w.Namespace, w.Name)
		return d != nil && d.Status.NumberReady >= d.Status.DesiredNumberScheduled
	}
	return false
}

func checkDeployment(s *snapshot.Snapshot, r *Report, d *appsv1.Deployment) {
	want := replicas(d.Spec.Replicas)
	if want == 0 || newly(s, d.CreationTimestamp.Time) {
		return
	}
	o := snapshot.ObjectOf("Deployment", d.Namespace, d.Name)
	available, progressing := deploymentCondition(d, appsv1.DeploymentAvailable), deploymentCondition(d, appsv1.DeploymentProgressing)
	if c := deploymentCondition(d, appsv1.DeploymentReplicaFailure); c != nil && c.Status == corev1.ConditionTrue {
		refused(r, o, c.Message, c.LastTransitionTime.Time, seenAPI(o, "status.conditions[ReplicaFailure]", c.LastTransitionTime.Time, c.Reason+": "+c.Message))
	}
	stuck := progressing != nil && progressing.Status == corev1.ConditionFalse && progressing.Reason == "ProgressDeadlineExceeded"
	if stuck {
		reportStuck(s, r, d, o, progressing)
	}
	rolling := d.Status.ObservedGeneration < d.Generation ||
		!stuck && progressing != nil && progressing.Reason != "NewReplicaSetAvailable" && newly(s, progressing.LastUpdateTime.Time)
	if rolling || available == nil || available.Status != corev1.ConditionFalse || newly(s, available.LastTransitionTime.Time) {
		return
	}
	f := r.Find(DeploymentUnavailable, o, fmt.Sprintf("Deployment %s: %d of %d pods are available", d.Name, d.Status.AvailableReplicas, want))
	f.Workload, f.Since = o, available.LastTransitionTime.Time
	if d.Status.AvailableReplicas > 0 {
		f.Severity = incident.Warning
	}
	f.See(seenAPI(o, "status.conditions[Available]", f.Since, fmt.Sprintf("%s: %s; %d of %d available", available.Reason, available.Message, d.Status.AvailableReplicas, want)))
}

func deploymentCondition(d *appsv1.Deployment, t appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range d.Status.Conditions {
		if d.Status.Conditions[i].Type == t {
			return &d.Status.Conditions[i]
		}
	}
	return nil
}

func refused(r *Report, o incident.Object, message string, since time.Time, seen incident.Evidence) {
	f := r.Find(PodsRefused, o, fmt.Sprintf("%s cannot create pods: %s", short(o), refusal(message))).See(seen)
	f.Workload, f.Since, f.Words = o, since, message
}

// refusal is the API server's reason, without the name of the pod that was to be.
func refusal(message string) string {
	if _, after, ok := strings.Cut(message, "is forbidden: "); ok {
		message = after
	}
	return shortest(message)
}

func reportStuck(s *snapshot.Snapshot, r *Report, d *appsv1.Deployment, o incident.Object, c *appsv1.DeploymentCondition) {
	now, before := revisions(s, d)
	title := fmt.Sprintf("Deployment %s: its rollout is stuck, %d of %d pods are updated and available", d.Name, min(d.Status.UpdatedReplicas, d.Status.AvailableReplicas), replicas(d.Spec.Replicas))
	f := r.Find(DeploymentStuck, o, title)
	f.Workload, f.Since = o, c.LastUpdateTime.Time
	f.See(seenAPI(o, "status.conditions[Progressing]", c.LastUpdateTime.Time, c.Reason+": "+c.Message))
	if now != nil && now.Annotations[revisionAnnotation] != "" {
		title = fmt.Sprintf("Deployment %s: the rollout of revision %s is stuck", d.Name, now.Annotations[revisionAnnotation])
		if before != nil {
			title += changedImages(before, now)
			f.See(seenAPI(snapshot.ObjectOf("ReplicaSet", before.Namespace, before.Name), "status.readyReplicas", time.Time{},
				fmt.Sprintf("revision %s has %d of %d pods ready", before.Annotations[revisionAnnotation], before.Status.ReadyReplicas, replicas(before.Spec.Replicas))))
		}
		f.Title = oneLine(title, maxTitle)
	}
	if d.Status.AvailableReplicas > 0 {
		f.Severity = incident.Warning
	}
}

const revisionAnnotation = "deployment.kubernetes.io/revision"

// revisions returns the Deployment's newest ReplicaSet and the one before it, either nil if there is none.
func revisions(s *snapshot.Snapshot, d *appsv1.Deployment) (now, before *appsv1.ReplicaSet) {
	number := func(rs *appsv1.ReplicaSet) int {
		if rs == nil {
			return -1
		}
		n, _ := strconv.Atoi(rs.Annotations[revisionAnnotation])
		return n
	}
	for _, rs := range s.ReplicaSetsIn(d.Namespace) {
		if c := metav1.GetControllerOf(rs); c == nil || c.Kind != "Deployment" || c.Name != d.Name {
			continue
		}
		switch n := number(rs); {
		case n > number(now):
			now, before = rs, now
		case n > number(before):
			before = rs
		}
	}
	return now, before
}

func changedImages(before, now *appsv1.ReplicaSet) string {
	var out string
	for _, c := range now.Spec.Template.Spec.Containers {
		for _, b := range before.Spec.Template.Spec.Containers {
			if b.Name == c.Name && b.Image != c.Image {
				out += ", image " + b.Image + " → " + c.Image
			}
		}
	}
	return out
}

func checkStatefulSet(s *snapshot.Snapshot, r *Report, d *appsv1.StatefulSet) {
	o, want := snapshot.ObjectOf("StatefulSet", d.Namespace, d.Name), replicas(d.Spec.Replicas)
	if want == 0 || newly(s, d.CreationTimestamp.Time) || d.Status.ReadyReplicas >= want {
		return
	}
	if e := lastEvent(s, o, "FailedCreate"); e != nil && d.Status.Replicas < want {
		refused(r, o, e.Message, beganAt(e), seenEvent(e))
	}
	first := ""
	var before *corev1.Pod
	for i := range want {
		name := fmt.Sprintf("%s-%d", d.Name, i+ordinalStart(d))
		p := s.Pod(d.Namespace, name)
		if p != nil && isReady(p) {
			before = p
			continue
		}
		if p != nil && startingUp(s, p) || p == nil && before != nil && newly(s, podCondition(before, corev1.PodReady).LastTransitionTime.Time) {
			return // the next one begins when the one before is ready
		}
		first = name
		break
	}
	if first == "" {
		return
	}
	f := r.Find(StatefulSetUnavailable, o, fmt.Sprintf("StatefulSet %s: %d of %d pods are ready, it waits for %s", d.Name, d.Status.ReadyReplicas, want, first))
	f.Workload = o
	f.See(seenAPI(o, "status.readyReplicas", time.Time{}, fmt.Sprintf("%d of %d ready", d.Status.ReadyReplicas, want)))
	if p := s.Pod(d.Namespace, first); p != nil {
		f.Since = unreadySince(p)
	}
	if d.Status.ReadyReplicas > 0 {
		f.Severity = incident.Warning
	}
}

func ordinalStart(d *appsv1.StatefulSet) int32 {
	if d.Spec.Ordinals == nil {
		return 0
	}
	return d.Spec.Ordinals.Start
}

// startingUp says that a pod is too young, or not ready for too short a time, to be looked at; or that it is about to be replaced.
func startingUp(s *snapshot.Snapshot, p *corev1.Pod) bool {
	if p.DeletionTimestamp != nil {
		return s.At.Sub(p.DeletionTimestamp.Time) < stuckTerminating
	}
	return newly(s, p.CreationTimestamp.Time) || newly(s, unreadySince(p))
}

func unreadySince(p *corev1.Pod) time.Time {
	if c := podCondition(p, corev1.PodReady); c != nil && c.Status != corev1.ConditionTrue {
		return c.LastTransitionTime.Time
	}
	return time.Time{}
}

func checkDaemonSet(s *snapshot.Snapshot, r *Report, d *appsv1.DaemonSet) {
	o, want, ready := snapshot.ObjectOf("DaemonSet", d.Namespace, d.Name), d.Status.DesiredNumberScheduled, d.Status.NumberReady
	if newly(s, d.CreationTimestamp.Time) || ready >= want {
		return
	}
	refusal := lastEvent(s, o, "FailedCreate")
	if refusal != nil && d.Status.CurrentNumberScheduled < want {
		refused(r, o, refusal.Message, beganAt(refusal), seenEvent(refusal))
	}
	var nodes []string
	var since time.Time
	for _, p := range s.PodsIn(d.Namespace) {
		if c := metav1.GetControllerOf(p); c == nil || c.Kind != "DaemonSet" || c.Name != d.Name || isReady(p) {
			continue
		}
		if startingUp(s, p) {
			return
		}
		nodes = union(nodes, []string{p.Spec.NodeName})
		since = earlier(since, unreadySince(p))
	}
	if len(nodes) == 0 && refusal == nil {
		return // its pods are being created
	}
	title := fmt.Sprintf("DaemonSet %s: ready on %d of %d nodes", d.Name, ready, want)
	if len(nodes) > 0 {
		title += ", not on " + strings.Join(nodes[:min(len(nodes), 3)], ", ")
	}
	f := r.Find(DaemonSetUnavailable, o, title)
	f.Workload, f.Since, f.Nodes = o, since, nodes
	f.See(seenAPI(o, "status.numberReady", time.Time{}, fmt.Sprintf("%d of %d ready", ready, want)))
}
