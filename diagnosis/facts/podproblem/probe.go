package podproblem

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// unready looks at a pod whose containers run and that still does not count as ready.
func unready(s *snapshot.Snapshot, p *corev1.Pod) (Problem, bool) {
	ready := kube.PodCondition(p, corev1.PodReady)
	away, asked := kube.AwayWithNode(s, p)
	if ready == nil || ready.Status == corev1.ConditionTrue || asked {
		return Problem{}, false
	}
	normal := finding.Lasts(finding.Settling, ready.LastTransitionTime.Time).
		Max(finding.Lasts(finding.Settling, p.CreationTimestamp.Time)).Max(away)
	for _, c := range kube.ContainersOf(p) {
		if !c.Init && InitDone(c) && p.Spec.RestartPolicy != corev1.RestartPolicyAlways {
			normal = normal.Max(finding.Lasts(finding.PartDone, c.Status.State.Terminated.FinishedAt.Time))
		}
		if c.Init || c.Status.Ready || c.Status.State.Running == nil {
			continue
		}
		normal = normal.Max(finding.Lasts(finding.Settling, c.Status.State.Running.StartedAt.Time))
		if a, ok := probeFails(s, p, c, normal); ok {
			return a, true
		}
	}
	if p.Status.Phase == corev1.PodPending {
		return Problem{}, false
	}
	a := Problem{Code: PodNotReady, Alike: p.Spec.NodeName, node: p.Spec.NodeName, Since: ready.LastTransitionTime.Time,
		Predicate: finding.Say("{runs|run} on node %s, but {is|are} not ready", p.Spec.NodeName)}
	a.notYet(normal.Max(kube.WarmsUpUntil(s, p)))
	if ready.Message != "" {
		a.Predicate = a.Predicate.And(": %s", ready.Message)
	}
	a.Seen = []incident.Evidence{finding.SeenAPI(finding.PodObject(p), "status.conditions[Ready]", a.Since,
		strings.TrimSpace(fmt.Sprintf("status %s %s %s", ready.Status, ready.Reason, ready.Message)))}
	quoteWarning(s, p, &a)
	return a, true
}

// probeFails needs the kubelet's word, or a probe that has had its time: events are kept for an hour only. A program that has yet to listen
// fails its probes, too: that proves nothing as long as it may warm up, unless the probe asks for what the container does not have.
func probeFails(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, normal finding.Term) (Problem, bool) {
	field, probe := "readinessProbe", c.Spec.ReadinessProbe
	if c.Spec.StartupProbe != nil && (c.Status.Started == nil || !*c.Status.Started) {
		field, probe = "startupProbe", c.Spec.StartupProbe
	}
	e := kube.LastEvent(s, finding.PodObject(p), "Unhealthy")
	if probe == nil && e == nil {
		return Problem{}, false
	}
	started := c.Status.State.Running.StartedAt.Time
	a := Problem{Code: PodProbeFailing, Container: c.Spec.Name, Alike: c.Spec.Name, Since: finding.Earlier(kube.BeganAt(e), time.Time{}),
		normal: normal}
	if e == nil {
		a.notYet(finding.Lasts(finding.SlowProbe.Lasting(kube.ProbeTime(probe)), started))
	}
	if !staysSo(c, probe, e) {
		a.mayPass(kube.WarmsUpUntil(s, p)) // it has yet to listen, for all that the probe shows
		if portHint(c, probe) == "" {
			a.standing = waits
		}
	}
	kubelet, said := "", "its "+strings.TrimSuffix(field, "Probe")+" probe "+probeWords(probe)+" fails"
	if e != nil {
		kubelet, said = e.Message, finding.ShortMessage(e.Message)
	} else if a.Since = started; a.Early(s.At) {
		said = strings.TrimSuffix(said, " fails") + " has not passed as yet"
	}
	a.Reason = said
	a.Predicate = finding.Say("{is|are} not ready%s: %s%s", c.In(p), said, probeHint(c, probe, kubelet))
	a.final = portHint(c, probe) != "" || finding.HasAny(kubelet, answered)
	a.Said = currentFacts(s, p, c)
	if x, ok := hear(s, p, c, probe, kubelet); ok {
		a.Predicate = a.Predicate.And("%s", x.words)
		a.Seen = append(a.Seen, x.seen)
	}
	if ownVerdict(c, probe, kubelet) {
		a.symptom, a.next = true, "Read its log: the program answers the probe, and says of itself that it is not well."
	}
	a.Seen = append([]incident.Evidence{finding.SeenEvent(e), probeSeen(p, c, field, probe),
		finding.SeenAPI(finding.PodObject(p), c.Field(), started, "running since "+finding.Clock(started)+", not ready")}, a.Seen...)
	return a, true
}

