package podproblem

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/scheduling"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Problem is what is wrong with one pod. Problems that are alike within a workload become one finding.
type Problem struct {
	Code      string
	Alike     string         // sets problems of one code apart: the container, the node
	Container string         // that is ill; empty: it is about the pod as a whole
	Predicate finding.Phrase // the verb and what follows: "keeps crashing: cannot resolve x"
	Reason    string         // the reason alone, for other titles
	detail    finding.Detail // for the finding
	told      []time.Time    // the moments that it tells
	Since     time.Time
	node      string
	Said      []logs.Fact
	Refs      []incident.Object
	fault     []incident.Object // beside the workload
	symptom   bool              // whatever its code, it does not name what is at fault
	final     bool              // whatever its code, nothing has to stand behind it; see finding.Code.Final
	next      string            // where it differs from the code's
	severity  incident.Severity // where it differs from the code's
	Seen      []incident.Evidence
	Registry  string // the host of the registry that an image cannot be pulled from, where the registry is why

	normal   finding.Term        // until when it may pass by itself
	standing standing            // whether it proves anything
	atMost   incident.Confidence // bounds a cause's; empty: nothing does
	restsOn  []incident.Resource // what shows that it is well, had to be seen; see finding.Finding.Unless
}

// standing is what a problem proves, for as long as it may pass by itself or for good.
type standing int

const (
	fails   standing = iota // it was seen to fail
	waits                   // it shows no sign of failure as yet, and is merely not done
	suspect                 // it proves nothing, however long it lasts
)

// Early says whether the problem may still pass by itself, or proves nothing: nobody is woken for it.
func (a Problem) Early(now time.Time) bool { return a.standing == suspect || !a.normal.Over(now) }

// mayPass says until when it may pass by itself; of several terms the longest counts.
func (a *Problem) mayPass(t finding.Term) *Problem {
	a.normal = a.normal.Max(t)
	return a
}

// notYet is mayPass for what merely is not done.
func (a *Problem) notYet(t finding.Term) *Problem {
	a.standing = max(a.standing, waits)
	return a.mayPass(t)
}

// unlessSaid says that an event could have told that all is well until then. Where there are none at all, none are kept for as long as they
// should be, and what they would have told is not known.
func (a *Problem) unlessSaid(s *snapshot.Snapshot, t finding.Term) {
	if t.Over(s.At) {
		return
	}
	if a.restsOn = append(a.restsOn, finding.Events); len(s.Events) == 0 || finding.NotSeen(s, finding.Events, "") {
		a.notYet(t)
	}
}

// PodProblem is a problem with its pod.
type PodProblem struct {
	Pod *corev1.Pod
	Problem
}

// Of is what is wrong with a pod. What may still pass by itself is not among it, for other checks judge by it; see [EarlyOf].
func Of(s *snapshot.Snapshot, p *corev1.Pod) []Problem { return problems(s)[p].told }

// EarlyOf is what is odd with a pod and may still pass by itself, or proves nothing.
func EarlyOf(s *snapshot.Snapshot, p *corev1.Pod) []Problem { return problems(s)[p].early }

// found is what is wrong with one pod.
type found struct{ told, early []Problem }

// problems looks at all pods at once, whoever asks first.
func problems(s *snapshot.Snapshot) map[*corev1.Pod]found {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[*corev1.Pod]found {
		all, nodes := map[*corev1.Pod]found{}, scheduling.NewRooms(s)
		for i := range s.Pods {
			if x := examine(s, nodes, &s.Pods[i]); len(x.told)+len(x.early) > 0 {
				all[&s.Pods[i]] = x
			}
		}
		return all
	})
}

