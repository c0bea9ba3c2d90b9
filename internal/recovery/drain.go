package recovery

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// drainNode is a kind of step that cordons a node and evicts its pods, those that kubectl drain would evict. Parameters: "alone" and
// "data", "true" where pods without a controller may go, and pods with data in an emptyDir, which is lost; "pods", those that go, as JSON;
// "cordoned", "true" where the node was that before; "back", "true" in the opposite, which only uncordons.
type drainNode struct{ edit }

const (
	paramAlone    = "alone"
	paramData     = "data"
	paramPods     = "pods"
	paramCordoned = "cordoned"
	paramBack     = "back"
)

// leaving is a pod that a drain evicts.
type leaving struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
	Owner     string `json:"owner,omitempty"` // that makes it again elsewhere
}

func (l leaving) object() incident.Object {
	return incident.Object{Kind: "Pod", Namespace: l.Namespace, Name: l.Name}
}

func (l leaving) String() string {
	if l.Owner == "" {
		return l.Namespace + "/" + l.Name + " (nothing makes it again)"
	}
	return l.Namespace + "/" + l.Name + " (of " + l.Owner + ")"
}

func (drainNode) means() string {
	return "Cordons a node and evicts its pods, as PodDisruptionBudgets allow; undone, the node takes new pods again."
}

func (drainNode) objects() []string { return []string{"Node"} }

// risk: what nothing makes again, and what an emptyDir holds, is lost.
func (drainNode) risk(s incident.Step) incident.Risk {
	if s.Params[paramAlone] == "true" || s.Params[paramData] == "true" {
		return incident.Destructive
	}
	return incident.Disruptive
}

func (drainNode) title(s incident.Step) string {
	if s.Params[paramBack] == "true" {
		return "Uncordon node " + s.Target.Object.Name
	}
	pods := "pods"
	n := len(planned(s))
	if n == 1 {
		pods = "pod"
	}
	return fmt.Sprintf("Drain node %s of %d %s", s.Target.Object.Name, n, pods)
}

