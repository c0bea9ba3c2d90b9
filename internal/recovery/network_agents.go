package recovery

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/podnetwork"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// draftAgent puts away what keeps a DaemonSet of the network off a node: a label that it asks for, or a taint that it does not tolerate.
func draftAgent(ctx context.Context, r *Recovery, q request) (draft, error) {
	o, err := aboutKind(q, "DaemonSet")
	if err != nil {
		for i := range q.s.DaemonSets {
			if x := snapshot.ObjectOf("DaemonSet", q.s.DaemonSets[i].Namespace, q.s.DaemonSets[i].Name); podnetwork.NodeProxy(x) {
				o, err = x, nil
			}
		}
	}
	if err != nil {
		return draft{}, err
	}
	d := q.s.DaemonSet(o.Namespace, o.Name)
	if d == nil {
		return no("%s is not there any more", inWords(o))
	}
	spec := &d.Spec.Template.Spec
	for _, n := range nodesWithout(q.s, d) {
		if !kube.Matches(spec.NodeSelector, n.Labels) {
			return selectNode(q.s, d, o, n)
		}
		for _, t := range n.Spec.Taints {
			if t.Effect == corev1.TaintEffectPreferNoSchedule || toleratesTaint(spec.Tolerations, t) {
				continue
			}
			now, err := r.asIs(ctx, o)
			if err != nil {
				return draft{}, err
			}
			list, _ := now.clone().at(podSpec(setTo("SetTolerations", o, nil), "tolerations")...).([]any)
			add := map[string]any{"key": t.Key, "operator": "Exists", "effect": string(t.Effect)}
			if t.Value != "" {
				add["operator"], add["value"] = "Equal", t.Value
			}
			return oneStep(setTo("SetTolerations", o, append(list, add)), fmt.Sprintf("let %s run on node %s", inWords(o), n.Name),
				fmt.Sprintf("It does not tolerate the node's taint %s:%s, and without it no Service or pod is reached from there.", t.Key, t.Effect))
		}
	}
	return no("neither a node selector nor a taint keeps %s off the node; see whether the controller-manager works, and what its events say",
		inWords(o))
}

// nodesWithout are the nodes on which a DaemonSet has no pod.
func nodesWithout(s *snapshot.Snapshot, d *appsv1.DaemonSet) []*corev1.Node {
	has := map[string]bool{}
	for _, p := range s.PodsIn(d.Namespace) {
		if metav1.IsControlledBy(p, d) || s.WorkloadOf(p) == snapshot.ObjectOf("DaemonSet", d.Namespace, d.Name) {
			has[p.Spec.NodeName] = true
		}
	}
	var out []*corev1.Node
	for i := range s.Nodes {
		if n := &s.Nodes[i]; !has[n.Name] {
			out = append(out, n)
		}
	}
	return out
}

func toleratesTaint(all []corev1.Toleration, t corev1.Taint) bool {
	for _, x := range all {
		if (x.Key == "" || x.Key == t.Key) && (x.Effect == "" || x.Effect == t.Effect) &&
			(x.Operator == corev1.TolerationOpExists || x.Value == t.Value) {
			return true
		}
	}
	return false
}

// selectNode gives a DaemonSet the node selector of the revision before, if that fits the node; or else the node the label that all nodes
// with a pod of it have.
func selectNode(s *snapshot.Snapshot, d *appsv1.DaemonSet, o incident.Object, n *corev1.Node) (draft, error) {
	if was, rev, ok := selectorBefore(s, d); ok && kube.Matches(was, n.Labels) {
		var value any
		if len(was) > 0 {
			value = asAny(was)
		}
		return oneStep(setTo("SetNodeSelector", o, value), fmt.Sprintf("give %s the node selector that it had", inWords(o)),
			fmt.Sprintf("Revision %d of it asked for %s, which node %s fits.", rev, kube.LabelWords(was), n.Name))
	}
	lacks := kube.Differing(d.Spec.Template.Spec.NodeSelector, n.Labels)
	if len(lacks) != 1 {
		return no("node %s lacks %s, and no earlier revision of %s did without", n.Name, kube.LabelWords(lacks), inWords(o))
	}
	for key, value := range lacks {
		if other, has := n.Labels[key]; has {
			return no("node %s has %s=%s, and %s asks for %s; which of the two is right, somebody has to decide", n.Name, key, other, inWords(o),
				kube.LabelWords(lacks))
		}
		have := 0
		for i := range s.Nodes {
			if s.Nodes[i].Labels[key] == value {
				have++
			}
		}
		if have > 0 && have == len(s.Nodes)-1 {
			return oneStep(setTo("SetNodeLabel", incident.Object{Kind: "Node", Name: n.Name}, value, "label", key),
				fmt.Sprintf("give node %s the label %s=%s", n.Name, key, value),
				fmt.Sprintf("All other nodes have it, and %s asks for it.", inWords(o)))
		}
	}
	return no("node %s lacks %s, which other nodes lack as well; whether it is to have it, somebody has to decide", n.Name,
		kube.LabelWords(lacks))
}

// selectorBefore is the node selector of a DaemonSet's newest revision that had another one.
func selectorBefore(s *snapshot.Snapshot, d *appsv1.DaemonSet) (selector map[string]string, rev int64, ok bool) {
	now := d.Spec.Template.Spec.NodeSelector
	for i := range s.ControllerRevisions {
		c := &s.ControllerRevisions[i]
		if c.Namespace != d.Namespace || !metav1.IsControlledBy(c, d) || c.Revision <= rev {
			continue
		}
		var data struct {
			Spec struct {
				Template corev1.PodTemplateSpec `json:"template"`
			} `json:"spec"`
		}
		if json.Unmarshal(c.Data.Raw, &data) != nil {
			continue
		}
		if was := data.Spec.Template.Spec.NodeSelector; len(kube.Differing(was, now))+len(kube.Differing(now, was)) > 0 {
			selector, rev, ok = was, c.Revision, true
		}
	}
	return selector, rev, ok
}

// draftPlugin starts the network plugin's pod anew on the node that is cut off.
func draftPlugin(_ context.Context, _ *Recovery, q request) (draft, error) {
	o, err := aboutKind(q, "Node")
	if err != nil {
		return draft{}, err
	}
	for _, p := range q.s.PodsOn(o.Name) {
		if w := q.s.WorkloadOf(p); podnetwork.NetworkPlugin(w) && p.DeletionTimestamp == nil {
			return oneStep(incident.Step{Kind: DeletePod, Target: incident.Target{Object: snapshot.ObjectOf("Pod", p.Namespace, p.Name)},
				Params: map[string]string{}}, fmt.Sprintf("start %s on node %s anew", inWords(w), o.Name),
				fmt.Sprintf("It writes the node's routes and rules again when it starts; %s makes the pod anew.", inWords(w)))
		}
	}
	return no("no pod of a network plugin is seen on node %s; compare its ip rule and ip route with those of a node that is well", o.Name)
}