// examine goes through a pod's life and stops where something is wrong. What may still pass hides nothing that does not; of that, too, the
// first counts, but for what proves nothing, which is told beside it.
func examine(s *snapshot.Snapshot, nodes *scheduling.Rooms, p *corev1.Pod) found {
	var x found
	for _, look := range stages(s, nodes, p) {
		var early []Problem
		for _, a := range look() {
			if a.Early(s.At) {
				early = append(early, a)
			} else {
				x.told = append(x.told, a)
			}
		}
		if !slices.ContainsFunc(x.early, func(a Problem) bool { return a.standing != suspect }) {
			x.early = append(x.early, early...)
		}
		if len(x.told) > 0 {
			break
		}
	}
	return x
}

// stages are what to look at in a pod's life, from its end to its beginning: being deleted, ended, not yet placed, its containers, being
// created, not ready.
func stages(s *snapshot.Snapshot, nodes *scheduling.Rooms, p *corev1.Pod) []func() []Problem {
	sure := func(look func() (Problem, bool)) []func() []Problem {
		return []func() []Problem{func() []Problem { return one(look()) }}
	}
	switch {
	case p.DeletionTimestamp != nil:
		return sure(func() (Problem, bool) { return terminating(s, p) })
	case p.Status.Phase == corev1.PodSucceeded:
		return nil
	case p.Status.Phase == corev1.PodFailed:
		return sure(func() (Problem, bool) { return failed(s, p) })
	case p.Spec.NodeName == "":
		return sure(func() (Problem, bool) { return unscheduled(s, nodes, p) })
	case kube.Healthy(p):
		return []func() []Problem{func() []Problem { return restarted(s, p) }, func() []Problem { return nowAndThen(s, p) }}
	}
	return []func() []Problem{
		func() []Problem { return sickContainers(s, p) },
		func() []Problem { return one(creating(s, p)) },
		func() []Problem { return one(unready(s, p)) },
	}
}

func one(a Problem, ok bool) []Problem {
	if !ok {
		return nil
	}
	return []Problem{a}
}

// restarted looks at a ready pod's restarts: a crash a moment ago, or many that add up.
func restarted(s *snapshot.Snapshot, p *corev1.Pod) []Problem {
	var found []Problem
	for _, c := range kube.ContainersOf(p) {
		if c.Status.RestartCount > 0 {
			found = append(found, one(runningAgain(s, p, c))...)
		}
	}
	return found
}

// ownerUnseen says whether a pod's controller is a custom resource, and those of its kind could not be seen.
func ownerUnseen(s *snapshot.Snapshot, p *corev1.Pod) bool {
	c := metav1.GetControllerOfNoCopy(p)
	if c == nil {
		return false
	}
	group, _, _ := strings.Cut(c.APIVersion, "/")
	return snapshot.IsCustomGroup(group) && s.NotSeenIn(incident.Resource("*."+group), p.Namespace)
}

func failed(s *snapshot.Snapshot, p *corev1.Pod) (Problem, bool) {
	o := finding.PodObject(p)
	if kube.EndedWell(s, p) {
		return Problem{}, false
	}
	if p.Status.Reason == "Evicted" {
		return evicted(p), true
	}
	if a, ok := rejected(p); ok && !kube.OwnedByJob(p) {
		return a, true
	}
	if kube.OwnedByJob(p) || p.Status.Reason == "NodeShutdown" || p.Status.Reason == "Terminated" || p.Status.Reason == "Preempting" {
		return Problem{}, false // a Job speaks for its pods; a node that shut down in good order has had its pods replaced
	}
	a := Problem{Code: PodFailed, Since: FailedAt(p),
		Predicate: finding.Say("{has|have} failed: %s", strings.TrimSpace(p.Status.Reason+" "+p.Status.Message))}
	for _, c := range kube.ContainersOf(p) {
		if t := c.Status.State.Terminated; t != nil && t.ExitCode != 0 {
			crash := Crashed(s, p, c, t)
			a.Said, a.Seen = crash.Said, crash.Seen
			a.Predicate = finding.Say("{has|have} failed: %s", crash.Reason)
			break
		}
	}
	if a.Seen == nil {
		a.Seen = []incident.Evidence{finding.SeenAPI(o, "status", a.Since, "Failed "+p.Status.Reason+": "+p.Status.Message)}
	}
	if ownerUnseen(s, p) {
		a.standing = suspect // who has it may call it well
	}
	return a, true
}

