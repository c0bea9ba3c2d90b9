package podproblem

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/scheduling"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var (
	preemption = regexp.MustCompile(`\.? preemption: .*$`)
	// notTriggered is how the cluster autoscaler begins to say why it adds no node (processors/status/eventing_scale_up_processor.go).
	notTriggered = regexp.MustCompile(`^pod didn't trigger scale-up:? ?`)
	// untolerated is how a scheduler before Kubernetes 1.34 names taints. Where nodes are seen, what they say of themselves counts instead.
	untolerated = regexp.MustCompile(`untolerated taint(\(s\))? ?\{[^}]*\}`)
	// reasonBorder is between two reasons of the scheduler's, each of which begins with the number of nodes that it is about.
	reasonBorder = regexp.MustCompile(`, `)
)

// Unschedulable is the detail of PodUnschedulable and PodPreempted: what the scheduler names as missing, on some node or other.
type Unschedulable struct {
	Silent   bool                  // no scheduler has said a word about the pod
	Short    []corev1.ResourceName // too little of them is free
	Taints   []string              // the keys of taints that are not tolerated; those of a node that was seen are left out
	Volumes  bool                  // claims are not bound, or their volumes do not exist yet
	Ports    bool                  // a port of the node is taken
	Cordoned bool                  // nodes take no pods at all
	Full     bool                  // nodes have all the pods that they may have
}

var (
	shortOf  = regexp.MustCompile(`Insufficient ([A-Za-z0-9./_-]+)`)
	taintKey = regexp.MustCompile(`taint(?:\(s\))? ?\{([^:}]+)`)
)

// schedulerNames reads the scheduler's words (pkg/scheduler/framework/plugins).
func schedulerNames(words string) Unschedulable {
	low := strings.ToLower(words)
	u := Unschedulable{
		Volumes:  finding.HasAny(low, []string{"persistentvolumeclaim", "persistent volumes to bind", "binding volumes"}),
		Ports:    strings.Contains(words, "free ports"),
		Cordoned: strings.Contains(words, "were unschedulable"),
		Full:     strings.Contains(words, "Too many pods"),
	}
	for _, m := range shortOf.FindAllStringSubmatch(words, -1) {
		u.Short = finding.Union(u.Short, []corev1.ResourceName{corev1.ResourceName(strings.TrimRight(m[1], "."))})
	}
	for _, m := range taintKey.FindAllStringSubmatch(words, -1) {
		u.Taints = finding.Union(u.Taints, m[1:])
	}
	return u
}

func unscheduled(s *snapshot.Snapshot, r *scheduling.Rooms, p *corev1.Pod) (Problem, bool) {
	if kube.KeepsRoom(p) {
		return Problem{}, false
	}
	o, since := finding.PodObject(p), p.CreationTimestamp.Time
	c := kube.PodCondition(p, corev1.PodScheduled)
	e := kube.LastEvent(s, o, "FailedScheduling")
	a := Problem{Code: PodUnschedulable, Since: since, Refs: kube.ClaimsOf(p), normal: finding.Lasts(finding.Settling, since),
		standing: waits} // room may be made
	if room := promised(s, p); !room.Over(s.At) {
		a.notYet(room)
	} else {
		a.unlessSaid(s, finding.Lasts(finding.ScaleUp, since)) // an autoscaler may have promised a node
	}
	var words string
	switch {
	case len(p.Spec.SchedulingGates) > 0:
		return gated(s, p, a, c)
	case c != nil && c.Status != corev1.ConditionTrue && c.Message != "":
		words = c.Message
	case e != nil:
		words = e.Message
	default:
		a.notYet(finding.Lasts(finding.NoScheduler, since))
		return ignored(s, p, a), true
	}
	a.detail, a.Seen = schedulerNames(words), []incident.Evidence{finding.SeenEvent(e)}
	if c != nil {
		a.Seen = append(a.Seen, finding.SeenAPI(o, "status.conditions[PodScheduled]", c.LastTransitionTime.Time, c.Reason+": "+c.Message))
	}
	said := preemption.ReplaceAllString(words, "")
	a.Predicate = finding.Say("cannot be scheduled: %s", clauses(said))
	if schedulerNames(words).Volumes && !strings.Contains(words, "not found") {
		a.standing = waits // its volume is being made
	}
	if strings.Contains(strings.ToLower(said), "persistentvolumeclaim") && !strings.Contains(said, "ReadWriteOncePod") {
		return a, true // no node is at fault while the claim is not bound
	}
	if u := r.Explain(p); u.Why != "" {
		a.Predicate = finding.Say("cannot be scheduled: %s", u.Why)
		a.detail = schedulerNames(untolerated.ReplaceAllString(words, "untolerated taint(s)"))
		a.Seen, a.Refs, a.final = append(a.Seen, u.Seen...), append(a.Refs, u.Refs...), true
		// who makes nodes is in charge: it says that it makes none, or nothing at all
		if offered(a.detail) || kube.AutoscalerEvent(s, p) != nil || lacksRoom(a.detail) && kube.NodesAreMade(s) {
			a.atMost = incident.Likely
		}
	} else if plain := plainly(said); plain != "" {
		a.Predicate = a.Predicate.And(" (%s)", plain)
	}
	if len(s.Nodes) == 0 || finding.NotSeen(s, "nodes", "") {
		a.symptom = true // the scheduler's words say how many nodes refuse it, not what is wrong with them
		a.Predicate = a.Predicate.And("; the nodes were not seen")
	}
	if e := kube.LastEvent(s, o, "NotTriggerScaleUp"); e != nil && !finding.Lasts(finding.ScaleUp, snapshot.EventTime(e).Time).Over(s.At) {
		a.Predicate = a.Predicate.And("; the autoscaler adds no node: %s", finding.ShortMessage(notTriggered.ReplaceAllString(e.Message, "")))
		a.Seen = append(a.Seen, finding.SeenEvent(e))
	}
	return preempted(s, r, p, a), true
}

