package podproblem

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// SickContainers are the problems of a pod's containers that wait for nothing any more.
func SickContainers(s *snapshot.Snapshot, p *corev1.Pod) []Problem {
	return slices.DeleteFunc(sickContainers(s, p), func(a Problem) bool { return a.Early(s.At) })
}

// sickContainers looks at the containers of a pod that is not well. While an init container is at it the others have not begun.
func sickContainers(s *snapshot.Snapshot, p *corev1.Pod) []Problem {
	var found []Problem
	for _, c := range kube.ContainersOf(p) {
		a, ok := sickContainer(s, p, c)
		if ok {
			found = append(found, a)
		}
		if c.Init && !InitDone(c) {
			break
		}
	}
	return found
}

// InitDone says whether an init container has done its work.
func InitDone(c kube.Container) bool {
	t := c.Status.State.Terminated
	return t != nil && t.ExitCode == 0
}

func sickContainer(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container) (Problem, bool) {
	switch w, t, run := c.Status.State.Waiting, c.Status.State.Terminated, c.Status.State.Running; {
	case w != nil:
		return waiting(s, p, c, w)
	case t != nil:
		return ended(s, p, c, t)
	case run != nil && c.Init:
		return initRunning(s, p, c, run.StartedAt.Time)
	case run != nil:
		return runningAgain(s, p, c)
	}
	return Problem{}, false
}

// waiting reads the kubelet's reason for which a container does not run.
func waiting(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, w *corev1.ContainerStateWaiting) (Problem, bool) {
	last := c.Status.LastTerminationState.Terminated
	switch w.Reason {
	case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "RegistryUnavailable",
		"SignatureValidationFailed":
		return noImage(s, p, c, w), true
	case "CreateContainerConfigError":
		return badConfig(p, c, w), true
	case "CreateContainerError", "RunContainerError", "StartError", "PreStartHookError", "PostStartHookError", "PreCreateHookError":
		return cannotStart(s, p, c, w.Message, finding.Earlier(time.Time{}, EndOf(last))), true
	case "CrashLoopBackOff":
		return Crashed(s, p, c, last), true
	}
	return Problem{}, false // ContainerCreating, PodInitializing: the pod's business
}

// ended looks at a container that has ended and waits to be started again. One that ended for the first time a moment ago may yet
// do well.
func ended(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, t *corev1.ContainerStateTerminated) (Problem, bool) {
	if t.ExitCode == 0 && (c.Init || p.Spec.RestartPolicy != corev1.RestartPolicyAlways) {
		return Problem{}, false
	}
	a := Crashed(s, p, c, t)
	if c.Status.RestartCount == 0 {
		a.mayPass(finding.Lasts(finding.Settling, t.FinishedAt.Time))
	}
	if kube.LostWithNode(t) {
		a.notYet(finding.Lasts(finding.StartAnew, t.FinishedAt.Time))
	}
	if a.Early(s.At) {
		a.endedOnce(p, c)
	}
	return a, true
}

// endedOnce tells a crash that nothing says will come again.
func (a *Problem) endedOnce(p *corev1.Pod, c kube.Container) {
	if a.Code == PodCrashLoop || a.Code == PodExitsZero {
		a.Predicate = finding.Say("{has|have} ended once%s: %s", c.In(p), a.Reason)
	}
}

// initRunning looks at an init container that runs: migrations take minutes; waiting for ever takes longer. One whose log says what it
// could not reach, or that asks for a Service which does not exist, fails.
func initRunning(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, since time.Time) (Problem, bool) {
	last := c.Status.LastTerminationState.Terminated
	if last != nil && last.ExitCode != 0 && c.Status.RestartCount >= 2 {
		return Crashed(s, p, c, last), true
	}
	said, e := readings.Last(s, p, c)
	a := Problem{Code: PodInitStuck, Container: c.Spec.Name, Alike: c.Spec.Name, Since: since, Said: said.Facts,
		Predicate: finding.Say("{waits|wait} for {its|their} init container %s, running for %s", c.Spec.Name, finding.Duration(s.At.Sub(since)))}
	services, absent, command := waitsOn(s, p, c)
	a.Refs = services
	switch {
	case absent != "":
		a.Predicate = a.Predicate.And(": %s", absent)
	case len(services) > 0 && len(readings.NeedsOf(said.Facts)) == 0:
		a.Predicate = a.Predicate.And(", for Service %s", services[0].Name)
	case said.Last != "":
		a.Predicate = a.Predicate.And(": %s", clip.Bytes(said.Last, 120))
	}
	a.Seen = append(a.Seen, finding.SeenAPI(finding.PodObject(p), c.Field(), since, "running since "+finding.Clock(since)), e, command)
	if a.mayPass(finding.Lasts(finding.SlowInit, since)); absent == "" && readings.NeedsOf(said.Facts) == "" {
		a.standing = waits
	}
	return a, true
}

