package diagnosis

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Scope says what is asked about. The zero value is the whole cluster. [Resolve] makes one of a person's words.
type Scope struct {
	// Namespace keeps what is in it, and what explains what is in it, wherever that lies. Empty: all.
	Namespace string
	// Objects keep what concerns one of them, its pods, or what it belongs to, and what explains that. Empty: no object is named.
	Objects []incident.Object
	// Onset is when people noticed, such as an alert's start: what was there long before and has nothing to do with it is set apart.
	// Zero: nobody said.
	Onset time.Time

	// Ill is what is presumed to be ill: what is early or latent there is told as well. The zero value presumes nothing.
	Ill Presumption
	// Only says of the whole cluster that no more is asked about than what is presumed to be ill: what has nothing to do with that is
	// Elsewhere ([incident.Diagnosis.Here]).
	Only bool
	// Accepted is which findings are to be silent.
	Accepted Accepting

	nothing *incident.NoAnswer // why there is no answer unless something is found; nil: there is one
}

// told is the scope as a diagnosis tells it. A Snapshot of one namespace is about no more than that.
func (sc Scope) told(s *snapshot.Snapshot) incident.Scope {
	out := incident.Scope{Namespace: sc.Namespace, Objects: sc.Objects}
	if len(sc.Objects) > 0 {
		out.Namespace = ""
	} else if out.Namespace == "" {
		out.Namespace = s.Namespace
	}
	for _, resource := range sc.needed(s) {
		if n, ok := unseen(s, resource, out.Namespace); ok {
			out.Unseen = append(out.Unseen, n)
		}
	}
	return out
}

// runs are the kinds that are well only if their pods are.
var runs = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Service"}

var (
	podsResource       = schema.GroupResource{Resource: "pods"}
	nodesResource      = schema.GroupResource{Resource: "nodes"}
	namespacesResource = schema.GroupResource{Resource: "namespaces"}
)

