package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// removalOf is a step that removes a pod, so that its controller makes another.
func removalOf(p *corev1.Pod, params map[string]string) incident.Step {
	return incident.Step{Kind: DeletePod, Params: params,
		Target: incident.Target{Object: incident.Object{Kind: "Pod", Namespace: p.Namespace, Name: p.Name}}}
}

// eachAlone makes a draft of steps that stand each for itself.
func eachAlone(steps []incident.Step, one, many, why string) draft {
	return draft{steps: steps, title: one, many: many, why: why}
}

// nodesAtFault are the nodes that a cause is about, as the Snapshot has them.
func nodesAtFault(q request) []*corev1.Node {
	var out []*corev1.Node
	for _, o := range q.cause.Objects {
		if n := q.s.Node(o.Name); o.Kind == "Node" && n != nil {
			out = append(out, n)
		}
	}
	return out
}

// maintenance is for how long after a node was cordoned somebody may be at work on it.
const maintenance = time.Hour

// draftUncordon lets a node take pods again that was cordoned long ago, is well, and that nobody empties.
func draftUncordon(_ context.Context, _ *Recovery, q request) (draft, error) {
	why := "no node is at fault"
	var steps []incident.Step
	for _, n := range nodesAtFault(q) {
		if why = cordonedOnPurpose(q.s, n, q.cause.Since); why == "" {
			steps = append(steps, incident.Step{Kind: "SetCordon", Target: incident.Target{Object: kube.NodeObject(n)}})
		}
	}
	if len(steps) == 0 {
		return no("%s", why)
	}
	return eachAlone(steps, "uncordon node "+steps[0].Target.Object.Name, "uncordon %d nodes",
		"Pods wait for a node, it is ready, and nobody has been emptying it for an hour."), nil
}

// cordonedOnPurpose says why a node is perhaps to stay cordoned.
func cordonedOnPurpose(s *snapshot.Snapshot, n *corev1.Node, since time.Time) string {
	taint := slices.IndexFunc(n.Spec.Taints, func(t corev1.Taint) bool {
		return repels(t) && !strings.HasPrefix(t.Key, "node.kubernetes.io/")
	})
	switch {
	case !n.Spec.Unschedulable:
		return n.Name + " is not cordoned"
	case !kube.NodeReady(n):
		return n.Name + " is cordoned and not ready: what is wrong with it comes first"
	case since.IsZero():
		return "since when " + n.Name + " is cordoned is not known; whoever cordoned it may be at work on it"
	case s.At.Sub(since) < maintenance:
		return n.Name + " was cordoned within the hour: whoever did that may be at work on it"
	case taint >= 0:
		return fmt.Sprintf("%s has taint %s besides, by which somebody keeps it or takes it away", n.Name, n.Spec.Taints[taint].Key)
	}
	for _, p := range s.PodsOn(n.Name) {
		if p.DeletionTimestamp != nil {
			return n.Name + " is being drained: pod " + p.Namespace + "/" + p.Name + " is ending"
		}
	}
	return ""
}

// draftDrain takes a node out of service that has to be mended as a machine, where another can take its pods.
func draftDrain(_ context.Context, _ *Recovery, q request) (draft, error) {
	nodes := nodesAtFault(q)
	if len(nodes) != 1 {
		return no("%d nodes are to be mended; drain one after the other, and see in between that the others can take the pods", len(nodes))
	}
	n := nodes[0]
	switch {
	case !kube.NodeReady(n):
		return no("node %s is not ready, so its kubelet may not end the pods that are to leave; see to the machine first", n.Name)
	case !takesPods(q.s, n.Name):
		return no("no other node takes pods, so those of %s have nowhere to go; plan for the time that it is away, or add a node", n.Name)
	}
	s := incident.Step{Kind: DrainNode, Target: incident.Target{Object: kube.NodeObject(n)}, Params: map[string]string{}}
	why := "The machine has to be mended, and its pods run elsewhere meanwhile; budgets are respected. Uncordon it once it is well."
	if name := withLocalData(q.s, n.Name); name != "" {
		s.Params[paramData] = "true"
		why = join(why, fmt.Sprintf("What pods have in an emptyDir, such as %s, is lost.", name))
	}
	return draft{steps: []incident.Step{s}, title: "drain node " + n.Name, why: why}, nil
}

// takesPods says whether a node besides is ready, and neither cordoned nor tainted.
func takesPods(s *snapshot.Snapshot, but string) bool {
	return slices.ContainsFunc(s.Nodes, func(n corev1.Node) bool {
		return n.Name != but && kube.NodeReady(&n) && !n.Spec.Unschedulable && !slices.ContainsFunc(n.Spec.Taints, repels)
	})
}

// repels says whether a taint keeps pods off.
func repels(t corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule }

// withLocalData is a pod that leaves with a drain and has data in an emptyDir.
func withLocalData(s *snapshot.Snapshot, node string) string {
	for _, p := range s.PodsOn(node) {
		if c := metav1.GetControllerOf(p); kube.HasEnded(p) || c != nil && c.Kind == "DaemonSet" {
			continue
		}
		if slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.EmptyDir != nil }) {
			return p.Namespace + "/" + p.Name
		}
	}
	return ""
}

