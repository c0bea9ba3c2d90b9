package workloads

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func checkDeployment(s *snapshot.Snapshot, r *finding.Report, d *appsv1.Deployment) {
	want := kube.Replicas(d.Spec.Replicas)
	o := snapshot.ObjectOf("Deployment", d.Namespace, d.Name)
	if want == 0 || keepsRoom(s, o, d.Spec.Template.Spec) {
		return
	}
	made := finding.Lasts(finding.Settling, d.CreationTimestamp.Time)
	defer r.MayPass(made)()
	available, progressing := kube.DeploymentCondition(d, appsv1.DeploymentAvailable),
		kube.DeploymentCondition(d, appsv1.DeploymentProgressing)
	if c := kube.DeploymentCondition(d, appsv1.DeploymentReplicaFailure); c != nil && c.Status == corev1.ConditionTrue {
		f := refused(s, r, o, c.Message, c.LastTransitionTime.Time, finding.SeenAPI(o, "status.conditions[ReplicaFailure]",
			c.LastTransitionTime.Time, c.Reason+": "+c.Message))
		servesStill(f, d.Status.AvailableReplicas > 0)
	}
	stuck := progressing != nil && progressing.Status == corev1.ConditionFalse && progressing.Reason == "ProgressDeadlineExceeded"
	switch {
	case stuck:
		reportStuck(s, r, d, o, progressing)
	case d.Spec.Paused:
		checkPaused(s, r, d, o)
	default:
		checkFailing(s, r, d, o)
	}
	starting, unknown := onlyStarting(s, o)
	if d.Status.ObservedGeneration < d.Generation || available == nil || available.Status != corev1.ConditionFalse || unknown {
		return
	}
	normal := made.Max(starting).Max(finding.Lasts(finding.Settling, available.LastTransitionTime.Time))
	if !stuck && progressing != nil && progressing.Reason != "NewReplicaSetAvailable" {
		normal = normal.Max(finding.Lasts(finding.RolloutMoves, progressing.LastUpdateTime.Time))
	}
	f := r.Find(DeploymentUnavailable, o, fmt.Sprintf("Deployment %s: %d of %d pods are available", d.Name, d.Status.AvailableReplicas, want))
	f.Workload, f.Since = o, available.LastTransitionTime.Time
	servesStill(f, d.Status.AvailableReplicas > 0)
	f.Cite(finding.SeenAPI(o, "status.conditions[Available]", f.Since, fmt.Sprintf("%s: %s; %d of %d available", available.Reason,
		available.Message, d.Status.AvailableReplicas, want))).NotYetWithin(normal, s.At).
		UnlessWithin(finding.Lasts(finding.LongStart, f.Since), s.At, finding.Pods)
}

// onlyStarting is until when a workload may be starting: it has pods that are not ready, all of them because they have only just started,
// and none ails. If that time is not known, unknown says that they are.
func onlyStarting(s *snapshot.Snapshot, o incident.Object) (until finding.Term, unknown bool) {
	var unready []*corev1.Pod
	for _, p := range kube.PodsOfWorkload(s, o) {
		if !kube.IsReady(p) && p.DeletionTimestamp == nil && p.Status.Phase != corev1.PodFailed {
			if len(podproblem.Of(s, p)) > 0 {
				return finding.Term{}, false
			}
			unready = append(unready, p)
		}
	}
	return podproblem.OnlyStarting(s, unready)
}

// servesStill lowers a finding to a warning if what people rely on still works.
func servesStill(f *finding.Finding, does bool) {
	if does && f.Severity == incident.Critical {
		f.Severity = incident.Warning
	}
}

