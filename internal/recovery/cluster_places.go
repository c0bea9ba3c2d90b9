package recovery

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// unplacedPods are the pods without a node of the workloads at fault.
func unplacedPods(q request) []*corev1.Pod {
	var out []*corev1.Pod
	for _, p := range q.s.PodsOn("") {
		w := q.s.WorkloadOf(p)
		if p.DeletionTimestamp == nil && slices.ContainsFunc(q.cause.Objects, func(o incident.Object) bool {
			return o == w || o.Kind == "Pod" && o.Namespace == p.Namespace && o.Name == p.Name
		}) {
			out = append(out, p)
		}
	}
	return out
}

// draftUntaint takes away a taint that alone keeps pods off, and of which nothing else in the cluster speaks: a node that is kept for
// somebody has somebody who does.
func draftUntaint(_ context.Context, _ *Recovery, q request) (draft, error) {
	if len(q.s.NotSeen) > 0 && !q.s.SeenWhole("", "pods", "nodes") {
		return no("not every pod was seen, so that a taint may be meant for others")
	}
	for _, p := range unplacedPods(q) {
		var steps []incident.Step
		key := ""
		for i := range q.s.Nodes {
			n := &q.s.Nodes[i]
			t := onlyTaint(n, p)
			if t == nil || key != "" && t.Key != key || meantFor(q.s, t) {
				continue
			}
			key = t.Key
			steps = append(steps, setTo("SetTaint", kube.NodeObject(n), nil, "key", key))
		}
		if len(steps) > 0 {
			return eachAlone(steps, fmt.Sprintf("take taint %s from node %s", key, steps[0].Target.Object.Name),
				"take taint "+strings.ReplaceAll(key, "%", "%%")+" from %d nodes", fmt.Sprintf("Nothing but the taint keeps pod %s from the node, "+
					"and nothing in the cluster tolerates it. If somebody keeps the node free on purpose, reject this.", p.Name)), nil
		}
	}
	return no("no taint that somebody has left is all that keeps the pods off")
}

// onlyTaint is the one taint for which a node that is well and fits the pod's node selector does not take the pod.
func onlyTaint(n *corev1.Node, p *corev1.Pod) *corev1.Taint {
	if !kube.NodeReady(n) || n.Spec.Unschedulable || !kube.Matches(p.Spec.NodeSelector, n.Labels) {
		return nil
	}
	var only *corev1.Taint
	for i := range n.Spec.Taints {
		t := &n.Spec.Taints[i]
		if !repels(*t) || kube.Tolerates(p.Spec.Tolerations, *t) {
			continue
		}
		if only != nil || strings.Contains(t.Key, "kubernetes.io/") || t.Effect != corev1.TaintEffectNoSchedule {
			return nil
		}
		only = t
	}
	return only
}

// meantFor says whether the taint's key is spoken of by what runs or is to run at another time, such as a CronJob that tolerates it, or by
// what makes nodes.
func meantFor(s *snapshot.Snapshot, t *corev1.Taint) bool {
	all := []any{s.Pods, s.Deployments, s.StatefulSets, s.DaemonSets, s.Jobs, s.CronJobs, s.Customs}
	return !texts(reflect.ValueOf(all), func(text string) (more bool) { return text != t.Key })
}

// draftLabel gives a node the label back that it had when the scheduler placed a pod on it which asks for that label.
func draftLabel(_ context.Context, _ *Recovery, q request) (draft, error) {
	for _, p := range unplacedPods(q) {
		for _, key := range slices.Sorted(maps.Keys(p.Spec.NodeSelector)) {
			value := p.Spec.NodeSelector[key]
			if slices.ContainsFunc(q.s.Nodes, func(n corev1.Node) bool { return n.Labels[key] == value }) {
				continue
			}
			if n := lostLabel(q.s, key, value); n != nil {
				return single(setTo("SetNodeLabel", kube.NodeObject(n), value, "label", key),
					fmt.Sprintf("give node %s its label %s=%s back", n.Name, key, value),
					fmt.Sprintf("No node has the label that pod %s asks for, and %s had it: a pod that asks for it was placed there.", p.Name, n.Name))
			}
		}
	}
	return no("no node is known to have had what the pods ask for")
}

// lostLabel is the one node with a pod that the scheduler can only have placed there by a label that it has no more.
func lostLabel(s *snapshot.Snapshot, key, value string) *corev1.Node {
	var found *corev1.Node
	for i := range s.Nodes {
		n := &s.Nodes[i]
		_, other := n.Labels[key]
		had := slices.ContainsFunc(s.PodsOn(n.Name), func(p *corev1.Pod) bool { return p.Spec.NodeSelector[key] == value && !kube.HasEnded(p) })
		switch {
		case !had || other || !kube.NodeReady(n):
		case found != nil:
			return nil
		default:
			found = n
		}
	}
	return found
}
