package podproblem

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/scheduling"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// OutOfMemory is the detail of PodOOMKilled.
type OutOfMemory struct {
	OfNode bool // the node's memory ran out, rather than what the container's own limit allows
}

// sigkilled is the exit code of a program that the kernel killed itself, rather than one of its children.
const sigkilled = 137

// oomKilled tells whose memory ran out: the container's own limit, the node's, and whether the program itself was killed or a child of
// it. A container without a limit, or the kubelet's word of a system OOM at that moment, speaks for the node. The runtime reports
// OOMKilled for any process of the container; a program that then ends with a code of its own was not the one that was killed.
func oomKilled(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, a Problem, end *corev1.ContainerStateTerminated) Problem {
	a.Code, a.node = PodOOMKilled, p.Spec.NodeName
	limit, limited := c.Spec.Resources.Limits[corev1.ResourceMemory]
	limited = limited && !limit.IsZero()
	system := systemOOM(s, p.Spec.NodeName, end)
	what := finding.Say("{is|are} killed")
	if end.Reason == "OOMKilled" && end.ExitCode != sigkilled {
		what = finding.Say("{ends|end} with exit code %d after a child process was killed", end.ExitCode)
	}
	switch {
	case limited && system == nil:
		a.detail, a.Reason = OutOfMemory{}, "killed for using more memory than its limit of "+limit.String()
		a.Predicate = finding.Say("%s for using more memory than {its|their} limit of %s%s", what, limit.String(), c.In(p))
		if used, e := memoryUse(s, p, c); used != "" {
			a.Predicate = a.Predicate.And("; it uses %s", used)
			a.Seen = append(a.Seen, e)
		}
	case limited:
		a.detail, a.Reason = OutOfMemory{OfNode: true}, "killed because node "+p.Spec.NodeName+" ran out of memory"
		a.Predicate = finding.Say("%s because node %s ran out of memory%s, not for {its|their} own limit of %s", what, p.Spec.NodeName, c.In(p),
			limit.String())
	default:
		a.detail, a.Reason = OutOfMemory{OfNode: true}, "killed because node "+p.Spec.NodeName+" ran out of memory"
		a.Predicate = finding.Say("%s because memory ran out%s; {it has|they have} no limit of {its|their} own, so it was node %s's", what,
			c.In(p), p.Spec.NodeName)
	}
	if limited {
		a.byDefault(s, p, c, limit)
		a.Seen = append(a.Seen, finding.SeenAPI(finding.PodObject(p), "spec.containers["+c.Spec.Name+"].resources.limits.memory", time.Time{},
			limit.String()))
	}
	a.Seen = append(a.Seen, finding.SeenEvent(system))
	return a
}

// limitRanger is the annotation in which the API server's LimitRanger says which limits it has set for want of any in the template
// (plugin/pkg/admission/limitranger).
const limitRanger = "kubernetes.io/limit-ranger"

// byDefault names the LimitRange that a limit comes from.
func (a *Problem) byDefault(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, limit resource.Quantity) {
	said := p.Annotations[limitRanger]
	if !slices.Contains(strings.FieldsFunc(said, func(r rune) bool { return r == ';' || r == ':' }), " memory limit for container "+
		c.Spec.Name) {
		return
	}
	for i := range s.LimitRanges {
		l := &s.LimitRanges[i]
		for _, item := range l.Spec.Limits {
			byDefault, ok := item.Default[corev1.ResourceMemory]
			if l.Namespace != p.Namespace || item.Type != corev1.LimitTypeContainer || !ok || byDefault.Cmp(limit) != 0 {
				continue
			}
			o := snapshot.ObjectOf("LimitRange", l.Namespace, l.Name)
			a.Predicate = a.Predicate.And(", which LimitRange %s sets where the template has none", l.Name)
			a.fault = finding.Union(a.fault, []incident.Object{o})
			a.Seen = append(a.Seen, finding.SeenAPI(o, "spec.limits.default.memory", time.Time{}, limit.String()),
				finding.SeenAPI(finding.PodObject(p), "metadata.annotations["+limitRanger+"]", time.Time{}, said))
			return
		}
	}
}

// systemOOM is the event by which a kubelet says that the node, not a container's limit, ran out of memory when the container ended.
func systemOOM(s *snapshot.Snapshot, node string, end *corev1.ContainerStateTerminated) *corev1.Event {
	e := kube.LastEvent(s, snapshot.ObjectOf("Node", "", node), "SystemOOM")
	if e == nil || end == nil {
		return nil
	}
	if between := snapshot.EventTime(e).Sub(end.FinishedAt.Time); between < -finding.NearKill.For || between > finding.NearKill.For {
		return nil
	}
	return e
}

// memoryUse is what the container, or else its pod, used by a metric; "" where none was asked for.
func memoryUse(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container) (string, incident.Evidence) {
	for i := range s.Metrics {
		m := &s.Metrics[i]
		if m.Object != finding.PodObject(p) || m.Unit != "bytes" || !strings.Contains(strings.ToLower(m.Name), "memory") {
			continue
		}
		words := scheduling.ByteWords(int64(m.Value))
		return words, finding.NewEvidence(incident.SourceProbe, m.Object, m.Query, time.Time{}, m.Name+": "+words)
	}
	return "", incident.Evidence{}
}
