package events

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Checks look at events.
var Checks = []finding.Check{{Name: "events", Codes: eventCodes, After: checkUnexplained}}

// EventUnexplained is the code of an event that speaks of a failure, and that no other finding tells of.
const EventUnexplained = "EventUnexplained"

var eventCodes = []finding.Code{
	{Code: EventUnexplained, Severity: incident.Warning,
		Meaning: "A component has told of a failure lately, in an event that no check makes anything of. It may pass, or be of no account.",
		Next:    "Read the event, and the log of the component that wrote it.",
		Example: "LeaseLost of Deployment queue (by queue-operator), 14 times since 09:31:00 UTC: cannot renew lease: store is read-only"},
}

// mostGroups bounds what is told of, the most frequent first.
const mostGroups = 60

// failure are the words by which an event of type Normal tells of one.
var failure = regexp.MustCompile(`(?i)\b(?:fail(?:ed|ure|s|ing)?|errors?|denied|refused|forbidden|timed? ?out|unable|cannot|could not|invalid|` +
	`not found|unhealthy|exceeded|rejected)\b`)

// ordinary are the reasons by which the kubelet and the scheduler tell of a pod that does not run: what a finding about the pod tells as
// well.
var ordinary = []string{"BackOff", "Failed", "FailedScheduling", "Unhealthy", "Killing", "Evicted", "Preempted", "FailedMount",
	"FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox", "NetworkNotReady", "SandboxChanged", "InspectFailed",
	"ErrImageNeverPull", "NotTriggerScaleUp", "ProbeWarning", "FailedKillPod", "FailedPreStopHook", "FailedPostStartHook", "NodeNotReady",
	"TaintManagerEviction"}

// group are the events of one reason about one workload, or about one object that is no pod.
type group struct {
	about  incident.Object
	reason string
	last   *corev1.Event
	count  int32
	since  time.Time
	pods   []*corev1.Pod
}

// checkUnexplained reports the events that tell of a failure, are of late, are not past by what came after them, and that no finding cites.
func checkUnexplained(s *snapshot.Snapshot, found []*finding.Finding, r *finding.Report) {
	type key struct {
		o      incident.Object
		reason string
	}
	cited, ill := map[key]bool{}, map[*corev1.Pod]bool{}
	for _, f := range found {
		for _, e := range f.Seen {
			if e.Source == incident.SourceEvent {
				cited[key{e.Object, e.Field}] = true
			}
		}
		if f.Alarms() {
			for _, p := range f.Pods {
				ill[p] = true
			}
		}
	}
	by := map[key]*group{}
	var order []*group
	for i := range s.Events {
		e := &s.Events[i]
		o := snapshot.ObjectOf(e.InvolvedObject.Kind, e.InvolvedObject.Namespace, e.InvolvedObject.Name)
		if !tells(s, e) || cited[key{o, e.Reason}] || past(s, e, o) {
			continue
		}
		p := s.Pod(o.Namespace, o.Name)
		if o.Kind != "Pod" {
			p = nil
		} else if ill[p] && slices.Contains(ordinary, e.Reason) {
			continue
		}
		about := o
		if p != nil {
			about = s.WorkloadOf(p)
		}
		g := by[key{about, e.Reason}]
		if g == nil {
			g = &group{about: about, reason: e.Reason}
			by[key{about, e.Reason}], order = g, append(order, g)
		}
		g.add(e, p)
	}
	slices.SortStableFunc(order, func(a, b *group) int { return cmp.Compare(b.count, a.count) })
	for _, g := range order[:min(len(order), mostGroups)] {
		g.report(r)
	}
}

// tells says whether an event tells of a failure of late.
func tells(s *snapshot.Snapshot, e *corev1.Event) bool {
	if e.Message == "" || e.Type != corev1.EventTypeWarning && !failure.MatchString(e.Message) && !failure.MatchString(e.Reason) {
		return false
	}
	// Two writers of one object collide, and one of them tries again (apimachinery's words for it).
	if strings.Contains(e.Message, "the object has been modified; please apply your changes to the latest version") {
		return false
	}
	last, n := snapshot.EventTime(e).Time, kube.EventCount(e)
	age := s.At.Sub(last)
	if n > 1 {
		return age <= min(finding.EventLately.For, max(finding.EventStopped.For, 3*last.Sub(kube.BeganAt(e))/time.Duration(n-1)))
	}
	return age <= finding.EventOnce.For && e.InvolvedObject.Kind != "Node" && !slices.Contains(ordinary, e.Reason)
}

// past says whether an event is overtaken: what it is about is gone, or has become well since; or the same component has told since of
// something that is no failure.
func past(s *snapshot.Snapshot, e *corev1.Event, o incident.Object) bool {
	at := snapshot.EventTime(e).Time
	if o.Kind == "Pod" {
		p := s.Pod(o.Namespace, o.Name)
		if p == nil || e.InvolvedObject.UID != "" && p.UID != "" && e.InvolvedObject.UID != p.UID || p.Status.Phase == corev1.PodSucceeded ||
			p.DeletionTimestamp != nil {
			return true
		}
		if c := kube.PodCondition(p, corev1.PodReady); c != nil && c.Status == corev1.ConditionTrue && c.LastTransitionTime.After(at) ||
			e.Reason == "FailedScheduling" && p.Spec.NodeName != "" {
			return true
		}
		if slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
			return c.State.Running != nil && c.State.Running.StartedAt.After(at)
		}) {
			return true
		}
	}
	if h := hpaOf(s, o); h != nil {
		c := kube.HPACondition(h, autoscalingv2.ScalingActive)
		return c != nil && c.Status == corev1.ConditionTrue
	}
	return slices.ContainsFunc(s.EventsOf(o), func(x *corev1.Event) bool {
		return x != e && x.Type == corev1.EventTypeNormal && componentOf(x) == componentOf(e) && !snapshot.EventTime(x).Time.Before(at) &&
			!failure.MatchString(x.Message) && !failure.MatchString(x.Reason)
	})
}

// hpaOf is the autoscaler that an object is; nil if it is none.
func hpaOf(s *snapshot.Snapshot, o incident.Object) *autoscalingv2.HorizontalPodAutoscaler {
	for i := range s.HPAs {
		if h := &s.HPAs[i]; o == snapshot.ObjectOf("HorizontalPodAutoscaler", h.Namespace, h.Name) {
			return h
		}
	}
	return nil
}

func componentOf(e *corev1.Event) string { return cmp.Or(e.ReportingController, e.Source.Component) }

func (g *group) add(e *corev1.Event, p *corev1.Pod) {
	g.count += max(kube.EventCount(e), 1)
	g.since = finding.Earlier(g.since, kube.BeganAt(e))
	if g.last == nil || snapshot.EventTime(g.last).Time.Before(snapshot.EventTime(e).Time) {
		g.last = e
	}
	if p != nil {
		g.pods = append(g.pods, p)
	}
}

func (g *group) report(r *finding.Report) {
	title := g.reason + " of " + finding.Short(g.about)
	if by := componentOf(g.last); by != "" {
		title += " (by " + by + ")"
	}
	if g.count > 1 {
		title += fmt.Sprintf(", %d times since %s", g.count, finding.Clock(g.since))
	}
	f := r.Find(EventUnexplained, g.about, title+": "+finding.ShortMessage(g.last.Message)).Suspected()
	f.Since, f.AtMost = g.since, incident.Possible
	for _, p := range g.pods {
		f.AddPod(p)
		f.Workload = g.about
	}
	f.Cite(finding.SeenEvent(g.last))
}