// rights: to evict, in each namespace from which a pod goes.
func (k drainNode) rights(s incident.Step) []incident.Right {
	all := k.edit.rights(s)
	if s.Params[paramBack] == "true" {
		return all
	}
	for _, l := range planned(s) {
		r := rightOn("create", l.object(), "eviction")
		if r.Name = ""; !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	return all
}

// reads are what tells which pods a drain concerns, beside the node: the pods, and the DaemonSets whose pods stay.
func (drainNode) reads() []incident.Right {
	return []incident.Right{{Verb: "list", Resource: "pods"}, {Verb: "get", Group: "apps", Resource: "daemonsets"}}
}

// planned are the pods that the plan names.
func planned(s incident.Step) []leaving {
	var out []leaving
	if json.Unmarshal([]byte(s.Params[paramPods]), &out) != nil {
		return nil
	}
	return out
}

// crowd is a node with the pods that are to leave it.
type crowd struct {
	node    object
	pods    []leaving
	refused []string
}

func (k drainNode) see(ctx context.Context, r *Recovery, s incident.Step) (crowd, error) {
	now, err := k.edit.look(ctx, r, s)
	if err != nil {
		return crowd{}, err
	}
	out := crowd{node: now.object}
	if s.Target.Object.Kind != "Node" || s.Params[paramBack] == "true" {
		return out, nil
	}
	pods, refused, err := r.o.Reader.ToEvict(ctx, s.Target.Object.Name, s.Params[paramAlone] == "true", s.Params[paramData] == "true")
	if err != nil {
		return crowd{}, err
	}
	out.refused = refused
	for i := range pods {
		out.pods = append(out.pods, leavingOf(&pods[i]))
	}
	slices.SortFunc(out.pods, func(a, b leaving) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

func leavingOf(p *corev1.Pod) leaving {
	l := leaving{Namespace: p.Namespace, Name: p.Name, UID: string(p.UID)}
	if c := metav1.GetControllerOf(p); c != nil {
		l.Owner = c.Kind + " " + c.Name
	}
	return l
}

// look: in the object there is a note of the pods, which no node has, so that what is pure can see them.
func (k drainNode) look(ctx context.Context, r *Recovery, s incident.Step) (subject, error) {
	now, err := k.see(ctx, r, s)
	if err != nil {
		return subject{}, err
	}
	o := now.node.clone()
	if s.Params[paramBack] == "true" { // the pods that went have gone; those that the plan named stand for the time before
		now.pods = nil
		if !cordoned(o) {
			now.pods = planned(s)
		}
	}
	return onNode(o, now.pods, now.refused), nil
}

const (
	noteOfPods    = "paramedic: pods"
	noteOfRefused = "paramedic: refused"
)

func onNode(o object, pods []leaving, refused []string) subject {
	if !cordoned(o) {
		o.unset("spec", "unschedulable") // as the API server has it
	}
	hash := digest(encode([]any{boundPart(o), append([]leaving{}, pods...)}))
	o[noteOfPods], o[noteOfRefused] = pods, refused
	return subject{uid: o.text("metadata", "uid"), hash: hash, object: o}
}

// withoutNotes is the node as the API server has it.
func withoutNotes(s subject) (node object, pods []leaving, refused []string) {
	node = object{}
	for k, v := range s.object {
		switch k {
		case noteOfPods:
			pods, _ = v.([]leaving)
		case noteOfRefused:
			refused, _ = v.([]string)
		default:
			node[k] = v
		}
	}
	return node.clone(), pods, refused
}

func cordoned(o object) bool {
	is, _ := o.at("spec", "unschedulable").(bool)
	return is
}

func (k drainNode) prepare(s *incident.Step, now subject, _ loader, _ func([]byte) (string, error)) error {
	if s.Target.Object.Kind != "Node" {
		return unfit("drain %s: it is no node", s.Target.Object)
	}
	if s.Params[paramBack] == "true" {
		return nil
	}
	node, pods, refused := withoutNotes(now)
	if len(refused) > 0 {
		return unfit("drain %s: %s", s.Target.Object, strings.Join(refused, "; "))
	}
	s.Params[paramPods] = string(encode(append([]leaving{}, pods...)))
	delete(s.Params, paramCordoned)
	if cordoned(node) {
		s.Params[paramCordoned] = "true"
	}
	return nil
}

func (k drainNode) change(s incident.Step, _ loader, now subject) (subject, error) {
	node, _, _ := withoutNotes(now)
	if s.Params[paramBack] == "true" {
		node.unset("spec", "unschedulable")
		return onNode(node, planned(s), nil), nil
	}
	node.set(true, "spec", "unschedulable")
	return onNode(node, nil, nil), nil
}

// between: the node is cordoned or not yet, some of the pods that the plan names have gone, and no other has come.
func (k drainNode) between(s incident.Step, _ loader, now subject) (string, bool) {
	if s.Params[paramBack] == "true" {
		return "", false
	}
	node, pods, _ := withoutNotes(now)
	all, is := planned(s), cordoned(node)
	if node.unset("spec", "unschedulable"); s.Params[paramCordoned] == "true" {
		node.set(true, "spec", "unschedulable")
	}
	if onNode(node, all, nil).hash != s.Target.SpecHash {
		return "", false
	}
	for _, p := range pods {
		if !slices.Contains(all, p) {
			return "", false
		}
	}
	taking := "not cordoned"
	if is {
		taking = "cordoned"
	}
	return fmt.Sprintf("it is %s, and %d of %d pods are still there", taking, len(pods), len(all)), true
}

func (drainNode) views(s incident.Step, _ loader) (before, after string, err error) {
	const takes, none = "takes new pods: true\n", "takes new pods: false\n"
	var pods strings.Builder
	for _, l := range planned(s) {
		fmt.Fprintf(&pods, "pod: %s\n", l)
	}
	switch {
	case s.Params[paramBack] == "true":
		return none, takes, nil
	case s.Params[paramCordoned] == "true":
		return none + pods.String(), none, nil
	}
	return takes + pods.String(), none, nil
}

// undo: the pods run elsewhere and stay there.
func (drainNode) undo(s incident.Step) *incident.Step {
	if s.Params[paramCordoned] == "true" {
		return nil
	}
	u := &incident.Step{Params: map[string]string{}}
	for k, v := range s.Params {
		u.Params[k] = v
	}
	if u.Params[paramBack] = "true"; s.Params[paramBack] == "true" {
		delete(u.Params, paramBack)
	}
	return u
}
