package workloads

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// PreStopHookFails is the code of a hook that fails in one pod after another as these end.
const PreStopHookFails = "PreStopHookFails"

var preStopCodes = []finding.Code{
	{Code: PreStopHookFails, Severity: incident.Warning, Root: true, Final: true,
		Meaning: "The preStop hook of a workload has failed in several of its pods as they ended, and the workload still has it. What the " +
			"hook is to do before the program is told to end is not done: callers that still send to the pod are cut off.",
		Next: "See that the image has the command and that it ends within the grace period; where it only waits, let Kubernetes do so " +
			"(preStop.sleep).",
		Example: "The preStop hook of Deployment web (sleep 15) failed in 3 of its pods as they ended, last at 09:32:28 UTC: PreStopHook failed"},
}

// leastEnded is in how many pods a hook must have failed: one alone may have been short of time.
const leastEnded = 2

// checkPreStop goes by the kubelet's events about pods that mostly are gone: each tells of it once.
func checkPreStop(s *snapshot.Snapshot, r *finding.Report) {
	by := map[incident.Object][]*corev1.Event{}
	var order []incident.Object
	for i := range s.Events {
		e := &s.Events[i]
		if e.Reason != "FailedPreStopHook" || e.InvolvedObject.Kind != "Pod" || s.At.Sub(snapshot.EventTime(e).Time) > finding.EventLately.For {
			continue
		}
		w := workloadOfGone(s, e.InvolvedObject.Namespace, e.InvolvedObject.Name)
		if w.IsZero() {
			continue
		}
		if by[w] == nil {
			order = append(order, w)
		}
		by[w] = append(by[w], e)
	}
	for _, w := range order {
		reportPreStop(s, r, w, by[w])
	}
}

func reportPreStop(s *snapshot.Snapshot, r *finding.Report, w incident.Object, all []*corev1.Event) {
	slices.SortStableFunc(all, func(a, b *corev1.Event) int { return snapshot.EventTime(b).Compare(snapshot.EventTime(a).Time) })
	pods := map[string]bool{}
	for _, e := range all {
		pods[e.InvolvedObject.Name] = true
	}
	container, hook := preStopOf(kube.TemplateSpec(s, w), all[0].InvolvedObject.FieldPath)
	if len(pods) < leastEnded || hook == "" {
		return
	}
	last := snapshot.EventTime(all[0]).Time
	f := r.Find(PreStopHookFails, w, fmt.Sprintf("The preStop hook of %s (%s) failed in %d of its pods as they ended, last at %s: %s",
		finding.Short(w), finding.OneLine(hook, 60), len(pods), finding.Clock(last), finding.ShortMessage(all[0].Message)))
	f.Workload, f.Since, f.Container = w, kube.BeganAt(all[len(all)-1]), container
	for _, e := range all[:min(len(all), finding.ShownPods)] {
		f.Cite(finding.SeenEvent(e))
	}
	f.Cite(finding.SeenAPI(w, "spec.template.spec.containers["+container+"].lifecycle.preStop", time.Time{}, hook))
	f.AtMost = incident.Likely // that it is what hurts, nothing proves
	f.MayPass(finding.EndsAgain, last)
}

// preStopOf is the preStop hook of the container that an event's field path names, or of the only one that has one.
func preStopOf(t *corev1.PodSpec, path string) (container, hook string) {
	if t == nil {
		return "", ""
	}
	for i := range t.Containers {
		c := &t.Containers[i]
		if c.Lifecycle == nil || c.Lifecycle.PreStop == nil || strings.HasSuffix(path, "}") && !strings.HasSuffix(path, "{"+c.Name+"}") {
			continue
		}
		switch h := c.Lifecycle.PreStop; {
		case h.Exec != nil:
			return c.Name, strings.Join(h.Exec.Command, " ")
		case h.HTTPGet != nil:
			return c.Name, "GET " + h.HTTPGet.Path
		}
	}
	return "", ""
}

// workloadOfGone is the workload of a pod, by its name where it is gone: controllers put a suffix after their own.
func workloadOfGone(s *snapshot.Snapshot, namespace, pod string) incident.Object {
	if p := s.Pod(namespace, pod); p != nil {
		return s.WorkloadOf(p)
	}
	i := strings.LastIndexByte(pod, '-')
	if i < 0 {
		return incident.Object{}
	}
	for _, rs := range s.ReplicaSetsIn(namespace) {
		if rs.Name == pod[:i] {
			if c := metav1.GetControllerOf(rs); c != nil {
				return snapshot.ObjectOf(c.Kind, namespace, c.Name)
			}
			return snapshot.ObjectOf("ReplicaSet", namespace, rs.Name)
		}
	}
	for _, kind := range []string{"StatefulSet", "DaemonSet"} {
		if o := snapshot.ObjectOf(kind, namespace, pod[:i]); kube.TemplateSpec(s, o) != nil {
			return o
		}
	}
	return incident.Object{}
}