// lacksRoom says whether too little is free of anything.
func lacksRoom(d finding.Detail) bool {
	u, ok := d.(Unschedulable)
	return ok && len(u.Short) > 0
}

// offered says whether too little is free of what a driver has to offer first: that it does not may be the driver's fault.
func offered(d finding.Detail) bool {
	u, ok := d.(Unschedulable)
	return ok && slices.ContainsFunc(u.Short, func(r corev1.ResourceName) bool { return strings.Contains(string(r), "/") })
}

// mostClauses bounds the scheduler's words in a title, in bytes: what follows them has to fit as well.
const mostClauses = 120

// clauses are the scheduler's words, as many whole ones as fit: "0/9 nodes are available: 3 Insufficient cpu, 2 …, and 4 more reasons".
func clauses(said string) string {
	said = strings.TrimSuffix(said, ".")
	head, rest, ok := strings.Cut(said, ": ")
	if !ok || len(said) <= mostClauses {
		return said
	}
	reasons := reasonBorder.Split(rest, -1)
	out, n := head+": "+reasons[0], 1
	for ; n < len(reasons) && len(out)+len(reasons[n]) <= mostClauses; n++ {
		out += ", " + reasons[n]
	}
	switch more := len(reasons) - n; more {
	case 0:
		return out
	case 1:
		return out + ", and 1 more reason"
	default:
		return fmt.Sprintf("%s, and %d more reasons", out, more)
	}
}

// schedulerSays explains words of the scheduler's that the nodes seen do not show.
var schedulerSays = []struct{ words, means string }{
	{"existing pods anti-affinity", "pods that run there want no pod like it beside them"},
	{"exceed max volume count", "these nodes hold as many volumes as they may"},
	{"ReadWriteOncePod", "its claim may be used by one pod only, and another uses it"},
	{"didn't find available persistent volumes to bind", "no volume that its claim could have is where it may run"},
	{"volume node affinity conflict", "its volume is elsewhere"},
	{"non-existent pv", "its claim names a volume that does not exist"},
	{"did not have enough free storage", "the storage there is full"},
}

func plainly(said string) string {
	for _, x := range schedulerSays {
		if strings.Contains(said, x.words) {
			return x.means
		}
	}
	return ""
}

// promised is until when room for the pod may be made: an autoscaler has said that it adds a node, an agent is at work on one that is
// cordoned for it, or the scheduler has chosen a node on which others are still ending.
func promised(s *snapshot.Snapshot, p *corev1.Pod) finding.Term {
	var t finding.Term
	if e := kube.LastEvent(s, finding.PodObject(p), "TriggeredScaleUp", "Nominated"); e != nil {
		t = finding.Lasts(finding.ScaleUp, snapshot.EventTime(e).Time)
	}
	t = t.Max(nodesBack(s))
	if p.Status.NominatedNodeName == "" {
		return t
	}
	for _, victim := range s.PodsOn(p.Status.NominatedNodeName) {
		if victim.DeletionTimestamp != nil {
			t = t.Max(finding.Lasts(finding.StuckTerminating, victim.DeletionTimestamp.Time))
		}
	}
	return t
}

// nodesBack is until when nodes may take pods again that are cordoned for an agent that is at work on them. Every pod that waits asks for
// it.
func nodesBack(s *snapshot.Snapshot) finding.Term {
	type key struct{}
	return snapshot.Once(s, key{}, func() finding.Term {
		var t finding.Term
		for i := range s.Nodes {
			if n := &s.Nodes[i]; n.Spec.Unschedulable && kube.WorkedOn(n) {
				t = t.Max(finding.Lasts(finding.LeavingTime, kube.CordonedAt(s, n)))
			}
		}
		return t
	})
}