// addUp is how many restarts there must be to count as many.
const addUp = 3

// runningAgain looks at a container that runs but has ended before. It counts as well again once it has lived for twice as long as
// the instance before, and a minute at least. Who asks hears of its last end all the same, for a day.
func runningAgain(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container) (Problem, bool) {
	last, run := c.Status.LastTerminationState.Terminated, c.Status.State.Running
	quiet := s.At.Sub(EndOf(last))
	switch n := c.Status.RestartCount; {
	case last == nil || run == nil || n == 0 || kube.LostWithNode(last) || quiet > finding.OldRestart.For:
		return Problem{}, false
	case n == 1:
		return endedBefore(s, p, c, last, run), true
	}
	lived, before := s.At.Sub(run.StartedAt.Time), last.FinishedAt.Sub(last.StartedAt.Time)
	every := s.At.Sub(p.CreationTimestamp.Time) / time.Duration(c.Status.RestartCount)
	switch well := lived >= 2*before && lived >= finding.JustStarted.For; {
	case lived < finding.JustStarted.For && quiet < finding.RecentRestart.For && before < finding.Forgiven.For:
		return Crashed(s, p, c, last), true
	case c.Status.RestartCount < addUp || well || every > finding.Seldom.For || quiet > max(finding.RecentRestart.For, 2*every):
		return endedBefore(s, p, c, last, run), true
	}
	return addingUp(s, p, c, last), true
}

// endedBefore is a restart that nobody is woken for. Killed for its own limit within the hour, it was seen to fail, and will again. One
// that is a moment old, came soon after the start and is not made up for yet is a crash; any other may have been the last, and is a
// suspicion.
func endedBefore(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, last *corev1.ContainerStateTerminated,
	run *corev1.ContainerStateRunning) Problem {
	a := Crashed(s, p, c, last)
	memory, killed := a.detail.(OutOfMemory)
	if full := finding.Lasts(finding.FullAgain, last.FinishedAt.Time); killed && !memory.OfNode && kube.IsReady(p) && !full.Over(s.At) {
		a.Predicate = finding.Say("{was|were} %s %s ago%s", a.Reason, finding.Duration(s.At.Sub(last.FinishedAt.Time)), c.In(p))
		a.mayPass(full)
		a.atMost = incident.Likely
		return a
	}
	soon := last.ExitCode != 0 && last.FinishedAt.Sub(last.StartedAt.Time) < finding.Forgiven.For
	once := c.Status.RestartCount == 1 && c.Status.Ready
	if again := finding.Lasts(finding.SecondStart, run.StartedAt.Time); soon && !once && !again.Over(s.At) {
		a.endedOnce(p, c)
		a.mayPass(again)
		return a
	}
	a.Code, a.standing, a.next, a.detail = PodRestarts, suspect, "", nil
	a.Predicate = finding.Say("{was|were} restarted %s ago%s: %s", finding.Duration(s.At.Sub(last.FinishedAt.Time)), c.In(p), a.Reason)
	return a
}

func addingUp(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, last *corev1.ContainerStateTerminated) Problem {
	crash := Crashed(s, p, c, last)
	n, age := c.Status.RestartCount, s.At.Sub(p.CreationTimestamp.Time)
	a := Problem{Code: PodRestarts, Container: c.Spec.Name, Alike: c.Spec.Name, Since: crash.Since, Said: crash.Said, Seen: crash.Seen}
	rate := ""
	if days := age.Hours() / 24; days > 0 && age < finding.OtherEra.For {
		rate = fmt.Sprintf(" (%.0f a day)", float64(n)/max(days, 1.0/24))
	}
	a.Predicate = finding.Say("restarted %d times%s, last %s ago%s: %s", n, rate, finding.Duration(s.At.Sub(last.FinishedAt.Time)), c.In(p),
		crash.Reason)
	return a
}

// EndOf is when a container ended; zero if it has not.
func EndOf(t *corev1.ContainerStateTerminated) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.FinishedAt.Time
}

// creating looks at a bound pod whose containers have not been created.
func creating(s *snapshot.Snapshot, p *corev1.Pod) (Problem, bool) {
	if p.Status.Phase != corev1.PodPending && p.Status.Phase != "" {
		return Problem{}, false
	}
	for _, c := range kube.ContainersOf(p) {
		if c.Status.State.Waiting == nil || c.Status.ContainerID != "" {
			return Problem{}, false
		}
	}
	since := p.CreationTimestamp.Time
	if c := kube.PodCondition(p, corev1.PodScheduled); c != nil && c.Status == corev1.ConditionTrue {
		since = c.LastTransitionTime.Time
	}
	return stuckCreating(s, p, since), true
}

// hasSandbox says whether the kubelet has mounted the pod's volumes and set up its network, and has only its containers left to make.
func hasSandbox(p *corev1.Pod) bool {
	c := kube.PodCondition(p, corev1.PodReadyToStartContainers)
	return c != nil && c.Status == corev1.ConditionTrue
}