func reportStuck(s *snapshot.Snapshot, r *finding.Report, d *appsv1.Deployment, o incident.Object, c *appsv1.DeploymentCondition) {
	v := revisionsOf(s, d)
	title := fmt.Sprintf("Deployment %s: its rollout is stuck, %d of %d pods are updated and available", d.Name,
		min(d.Status.UpdatedReplicas, d.Status.AvailableReplicas), kube.Replicas(d.Spec.Replicas))
	if v.now != nil && revision(v.now) > 0 {
		title = fmt.Sprintf("Deployment %s: the rollout of revision %d is stuck%s", d.Name, revision(v.now), v.differs())
	}
	f := r.Find(DeploymentStuck, o, title)
	f.Workload, f.Since = o, c.LastUpdateTime.Time
	f.Cite(finding.SeenAPI(o, "status.conditions[Progressing]", c.LastUpdateTime.Time, c.Reason+": "+c.Message))
	see(f, v)
	servesStill(f, d.Status.AvailableReplicas > 0)
}

// checkFailing looks at a rollout under way, before its deadline: a pod of the new revision fails over and over.
func checkFailing(s *snapshot.Snapshot, r *finding.Report, d *appsv1.Deployment, o incident.Object) {
	if d.Status.UnavailableReplicas == 0 && d.Status.UpdatedReplicas == d.Status.Replicas {
		return // the short way for most
	}
	v := revisionsOf(s, d)
	if v.now == nil || v.good == nil || v.now.Status.ReadyReplicas > 0 || v.good.Status.ReadyReplicas == 0 {
		return
	}
	var failing []*corev1.Pod
	for _, p := range kube.PodsOf(s, snapshot.ObjectOf("ReplicaSet", d.Namespace, v.now.Name)) {
		if failsAgain(p) {
			failing = append(failing, p)
		}
	}
	if len(failing) == 0 {
		return
	}
	f := r.Find(DeploymentFails, o, fmt.Sprintf("Deployment %s: the pods of revision %d fail while revision %d serves%s", d.Name,
		revision(v.now), revision(v.good), v.differs()))
	f.Workload, f.Since = o, v.now.CreationTimestamp.Time
	f.Cite(finding.SeenAPI(snapshot.ObjectOf("ReplicaSet", d.Namespace, v.now.Name), "status.readyReplicas", f.Since,
		fmt.Sprintf("revision %d has %d of %d pods ready; %s fails", revision(v.now), v.now.Status.ReadyReplicas,
			kube.Replicas(v.now.Spec.Replicas), failing[0].Name)))
	see(f, v)
}

// failing are the kubelet's reasons for which a container waits that do not pass by themselves.
var failing = []string{"CrashLoopBackOff", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError",
	"CreateContainerError", "RunContainerError", "StartError"}

func failsAgain(p *corev1.Pod) bool {
	return slices.ContainsFunc(slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses), func(c corev1.ContainerStatus) bool {
		return c.State.Waiting != nil && slices.Contains(failing, c.State.Waiting.Reason)
	})
}

// checkPaused tells of a Deployment that is paused while a change to its template waits. One without a waiting change is well.
func checkPaused(s *snapshot.Snapshot, r *finding.Report, d *appsv1.Deployment, o incident.Object) {
	v := revisionsOf(s, d)
	if v.now == nil {
		return
	}
	differs := snapshot.TemplateDiff(&v.now.Spec.Template, &d.Spec.Template)
	if len(differs) == 0 {
		return
	}
	title, since := fmt.Sprintf("Deployment %s is paused, and its change waits", d.Name), pausedAt(d)
	if !since.IsZero() {
		title = fmt.Sprintf("Deployment %s is paused, and its change has been waiting for %s", d.Name, finding.Duration(s.At.Sub(since)))
	}
	f := r.Find(DeploymentPaused, o, title+": "+strings.Join(differs, ", "))
	f.Workload, f.Since = o, since
	if since.IsZero() || !finding.Lasts(finding.PauseForgotten, since).Over(s.At) {
		f.Severity = incident.Info
	}
	f.Cite(finding.SeenAPI(o, "spec.paused", since, "true; waiting: "+strings.Join(differs, "; ")))
}