// FailedAt is when a pod failed: the end of its last container, or when it ceased to be ready; zero if neither is told.
func FailedAt(p *corev1.Pod) time.Time {
	var t time.Time
	for i := range p.Status.ContainerStatuses {
		if end := p.Status.ContainerStatuses[i].State.Terminated; end != nil && end.FinishedAt.After(t) {
			t = end.FinishedAt.Time
		}
	}
	if c := kube.PodCondition(p, corev1.PodReady); t.IsZero() && c != nil {
		t = c.LastTransitionTime.Time
	}
	return t
}

func terminating(s *snapshot.Snapshot, p *corev1.Pod) (Problem, bool) {
	due := p.DeletionTimestamp.Time
	if due.After(s.At) {
		return Problem{}, false // it has its grace period yet
	}
	a := Problem{Code: PodTerminating, Alike: p.Spec.NodeName, node: p.Spec.NodeName, Since: due, told: []time.Time{due},
		Predicate: finding.Say("should have been gone since %s and {is|are} still terminating", finding.Clock(due))}
	holder := heldBy(s, p)
	if holder != "" {
		a.Predicate = a.Predicate.And(": %s", holder)
	}
	a.notYet(finding.Lasts(finding.StuckTerminating, due))
	n, w := s.Node(p.Spec.NodeName), s.WorkloadOf(p)
	switch away := n != nil && !kube.NodeReady(n); {
	case away && kube.Satisfied(s, w):
		a.severity = incident.Info // the node's trouble: others have taken its place
	case away:
		a.restsOn = []incident.Resource{toldBy(w)}
	case n == nil && kube.Satisfied(s, w):
		a.restsOn = []incident.Resource{finding.Nodes}
	}
	a.Seen = []incident.Evidence{finding.SeenAPI(finding.PodObject(p), "metadata.deletionTimestamp", due,
		strings.TrimSpace("still there "+finding.Duration(s.At.Sub(due))+" later; "+holder))}
	return a, true
}

// heldBy says what keeps a pod that is being deleted: a finalizer, a node that is gone, a container that does not stop, or what the
// kubelet does after its containers have ended, of which unmounting is what can hang.
func heldBy(s *snapshot.Snapshot, p *corev1.Pod) string {
	if len(p.Finalizers) > 0 {
		return finding.Inflect(len(p.Finalizers), "{finalizer|finalizers} %s {holds|hold} it", strings.Join(p.Finalizers, ", "))
	}
	n := s.Node(p.Spec.NodeName)
	if n == nil {
		if len(s.Nodes) == 0 || finding.NotSeen(s, "nodes", "") || p.Spec.NodeName == "" {
			return ""
		}
		return "its node " + p.Spec.NodeName + " is gone, so no kubelet is there to finish it"
	}
	if ready := kube.NodeCondition(n, corev1.NodeReady); ready == nil || ready.Status != corev1.ConditionTrue {
		return "its node " + p.Spec.NodeName + " is not ready"
	}
	var running []string
	for _, c := range kube.ContainersOf(p) {
		if c.Status.State.Running != nil {
			running = append(running, c.Spec.Name)
		}
	}
	if len(running) > 0 {
		why := finding.Inflect(len(running), "{container|containers} %s {does|do} not stop", strings.Join(running, ", "))
		if e := kube.LastEvent(s, finding.PodObject(p), "FailedKillPod", "FailedPreStopHook"); e != nil {
			why += ": " + finding.ShortMessage(e.Message)
		}
		return why
	}
	if claims := kube.ClaimsOf(p); len(claims) > 0 {
		return "its containers have ended; what the kubelet has yet to do is to unmount claim " + claims[0].Name
	}
	return ""
}
