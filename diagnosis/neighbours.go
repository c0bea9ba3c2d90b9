package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/change"
	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// neighbours finds what stands near before a finding that nothing explains.
type neighbours struct {
	s    *snapshot.Snapshot
	f    *finding.Finding
	ways *paths
}

// How near things are that are near in a way: what is named by the words of what fails comes before what merely bears on it.
const (
	nearCalled  = 0.95
	nearNames   = 0.9
	nearWords   = 0.85
	nearRights  = 0.85
	nearBehind  = 0.8
	nearRefers  = 0.75
	nearMaker   = 0.7
	nearIllNode = 0.65
	nearPolicy  = 0.6 // of what a call does not reach
	nearSetting = 0.5
	nearTaken   = 0.45
	nearNode    = 0.4
	nearTender  = 0.35
	leastChange = 0.1 // the score of a change
	nearChange  = 0.4 // of a change, besides half its score
)

func (n neighbours) all(changes []change.Change) []near {
	var out []near
	for _, of := range []func() []near{n.called, n.names, n.words, n.rights, n.behind, n.refers, n.maker, n.policies, n.settings,
		n.taken, n.nodes} {
		out = append(out, of()...)
	}
	return append(out, n.changed(changes)...)
}

func (n neighbours) who() string { return finding.Short(n.f.Object) }

// called are the Services that the log says were not reached, with what stands behind them and is not well.
func (n neighbours) called() []near {
	var out []near
	for _, o := range checks.Called(n.s, n.f) {
		objects := append([]incident.Object{o}, n.illBehind(o)...)
		out = append(out, near{objects: objects, way: "called " + o.String(), score: nearCalled,
			why: fmt.Sprintf("%s does not reach %s, by its log", n.who(), finding.Short(o))})
	}
	return out
}

// illBehind are the workloads behind a Service that have a pod which is not ready.
func (n neighbours) illBehind(o incident.Object) []incident.Object {
	v := n.s.Service(o.Namespace, o.Name)
	if v == nil || len(v.Spec.Selector) == 0 {
		return nil
	}
	var out finding.Gathered[incident.Object]
	for _, p := range kube.Selected(n.s, o.Namespace, v.Spec.Selector) {
		if !kube.IsReady(p) {
			out.Add(n.s.WorkloadOf(p))
		}
	}
	return out.List
}

// names is the cluster's DNS, for whom a name does not resolve.
func (n neighbours) names() []near {
	r, ok := resolvers.Find(n.s)
	if !ok || !n.f.NeedsName() {
		return nil
	}
	x := near{objects: []incident.Object{r.Workload}, way: "names", score: nearNames,
		why: n.who() + " finds a name not to resolve: the cluster's DNS answers for it"}
	if r.Config != nil {
		x.objects = append([]incident.Object{snapshot.ObjectOf("ConfigMap", r.Config.Namespace, r.Config.Name)}, x.objects...)
	}
	if r.Service != nil {
		x.objects = append(x.objects, kube.ServiceObject(r.Service))
	}
	return []near{x}
}

// words are the objects that its own words name.
func (n neighbours) words() []near {
	var out []near
	for _, x := range complaints(n.s, n.f) {
		out = append(out, near{objects: []incident.Object{x.object}, way: "words " + x.object.Kind, score: nearWords, seen: x.seen,
			why: fmt.Sprintf("The words of %s name %s: %s", n.who(), finding.Short(x.object), finding.ShortMessage(x.line))})
	}
	return out
}

// rights are the account that the API refuses something, with what grants it its rights.
func (n neighbours) rights() []near {
	if len(n.f.Pods) == 0 || !slices.ContainsFunc(n.f.Said, func(x logs.Fact) bool { return x.Kind == logs.Forbidden }) {
		return nil
	}
	p := n.f.Pods[0]
	account := snapshot.ObjectOf("ServiceAccount", p.Namespace, p.Spec.ServiceAccountName)
	return []near{{objects: append([]incident.Object{account}, n.ways.granted[account]...), way: "rights", score: nearRights,
		why: fmt.Sprintf("%s is refused a right by the API: it has those of %s", n.who(), finding.Short(account))}}
}

// behind are the workloads whose pods a finding about something else is about.
func (n neighbours) behind() []near {
	var out finding.Gathered[incident.Object]
	for _, p := range n.f.Pods {
		if w := n.s.WorkloadOf(p); w != n.f.Object && !kube.Healthy(p) {
			out.Add(w)
		}
	}
	if len(out.List) == 0 {
		return nil
	}
	return []near{{objects: out.List, way: "behind", score: nearBehind,
		why: fmt.Sprintf("%s rests on pods that are not well, of %s", n.who(), finding.Short(out.List[0]))}}
}

// refers are what a finding refers to.
func (n neighbours) refers() []near {
	var out []near
	for _, o := range n.f.Refs {
		if n.plainlyWell(o) {
			continue
		}
		out = append(out, near{objects: []incident.Object{o}, way: "refers " + o.Kind, score: nearRefers,
			why: fmt.Sprintf("%s refers to %s", n.who(), finding.Short(o))})
	}
	return out
}

