package diagnosis

import (
	"fmt"
	"slices"

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
	nearAlike   = 0.68 // what others have that call the same
	nearIllNode = 0.65
	nearPolicy  = 0.6 // of what a call does not reach
	nearSetting = 0.5
	nearTaken   = 0.45
	nearNode    = 0.4
	nearTender  = 0.35
	nearWell    = 0.3 // what is called, and looks well
	nearOneNode = 0.2
	leastChange = 0.1 // the score of a change
	nearChange  = 0.4 // of a change, besides half its score
)

func (n neighbours) all(changes []change.Change) []near {
	var out []near
	for _, of := range []func() []near{n.called, n.names, n.words, n.rights, n.behind, n.refers, n.maker, n.tender, n.policies,
		n.customPolicies, n.alike, n.settings, n.taken, n.nodes} {
		out = append(out, of()...)
	}
	return append(out, n.changed(changes)...)
}

// pods are the pods that a finding is about, or those of the workload that it is about.
func (n neighbours) pods() []*corev1.Pod {
	if len(n.f.Pods) > 0 {
		return n.f.Pods
	}
	return checks.PodsBehind(n.s, n.f.Object)
}

func (n neighbours) who() string { return finding.Short(n.f.Object) }

// called are the Services that the log says were not reached, with what stands behind them and is not well.
func (n neighbours) called() []near {
	var out []near
	for _, o := range checks.Called(n.s, n.f) {
		out = append(out, near{objects: append([]incident.Object{o}, n.illBehind(o)...), way: "called " + o.String(), score: nearCalled,
			why: fmt.Sprintf("%s does not reach %s, by its log", n.who(), finding.Short(o))})
	}
	return out
}

// illBehind are the workloads behind a Service that have a pod which is not ready, or none at all.
func (n neighbours) illBehind(o incident.Object) []incident.Object {
	v := n.s.Service(o.Namespace, o.Name)
	if v == nil || len(v.Spec.Selector) == 0 {
		return nil
	}
	var out finding.Gathered[incident.Object]
	pods := kube.Selected(n.s, o.Namespace, v.Spec.Selector)
	for _, p := range pods {
		if !kube.IsReady(p) {
			out.Add(n.s.WorkloadOf(p))
		}
	}
	for _, x := range kube.TemplatesIn(n.s, o.Namespace) {
		if len(pods) == 0 && kube.Matches(v.Spec.Selector, x.Labels) {
			out.Add(x.Object)
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
	for _, p := range n.pods() {
		if w := n.s.WorkloadOf(p); w != n.f.Object && (!kube.Healthy(p) || !kube.IsReady(p)) {
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

// maker is the custom resource that made what fails.
func (n neighbours) maker() []near {
	above := kube.OwnersOf(n.s)
	o := above[n.f.Workload]
	if o.IsZero() {
		o = above[n.f.Object]
	}
	if n.s.Custom(o) == nil {
		return nil
	}
	return []near{{objects: []incident.Object{o}, way: "maker", score: nearMaker,
		why: fmt.Sprintf("%s was made by %s", n.who(), finding.Short(o))}}
}

// tender is whose work is missing: the controller of a custom resource, the driver of a claim, who serves an Ingress.
func (n neighbours) tender() []near {
	var out finding.Gathered[incident.Object]
	for _, p := range checks.Tending(n.s, n.f) {
		if w := n.s.WorkloadOf(p); !n.f.About(w) {
			out.Add(w)
		}
	}
	if len(out.List) == 0 {
		return nil
	}
	return []near{{objects: out.List, way: "tender", score: nearTender,
		why: fmt.Sprintf("%s has to do with %s, whose work is missing there", finding.Short(out.List[0]), n.who())}}
}

// policies are the NetworkPolicies of both ends of a call that does not get through.
func (n neighbours) policies() []near {
	if len(n.f.Pods) == 0 || !unreaching(n.f) {
		return nil
	}
	var out finding.Gathered[incident.Object]
	out.Add(n.ways.policies(n.f.Pods[0])...)
	for _, o := range checks.Called(n.s, n.f) {
		for _, p := range checks.PodsBehind(n.s, o) {
			out.Add(n.ways.policies(p)...)
		}
	}
	if len(out.List) == 0 {
		return nil
	}
	return []near{{objects: out.List, way: "policies", score: nearPolicy,
		why: fmt.Sprintf("%s does not get through, and %s is about one of the two ends", n.who(), finding.Short(out.List[0]))}}
}

// unreaching says whether the log of what fails tells that it does not reach something.
func unreaching(f *finding.Finding) bool {
	return slices.ContainsFunc(f.Said, func(x logs.Fact) bool { return x.Kind.Network() })
}

// settings are the Services that its settings name, with who answers there: what complains and is well by itself may do so of these,
// however well they look.
func (n neighbours) settings() []near {
	pods := n.pods()
	if len(pods) == 0 {
		return nil
	}
	var out []near
	for _, o := range calls.Configured(n.s, pods[0]) {
		x := near{objects: append([]incident.Object{o}, n.illBehind(o)...), way: "settings", score: nearSetting,
			why: fmt.Sprintf("The settings of %s name %s", n.who(), finding.Short(o))}
		if n.plainlyWell(o) {
			x.score = nearWell
			if n.f.Suspect {
				x.score = nearSetting
			}
			x.objects = append(x.objects, n.answering(o)...)
		}
		out = append(out, x)
	}
	return out
}

// answering are the workload behind a Service, and the custom resource that made that.
func (n neighbours) answering(o incident.Object) []incident.Object {
	pods := checks.PodsBehind(n.s, o)
	if len(pods) == 0 {
		return nil
	}
	w := n.s.WorkloadOf(pods[0])
	if above := kube.OwnersOf(n.s)[w]; n.s.Custom(above) != nil {
		return []incident.Object{above, w}
	}
	return []incident.Object{w}
}

// taken is what its pods take their configuration and their storage from.
func (n neighbours) taken() []near {
	pods := n.pods()
	if len(pods) == 0 {
		return nil
	}
	by := map[string][]incident.Object{}
	for _, o := range kube.TakenFrom(pods[0]) {
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
	for _, p := range n.pods() {
		on.Add(p.Spec.NodeName)
	}
	if len(on.List) != 1 || on.List[0] == "" || len(n.s.Nodes) < 2 {
		return nil
	}
	x := near{objects: []incident.Object{snapshot.ObjectOf("Node", "", on.List[0])}, way: "node", score: nearNode,
		why: fmt.Sprintf("All pods of %s that fail run on node %s", n.who(), on.List[0])}
	if node := n.s.Node(on.List[0]); node != nil && !kube.NodeReady(node) {
		x.score = nearIllNode
	} else if len(n.pods()) == 1 {
		x.score, x.why = nearOneNode, fmt.Sprintf("The pod of %s runs on node %s", n.who(), on.List[0])
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

// keeping are the workloads that keep their pods running.
var keeping = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}

// plainlyWell says whether everything that can be seen of an object is well: a Service with ready endpoints, a workload whose pods are all
// healthy.
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
	ill := func(p *corev1.Pod) bool { return !kube.Healthy(p) }
	return len(pods) > 0 && slices.Contains(keeping, o.Kind) && !slices.ContainsFunc(pods, ill)
}