// draftClear removes pods that have ended from a node whose disk fills up: their logs and volumes go with them.
func draftClear(_ context.Context, _ *Recovery, q request) (draft, error) {
	var steps []incident.Step
	for _, n := range nodesAtFault(q) {
		if c := kube.NodeCondition(n, corev1.NodeDiskPressure); q.cause.Code == "NodePressure" && (c == nil || c.Status != corev1.ConditionTrue) {
			return no("node %s is short of something other than disk; see which pods use it (kubectl top pod -A), and give them limits or another "+
				"node", n.Name)
		}
		for _, p := range q.s.PodsOn(n.Name) {
			if kube.HasEnded(p) && metav1.GetControllerOf(p) != nil && p.DeletionTimestamp == nil {
				steps = append(steps, removalOf(p, nil))
			}
		}
	}
	if len(steps) == 0 {
		return no("no pod that has ended takes up room on it; on the node, du -xsh /var/lib /var/log tells what does, and crictl rmi --prune " +
			"removes images that nothing uses")
	}
	return eachAlone(steps, "remove a pod that has ended from the node", "remove %d pods that have ended from the node",
		"They do nothing any more, but their logs and what they wrote take up room. Their logs go with them."), nil
}

// offTaint is what a cloud says of a machine that is off.
const offTaint = "node.cloudprovider.kubernetes.io/shutdown"

// offForSure says whether nothing can run on a node any more: its cloud says that it is off, or there is no such node.
func offForSure(s *snapshot.Snapshot, node string) bool {
	n := s.Node(node)
	if n == nil {
		return node != "" && s.SeenWhole("", "nodes")
	}
	return slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == offTaint })
}

// draftLost removes at once the pods of a machine that is off, which nobody else ends: those that are waited for, and those whose successor is
// not made before they are gone.
func draftLost(_ context.Context, _ *Recovery, q request) (draft, error) {
	var steps []incident.Step
	why := "no node is at fault"
	for _, n := range nodesAtFault(q) {
		if !offForSure(q.s, n.Name) {
			why = fmt.Sprintf("node %s only cannot be heard, so its containers may still run and write. See whether the machine runs. Once it is "+
				"off for sure: kubectl taint node %s node.kubernetes.io/out-of-service=nodeshutdown:NoExecute", n.Name, n.Name)
			continue
		}
		why = "nothing waits for the pods of " + n.Name
		for _, p := range q.s.PodsOn(n.Name) {
			c := metav1.GetControllerOf(p)
			if c != nil && c.Kind != "DaemonSet" && !kube.HasEnded(p) && (p.DeletionTimestamp != nil || c.Kind == "StatefulSet") {
				steps = append(steps, removalOf(p, map[string]string{paramAtOnce: "true"}))
			}
		}
	}
	if len(steps) == 0 {
		return no("%s", why)
	}
	return eachAlone(steps, "remove a pod that was lost with its node", "remove %d pods that were lost with their node",
		"The node's cloud says that the machine is off ("+offTaint+"), so nothing of them runs."), nil
}

// draftNodeAgent makes a pod anew that is a node's agent for something, which then registers itself again.
func draftNodeAgent(ctx context.Context, r *Recovery, q request) (draft, error) {
	if q.cause.Code == "NodeCNIMissing" {
		if d, err := draftCNI(ctx, r, q); err != nil || d.no == "" {
			return no("there is a last-good copy to restore")
		}
	}
	var steps []incident.Step
	why := "no node is at fault"
	for _, n := range nodesAtFault(q) {
		why = "no agent for it runs on node " + n.Name + "; see why its DaemonSet has no pod there (node selector, taints)"
		for _, p := range nodeAgents(q, n.Name) {
			switch c := metav1.GetControllerOf(p); {
			case c == nil || c.Kind != "DaemonSet":
			case !kube.IsReady(p):
				why = fmt.Sprintf("pod %s/%s is not ready itself: what is wrong with it comes first", p.Namespace, p.Name)
			default:
				steps = append(steps, removalOf(p, nil))
			}
		}
	}
	if len(steps) == 0 {
		return no("%s", why)
	}
	return eachAlone(steps, fmt.Sprintf("make pod %s anew", steps[0].Target.Object.Name), "make %d pods of node agents anew",
		"It runs and is ready, but the node does not know of what it offers: started anew, it registers itself with the kubelet and the "+
			"runtime again."), nil
}

// nodeAgents are the pods of a node that offer it what the cause says is missing, by the folders of the node that they mount for that.
func nodeAgents(q request, node string) []*corev1.Pod {
	switch q.cause.Code {
	case "NodeCNIMissing":
		return kube.NetworkPods(q.s, node)
	case "GPUNotOffered", "GPUUnhealthy":
		return mounting(q.s, node, "/device-plugins")
	}
	var out []*corev1.Pod
	for _, p := range mounting(q.s, node, "/plugins_registry") {
		w := q.s.WorkloadOf(p)
		if slices.ContainsFunc(q.cause.Objects, func(o incident.Object) bool { return o == w }) {
			out = append(out, p)
		}
	}
	return out
}

func mounting(s *snapshot.Snapshot, node, folder string) []*corev1.Pod {
	var out []*corev1.Pod
	for _, p := range s.PodsOn(node) {
		if slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool {
			return v.HostPath != nil && strings.HasSuffix(strings.TrimRight(v.HostPath.Path, "/"), folder)
		}) {
			out = append(out, p)
		}
	}
	return out
}
