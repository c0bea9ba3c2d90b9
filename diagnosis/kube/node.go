package kube

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// NodeObject names a node.
func NodeObject(n *corev1.Node) incident.Object { return snapshot.ObjectOf("Node", "", n.Name) }

// NodeCondition is a node's condition; nil if it has none of the type.
func NodeCondition(n *corev1.Node, t corev1.NodeConditionType) *corev1.NodeCondition {
	for i := range n.Status.Conditions {
		if n.Status.Conditions[i].Type == t {
			return &n.Status.Conditions[i]
		}
	}
	return nil
}

// NodeReady says whether the node is there and its kubelet calls it ready.
func NodeReady(n *corev1.Node) bool {
	if n == nil {
		return false
	}
	c := NodeCondition(n, corev1.NodeReady)
	return c != nil && c.Status == corev1.ConditionTrue
}

// Tolerates says whether one of the tolerations is of the taint, as the scheduler takes it.
func Tolerates(by []corev1.Toleration, t corev1.Taint) bool {
	return corev1helpers.TolerationsTolerateTaint(klog.Background(), by, &t, false)
}

// leavingTaints are put on a node that is about to be removed: by the cluster autoscaler, Karpenter, cloud controllers and the handlers
// of spot instances' last notice.
var leavingTaints = map[string]bool{
	"ToBeDeletedByClusterAutoscaler": true, "karpenter.sh/disrupted": true, "karpenter.sh/disruption": true,
	"node.cloudprovider.kubernetes.io/shutdown": true, "aws-node-termination-handler/spot-itn": true,
	"cloud.google.com/impending-node-termination": true,
}

// Leaving is until when a node may be on its way out, as it should, or drained for maintenance: that it stops reporting is part of it. One
// that has not stopped may be for as long as it likes: asked says so.
func Leaving(s *snapshot.Snapshot, n *corev1.Node) (until finding.Term, asked bool) {
	if n.DeletionTimestamp != nil {
		return finding.Lasts(finding.LeavingTime, n.DeletionTimestamp.Time), false
	}
	c := NodeCondition(n, corev1.NodeReady)
	switch away := drained(s, n); {
	case !away && !slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return leavingTaints[t.Key] }):
		return finding.Term{}, false
	case c == nil || away && c.Status == corev1.ConditionTrue:
		return finding.Term{}, true
	}
	return finding.Lasts(finding.LeavingTime, c.LastTransitionTime.Time), false
}

// drained says whether a node is cordoned and has no pods but those that belong to every node, or that are ending.
func drained(s *snapshot.Snapshot, n *corev1.Node) bool {
	return n.Spec.Unschedulable && !finding.NotSeen(s, "pods", "") && !slices.ContainsFunc(s.PodsOn(n.Name), func(p *corev1.Pod) bool {
		owner := metav1.GetControllerOf(p)
		ofNode := owner != nil && (owner.Kind == "DaemonSet" || owner.Kind == "Node")
		return !ofNode && p.DeletionTimestamp == nil && !HasEnded(p)
	})
}

// AwayWithNode is until when a pod may not be ready because its node is away for a while, as it should be; asked is as of [Leaving].
func AwayWithNode(s *snapshot.Snapshot, p *corev1.Pod) (until finding.Term, asked bool) {
	n := s.Node(p.Spec.NodeName)
	switch c := PodCondition(p, corev1.PodReady); {
	case n == nil && c != nil && calledUnready(p) && finding.NotSeen(s, finding.Nodes, ""):
		return finding.Lasts(finding.LeavingTime, c.LastTransitionTime.Time), false // its node may be on its way out
	case n == nil || NodeReady(n):
		return finding.Term{}, false
	}
	return Leaving(s, n)
}

// calledUnready says whether a pod is not ready though its containers are, and for no condition of its own: so the node lifecycle
// controller leaves the pods of a node that it has lost.
func calledUnready(p *corev1.Pod) bool {
	c := PodCondition(p, corev1.ContainersReady)
	return !IsReady(p) && c != nil && c.Status == corev1.ConditionTrue && len(p.Spec.ReadinessGates) == 0
}

// CordonedAt is when the taint came that the node lifecycle controller puts on a cordoned node, or when the kubelet noticed.
func CordonedAt(s *snapshot.Snapshot, n *corev1.Node) time.Time {
	for i := range n.Spec.Taints {
		if t := &n.Spec.Taints[i]; t.Key == corev1.TaintNodeUnschedulable && t.TimeAdded != nil {
			return t.TimeAdded.Time
		}
	}
	return BeganAt(LastEvent(s, NodeObject(n), "NodeNotSchedulable"))
}

// WorkedOn says whether an agent of the cluster is bringing a node into another state: what the node has by its annotations (current…) is
// not what it is to have by them (desired…).
func WorkedOn(n *corev1.Node) bool {
	for key, has := range n.Annotations {
		of, what, ok := strings.Cut(key, "/current")
		if wants, told := n.Annotations[of+"/desired"+what]; ok && told && wants != has {
			return true
		}
	}
	return false
}