// needed are the resources without which nothing in the scope can be called well.
func (sc Scope) needed(s *snapshot.Snapshot) []schema.GroupResource {
	if len(sc.Objects) == 0 {
		if sc.Namespace != "" || s.Namespace != "" {
			return []schema.GroupResource{podsResource}
		}
		return []schema.GroupResource{nodesResource, podsResource}
	}
	var out []schema.GroupResource
	add := func(r schema.GroupResource) {
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	for _, o := range sc.Objects {
		if k, ok := s.KindNamed(o.Kind); ok {
			add(k.GroupResource)
		}
		if slices.Contains(runs, o.Kind) {
			add(podsResource)
		}
	}
	return out
}

// unseen says whether a resource could not be listed, or not wholly, where the scope lies, and why.
func unseen(s *snapshot.Snapshot, r schema.GroupResource, namespace string) (incident.NotSeen, bool) {
	for _, n := range s.NotSeen {
		custom := snapshot.IsCustomGroup(r.Group) && n.Names(incident.CustomResources)
		if (custom || n.Names(incident.Resource(r.String()))) && !n.Elsewhere(namespace) {
			return incident.NotSeen{What: r.Resource, Why: n.Why, Resources: n.Resources, Where: n.Where, Besides: n.Besides,
				Forbidden: n.Forbidden}, true
		}
	}
	return incident.NotSeen{}, false
}

// customsUnseen says why kinds may be there that are not known.
func customsUnseen(s *snapshot.Snapshot) string {
	for _, n := range s.NotSeen {
		if slices.ContainsFunc(n.Resources, func(r incident.Resource) bool {
			_, group := r.Of()
			return r == incident.CustomResources || group != "" && snapshot.IsCustomGroup(group)
		}) {
			return fmt.Sprintf("%s could not be looked at (%s)", n.What, n.Why)
		}
	}
	return ""
}

// view is what of a Snapshot lies in a scope.
type view struct {
	whole     bool
	namespace string
	named     map[incident.Object]bool
	below     map[incident.Object]bool // the pods, ReplicaSets and Jobs that belong to what is named, and the Services that it leads to
	beside    map[incident.Object]bool // the pods on a named node, or behind a named Service: their troubles are their own
	above     map[incident.Object]bool // what a named pod, ReplicaSet or Job belongs to
}

func (sc Scope) view(s *snapshot.Snapshot) view {
	v := view{whole: sc.Namespace == "" && len(sc.Objects) == 0,
		named: map[incident.Object]bool{}, below: map[incident.Object]bool{}, beside: map[incident.Object]bool{},
		above: map[incident.Object]bool{}}
	if len(sc.Objects) == 0 {
		v.namespace = sc.Namespace
		return v
	}
	for _, o := range sc.Objects {
		v.named[o] = true
	}
	own := func(o metav1.Object, kind string) {
		if c := metav1.GetControllerOf(o); c != nil {
			v.tie(snapshot.ObjectOf(c.Kind, o.GetNamespace(), c.Name), snapshot.ObjectOf(kind, o.GetNamespace(), o.GetName()))
		}
	}
	for i := range s.ReplicaSets {
		own(&s.ReplicaSets[i], "ReplicaSet")
	}
	for i := range s.Jobs {
		own(&s.Jobs[i], "Job")
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		own(p, "Pod")
		v.tie(s.WorkloadOf(p), podObject(p))
		if v.named[snapshot.ObjectOf("Node", "", p.Spec.NodeName)] {
			v.beside[podObject(p)] = true
		}
	}
	for _, o := range sc.Objects {
		for _, service := range kube.LeadsTo(s, o) {
			v.below[service] = true
			v.behind(s, service)
		}
		v.behind(s, o)
	}
	return v
}

// behind notes the pods behind a Service.
func (v *view) behind(s *snapshot.Snapshot, o incident.Object) {
	if svc := s.Service(o.Namespace, o.Name); o.Kind == "Service" && svc != nil {
		for _, p := range s.PodsSelected(o.Namespace, svc.Spec.Selector) {
			v.beside[podObject(p)] = true
		}
	}
}

// tie notes that one object belongs to another, as far as either is named.
func (v *view) tie(above, below incident.Object) {
	if above == below {
		return
	}
	if v.named[above] {
		v.below[below] = true
	}
	if v.named[below] {
		v.above[above] = true
	}
}

func podObject(p *corev1.Pod) incident.Object { return snapshot.ObjectOf("Pod", p.Namespace, p.Name) }

// holds says whether the object lies in the scope.
func (v *view) holds(o incident.Object) bool {
	switch {
	case v.whole:
		return true
	case v.namespace != "":
		return o.Namespace == v.namespace || o == snapshot.ObjectOf("Namespace", "", v.namespace)
	}
	return v.named[o] || v.below[o]
}

// counts says whether the object is counted among what was looked at.
func (v *view) counts(o incident.Object) bool { return v.holds(o) || v.beside[o] }

// concerns says whether a finding is about the scope: about what lies in it, about what that belongs to, or with evidence that was seen
// there, going by its id.
func (v *view) concerns(f *incident.Finding, seenThere map[string]bool) bool {
	if v.namespace != "" {
		return v.holds(f.Object)
	}
	if v.holds(f.Object) || v.above[f.Object] {
		return true
	}
	return slices.ContainsFunc(f.Evidence, func(id string) bool { return seenThere[id] })
}

// seenThere are the ids of the evidence that was seen of what is named. That it was changed does not count.
func (v *view) seenThere(d *incident.Diagnosis) map[string]bool {
	ids := map[string]bool{}
	for i := range d.Evidence {
		if e := &d.Evidence[i]; e.Field != changeField && v.named[e.Object] {
			ids[e.ID] = true
		}
	}
	return ids
}

// looked counts what was looked at in the scope, for people.
func (v *view) looked(s *snapshot.Snapshot) []string {
	out := []string{}
	for _, k := range []struct {
		n         int
		one, many string
	}{
		{v.count(s, "Node"), "node", "nodes"}, {v.count(s, "Pod"), "pod", "pods"},
		{v.count(s, "Deployment", "StatefulSet", "DaemonSet"), "workload", "workloads"},
		{v.count(s, "Service"), "service", "services"}, {v.events(s), "event", "events"},
		{counting(s.Logs, func(l *snapshot.Log) bool { return v.counts(snapshot.ObjectOf("Pod", l.Namespace, l.Pod)) }), "log", "logs"},
		{counting(s.Hosts, func(h *snapshot.Host) bool { return v.counts(snapshot.ObjectOf("Node", "", h.Node)) }), "host", "hosts"},
	} {
		switch k.n {
		case 0:
		case 1:
			out = append(out, "1 "+k.one)
		default:
			out = append(out, fmt.Sprintf("%d %s", k.n, k.many))
		}
	}
	return out
}

// count is how many objects of the kinds lie in the scope.
func (v *view) count(s *snapshot.Snapshot, kinds ...string) int {
	n := 0
	for _, k := range snapshot.Kinds {
		if slices.Contains(kinds, k.Name) {
			n += counting(k.Objects(s), func(o *incident.Object) bool { return v.counts(*o) })
		}
	}
	return n
}

func (v *view) events(s *snapshot.Snapshot) int {
	return counting(s.Events, func(e *corev1.Event) bool {
		o := e.InvolvedObject
		return v.counts(snapshot.ObjectOf(o.Kind, o.Namespace, o.Name))
	})
}

func counting[T any](list []T, in func(*T) bool) int {
	n := 0
	for i := range list {
		if in(&list[i]) {
			n++
		}
	}
	return n
}

// tells says whether a finding, its evidence or a cause is about the object.
func tells(d *incident.Diagnosis, o incident.Object) bool {
	return slices.ContainsFunc(d.Findings, func(f incident.Finding) bool { return f.Object == o }) ||
		slices.ContainsFunc(d.Accepted, func(a incident.Accepted) bool { return a.Object == o }) ||
		slices.ContainsFunc(d.Evidence, func(e incident.Evidence) bool { return e.Object == o }) ||
		slices.ContainsFunc(d.Causes, func(c incident.Cause) bool { return slices.Contains(c.Objects, o) })
}

// Found says whether what the question is about is known to exist.
func (s Scope) Found() bool { return s.nothing == nil }
