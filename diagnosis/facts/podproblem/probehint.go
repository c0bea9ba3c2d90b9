package podproblem

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
)

// probeSays is what a probe's failure means, in the words of the kubelet's probers (pkg/probe) and of net/http.
var probeSays = []struct {
	words string
	means func(*corev1.Probe) string
}{
	{"statuscode: 404", func(p *corev1.Probe) string { return "there is nothing at the path " + probePath(p) }},
	{"statuscode: 401", func(*corev1.Probe) string { return "the path asks for credentials, which a probe has none of" }},
	{"statuscode: 403", func(*corev1.Probe) string { return "the path is forbidden to the probe" }},
	{"statuscode: 405", func(p *corev1.Probe) string { return "the path " + probePath(p) + " takes no GET" }},
	{"statuscode: 5", func(*corev1.Probe) string { return "the program itself says that it is not well" }},
	{"server gave HTTP response to HTTPS client", func(*corev1.Probe) string {
		return "the probe's scheme is HTTPS, and the port speaks HTTP"
	}},
	{"HTTP request to an HTTPS server", func(*corev1.Probe) string { return "the probe's scheme is HTTP, and the port speaks HTTPS" }},
	{"malformed HTTP response", func(*corev1.Probe) string {
		return "the port does not speak HTTP; with TLS the probe's scheme must be HTTPS"
	}},
	{"malformed HTTP status", func(*corev1.Probe) string { return "the port does not speak HTTP" }},
	{"implement the grpc health protocol", func(*corev1.Probe) string { return "the server does not serve grpc.health.v1.Health" }},
	{"executable file not found", func(*corev1.Probe) string { return "the probe's command is not in the image" }},
	{"deadline exceeded", tooStrict},
	{"Client.Timeout", tooStrict},
	{"timed out", tooStrict},
	{"i/o timeout", tooStrict},
	{"did not complete within", tooStrict},
}

// answered are words of a program that is up: it will answer the probe no other way once it has warmed up.
var answered = []string{"statuscode: 4", "HTTP response to HTTPS client", "HTTP request to an HTTPS server", "malformed HTTP",
	"grpc health protocol", "executable file not found"}

// staysSo says whether a probe's failure cannot pass by itself: the program answered, and not as the probe wants, or the probe asks for a
// port by a name that the container does not have. A refused connection, silence and 503 are also how programs start.
func staysSo(c kube.Container, p *corev1.Probe, e *corev1.Event) bool {
	named := p != nil && (p.HTTPGet != nil && p.HTTPGet.Port.Type == intstr.String || p.TCPSocket != nil &&
		p.TCPSocket.Port.Type == intstr.String)
	return named && portHint(c, p) != "" || e != nil && finding.HasAny(e.Message, answered)
}

// ownVerdict says whether the program understood the probe and answered that it is not well (5xx): the probe is as it should be, and what
// is wrong lies within the program or with what it needs.
func ownVerdict(c kube.Container, p *corev1.Probe, said string) bool {
	return strings.Contains(said, "statuscode: 5") && portHint(c, p) == ""
}

const noAnswer = "no answer within timeoutSeconds"

// littleCPU is the limit, in thousandths of a CPU, from which down a container stands still for nine tenths of the time once it has work.
const littleCPU = 100

// starved says that the container's own CPU limit is a reason to be slow.
func starved(c kube.Container) string {
	limit := c.Spec.Resources.Limits.Cpu()
	if limit.IsZero() || limit.MilliValue() > littleCPU {
		return ""
	}
	return ", and its CPU limit is only " + limit.String()
}

func tooStrict(p *corev1.Probe) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf(noAnswer+" %d", max(p.TimeoutSeconds, 1))
}

func probePath(p *corev1.Probe) string {
	if p == nil || p.HTTPGet == nil {
		return ""
	}
	if p.HTTPGet.Path == "" {
		return "/"
	}
	return p.HTTPGet.Path
}

// probeHint compares a probe with what its failure says and with what the container exposes.
func probeHint(c kube.Container, p *corev1.Probe, said string) string {
	if hint := portHint(c, p); hint != "" {
		return " (" + hint + ")"
	}
	// a server that speaks TLS answers plain HTTP with 400
	if p != nil && p.HTTPGet != nil && p.HTTPGet.Scheme != corev1.URISchemeHTTPS && strings.Contains(said, "statuscode: 400") &&
		looksTLS(c, p) {
		return " (the probe's scheme is HTTP, and the port speaks HTTPS by its name or number)"
	}
	for _, x := range probeSays {
		if strings.Contains(said, x.words) {
			if means := x.means(p); means != "" {
				if strings.HasPrefix(means, noAnswer) {
					means += starved(c)
				}
				return " (" + means + ")"
			}
		}
	}
	return ""
}

func looksTLS(c kube.Container, p *corev1.Probe) bool {
	want := p.HTTPGet.Port.String()
	for _, port := range c.Spec.Ports {
		if (port.Name == want || fmt.Sprint(port.ContainerPort) == want) && strings.Contains(port.Name, "https") {
			return true
		}
	}
	return strings.HasSuffix(want, "443") || strings.Contains(want, "https")
}

// portHint says that a probe asks for a port that the container does not have by that name, or does not expose.
func portHint(c kube.Container, p *corev1.Probe) string {
	var want string
	switch {
	case p == nil:
		return ""
	case p.HTTPGet != nil:
		want = p.HTTPGet.Port.String()
	case p.TCPSocket != nil:
		want = p.TCPSocket.Port.String()
	case p.GRPC != nil:
		want = fmt.Sprint(p.GRPC.Port)
	default:
		return ""
	}
	if len(c.Spec.Ports) == 0 {
		return ""
	}
	var names []string
	for _, port := range c.Spec.Ports {
		if port.Name == want || fmt.Sprint(port.ContainerPort) == want {
			return ""
		}
		if port.Name != "" {
			names = append(names, port.Name)
		}
	}
	hint := fmt.Sprintf("the probe asks port %s, the container exposes %s", want, PortsOf(c.Spec))
	if like := kube.Nearest(want, names); len(like) > 0 && strings.Trim(want, "0123456789") != "" {
		hint += kube.DidYouMean(like)
	}
	return hint
}

// slowStart says that a probe kills a container that has not had more time than the probe gives it: every life ends when the probe has
// failed as often as it may. Without a startup probe, the liveness probe's own times are all that a program has to start.
func slowStart(c kube.Container, field string, p *corev1.Probe, end *corev1.ContainerStateTerminated) string {
	if p == nil || end == nil || end.StartedAt.IsZero() {
		return ""
	}
	period, failures := max(p.PeriodSeconds, 1), max(p.FailureThreshold, 1)
	allowed := time.Duration(p.InitialDelaySeconds+period*failures) * time.Second
	lived := end.FinishedAt.Sub(end.StartedAt.Time)
	// the kubelet waits for the grace period on top
	if lived <= 0 || lived > allowed+time.Duration(period)*time.Second+finding.ProbeGrace.For {
		return ""
	}
	hint := fmt.Sprintf("; it lived for %s, its %s gives it %s", finding.Duration(lived), field, finding.Duration(allowed))
	if c.Spec.StartupProbe == nil {
		hint += ", and it has no startupProbe"
	}
	return hint
}