// nowAndThen looks at a pod that is ready, and of which the kubelet has said since that a probe fails: less often than has any consequence.
func nowAndThen(s *snapshot.Snapshot, p *corev1.Pod) []Problem {
	e, ready := kube.LastEvent(s, finding.PodObject(p), "Unhealthy"), kube.PodCondition(p, corev1.PodReady)
	if e == nil || !snapshot.EventTime(e).After(ready.LastTransitionTime.Time) ||
		s.At.Sub(snapshot.EventTime(e).Time) > finding.RecentProbe.For {
		return nil
	}
	c, field, probe := probedBy(p, e)
	if probe == nil || c.Status.State.Running != nil && c.Status.State.Running.StartedAt.After(snapshot.EventTime(e).Time) {
		return nil
	}
	a := Problem{Code: PodProbeFailing, Container: c.Spec.Name, Alike: c.Spec.Name, Since: kube.BeganAt(e),
		Reason: finding.ShortMessage(e.Message), atMost: incident.Likely,
		Seen: []incident.Evidence{finding.SeenEvent(e), probeSeen(p, c, field, probe)}}
	a.Said = currentFacts(s, p, c)
	n := kube.EventCount(e)
	a.Predicate = finding.Say("{is|are} ready, but {its|their} %s probe has failed %s since %s%s: %s%s", strings.TrimSuffix(field, "Probe"),
		finding.Inflect(int(max(n, 1)), "%d {time|times}", max(n, 1)), finding.Clock(a.Since), c.In(p), a.Reason, probeHint(c, probe, e.Message))
	a.mayPass(finding.Lasts(finding.SlowProbe.Lasting(kube.ProbeTime(probe)), s.At))
	if n <= 1 || a.Since.Before(ready.LastTransitionTime.Time) {
		a.standing = waits // once is nothing, and before it was ready it was starting
	}
	return []Problem{a}
}

// probedBy is the container and its probe that an event of the kubelet's is about: its involvedObject's fieldPath names the container.
func probedBy(p *corev1.Pod, e *corev1.Event) (kube.Container, string, *corev1.Probe) {
	for _, c := range kube.ContainersOf(p) {
		if path := e.InvolvedObject.FieldPath; path != "" && !strings.HasSuffix(path, "{"+c.Spec.Name+"}") {
			continue
		}
		for _, x := range []struct {
			words, field string
			probe        *corev1.Probe
		}{{"Liveness", "livenessProbe", c.Spec.LivenessProbe}, {"Readiness", "readinessProbe", c.Spec.ReadinessProbe},
			{"Startup", "startupProbe", c.Spec.StartupProbe}} {
			if strings.HasPrefix(e.Message, x.words) && x.probe != nil {
				return c, x.field, x.probe
			}
		}
	}
	return kube.Container{}, "", nil
}

func probeSeen(p *corev1.Pod, c kube.Container, field string, probe *corev1.Probe) incident.Evidence {
	if probe == nil {
		return incident.Evidence{}
	}
	return finding.SeenAPI(finding.PodObject(p), "spec.containers["+c.Spec.Name+"]."+field, time.Time{},
		fmt.Sprintf("%s every %ds, timeout %ds, %d failures allowed; the container exposes %s", probeWords(probe), probe.PeriodSeconds,
			probe.TimeoutSeconds, probe.FailureThreshold, PortsOf(c.Spec)))
}

func probeWords(p *corev1.Probe) string {
	switch {
	case p == nil:
		return ""
	case p.HTTPGet != nil:
		scheme := ""
		if p.HTTPGet.Scheme == corev1.URISchemeHTTPS {
			scheme = "https "
		}
		return fmt.Sprintf("GET %s:%s%s", scheme, p.HTTPGet.Port.String(), p.HTTPGet.Path)
	case p.TCPSocket != nil:
		return "TCP :" + p.TCPSocket.Port.String()
	case p.GRPC != nil:
		return fmt.Sprintf("gRPC :%d", p.GRPC.Port)
	case p.Exec != nil:
		return finding.OneLine(strings.Join(p.Exec.Command, " "), 80)
	}
	return ""
}

// PortsOf tells a container's ports in words.
func PortsOf(c *corev1.Container) string {
	var out []string
	for _, p := range c.Ports {
		port := fmt.Sprint(p.ContainerPort)
		if p.Name != "" {
			port = p.Name + "=" + port
		}
		out = append(out, port)
	}
	if len(out) == 0 {
		return "no ports"
	}
	return strings.Join(out, ", ")
}

// currentFacts are what the log of the container that runs says: a program that is not ready for want of another usually says so.
func currentFacts(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container) []logs.Fact {
	l := s.Log(p.Namespace, p.Name, c.Spec.Name, false)
	if l == nil {
		return nil
	}
	return readings.Of(s, l).Facts
}