// pausedAt is when the Deployment was last written, which is when it was paused, or changed since.
func pausedAt(d *appsv1.Deployment) time.Time {
	if at, _ := snapshot.Changed(d); !at.IsZero() {
		return at
	}
	if c := kube.DeploymentCondition(d, appsv1.DeploymentProgressing); c != nil && c.Reason == "DeploymentPaused" {
		return c.LastUpdateTime.Time
	}
	return time.Time{}
}

const revisionAnnotation = "deployment.kubernetes.io/revision"

// revisions are a Deployment's newest ReplicaSet, and the last one before it that is good: it has ready pods, or else it is merely the
// one before. Either is nil if there is none.
type revisions struct{ now, good *appsv1.ReplicaSet }

func revision(rs *appsv1.ReplicaSet) int {
	n, _ := strconv.Atoi(rs.Annotations[revisionAnnotation])
	return n
}

func revisionsOf(s *snapshot.Snapshot, d *appsv1.Deployment) revisions {
	type key struct{}
	own := slices.Clone(snapshot.Once(s, key{}, func() map[incident.Object][]*appsv1.ReplicaSet {
		m := map[incident.Object][]*appsv1.ReplicaSet{}
		for i := range s.ReplicaSets {
			rs := &s.ReplicaSets[i]
			if c := metav1.GetControllerOf(rs); c != nil {
				of := snapshot.ObjectOf(c.Kind, rs.Namespace, c.Name)
				m[of] = append(m[of], rs)
			}
		}
		return m
	})[snapshot.ObjectOf("Deployment", d.Namespace, d.Name)])
	slices.SortStableFunc(own, func(a, b *appsv1.ReplicaSet) int { return revision(b) - revision(a) })
	var v revisions
	for i, rs := range own {
		switch {
		case i == 0:
			v.now = rs
		case v.good == nil, v.good.Status.ReadyReplicas == 0 && rs.Status.ReadyReplicas > 0:
			v.good = rs
		}
	}
	return v
}

// differs is ", image a → b", or nothing.
func (v revisions) differs() string {
	if v.now == nil || v.good == nil {
		return ""
	}
	if d := snapshot.TemplateDiff(&v.good.Spec.Template, &v.now.Spec.Template); len(d) > 0 {
		return ", " + strings.Join(d, ", ")
	}
	return ""
}

func see(f *finding.Finding, v revisions) {
	if v.good == nil || v.now == nil {
		return
	}
	f.Cite(finding.SeenAPI(snapshot.ObjectOf("ReplicaSet", v.good.Namespace, v.good.Name), "status.readyReplicas", time.Time{},
		fmt.Sprintf("revision %d has %d of %d pods ready", revision(v.good), v.good.Status.ReadyReplicas, kube.Replicas(v.good.Spec.Replicas))))
	if d := snapshot.TemplateDiff(&v.good.Spec.Template, &v.now.Spec.Template); len(d) > 0 {
		f.Cite(finding.SeenAPI(snapshot.ObjectOf("ReplicaSet", v.now.Namespace, v.now.Name), "spec.template", v.now.CreationTimestamp.Time,
			strings.Join(d, "; ")))
		f.Because = fmt.Sprintf("%s's revision %d differs from revision %d by %s", finding.Short(f.Object), revision(v.now), revision(v.good),
			strings.Join(d, ", "))
	}
}

// keepsRoom says whether all of a workload's pods are placeholders that make way for others. Where pods are not seen, the class of their
// priority is enough: nobody is hurt where nothing but a pause is missing.
func keepsRoom(s *snapshot.Snapshot, o incident.Object, spec corev1.PodSpec) bool {
	if finding.NotSeen(s, finding.Pods, o.Namespace) {
		return spec.PriorityClassName != "" && kube.OnlyPauses(spec)
	}
	pods := kube.PodsOfWorkload(s, o)
	return len(pods) > 0 && !slices.ContainsFunc(pods, func(p *corev1.Pod) bool { return !kube.KeepsRoom(p) })
}
