package workloads

import (
	"fmt"
	"maps"
	"slices"
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

// checkDaemonSet takes the controller's count of nodes that should run a pod: nodes whose taints are not tolerated are left out of it,
// by design.
func checkDaemonSet(s *snapshot.Snapshot, r *finding.Report, d *appsv1.DaemonSet) {
	o, want, ready := snapshot.ObjectOf("DaemonSet", d.Namespace, d.Name), d.Status.DesiredNumberScheduled, d.Status.NumberReady
	made := finding.Lasts(finding.Settling, d.CreationTimestamp.Time)
	defer r.MayPass(made)()
	switch {
	case want == 0:
		checkNodeSelector(s, r, d, o)
		return
	case ready >= want:
		return
	}
	refusal := refusedEvent(s, o)
	if refusal != nil && d.Status.CurrentNumberScheduled < want {
		servesStill(refused(s, r, o, refusal.Message, kube.BeganAt(refusal), finding.SeenEvent(refusal)), ready > 0)
	}
	ill, normal := notServing(s, kube.PodsOf(s, o), refusal != nil)
	if len(ill) == 0 && refusal == nil {
		return // its pods are being created
	}
	var nodes, why []string
	var since time.Time
	now := ""
	for _, p := range ill {
		nodes = finding.Union(nodes, []string{daemonNode(p)})
		if len(why) < finding.ShownPods {
			why = append(why, daemonNode(p)+": "+podState(p))
		}
		since, now = finding.Earlier(since, kube.UnreadySince(p)), p.Labels[appsv1.ControllerRevisionHashLabelKey]
	}
	title := fmt.Sprintf("DaemonSet %s: ready on %d of %d nodes", d.Name, ready, want)
	if len(nodes) > 0 {
		title += ", not on " + strings.Join(nodes[:min(len(nodes), 3)], ", ")
	}
	f := r.Find(DaemonSetUnavailable, o, title)
	f.Workload, f.Since, f.Nodes = o, since, nodes
	f.Cite(finding.SeenAPI(o, "status.numberReady", time.Time{}, fmt.Sprintf("%d of %d ready; %s", ready, want, strings.Join(why, "; "))))
	if d.Status.UpdatedNumberScheduled < want && d.Status.UpdatedNumberScheduled > 0 {
		revised(f, s, d.Namespace, revisionBefore(s, d, now), revisionNamed(d, now))
	}
	f.NotYetWithin(normal.Max(made), s.At)
}

// notServing are the pods that should be ready by now. If there are none, and nothing is refused, they are those that are starting, with
// until when they may be.
func notServing(s *snapshot.Snapshot, pods []*corev1.Pod, areRefused bool) (ill []*corev1.Pod, normal finding.Term) {
	var starting []*corev1.Pod
	for _, p := range pods {
		switch {
		case kube.IsReady(p) || away(s, p):
		case podproblem.StartingUp(s, p):
			starting = append(starting, p)
		default:
			ill = append(ill, p)
		}
	}
	if normal = podproblem.StartsUntil(s, starting); len(ill) > 0 || areRefused || normal.Over(s.At) {
		return ill, finding.Term{}
	}
	return starting, normal
}

// away says whether a pod is not ready for its node, which is away for a while as it should be.
func away(s *snapshot.Snapshot, p *corev1.Pod) bool {
	until, asked := kube.AwayWithNode(s, p)
	return asked || !until.Over(s.At)
}

// daemonNode is the node that a pod is meant for: before it is bound, its affinity says so.
func daemonNode(p *corev1.Pod) string {
	if p.Spec.NodeName != "" || p.Spec.Affinity == nil || p.Spec.Affinity.NodeAffinity == nil ||
		p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return p.Spec.NodeName
	}
	for _, t := range p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, m := range t.MatchFields {
			if m.Key == metav1.ObjectNameField && len(m.Values) == 1 {
				return m.Values[0]
			}
		}
	}
	return ""
}

// podState is why a pod is not ready, in a few words.
func podState(p *corev1.Pod) string {
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if c.State.Waiting != nil && c.State.Waiting.Reason != "" {
			return c.State.Waiting.Reason
		}
	}
	if c := kube.PodCondition(p, corev1.PodScheduled); c != nil && c.Status == corev1.ConditionFalse {
		return c.Reason
	}
	return string(p.Status.Phase) + ", not ready"
}

func revisionNamed(d *appsv1.DaemonSet, hash string) string {
	if hash == "" {
		return ""
	}
	return d.Name + "-" + hash
}

// revisionBefore names the DaemonSet's newest ControllerRevision but the one of the hash.
func revisionBefore(s *snapshot.Snapshot, d *appsv1.DaemonSet, hash string) string {
	var best *appsv1.ControllerRevision
	for i := range s.ControllerRevisions {
		v := &s.ControllerRevisions[i]
		c := metav1.GetControllerOf(v)
		if c == nil || c.Kind != "DaemonSet" || c.Name != d.Name || v.Namespace != d.Namespace || v.Name == revisionNamed(d, hash) {
			continue
		}
		if best == nil || v.Revision > best.Revision {
			best = v
		}
	}
	if best == nil {
		return ""
	}
	return best.Name
}

// checkNodeSelector tells of a selector that misses the nodes by a slip of the pen. One that matches none is mostly meant: for GPUs that
// are not there yet. Labels of Kubernetes' own have values that look alike and differ (amd64, arm64).
func checkNodeSelector(s *snapshot.Snapshot, r *finding.Report, d *appsv1.DaemonSet, o incident.Object) {
	for _, key := range slices.Sorted(maps.Keys(d.Spec.Template.Spec.NodeSelector)) {
		if strings.Contains(key, "kubernetes.io/") {
			continue
		}
		value := d.Spec.Template.Spec.NodeSelector[key]
		has := nearLabel(s, key, value)
		if has == "" {
			continue
		}
		f := r.Find(DaemonSetNoNode, o, fmt.Sprintf("DaemonSet %s runs on no node: its node selector wants %s=%s, and nodes have %s", d.Name, key,
			value, has))
		f.Workload, f.Since = o, d.CreationTimestamp.Time
		f.Cite(finding.SeenAPI(o, "spec.template.spec.nodeSelector", d.CreationTimestamp.Time, fmt.Sprintf("%s=%s matches no node; nodes have %s",
			key, value, has)))
		return
	}
}

// nearLabel is the label of nodes that the one wanted looks like, "" if one has it, or none looks like it.
func nearLabel(s *snapshot.Snapshot, key, value string) string {
	values, keys := map[string]bool{}, map[string]bool{}
	for i := range s.Nodes {
		for k, v := range s.Nodes[i].Labels {
			switch {
			case k == key && v == value:
				return ""
			case k == key:
				values[v] = true
			case v == value && !strings.Contains(k, "kubernetes.io/"):
				keys[k] = true
			}
		}
	}
	var slips []string
	for _, v := range slices.Sorted(maps.Keys(values)) {
		if slip(value, v) {
			slips = append(slips, key+"="+v)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if slip(key, k) {
			slips = append(slips, k+"="+value)
		}
	}
	return strings.Join(slips[:min(len(slips), 3)], ", ")
}

// slip says whether two names differ by a letter, or by case: "ssd" and "hdd" are two things.
func slip(a, b string) bool {
	return kube.Distance(strings.ToLower(a), strings.ToLower(b)) <= max(1, len(a)/8)
}
