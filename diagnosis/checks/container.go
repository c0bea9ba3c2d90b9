package checks

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// sickContainers looks at the containers of a pod that is not well. While an init container is at it the others have not begun.
func sickContainers(s *snapshot.Snapshot, p *corev1.Pod) []ailment {
	var found []ailment
	for _, c := range kube.ContainersOf(p) {
		a, ok := sickContainer(s, p, c)
		if ok {
			found = append(found, a)
		}
		if c.Init && !initDone(c) {
			break
		}
	}
	return found
}

// initDone says whether an init container has done its work.
func initDone(c kube.Container) bool {
	t := c.Status.State.Terminated
	return t != nil && t.ExitCode == 0
}

func sickContainer(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container) (ailment, bool) {
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
	return ailment{}, false
}

// waiting reads the kubelet's reason for which a container does not run.
func waiting(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, w *corev1.ContainerStateWaiting) (ailment, bool) {
	last := c.Status.LastTerminationState.Terminated
	switch w.Reason {
	case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
		return noImage(s, p, c, w), true
	case "CreateContainerConfigError":
		return badConfig(p, c, w), true
	case "CreateContainerError", "RunContainerError", "StartError", "PreStartHookError", "PostStartHookError", "PreCreateHookError":
		return cannotStart(s, p, c, w.Message, finding.Earlier(time.Time{}, endOf(last))), true
	case "CrashLoopBackOff":
		return crashed(s, p, c, last), true
	}
	return ailment{}, false // ContainerCreating, PodInitializing: the pod's business
}

// ended looks at a container that has ended and waits to be started again. One that ended for the first time a moment ago may yet
// do well.
func ended(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, t *corev1.ContainerStateTerminated) (ailment, bool) {
	switch {
	case t.ExitCode == 0 && (c.Init || p.Spec.RestartPolicy != corev1.RestartPolicyAlways):
		return ailment{}, false
	case c.Status.RestartCount == 0 && kube.Newly(s, t.FinishedAt.Time), kube.LostWithNode(t) && s.At.Sub(t.FinishedAt.Time) < finding.WarmUp:
		return ailment{}, false
	}
	return crashed(s, p, c, t), true
}

// stuckInit is how long an init container may run before it looks stuck. Migrations take minutes; waiting for ever takes longer.
const stuckInit = 5 * time.Minute

func initRunning(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, since time.Time) (ailment, bool) {
	last := c.Status.LastTerminationState.Terminated
	if last != nil && last.ExitCode != 0 && c.Status.RestartCount >= 2 {
		return crashed(s, p, c, last), true
	}
	if s.At.Sub(since) < stuckInit {
		return ailment{}, false
	}
	said, e := lastWords(s, p, c)
	a := ailment{code: PodInitStuck, container: c.Spec.Name, alike: c.Spec.Name, since: since, said: said.Facts,
		predicate: finding.Say("{waits|wait} for {its|their} init container %s, running for %s", c.Spec.Name, finding.Duration(s.At.Sub(since)))}
	services, absent, command := waitsOn(s, p, c)
	a.refs = services
	switch {
	case absent != "":
		a.predicate = a.predicate.And(": %s", absent)
	case len(services) > 0 && len(needsOf(said.Facts)) == 0:
		a.predicate = a.predicate.And(", for Service %s", services[0].Name)
	case said.Last != "":
		a.predicate = a.predicate.And(": %s", clip.Bytes(said.Last, 120))
	}
	a.seen = append(a.seen, finding.SeenAPI(finding.PodObject(p), c.Field(), since, "running since "+finding.Clock(since)), e, command)
	return a, true
}

// Restarts of a container that runs now. The kubelet's back-off is at most five minutes, and forgotten after ten minutes of running.
const (
	justStarted = time.Minute      // after two crashes or more, running for less than this proves nothing
	forgiven    = 10 * time.Minute // of running, after which the kubelet starts a container anew without delay
	addUp       = 3                // restarts from which on they count as many
	seldom      = 24 * time.Hour   // between two restarts: not worth waking anybody
)

// runningAgain looks at a container that runs but has ended before. It counts as well again once it has lived for twice as long as
// the instance before, and a minute at least.
func runningAgain(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container) (ailment, bool) {
	last, run := c.Status.LastTerminationState.Terminated, c.Status.State.Running
	if last == nil || run == nil || c.Status.RestartCount < 2 || kube.LostWithNode(last) {
		return ailment{}, false
	}
	lived, before := s.At.Sub(run.StartedAt.Time), last.FinishedAt.Sub(last.StartedAt.Time)
	quiet := s.At.Sub(last.FinishedAt.Time)
	every := s.At.Sub(p.CreationTimestamp.Time) / time.Duration(c.Status.RestartCount)
	switch well := lived >= 2*before && lived >= justStarted; {
	case lived < justStarted && quiet < finding.RecentRestart && before < forgiven:
		return crashed(s, p, c, last), true
	case c.Status.RestartCount < addUp || well || every > seldom || quiet > max(finding.RecentRestart, 2*every) || quiet > finding.OldRestart:
		return ailment{}, false
	}
	return addingUp(s, p, c, last), true
}