// maker are the custom resource that made what fails, and who tends that.
func (n neighbours) maker() []near {
	above := kube.OwnersOf(n.s)
	o := above[n.f.Workload]
	if o.IsZero() {
		o = above[n.f.Object]
	}
	if n.s.Custom(o) == nil && n.s.Custom(n.f.Object) != nil {
		return n.tender(n.f.Object)
	}
	if n.s.Custom(o) == nil {
		return nil
	}
	return append([]near{{objects: []incident.Object{o}, way: "maker", score: nearMaker,
		why: fmt.Sprintf("%s was made by %s", n.who(), finding.Short(o))}}, n.tender(o)...)
}

// tender is the controller of a custom resource.
func (n neighbours) tender(o incident.Object) []near {
	var out finding.Gathered[incident.Object]
	for _, p := range checks.PodsBehind(n.s, o) {
		out.Add(n.s.WorkloadOf(p))
	}
	if len(out.List) == 0 {
		return nil
	}
	return []near{{objects: out.List[:1], way: "tender", score: nearTender,
		why: fmt.Sprintf("%s tends %s", finding.Short(out.List[0]), finding.Short(o))}}
}

// policies are the NetworkPolicies of both ends of a call that does not get through.
func (n neighbours) policies() []near {
	if len(n.f.Pods) == 0 || !slices.ContainsFunc(n.f.Said, func(x logs.Fact) bool { return x.Kind.Network() }) {
		return nil
	}
	var out finding.Gathered[incident.Object]
	out.Add(n.ways.policies(n.f.Pods[0])...)
	for _, o := range checks.Called(n.s, n.f) {
		if v := n.s.Service(o.Namespace, o.Name); v != nil {
			for _, p := range upTo(kube.Selected(n.s, o.Namespace, v.Spec.Selector), 1) {
				out.Add(n.ways.policies(p)...)
			}
		}
	}
	if len(out.List) == 0 {
		return nil
	}
	return []near{{objects: out.List, way: "policies", score: nearPolicy,
		why: fmt.Sprintf("%s does not get through, and %s is about one of the two ends", n.who(), finding.Short(out.List[0]))}}
}

// settings are the Services that its settings name.
func (n neighbours) settings() []near {
	if len(n.f.Pods) == 0 {
		return nil
	}
	var out []near
	for _, o := range calls.Configured(n.s, n.f.Pods[0]) {
		if n.plainlyWell(o) {
			continue
		}
		out = append(out, near{objects: append([]incident.Object{o}, n.illBehind(o)...), way: "settings", score: nearSetting,
			why: fmt.Sprintf("The settings of %s name %s", n.who(), finding.Short(o))})
	}
	return out
}

// taken is what its pods take their configuration and their storage from.
func (n neighbours) taken() []near {
	if len(n.f.Pods) == 0 {
		return nil
	}
	by := map[string][]incident.Object{}
	for _, o := range kube.TakenFrom(n.f.Pods[0]) {
		by[o.Kind] = append(by[o.Kind], o)
	}
	var out []near
	for i, kind := range []string{"PersistentVolumeClaim", "ConfigMap", "Secret"} {
		objects := by[kind]
		if len(objects) == 0 {
			continue
		}
		out = append(out, near{objects: objects, way: "taken " + kind, score: nearTaken - float64(i)/100,
			why: fmt.Sprintf("%s takes what it starts with from %s", n.who(), finding.Short(objects[0]))})
	}
	return out
}

// nodes is the one node that carries all pods that fail, where there are others.
func (n neighbours) nodes() []near {
	var on finding.Gathered[string]
	for _, p := range n.f.Pods {
		on.Add(p.Spec.NodeName)
	}
	if len(on.List) != 1 || on.List[0] == "" || len(n.s.Nodes) < 2 {
		return nil
	}
	x := near{objects: []incident.Object{snapshot.ObjectOf("Node", "", on.List[0])}, way: "node", score: nearNode,
		why: fmt.Sprintf("All pods of %s that fail run on node %s", n.who(), on.List[0])}
	if node := n.s.Node(on.List[0]); node != nil && !kube.NodeReady(node) {
		x.score = nearIllNode
	}
	return []near{x}
}

// changed are the changes on the way to it.
func (n neighbours) changed(changes []change.Change) []near {
	onset := begun(n.f)
	if onset.IsZero() || !anyNear(changes, onset) {
		return nil
	}
	var out []near
	for _, x := range change.Rank(changes, n.ways.to(n.f), onset) {
		if x.Score >= leastChange && fits(n.s, n.f, x) {
			out = append(out, near{objects: []incident.Object{x.Object}, way: "changed", score: nearChange + x.Score/2,
				seen: incident.Evidence{Source: x.Source, Object: x.Object, Field: changeField, Time: x.At, Excerpt: excerpt(x.Change.Change)},
				why:  "Before it began, at " + changed(x.Change.Change)})
		}
	}
	return out
}

// plainlyWell says whether everything that can be seen of an object is well: a Service with ready endpoints, a workload whose pods are all
// healthy, a custom resource that says that it is ready.
func (n neighbours) plainlyWell(o incident.Object) bool {
	switch o.Kind {
	case "Service":
		ready, total := kube.EndpointsOf(n.s, o.Namespace, o.Name)
		return ready > 0 && ready == total
	case "Node":
		x := n.s.Node(o.Name)
		return x != nil && kube.NodeReady(x)
	case "Namespace":
		return true
	}
	pods := checks.PodsBehind(n.s, o)
	return len(pods) > 0 && strings.HasSuffix(o.Kind, "t") && !slices.ContainsFunc(pods, func(p *corev1.Pod) bool { return !kube.Healthy(p) })
}
