package workloads

import (
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

// The codes of findings about HorizontalPodAutoscalers.
const (
	HPATargetMissing  = "HPATargetMissing"
	HPANoMetrics      = "HPANoMetrics"
	HPARequestMissing = "HPARequestMissing"
	HPAAtMaximum      = "HPAAtMaximum"
	HPAConflict       = "HPAConflict"
	HPAFought         = "HPAFought"
)

var hpaCodes = []finding.Code{
	{Code: HPATargetMissing, Severity: incident.Warning, Root: true,
		Meaning: "What a HorizontalPodAutoscaler should scale does not exist.",
		Next:    "Correct spec.scaleTargetRef, or delete the autoscaler.",
		Example: "HorizontalPodAutoscaler web scales nothing: Deployment fronted does not exist (there is frontend)"},
	{Code: HPANoMetrics, Severity: incident.Warning, Root: true, Detail: Unmeasured{},
		Meaning: "A HorizontalPodAutoscaler gets no metrics, so it leaves its target as it is, whatever the load.",
		Next:    "See whether metrics-server, or the adapter that serves the metric, is installed and runs (kubectl get apiservices).",
		Example: "HorizontalPodAutoscaler web gets no metrics: nothing serves pods.metrics.k8s.io, is metrics-server installed?"},
	{Code: HPARequestMissing, Severity: incident.Warning, Root: true,
		Meaning: "A HorizontalPodAutoscaler measures use against the containers' requests, and one has none.",
		Next:    "Set the request in the workload's template.",
		Example: "HorizontalPodAutoscaler web cannot measure cpu: container main of Deployment web has no cpu request"},
	{Code: HPAAtMaximum, Severity: incident.Warning, Root: true,
		Meaning: "A HorizontalPodAutoscaler has wanted more pods than its maximum for long.",
		Next:    "Raise maxReplicas if the cluster has room, or find out where the load comes from.",
		Example: "HorizontalPodAutoscaler web has been at its maximum of 10 pods for 3h0m, cpu at 140% of a target of 70%"},
	{Code: HPAConflict, Severity: incident.Warning, Root: true,
		Meaning: "Two HorizontalPodAutoscalers scale one workload, each undoing what the other does.",
		Next:    "Delete one of them; an autoscaler can have several metrics.",
		Example: "HorizontalPodAutoscalers web and web-memory both scale Deployment web"},
	{Code: HPAFought, Severity: incident.Warning, Root: true,
		Meaning: "A HorizontalPodAutoscaler scales a workload up, and somebody else keeps scaling it down.",
		Next:    "Take replicas out of what else manages the workload (a manifest that is applied again and again, another controller).",
		Example: "HorizontalPodAutoscaler web has scaled Deployment web up 9 times, and somebody scaled it down 8 times in between"},
}

func checkHPAs(s *snapshot.Snapshot, r *finding.Report) {
	by, young := map[incident.Object][]*autoscalingv2.HorizontalPodAutoscaler{}, map[incident.Object][]*autoscalingv2.HorizontalPodAutoscaler{}
	for i := range s.HPAs {
		h := &s.HPAs[i]
		if h.DeletionTimestamp != nil {
			continue
		}
		t := snapshot.ObjectOf(h.Spec.ScaleTargetRef.Kind, h.Namespace, h.Spec.ScaleTargetRef.Name)
		made := finding.Lasts(finding.Settling, h.CreationTimestamp.Time)
		if made.Over(s.At) {
			by[t] = append(by[t], h)
		} else {
			young[t] = append(young[t], h)
		}
		marked := r.MayPass(made)
		checkHPA(s, r, h, snapshot.ObjectOf("HorizontalPodAutoscaler", h.Namespace, h.Name), t)
		marked()
	}
	for i := range s.HPAs { // in order of name, not of the map
		t := snapshot.ObjectOf(s.HPAs[i].Spec.ScaleTargetRef.Kind, s.HPAs[i].Namespace, s.HPAs[i].Spec.ScaleTargetRef.Name)
		all := by[t]
		if len(all) < 2 { // or else what is new changes nothing of it
			all = slices.Concat(all, young[t])
		}
		if len(all) > 1 {
			f := reportConflict(r, all, t)
			f.MayPass(finding.Settling, f.Since)
			delete(by, t)
			delete(young, t)
		}
	}
}

func checkHPA(s *snapshot.Snapshot, r *finding.Report, h *autoscalingv2.HorizontalPodAutoscaler, o, target incident.Object) {
	able, active, limited := kube.HPACondition(h, autoscalingv2.AbleToScale), kube.HPACondition(h, autoscalingv2.ScalingActive),
		kube.HPACondition(h, autoscalingv2.ScalingLimited)
	switch {
	case able != nil && able.Status == corev1.ConditionFalse && able.Reason == "FailedGetScale":
		reportTarget(s, r, o, target, able)
	case active != nil && active.Status == corev1.ConditionFalse && active.Reason != "ScalingDisabled" &&
		!reportNoMetrics(s, r, o, target, active).Early(s.At):
	case limited != nil && limited.Status == corev1.ConditionTrue && limited.Reason == "TooManyReplicas":
		reportMaximum(s, r, h, o, target, limited)
	}
	checkFought(s, r, o, target)
}

func reportTarget(s *snapshot.Snapshot, r *finding.Report, o, target incident.Object, c *autoscalingv2.HorizontalPodAutoscalerCondition) {
	why := fmt.Sprintf("%s cannot be read: %s", finding.Short(target), finding.ShortMessage(c.Message))
	f := r.Find(HPATargetMissing, o, "")
	if strings.Contains(c.Message, "not found") {
		meant := kube.Nearest(target.Name, namesOfKind(s, target))
		why = fmt.Sprintf("%s does not exist%s", finding.Short(target), kube.DidYouMean(meant))
		f.Fault = []incident.Object{o, target}
		if len(meant) == 0 {
			f.Severity = incident.Info // what it scaled is gone, and it is left over
		}
	}
	f.Title = finding.OneLine(fmt.Sprintf("HorizontalPodAutoscaler %s scales nothing: %s", o.Name, why), finding.MaxTitle)
	f.Since = c.LastTransitionTime.Time
	f.Cite(kube.SeenHPA(o, c)).MayPass(finding.Settling, f.Since)
}

// namesOfKind are the names of the objects beside one, of the kinds that are scaled most.
func namesOfKind(s *snapshot.Snapshot, o incident.Object) []string {
	var names []string
	switch o.Kind {
	case "Deployment":
		for i := range s.Deployments {
			if s.Deployments[i].Namespace == o.Namespace {
				names = append(names, s.Deployments[i].Name)
			}
		}
	case "StatefulSet":
		for i := range s.StatefulSets {
			if s.StatefulSets[i].Namespace == o.Namespace {
				names = append(names, s.StatefulSets[i].Name)
			}
		}
	}
	return names
}

var (
	requestMissing = regexp.MustCompile(`missing request for (\S+) in container (\S+) of Pod (\S+)`)
	anyRequest     = regexp.MustCompile(`missing (?:pod-level )?request for (\w[\w.-]*)`)
	podRequest     = regexp.MustCompile(`missing pod-level request for (\S+) in Pod (\S+)`)
	metricsAPI     = regexp.MustCompile(`\((?:get|list) (\S+\.(?:custom\.|external\.)?metrics\.k8s\.io)\)`)
)

// Unmeasured is the detail of HPANoMetrics.
type Unmeasured struct {
	PodsUnready bool // the autoscaler says that its own pods are why: there are none, or they are not ready
}

// reportNoMetrics: pods that are young have not been measured yet, which is no failure.
func reportNoMetrics(s *snapshot.Snapshot, r *finding.Report, o, target incident.Object,
	c *autoscalingv2.HorizontalPodAutoscalerCondition) *finding.Finding {
	f := reportStranger(s, r, o, target, c)
	if f != nil {
		f.Root = true
	} else if m := requestMissing.FindStringSubmatch(c.Message); m != nil {
		f = r.Find(HPARequestMissing, o, fmt.Sprintf("HorizontalPodAutoscaler %s cannot measure %s: container %s of %s has no %s request", o.Name,
			m[1], m[2], finding.Short(target), m[1]))
		f.Fault = []incident.Object{target, o}
	} else if m := podRequest.FindStringSubmatch(c.Message); m != nil {
		f = r.Find(HPARequestMissing, o, fmt.Sprintf("HorizontalPodAutoscaler %s cannot measure %s: %s has no %s request", o.Name, m[1],
			finding.Short(target), m[1]))
		f.Fault = []incident.Object{target, o}
	} else {
		f = r.Find(HPANoMetrics, o, fmt.Sprintf("HorizontalPodAutoscaler %s gets no metrics: %s", o.Name, metricsWords(c.Message)))
		if m := metricsAPI.FindStringSubmatch(c.Message); m != nil {
			f.Refs = apiServices(m[1])
			f.Fault = append([]incident.Object{o}, f.Refs...)
		}
		unready := strings.Contains(c.Message, "pods might be unready") || strings.Contains(c.Message, "no pods returned")
		f.Root, f.Detail = !unready, Unmeasured{PodsUnready: unready}
	}
	f.Workload, f.Since = target, c.LastTransitionTime.Time
	f.Cite(kube.SeenHPA(o, c))
	if f.Code == HPANoMetrics && (!f.Root || unmeasured(s, target)) {
		return f.NotYet(finding.Unmeasured, f.Since, s.At)
	}
	return f.MayPass(finding.Unmeasured, f.Since)
}

// unmeasured says whether a workload has no pods but such as are too young to have been measured.
func unmeasured(s *snapshot.Snapshot, target incident.Object) bool {
	return !slices.ContainsFunc(kube.PodsOfWorkload(s, target), func(p *corev1.Pod) bool {
		return finding.Lasts(finding.Unmeasured, p.CreationTimestamp.Time).Over(s.At)
	})
}

// metricsWords puts the API's words into a newcomer's.
func metricsWords(message string) string {
	m := metricsAPI.FindStringSubmatch(message)
	switch {
	case m != nil && strings.Contains(message, "could not find the requested resource"):
		if strings.Contains(m[1], ".custom.") || strings.Contains(m[1], ".external.") {
			return "nothing serves " + m[1] + ", is the metrics adapter installed?"
		}
		return "nothing serves " + m[1] + ", is metrics-server installed?"
	case m != nil && strings.Contains(message, "currently unable to handle the request"):
		return "what serves " + m[1] + " does not answer"
	case strings.Contains(message, "pods might be unready"):
		return "its pods are not ready"
	}
	return finding.ShortMessage(message)
}

// apiServices are the names that the API group of a metric's resource has ("pods.metrics.k8s.io"), by version.
func apiServices(resource string) []incident.Object {
	_, group, _ := strings.Cut(resource, ".")
	if strings.HasSuffix(resource, ".custom.metrics.k8s.io") {
		group = "custom.metrics.k8s.io"
	} else if strings.HasSuffix(resource, ".external.metrics.k8s.io") {
		group = "external.metrics.k8s.io"
	}
	return []incident.Object{snapshot.ObjectOf("APIService", "", "v1beta1."+group)}
}

func reportMaximum(s *snapshot.Snapshot, r *finding.Report, h *autoscalingv2.HorizontalPodAutoscaler, o, target incident.Object,
	c *autoscalingv2.HorizontalPodAutoscalerCondition) {
	since := c.LastTransitionTime.Time
	lasted := s.At.Sub(since)
	if since.IsZero() || h.Status.CurrentReplicas < h.Spec.MaxReplicas ||
		kube.Replicas(h.Spec.MinReplicas) >= h.Spec.MaxReplicas {
		return
	}
	title := fmt.Sprintf("HorizontalPodAutoscaler %s has been at its maximum of %d pods for %s", o.Name, h.Spec.MaxReplicas,
		finding.Duration(lasted))
	if u := utilization(h); u != "" {
		title += ", " + u
	}
	f := r.Find(HPAAtMaximum, o, title)
	f.Workload, f.Since = target, since
	switch {
	case !finding.Lasts(finding.AtMaximum, since).Over(s.At):
		f.NotYet(finding.AtMaximum, since, s.At)
	case !finding.Lasts(finding.LongAtMaximum, since).Over(s.At):
		f.Severity = incident.Info
	}
	f.Cite(kube.SeenHPA(o, c), finding.SeenAPI(o, "status.currentReplicas", time.Time{},
		fmt.Sprintf("%d of at most %d; %s", h.Status.CurrentReplicas, h.Spec.MaxReplicas, utilization(h))))
}

// utilization says which resource is used beyond its target, and how much.
func utilization(h *autoscalingv2.HorizontalPodAutoscaler) string {
	for _, m := range h.Spec.Metrics {
		if m.Resource == nil || m.Resource.Target.AverageUtilization == nil {
			continue
		}
		for _, c := range h.Status.CurrentMetrics {
			if c.Resource != nil && c.Resource.Name == m.Resource.Name && c.Resource.Current.AverageUtilization != nil &&
				*c.Resource.Current.AverageUtilization > *m.Resource.Target.AverageUtilization {
				return fmt.Sprintf("%s at %d%% of the requests, the target is %d%%", m.Resource.Name, *c.Resource.Current.AverageUtilization,
					*m.Resource.Target.AverageUtilization)
			}
		}
	}
	return ""
}

func reportConflict(r *finding.Report, all []*autoscalingv2.HorizontalPodAutoscaler, target incident.Object) *finding.Finding {
	var names []string
	var objects []incident.Object
	for _, h := range all {
		names = append(names, h.Name)
		objects = append(objects, snapshot.ObjectOf("HorizontalPodAutoscaler", h.Namespace, h.Name))
	}
	title := fmt.Sprintf("HorizontalPodAutoscalers %s and %s both scale %s", names[0], names[1], finding.Short(target))
	if len(names) > 2 {
		title = fmt.Sprintf("%d HorizontalPodAutoscalers scale %s: %s", len(names), finding.Short(target), strings.Join(names, ", "))
	}
	f := r.Find(HPAConflict, objects[0], title)
	f.Workload, f.Fault = target, objects
	for i, h := range all {
		f.Since = kube.Latest(f.Since, h.CreationTimestamp.Time)
		f.Cite(finding.SeenAPI(objects[i], "spec.scaleTargetRef", h.CreationTimestamp.Time,
			fmt.Sprintf("%s; wants %d, between %d and %d", finding.Short(target), h.Status.DesiredReplicas, kube.Replicas(h.Spec.MinReplicas),
				h.Spec.MaxReplicas)))
	}
	return f
}

// tugs is how often each side must have pulled within the hour that events live.
const tugs = 3

// checkFought takes both sides' word: the autoscaler only ever scales up, and the Deployment was scaled down as often.
func checkFought(s *snapshot.Snapshot, r *finding.Report, o, target incident.Object) {
	var up, down *corev1.Event
	raised, lowered := int32(0), int32(0)
	for _, e := range s.EventsOf(o) {
		if e.Reason != "SuccessfulRescale" {
			continue
		}
		if strings.Contains(e.Message, "below target") {
			return
		}
		raised, up = raised+kube.EventCount(e), e
	}
	if raised < tugs {
		return
	}
	for _, e := range s.EventsOf(target) {
		if e.Reason == "ScalingReplicaSet" && strings.HasPrefix(e.Message, "Scaled down") && !strings.HasSuffix(e.Message, " to 0") {
			lowered, down = lowered+kube.EventCount(e), e
		}
	}
	if lowered < tugs {
		return
	}
	f := r.Find(HPAFought, o, fmt.Sprintf("HorizontalPodAutoscaler %s has scaled %s up %d times, and somebody scaled it down %d "+
		"times in between", o.Name, finding.Short(target), raised, lowered))
	f.Workload, f.Fault, f.Since = target, []incident.Object{o, target}, kube.BeganAt(up)
	f.Cite(finding.SeenEvent(up), finding.SeenEvent(down))
	if d := s.Deployment(target.Namespace, target.Name); d != nil {
		if at, who := snapshot.Changed(d); who != "" {
			f.Title = finding.OneLine(f.Title+"; the last to write it was "+who, finding.MaxTitle)
			f.Cite(finding.SeenAPI(target, "metadata.managedFields", at, "last written by "+who))
		}
	}
}
