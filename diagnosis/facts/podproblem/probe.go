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

// partDone is how long a task may go on after one of its containers is done: another has the rest to do, unless it is a sidecar that
// nobody stops.
const partDone = 12 * time.Hour

// unready looks at a pod whose containers run and that still does not count as ready.
func unready(s *snapshot.Snapshot, p *corev1.Pod) (Problem, bool) {
	ready := kube.PodCondition(p, corev1.PodReady)
	if ready == nil || ready.Status == corev1.ConditionTrue || kube.Newly(s, ready.LastTransitionTime.Time) ||
		kube.Newly(s, p.CreationTimestamp.Time) || kube.AwayWithNode(s, p) {
		return Problem{}, false
	}
	for _, c := range kube.ContainersOf(p) {
		if !c.Init && InitDone(c) && p.Spec.RestartPolicy != corev1.RestartPolicyAlways &&
			s.At.Sub(c.Status.State.Terminated.FinishedAt.Time) < partDone {
			return Problem{}, false
		}
		if c.Init || c.Status.Ready || c.Status.State.Running == nil {
			continue
		}
		if kube.Newly(s, c.Status.State.Running.StartedAt.Time) {
			return Problem{}, false
		}
		if a, ok := probeFails(s, p, c); ok {
			return a, true
		}
	}
	if p.Status.Phase == corev1.PodPending || kube.WarmingUp(s, p) {
		return Problem{}, false
	}
	a := Problem{Code: PodNotReady, Alike: p.Spec.NodeName, node: p.Spec.NodeName, Since: ready.LastTransitionTime.Time,
		Predicate: finding.Say("{runs|run} on node %s, but {is|are} not ready", p.Spec.NodeName)}
	if ready.Message != "" {
		a.Predicate = a.Predicate.And(": %s", ready.Message)
	}
	a.Seen = []incident.Evidence{finding.SeenAPI(finding.PodObject(p), "status.conditions[Ready]", a.Since,
		strings.TrimSpace(fmt.Sprintf("status %s %s %s", ready.Status, ready.Reason, ready.Message)))}
	return a, true
}

// probeFails needs the kubelet's word, or a probe that has had its time: events are kept for an hour only.
func probeFails(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container) (Problem, bool) {
	field, probe := "readinessProbe", c.Spec.ReadinessProbe
	if c.Spec.StartupProbe != nil && (c.Status.Started == nil || !*c.Status.Started) {
		field, probe = "startupProbe", c.Spec.StartupProbe
	}
	e := kube.LastEvent(s, finding.PodObject(p), "Unhealthy")
	if probe == nil && e == nil {
		return Problem{}, false
	}
	started := c.Status.State.Running.StartedAt.Time
	if e == nil && s.At.Sub(started) < kube.ProbeTime(probe) {
		return Problem{}, false
	}
	if !staysSo(c, probe, e) && kube.WarmingUp(s, p) {
		return Problem{}, false // it has yet to listen, for all that the probe shows
	}
	a := Problem{Code: PodProbeFailing, Container: c.Spec.Name, Alike: c.Spec.Name, Since: finding.Earlier(kube.BeganAt(e), time.Time{})}
	kubelet, said := "", "its "+strings.TrimSuffix(field, "Probe")+" probe "+probeWords(probe)+" fails"
	if e != nil {
		kubelet, said = e.Message, finding.ShortMessage(e.Message)
	} else {
		a.Since = started
	}
	a.Reason = said
	a.Predicate = finding.Say("{is|are} not ready%s: %s%s", c.In(p), said, probeHint(c, probe, kubelet))
	a.final = portHint(c, probe) != "" || finding.HasAny(kubelet, answered)
	a.Said = currentFacts(s, p, c)
	if ownVerdict(c, probe, kubelet) {
		a.symptom, a.next = true, "Read its log: the program answers the probe, and says of itself that it is not well."
	}
	a.Seen = []incident.Evidence{finding.SeenEvent(e), probeSeen(p, c, field, probe),
		finding.SeenAPI(finding.PodObject(p), c.Field(), started, "running since "+finding.Clock(started)+", not ready")}
	return a, true
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
