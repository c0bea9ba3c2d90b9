package podproblem

import (
	"fmt"
	"regexp"
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

// Crashed says why a container keeps ending, from its last end, its log and the events about it. The end is nil where the kubelet has
// forgotten it.
func Crashed(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, end *corev1.ContainerStateTerminated) Problem {
	o := finding.PodObject(p)
	backOff := kube.LastEvent(s, o, "BackOff")
	said, log := readings.Last(s, p, c)
	a := Problem{Container: c.Spec.Name, Alike: c.Spec.Name, Since: finding.Earlier(EndOf(end), kube.BeganAt(backOff)), Said: said.Facts,
		Seen: []incident.Evidence{finding.SeenAPI(o, c.Field(), EndOf(end), StatusWords(c.Status, end)), log}}
	last, needs := said.Last, readings.NeedsOf(said.Facts)
	liveness := livenessKill(s, o, end)
	switch {
	case end == nil:
		a.Code, a.Reason = PodCrashLoop, "its last end is not known"
	case end.Reason == "OOMKilled":
		return oomKilled(s, p, c, a, end)
	case end.ExitCode == sigkilled && liveness == nil && systemOOM(s, p.Spec.NodeName, end) != nil:
		return oomKilled(s, p, c, a, end)
	case cannotExecute(end, last):
		why := end.Message
		if why == "" {
			why = last
		}
		b := cannotStart(s, p, c, why, a.Since)
		b.Seen = append(b.Seen, a.Seen...)
		return b
	case hookKill(s, o, end) != nil:
		e := hookKill(s, o, end)
		a.Code, a.Reason = PodCrashLoop, "its postStart hook fails: "+
			finding.ShortMessage(strings.TrimPrefix(e.Message, "PostStartHook failed: "))
		a.Seen = append([]incident.Evidence{finding.SeenEvent(e)}, a.Seen...)
	case liveness != nil:
		return probeKills(s, p, c, a, liveness, end)
	case end.ExitCode == 0:
		a.Code, a.Reason = PodExitsZero, "it ends without an error"
		a.Predicate = finding.Say("{ends by itself|end by themselves} (exit 0)%s and {is|are} started again and again", c.In(p))
		return a
	case needs != "":
		a.Code, a.Reason = PodCrashLoop, needs
	case last != "" && (end.ExitCode == 1 || end.ExitCode == 255 || end.ExitCode == 2):
		a.Code, a.Reason = PodCrashLoop, fmt.Sprintf("exit code %d, %s", end.ExitCode, clip.Bytes(last, 120))
	case last != "":
		a.Code, a.Reason = PodCrashLoop, fmt.Sprintf("exit code %d (%s), %s", end.ExitCode, kube.ExitMeaning(end.ExitCode), clip.Bytes(last, 100))
	default:
		a.Code, a.Reason = PodCrashLoop, fmt.Sprintf("exit code %d (%s)", end.ExitCode, kube.ExitMeaning(end.ExitCode))
	}
	a.Predicate = finding.Say("{keeps|keep} crashing%s: %s", c.In(p), a.Reason)
	return a
}

// hookKill is the event by which the kubelet says that it ended the container for its postStart hook (pkg/kubelet/kuberuntime); nil if it
// did not, or the program ended by itself.
func hookKill(s *snapshot.Snapshot, o incident.Object, end *corev1.ContainerStateTerminated) *corev1.Event {
	e := kube.LastEvent(s, o, "FailedPostStartHook")
	if e == nil || end == nil || s.At.Sub(snapshot.EventTime(e).Time) > finding.RecentRestart.For {
		return nil
	}
	return e
}

// livenessKill is the event by which the kubelet says that the liveness or startup probe, and not the program, ended the container;
// nil if it says no such thing. How a program exits when it is asked to stop is its own affair.
func livenessKill(s *snapshot.Snapshot, o incident.Object, end *corev1.ContainerStateTerminated) *corev1.Event {
	if end == nil {
		return nil
	}
	var unhealthy *corev1.Event
	kills := end.ExitCode == 137 || end.ExitCode == 143
	for _, e := range s.EventsOf(o) {
		switch {
		case e.Reason == "Unhealthy" && (strings.HasPrefix(e.Message, "Liveness") || strings.HasPrefix(e.Message, "Startup")):
			unhealthy = e
		case e.Reason == "Killing" && (strings.Contains(e.Message, "failed liveness probe") ||
			strings.Contains(e.Message, "failed startup probe")):
			kills = true
			if unhealthy == nil {
				unhealthy = e
			}
		}
	}
	if !kills {
		return nil
	}
	return unhealthy
}

// StatusWords tell a container's state in a line, for an excerpt.
func StatusWords(st *corev1.ContainerStatus, end *corev1.ContainerStateTerminated) string {
	var b strings.Builder
	switch w := st.State.Waiting; {
	case w != nil:
		fmt.Fprintf(&b, "waiting: %s", w.Reason)
		if w.Message != "" && w.Reason != "CrashLoopBackOff" {
			fmt.Fprintf(&b, ", %s", w.Message)
		}
	case st.State.Running != nil:
		fmt.Fprintf(&b, "running since %s", finding.Clock(st.State.Running.StartedAt.Time))
	default:
		b.WriteString("ended")
	}
	fmt.Fprintf(&b, "; %d restarts", st.RestartCount)
	if end != nil {
		fmt.Fprintf(&b, "; last exit code %d (%s)", end.ExitCode, kube.ExitMeaning(end.ExitCode))
		if end.Reason != "" && end.Reason != "Error" {
			fmt.Fprintf(&b, ", %s", end.Reason)
		}
		if ran := end.FinishedAt.Sub(end.StartedAt.Time); ran >= 0 && end.StartedAt.Unix() > 0 {
			fmt.Fprintf(&b, " after %s", finding.Duration(ran))
		}
		if end.Message != "" {
			fmt.Fprintf(&b, ": %s", finding.OneLine(end.Message, finding.MaxLine))
		}
	}
	return b.String()
}

// cannotExecute knows the ends by which a runtime or a shell says that there was nothing to run. A program may exit with 126 or 127
// for its own reasons: then its log tells, and only the shell's words count.
func cannotExecute(end *corev1.ContainerStateTerminated, last string) bool {
	switch end.Reason {
	case "StartError", "ContainerCannotRun":
		return true
	}
	low := strings.ToLower(last)
	if strings.Contains(low, "exec format error") {
		return true
	}
	if end.ExitCode != 126 && end.ExitCode != 127 {
		return false
	}
	return last == "" || strings.Contains(low, "not found") || strings.Contains(low, "permission denied") ||
		strings.Contains(low, "no such file") || strings.Contains(low, "cannot execute")
}

func cannotStart(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, why string, since time.Time) Problem {
	if a, ok := refusedFor(p, c.Spec.Name, why); ok {
		if w := c.Status.State.Waiting; w != nil {
			a.Seen = append(a.Seen, finding.SeenAPI(finding.PodObject(p), c.Field(), since, w.Reason+": "+w.Message))
		}
		return a
	}
	if why == "" {
		why = "the command was not found or may not be executed"
	}
	a := Problem{Code: PodCannotStart, Container: c.Spec.Name, Alike: c.Spec.Name, Reason: why, Since: since, node: p.Spec.NodeName,
		Predicate: finding.Say("cannot start%s: %s", c.In(p), finding.ShortMessage(why))}
	if strings.Contains(why, "exec format error") {
		a.Predicate = a.Predicate.And(" (%s)", otherArchitecture(s, p.Spec.NodeName))
		if n := s.Node(p.Spec.NodeName); n != nil && n.Status.NodeInfo.Architecture != "" {
			a.Seen = append(a.Seen, finding.SeenAPI(kube.NodeObject(n), "status.nodeInfo.architecture", time.Time{}, n.Status.NodeInfo.Architecture))
		}
	}
	if nameHeld.MatchString(why) && p.Spec.NodeName != "" {
		a.fault, a.atMost = []incident.Object{snapshot.ObjectOf("Node", "", p.Spec.NodeName)}, incident.Likely
		a.Predicate = a.Predicate.And(" (the runtime of node %s holds the name for an earlier try that it never ended)", p.Spec.NodeName)
		a.next = "Restart the container runtime on the node, when nothing there minds; until then, let the pod be placed on another node."
	}
	if command := append(append([]string{}, c.Spec.Command...), c.Spec.Args...); len(command) > 0 {
		a.Seen = append(a.Seen, finding.SeenAPI(finding.PodObject(p), "spec.containers["+c.Spec.Name+"].command", time.Time{},
			finding.OneLine(strings.Join(command, " "), finding.MaxLine)))
	}
	if w := c.Status.State.Waiting; w != nil && w.Message != "" {
		a.Seen = append(a.Seen, finding.SeenAPI(finding.PodObject(p), c.Field(), since, w.Reason+": "+w.Message))
	}
	return a
}

// nameHeld are containerd's words for a container whose creation was given up by the kubelet, and not by the runtime.
var nameHeld = regexp.MustCompile(`name "[^"]*" is reserved for "`)

// otherArchitecture says what a program that cannot be executed may be built for.
func otherArchitecture(s *snapshot.Snapshot, node string) string {
	n := s.Node(node)
	if n == nil || n.Status.NodeInfo.Architecture == "" {
		return "built for another architecture than node " + node + "'s, or not a program"
	}
	return "node " + node + " is " + n.Status.NodeInfo.Architecture +
		": the image is built for another architecture, or the command is no program"
}

// dialed is what net/http puts before why it could not connect: the probe, which is shown beside, and the pod's address.
var dialed = regexp.MustCompile(`Get "[^"]*": (?:dial tcp \S+: (?:connect: )?)?`)

func probeKills(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, a Problem, e *corev1.Event,
	end *corev1.ContainerStateTerminated) Problem {
	a.Code = PodProbeFailing
	a.Reason = finding.ShortMessage(dialed.ReplaceAllString(e.Message, ""))
	field, probe := "livenessProbe", c.Spec.LivenessProbe
	if c.Spec.StartupProbe != nil && strings.Contains(e.Message, "tartup") {
		field, probe = "startupProbe", c.Spec.StartupProbe
	}
	hint := probeHint(c, probe, e.Message)
	elsewhere, proven := listensElsewhere(s, p, c, probe, e.Message)
	switch {
	case proven:
		hint = elsewhere.words
	case hint == "" || strings.Contains(strings.ToLower(e.Message), "refused"):
		hint += slowStart(c, field, probe, end)
	}
	a.Reason += hint
	a.Predicate = finding.Say("{is|are} killed and started again%s: %s", c.In(p), a.Reason)
	a.Seen = append([]incident.Evidence{finding.SeenEvent(e), probeSeen(p, c, field, probe), elsewhere.seen}, a.Seen...)
	return a
}