// gated is on purpose, until whoever set the gate forgets it.
func gated(s *snapshot.Snapshot, p *corev1.Pod, a Problem, c *corev1.PodCondition) (Problem, bool) {
	a.notYet(finding.Lasts(finding.GateOpens, a.Since))
	var names []string
	for _, g := range p.Spec.SchedulingGates {
		names = append(names, g.Name)
	}
	a.severity = incident.Warning
	a.detail = Unschedulable{}
	a.Predicate = finding.Say("{waits|wait} for %s for its scheduling gate to be removed: %s", finding.Duration(s.At.Sub(a.Since)),
		strings.Join(names, ", "))
	a.Seen = []incident.Evidence{finding.SeenAPI(finding.PodObject(p), "spec.schedulingGates", a.Since, strings.Join(names, ", "))}
	if c != nil && c.Message != "" {
		a.Seen = append(a.Seen, finding.SeenAPI(finding.PodObject(p), "status.conditions[PodScheduled]", c.LastTransitionTime.Time, c.Reason+": "+
			c.Message))
	}
	return a, true
}

// ignored is a pod of which no scheduler has said anything: the one that it names does not exist, or none runs.
func ignored(s *snapshot.Snapshot, p *corev1.Pod, a Problem) Problem {
	name := p.Spec.SchedulerName
	if name == "" {
		name = corev1.DefaultSchedulerName
	}
	if claim, node := chosen(s, p); claim != "" {
		a.detail = Unschedulable{Volumes: true}
		a.Predicate = finding.Say("{waits|wait} for the volume of claim %s, which is to be made for node %s", claim, node)
		a.Seen = []incident.Evidence{finding.SeenAPI(snapshot.ObjectOf("PersistentVolumeClaim", p.Namespace, claim), "metadata.annotations["+
			selectedNode+"]", time.Time{}, node)}
		return a
	}
	a.detail = Unschedulable{Silent: true}
	waited := finding.Duration(s.At.Sub(a.Since))
	a.Seen = []incident.Evidence{finding.SeenAPI(finding.PodObject(p), "spec.schedulerName", a.Since, name+"; no node after "+waited+
		", no event, no condition")}
	if name == corev1.DefaultSchedulerName {
		a.Predicate = finding.Say("{is|are} taken up by no scheduler: not a word about {it|them} for %s; does kube-scheduler run?", waited)
		return a
	}
	a.Predicate = finding.Say("{asks|ask} for scheduler %s, and none of that name has taken {it|them} up for %s", name, waited)
	var others []string
	for i := range s.Pods {
		if q := &s.Pods[i]; q.Spec.NodeName != "" && q.Spec.SchedulerName != "" && q.Spec.SchedulerName != name && len(others) < 8 {
			others = finding.Union(others, []string{q.Spec.SchedulerName})
		}
	}
	slices.Sort(others)
	a.Predicate = a.Predicate.And("%s", kube.DidYouMean(others[:min(len(others), 3)]))
	return a
}

// selectedNode is the annotation by which the scheduler asks a provisioner for a volume. It then waits for ten minutes without a word.
const selectedNode = "volume.kubernetes.io/selected-node"

// chosen is the pod's claim that waits to be provisioned for a node that the scheduler has chosen; "" if there is none.
func chosen(s *snapshot.Snapshot, p *corev1.Pod) (claim, node string) {
	for _, o := range kube.ClaimsOf(p) {
		if c := s.PersistentVolumeClaim(o.Namespace, o.Name); c != nil && c.Status.Phase == corev1.ClaimPending &&
			c.Annotations[selectedNode] != "" {
			return o.Name, c.Annotations[selectedNode]
		}
	}
	return "", ""
}

// preempted tells a pod that has to wait because a more important one took its predecessor's place. Its events outlive it for an hour.
func preempted(s *snapshot.Snapshot, r *scheduling.Rooms, p *corev1.Pod, a Problem) Problem {
	e := r.Preemptions()[scheduling.PreemptionKey(p.Namespace, p.Name)]
	if e == nil {
		return a
	}
	by := "a pod of higher priority"
	for i := range s.Pods {
		if q := &s.Pods[i]; q.UID != "" && strings.Contains(e.Message, string(q.UID)) {
			w := s.WorkloadOf(q)
			by = fmt.Sprintf("%s in namespace %s", finding.Short(w), q.Namespace)
			if q.Spec.Priority != nil {
				by += fmt.Sprintf(" (priority %d)", *q.Spec.Priority)
			}
			a.fault = []incident.Object{w}
			break
		}
	}
	a.Code = PodPreempted
	a.Since, a.told = kube.BeganAt(e), []time.Time{snapshot.EventTime(e).Time}
	mine := ""
	if p.Spec.Priority != nil {
		mine = fmt.Sprintf(" (priority %d)", *p.Spec.Priority)
	}
	a.Predicate = finding.Say("lost {its|their} place%s to %s at %s, and %s", mine, by, finding.Clock(snapshot.EventTime(e).Time), a.Predicate)
	a.Seen = append([]incident.Evidence{finding.SeenEvent(e)}, a.Seen...)
	return a
}
