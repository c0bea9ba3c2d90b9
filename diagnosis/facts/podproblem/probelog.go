package podproblem

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// heard is what a container's log says of why its probe fails.
type heard struct {
	words string // "; its log says …"
	seen  incident.Evidence
}

// hear reads the log of the container whose probe fails: that it listens elsewhere than the probe asks, which is then why; or else what it
// complains of again and again, or last, where that is understood; or, where it does not complain, what it waits for.
func hear(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, probe *corev1.Probe, kubelet string) (heard, bool) {
	if x, ok := listensElsewhere(s, p, c, probe, kubelet); ok {
		return x, true
	}
	l := logOf(s, p, c)
	if l == nil {
		return heard{}, false
	}
	r := readings.Of(s, l)
	switch i := slices.IndexFunc(r.Facts, func(f logs.Fact) bool { return f.Telling }); {
	case len(r.Repeats) > 0:
		x := r.Repeats[0]
		return heard{fmt.Sprintf("; its log says, %d times: %s", x.Times, finding.ShortMessage(x.Says)),
			finding.SeenLog(p, c.Spec.Name, l.Previous, clip.Bytes(x.Line, incident.MaxExcerpt))}, true
	case i >= 0:
		return heard{"; its log says: " + finding.ShortMessage(r.Facts[i].Says),
			finding.SeenLog(p, c.Spec.Name, l.Previous, r.Facts[i].Line)}, true
	case r.Waits != "" && !l.Previous:
		return heard{"; its log ends with: " + finding.ShortMessage(r.Waits), finding.SeenLog(p, c.Spec.Name, false, r.Waits)}, true
	}
	return heard{}, false
}

// logOf is the log of the instance that runs, or else of the one before, which the probe has ended; nil if neither was read.
func logOf(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container) *snapshot.Log {
	l := s.Log(p.Namespace, p.Name, c.Spec.Name, false)
	if l == nil || strings.TrimSpace(l.Text) == "" {
		l = s.Log(p.Namespace, p.Name, c.Spec.Name, true)
	}
	return l
}

// listensElsewhere wants a probe that is refused, and a program that says on which ports it listens: on others than the probe asks, or on
// that one for its own pod alone. The kubelet connects to the pod's address.
func listensElsewhere(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, probe *corev1.Probe, kubelet string) (heard, bool) {
	port := probedPort(c, probe)
	if port == 0 || p.Spec.HostNetwork || !strings.Contains(kubelet, "refused") {
		return heard{}, false
	}
	for _, previous := range []bool{false, true} {
		l := s.Log(p.Namespace, p.Name, c.Spec.Name, previous)
		if l == nil {
			continue
		}
		all := readings.Of(s, l).Listens
		ports := finding.Gathered[string]{}
		alone := ""
		for _, x := range all {
			at := x.Port
			if x.Alone() {
				at = x.Host + ":" + x.Port
			}
			ports.Add(at)
			if x.Port == strconv.Itoa(int(port)) {
				if alone = at; !x.Alone() {
					return heard{}, false
				}
			}
		}
		if len(all) == 0 {
			continue
		}
		seen := finding.SeenLog(p, c.Spec.Name, previous, all[0].Line)
		if alone != "" {
			return heard{fmt.Sprintf(" (its log says that it listens on %s, where only its own pod reaches it; the probe asks the pod's address)",
				alone), seen}, true
		}
		return heard{fmt.Sprintf(" (its log says that it listens on %s, and the probe asks port %d)", finding.FirstFew(ports.List), port),
			seen}, true
	}
	return heard{}, false
}

// probedPort is the number of the port that a probe asks; 0 if it asks none, or one by a name that the container does not have.
func probedPort(c kube.Container, p *corev1.Probe) int32 {
	var port intstr.IntOrString
	switch {
	case p == nil:
		return 0
	case p.HTTPGet != nil && p.HTTPGet.Host == "":
		port = p.HTTPGet.Port
	case p.TCPSocket != nil && p.TCPSocket.Host == "":
		port = p.TCPSocket.Port
	case p.GRPC != nil:
		return p.GRPC.Port
	}
	if port.Type == intstr.Int {
		return port.IntVal
	}
	for _, x := range c.Spec.Ports {
		if x.Name == port.StrVal {
			return x.ContainerPort
		}
	}
	return 0
}