// timeOf is when an event was last seen; zero without one.
func timeOf(e *corev1.Event) time.Time {
	if e == nil {
		return time.Time{}
	}
	return snapshot.EventTime(e).Time
}

// whyVolumeWaits is the event that tells why a volume is waited for: where the newest merely lists what is not mounted, the newest that
// says what the kubelet does with a volume, or why it cannot.
func whyVolumeWaits(s *snapshot.Snapshot, o incident.Object, volume *corev1.Event) *corev1.Event {
	if !strings.HasPrefix(volume.Message, "Unable to attach or mount volumes") {
		return volume
	}
	events := s.EventsOf(o)
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		if (strings.HasPrefix(e.Reason, "Volume") || strings.HasPrefix(e.Reason, "Failed") && strings.Contains(e.Message, " for volume ")) &&
			!strings.HasPrefix(e.Message, "Unable to attach or mount volumes") {
			return e
		}
	}
	return volume
}

func stuckCreating(s *snapshot.Snapshot, p *corev1.Pod, since time.Time) Problem {
	o, node := finding.PodObject(p), p.Spec.NodeName
	a := Problem{Alike: node, node: node, Since: since, normal: finding.Lasts(finding.Settling, since)}
	sandbox := kube.LastEvent(s, o, "FailedCreatePodSandBox", "NetworkNotReady")
	volume := kube.LastEvent(s, o, "FailedMount", "FailedAttachVolume", "FailedMapVolume")
	pulling := kube.LastEvent(s, o, "Pulling", "Pulled")
	if hasSandbox(p) || pulling != nil && !snapshot.EventTime(pulling).Time.Before(kube.Latest(timeOf(sandbox), timeOf(volume))) {
		sandbox, volume = nil, nil // it has come further since
	}
	switch {
	case sandbox != nil && (volume == nil || snapshot.EventTime(sandbox).After(snapshot.EventTime(volume).Time)):
		a.Code, a.Seen = PodSandboxFailed, []incident.Evidence{finding.SeenEvent(sandbox)}
		a.detail = SandboxFailed{Plugin: strings.Contains(strings.ToLower(sandbox.Message), "cni")}
		a.Predicate = finding.Say("cannot start on node %s: %s", node, finding.ShortMessage(sandbox.Message))
		if layer := sandboxLayer(sandbox.Message); layer != "" {
			a.Predicate = finding.Say("cannot start on node %s (%s): %s", node, layer, finding.ShortMessage(sandbox.Message))
			if a.fault = pluginOn(s, node, sandbox.Message); a.fault == nil {
				a.fault = runtimeOf(node, layer, sandbox.Message)
			}
			if other := handlerElsewhere(s, p, sandbox.Message); other != nil {
				a.fault = []incident.Object{snapshot.ObjectOf("Node", "", node), s.WorkloadOf(p)}
				a.Seen = append(a.Seen, finding.SeenAPI(finding.PodObject(other), "spec.runtimeClassName", time.Time{},
					fmt.Sprintf("%s, and it runs on node %s", *other.Spec.RuntimeClassName, other.Spec.NodeName)))
			}
		}
		if n := s.Node(node); n != nil && !finding.Lasts(finding.NewNode, n.CreationTimestamp.Time).Over(s.At) {
			a.standing = waits // the node's network is still being set up
		}
	case volume != nil:
		a.Code, a.Seen = PodVolumeFailed, []incident.Evidence{finding.SeenEvent(volume)}
		why := whyVolumeWaits(s, o, volume)
		if why != volume {
			a.Seen = append([]incident.Evidence{finding.SeenEvent(why)}, a.Seen...)
		}
		a.Predicate, a.Refs = finding.Say("{waits|wait} for a volume: %s", finding.ShortMessage(why.Message)), kube.ClaimsOf(p)
		if o, _, ok := MissingIn(p, volume.Message); ok {
			a.Refs = []incident.Object{o}
		}
		if strings.HasPrefix(volume.Message, "Multi-Attach error") {
			a.standing = waits // the node that it was on lets it go
		}
	default:
		a.Code = PodStuckCreating
		a.notYet(finding.Lasts(finding.SlowCreation, since))
		if pulling != nil && pulling.Reason == "Pulling" {
			a.notYet(finding.Lasts(finding.SlowPull, timeOf(pulling)))
		} else {
			a.unlessSaid(s, finding.Lasts(finding.SlowPull, since)) // the kubelet may have begun to pull
		}
		a.Predicate = finding.Say("{has|have} been waiting for {its|their} containers to be created for %s on node %s",
			finding.Duration(s.At.Sub(since)), node)
		a.Seen = []incident.Evidence{finding.SeenAPI(o, "status.phase", since, "Pending, bound to "+node+", no container created")}
		quoteWarning(s, p, &a)
	}
	return a
}
