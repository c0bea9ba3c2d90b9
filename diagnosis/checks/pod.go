package checks

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// ailment is what is wrong with one pod. Ailments that are alike within a workload become one finding.
type ailment struct {
	code      string
	alike     string         // sets ailments of one code apart: the container, the node
	container string         // that is ill; empty: it is about the pod as a whole
	predicate finding.Phrase // the verb and what follows: "keeps crashing: cannot resolve x"
	reason    string         // the reason alone, for other titles
	detail    finding.Detail // for the finding
	told      []time.Time    // the moments that it tells
	since     time.Time
	node      string
	said      []logs.Fact
	refs      []incident.Object
	fault     []incident.Object // beside the workload
	symptom   bool              // whatever its code, it does not name what is at fault
	next      string            // where it differs from the code's
	severity  incident.Severity // where it differs from the code's
	seen      []incident.Evidence
	registry  string // the host of the registry that an image cannot be pulled from, where the registry is why
}

// podAilment is an ailment with its pod.
type podAilment struct {
	pod *corev1.Pod
	ailment
}

func checkPods(s *snapshot.Snapshot, r *finding.Report) {
	g := newGroups(s)
	for i := range s.Pods {
		p := &s.Pods[i]
		for _, a := range ailmentsOf(s, p) {
			g.add(p, a)
		}
	}
	g.report(r)
}

// ailmentsOf is what is wrong with a pod. All pods are looked at once, whoever asks first.
func ailmentsOf(s *snapshot.Snapshot, p *corev1.Pod) []ailment {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[*corev1.Pod][]ailment {
		all, nodes := map[*corev1.Pod][]ailment{}, newRooms(s)
		for i := range s.Pods {
			if found := examine(s, nodes, &s.Pods[i]); len(found) > 0 {
				all[&s.Pods[i]] = found
			}
		}
		return all
	})[p]
}

// examine goes through a pod's life from its end to its beginning: being deleted, ended, not yet placed, its containers, being
// created, not ready.
func examine(s *snapshot.Snapshot, nodes *rooms, p *corev1.Pod) []ailment {
	switch {
	case p.DeletionTimestamp != nil:
		return one(terminating(s, p))
	case p.Status.Phase == corev1.PodSucceeded:
		return nil
	case p.Status.Phase == corev1.PodFailed:
		return one(failed(s, p))
	case p.Spec.NodeName == "":
		return one(unscheduled(s, nodes, p))
	case healthy(p):
		return restarted(s, p)
	}
	if found := sickContainers(s, p); len(found) > 0 {
		return found
	}
	if a, ok := creating(s, p); ok {
		return []ailment{a}
	}
	return one(unready(s, p))
}

func one(a ailment, ok bool) []ailment {
	if !ok {
		return nil
	}
	return []ailment{a}
}

// healthy is the short way for most pods: ready, and no container has ever ended.
func healthy(p *corev1.Pod) bool {
	if c := podCondition(p, corev1.PodReady); c == nil || c.Status != corev1.ConditionTrue {
		return false
	}
	for i := range p.Status.ContainerStatuses {
		if st := &p.Status.ContainerStatuses[i]; st.State.Running == nil {
			return false
		}
	}
	return true
}

// restarted looks at a ready pod's restarts: a crash a moment ago, or many that add up.
func restarted(s *snapshot.Snapshot, p *corev1.Pod) []ailment {
	var found []ailment
	for _, c := range containersOf(p) {
		if c.status.RestartCount > 0 {
			found = append(found, one(runningAgain(s, p, c))...)
		}
	}
	return found
}

// podCondition is a pod's condition; nil if it has none of the type.
func podCondition(p *corev1.Pod, t corev1.PodConditionType) *corev1.PodCondition {
	for i := range p.Status.Conditions {
		if p.Status.Conditions[i].Type == t {
			return &p.Status.Conditions[i]
		}
	}
	return nil
}

// container is a container with its status. Init containers that run on beside the others (sidecars) count as ordinary ones.
type container struct {
	spec    *corev1.Container
	status  *corev1.ContainerStatus
	init    bool
	sidecar bool // an init container that runs on
}

// title is how people see it: nothing for a pod's only container.
func (c container) in(p *corev1.Pod) string {
	switch {
	case c.init:
		return " (init container " + c.spec.Name + ")"
	case c.sidecar:
		return " (sidecar " + c.spec.Name + ")"
	case len(p.Spec.Containers) > 1 || len(p.Spec.InitContainers) > 0 && isSidecar(c.spec):
		return " (container " + c.spec.Name + ")"
	}
	return ""
}

// field is where the pod's status speaks of the container.
func (c container) field() string {
	if c.init || c.sidecar {
		return "status.initContainerStatuses[" + c.spec.Name + "]"
	}
	return "status.containerStatuses[" + c.spec.Name + "]"
}

func isSidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// containersOf pairs statuses with specs, init containers first. Statuses without a spec are left out.
func containersOf(p *corev1.Pod) []container {
	out := make([]container, 0, len(p.Status.ContainerStatuses)+len(p.Status.InitContainerStatuses))
	pair := func(statuses []corev1.ContainerStatus, specs []corev1.Container, init bool) {
		for i := range statuses {
			for j := range specs {
				if specs[j].Name == statuses[i].Name {
					sidecar := init && isSidecar(&specs[j])
					out = append(out, container{&specs[j], &statuses[i], init && !sidecar, sidecar})
					break
				}
			}
		}
	}
	pair(p.Status.InitContainerStatuses, p.Spec.InitContainers, true)
	pair(p.Status.ContainerStatuses, p.Spec.Containers, false)
	return out
}

// newly says that something is too recent to be looked at. An unknown time is not recent.
func newly(s *snapshot.Snapshot, t time.Time) bool {
	return !t.IsZero() && s.At.Sub(t) < finding.Settling
}

// ownedByJob says whether a Job controls the pod; its failures are the Job's business.
func ownedByJob(p *corev1.Pod) bool {
	for i := range p.OwnerReferences {
		if o := &p.OwnerReferences[i]; o.Controller != nil && *o.Controller && o.Kind == "Job" {
			return true
		}
	}
	return false
}

func failed(s *snapshot.Snapshot, p *corev1.Pod) (ailment, bool) {
	o := finding.PodObject(p)
	if p.Status.Reason == "Evicted" {
		return evicted(p), true
	}
	if a, ok := rejected(p); ok && !ownedByJob(p) {
		return a, true
	}
	if ownedByJob(p) || p.Status.Reason == "NodeShutdown" || p.Status.Reason == "Terminated" || p.Status.Reason == "Preempting" {
		return ailment{}, false // a Job speaks for its pods; a node that shut down in good order has had its pods replaced
	}
	a := ailment{code: PodFailed, since: failedAt(p),
		predicate: finding.Say("{has|have} failed: %s", strings.TrimSpace(p.Status.Reason+" "+p.Status.Message))}
	for _, c := range containersOf(p) {
		if t := c.status.State.Terminated; t != nil && t.ExitCode != 0 {
			crash := crashed(s, p, c, t)
			a.said, a.seen = crash.said, crash.seen
			a.predicate = finding.Say("{has|have} failed: %s", crash.reason)
			break
		}
	}
	if a.seen == nil {
		a.seen = []incident.Evidence{finding.SeenAPI(o, "status", a.since, "Failed "+p.Status.Reason+": "+p.Status.Message)}
	}
	return a, true
}

// failedAt is when a pod failed: the end of its last container, or when it ceased to be ready; zero if neither is told.
func failedAt(p *corev1.Pod) time.Time {
	var t time.Time
	for i := range p.Status.ContainerStatuses {
		if end := p.Status.ContainerStatuses[i].State.Terminated; end != nil && end.FinishedAt.After(t) {
			t = end.FinishedAt.Time
		}
	}
	if c := podCondition(p, corev1.PodReady); t.IsZero() && c != nil {
		t = c.LastTransitionTime.Time
	}
	return t
}

func terminating(s *snapshot.Snapshot, p *corev1.Pod) (ailment, bool) {
	due := p.DeletionTimestamp.Time
	if s.At.Sub(due) < finding.StuckTerminating {
		return ailment{}, false
	}
	a := ailment{code: PodTerminating, alike: p.Spec.NodeName, node: p.Spec.NodeName, since: due, told: []time.Time{due},
		predicate: finding.Say("should have been gone since %s and {is|are} still terminating", finding.Clock(due))}
	holder := heldBy(s, p)
	if holder != "" {
		a.predicate = a.predicate.And(": %s", holder)
	}
	if n := s.Node(p.Spec.NodeName); n != nil && !nodeReady(n) && satisfied(s, s.WorkloadOf(p)) {
		a.severity = incident.Info // the node's trouble: others have taken its place
	}
	a.seen = []incident.Evidence{finding.SeenAPI(finding.PodObject(p), "metadata.deletionTimestamp", due,
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
	if ready := nodeCondition(n, corev1.NodeReady); ready == nil || ready.Status != corev1.ConditionTrue {
		return "its node " + p.Spec.NodeName + " is not ready"
	}
	var running []string
	for _, c := range containersOf(p) {
		if c.status.State.Running != nil {
			running = append(running, c.spec.Name)
		}
	}
	if len(running) > 0 {
		why := finding.Inflect(len(running), "{container|containers} %s {does|do} not stop", strings.Join(running, ", "))
		if e := lastEvent(s, finding.PodObject(p), "FailedKillPod", "FailedPreStopHook"); e != nil {
			why += ": " + finding.ShortMessage(e.Message)
		}
		return why
	}
	if claims := claimsOf(p); len(claims) > 0 {
		return "its containers have ended; what the kubelet has yet to do is to unmount claim " + claims[0].Name
	}
	return ""
}
