package control

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about the control plane's leaders.
const (
	SchedulerNotLeading         = "SchedulerNotLeading"
	ControllerManagerNotLeading = "ControllerManagerNotLeading"
)

var leaderCodes = []finding.Code{
	{Code: SchedulerNotLeading, Severity: incident.Critical, Root: true,
		Meaning: "No scheduler is at work: new pods get no node.",
		Next:    "Look at the kube-scheduler on the control plane's nodes: whether it runs, and its log.",
		Example: "kube-scheduler has not renewed its Lease for 25m (held by cp-1): new pods get no node"},
	{Code: ControllerManagerNotLeading, Severity: incident.Critical, Root: true,
		Meaning: "No controller-manager is at work: lost pods are not replaced, rollouts and scaling do nothing, endpoints and nodes are " +
			"not watched.",
		Next: "Look at the kube-controller-manager on the control plane's nodes: whether it runs, and its log.",
		Example: "kube-controller-manager has not renewed its Lease for 25m (held by cp-1): lost pods are not replaced, rollouts and " +
			"scaling do nothing"},
}

// leaders are the components of which one instance leads, with what no longer happens when none does.
var leaders = []struct{ name, code, stops string }{
	{"kube-scheduler", SchedulerNotLeading, "new pods get no node"},
	{"kube-controller-manager", ControllerManagerNotLeading,
		"lost pods are not replaced, rollouts and scaling do nothing, and endpoints are not kept current"},
}

func checkLeaders(s *snapshot.Snapshot, r *finding.Report) {
	newest := kube.NodeLeases(s).Newest
	for _, l := range leaders {
		lease := s.Lease("kube-system", l.name)
		if lease == nil {
			if l.code == SchedulerNotLeading {
				schedulerSilent(s, r)
			}
			continue
		}
		if lease.Spec.RenewTime == nil || newest.IsZero() {
			continue
		}
		lasts := finding.LeaseLasts.For
		if d := lease.Spec.LeaseDurationSeconds; d != nil {
			lasts = time.Duration(*d) * time.Second
		}
		silent := newest.Sub(lease.Spec.RenewTime.Time)
		late := silent - lasts
		if late < 0 || works(s, l.name, lease.Spec.RenewTime.Add(lasts+min(late, finding.LostLead.For))) {
			continue
		}
		o := snapshot.ObjectOf("Lease", lease.Namespace, lease.Name)
		holder := "held by nobody"
		if h := lease.Spec.HolderIdentity; h != nil && *h != "" {
			host, _, _ := strings.Cut(*h, "_")
			holder = "held by " + host
		}
		f := r.Find(l.code, o, fmt.Sprintf("%s has not renewed its Lease for %s (%s): %s", l.name, finding.Duration(silent),
			finding.OneLine(holder, 80), l.stops))
		f.Since = lease.Spec.RenewTime.Time
		f.Cite(finding.SeenAPI(o, "spec.renewTime", f.Since, fmt.Sprintf("last renewed %s, lasts %s, %s", finding.Clock(f.Since),
			finding.Duration(lasts), holder)))
		f.Pods = componentPods(s, l.name)
		if l.code == ControllerManagerNotLeading {
			f.Cite(untaken(s, f.Since)...)
		}
		f.NotYet(finding.LostLead, s.At.Add(-late), s.At)
	}
}

// works says whether somebody does a component's work though its Lease is not renewed, as where the Lease is what an earlier control
// plane left behind: since then, pods were placed; or a ReplicaSet's pods were made.
func works(s *snapshot.Snapshot, component string, since time.Time) bool {
	return slices.ContainsFunc(s.Pods, func(p corev1.Pod) bool {
		owner := metav1.GetControllerOf(&p)
		if component == "kube-controller-manager" {
			return owner != nil && owner.Kind == "ReplicaSet" && p.CreationTimestamp.After(since)
		}
		c := kube.PodCondition(&p, corev1.PodScheduled)
		scheduled := c != nil && c.Status == corev1.ConditionTrue && c.LastTransitionTime.After(since)
		return scheduled && (p.Spec.SchedulerName == "" || p.Spec.SchedulerName == corev1.DefaultSchedulerName) && owner != nil &&
			owner.Kind != "Node"
	})
}

// componentPods are the pods of a component of the control plane, as kubeadm runs them.
func componentPods(s *snapshot.Snapshot, name string) []*corev1.Pod {
	var out []*corev1.Pod
	for _, p := range s.PodsIn("kube-system") {
		if p.Labels["component"] == name || p.Labels["k8s-app"] == name {
			out = append(out, p)
		}
	}
	return out
}

// untaken shows what was asked for and nobody took up.
func untaken(s *snapshot.Snapshot, since time.Time) []incident.Evidence {
	var out []incident.Evidence
	for i := range s.Deployments {
		d := &s.Deployments[i]
		if d.Status.ObservedGeneration < d.Generation && len(out) < finding.ShownPods {
			out = append(out, finding.SeenAPI(snapshot.ObjectOf("Deployment", d.Namespace, d.Name), "status.observedGeneration", since,
				fmt.Sprintf("%d, while the Deployment is at generation %d: its last change was not taken up", d.Status.ObservedGeneration,
					d.Generation)))
		}
	}
	return out
}

// schedulerSilent speaks where there is no Lease (K3s and managed control planes have none to see): pods of several workloads wait for
// a node, and no scheduler has said a word about any.
func schedulerSilent(s *snapshot.Snapshot, r *finding.Report) {
	if finding.NotSeen(s, "events", "") || finding.NotSeen(s, "pods", "") {
		return
	}
	var pods []*corev1.Pod
	workloads := map[incident.Object]bool{}
	var since time.Time
	for _, p := range s.PodsOn("") {
		if p.Status.Phase != corev1.PodPending || p.DeletionTimestamp != nil {
			continue
		}
		if n := p.Spec.SchedulerName; n != "" && n != corev1.DefaultSchedulerName {
			continue
		}
		if c := kube.PodCondition(p, corev1.PodScheduled); c != nil || kube.LastEvent(s, finding.PodObject(p), "FailedScheduling") != nil {
			return // a scheduler has spoken
		}
		if !finding.Lasts(finding.NoScheduler, p.CreationTimestamp.Time).Over(s.At) {
			continue
		}
		pods = append(pods, p)
		workloads[s.WorkloadOf(p)] = true
		since = finding.Earlier(since, p.CreationTimestamp.Time)
	}
	if len(workloads) < 2 {
		return
	}
	f := r.Find(SchedulerNotLeading, snapshot.ObjectOf("Lease", "kube-system", "kube-scheduler"),
		fmt.Sprintf("No scheduler is at work: %d pods of %d workloads have waited for a node since %s without a word", len(pods), len(workloads),
			finding.Clock(since)))
	f.Since, f.Told = since, []time.Time{since}
	f.Unless(finding.Events, finding.Pods) // by which a scheduler speaks
	for _, p := range pods[:min(len(pods), finding.ShownPods)] {
		f.Cite(finding.SeenAPI(finding.PodObject(p), "spec.nodeName", p.CreationTimestamp.Time, "no node after "+
			finding.Duration(s.At.Sub(p.CreationTimestamp.Time))+", no condition PodScheduled, no event"))
	}
}