func addingUp(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, last *corev1.ContainerStateTerminated) ailment {
	crash := crashed(s, p, c, last)
	n, age := c.Status.RestartCount, s.At.Sub(p.CreationTimestamp.Time)
	a := ailment{code: PodRestarts, container: c.Spec.Name, alike: c.Spec.Name, since: crash.since, said: crash.said, seen: crash.seen}
	rate := ""
	if days := age.Hours() / 24; days > 0 && age < 10*365*24*time.Hour {
		rate = fmt.Sprintf(" (%.0f a day)", float64(n)/max(days, 1.0/24))
	}
	a.predicate = finding.Say("restarted %d times%s, last %s ago%s: %s", n, rate, finding.Duration(s.At.Sub(last.FinishedAt.Time)), c.In(p), crash.reason)
	return a
}

// endOf is when a container ended; zero if it has not.
func endOf(t *corev1.ContainerStateTerminated) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.FinishedAt.Time
}

// creating looks at a bound pod whose containers have not been created.
func creating(s *snapshot.Snapshot, p *corev1.Pod) (ailment, bool) {
	if p.Status.Phase != corev1.PodPending && p.Status.Phase != "" {
		return ailment{}, false
	}
	for _, c := range kube.ContainersOf(p) {
		if c.Status.State.Waiting == nil || c.Status.ContainerID != "" {
			return ailment{}, false
		}
	}
	since := p.CreationTimestamp.Time
	if c := kube.PodCondition(p, corev1.PodScheduled); c != nil && c.Status == corev1.ConditionTrue {
		since = c.LastTransitionTime.Time
	}
	if kube.Newly(s, since) {
		return ailment{}, false
	}
	return stuckCreating(s, p, since)
}

// slowPull is how long the pull of an image may take: those of machine learning weigh many gigabytes.
const slowPull = 15 * time.Minute

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

// stuckQuietly is how long a pod may be creating while no event complains; a large image takes a while.
const stuckQuietly = 3 * time.Minute

func stuckCreating(s *snapshot.Snapshot, p *corev1.Pod, since time.Time) (ailment, bool) {
	o, node := finding.PodObject(p), p.Spec.NodeName
	a := ailment{alike: node, node: node, since: since}
	sandbox := kube.LastEvent(s, o, "FailedCreatePodSandBox", "NetworkNotReady")
	volume := kube.LastEvent(s, o, "FailedMount", "FailedAttachVolume", "FailedMapVolume")
	pulling := kube.LastEvent(s, o, "Pulling", "Pulled")
	if hasSandbox(p) || pulling != nil && !snapshot.EventTime(pulling).Time.Before(kube.Latest(timeOf(sandbox), timeOf(volume))) {
		sandbox, volume = nil, nil // it has come further since
	}
	switch {
	case pulling != nil && pulling.Reason == "Pulling" && sandbox == nil && volume == nil && s.At.Sub(timeOf(pulling)) < slowPull:
		return ailment{}, false
	case sandbox != nil && (volume == nil || snapshot.EventTime(sandbox).After(snapshot.EventTime(volume).Time)):
		a.code, a.seen = PodSandboxFailed, []incident.Evidence{finding.SeenEvent(sandbox)}
		a.detail = SandboxFailed{Plugin: strings.Contains(strings.ToLower(sandbox.Message), "cni")}
		a.predicate = finding.Say("cannot start on node %s: %s", node, finding.ShortMessage(sandbox.Message))
		if layer := sandboxLayer(sandbox.Message); layer != "" {
			a.predicate = finding.Say("cannot start on node %s (%s): %s", node, layer, finding.ShortMessage(sandbox.Message))
		}
	case volume != nil:
		a.code, a.seen = PodVolumeFailed, []incident.Evidence{finding.SeenEvent(volume)}
		a.predicate, a.refs = finding.Say("{waits|wait} for a volume: %s", finding.ShortMessage(volume.Message)), kube.ClaimsOf(p)
		if o, _, ok := missingIn(p, volume.Message); ok {
			a.refs = []incident.Object{o}
		}
	case s.At.Sub(since) < stuckQuietly:
		return ailment{}, false
	default:
		a.code = PodStuckCreating
		a.predicate = finding.Say("{has|have} been waiting for {its|their} containers to be created for %s on node %s", finding.Duration(s.At.Sub(since)), node)
		a.seen = []incident.Evidence{finding.SeenAPI(o, "status.phase", since, "Pending, bound to "+node+", no container created")}
	}
	return a, true
}
