package workloads

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func checkStatefulSet(s *snapshot.Snapshot, r *finding.Report, d *appsv1.StatefulSet) {
	o, want := snapshot.ObjectOf("StatefulSet", d.Namespace, d.Name), kube.Replicas(d.Spec.Replicas)
	if want == 0 || keepsRoom(s, o, d.Spec.Template.Spec) {
		return
	}
	made := finding.Lasts(finding.Settling, d.CreationTimestamp.Time)
	defer r.MayPass(made)()
	checkServiceName(s, r, d, o)
	momentary := readyForAMoment(s, d, o)
	ready := max(0, d.Status.ReadyReplicas-int32(len(momentary))) //nolint:gosec // as many as there are pods
	if ready >= want {
		return
	}
	if e := refusedEvent(s, o); e != nil && d.Status.Replicas < want {
		servesStill(refused(s, r, o, e.Message, kube.BeganAt(e), finding.SeenEvent(e)), ready > 0)
	}
	first, normal := waitsForOrdinal(s, d, want, momentary)
	if first == "" {
		return
	}
	title := fmt.Sprintf("StatefulSet %s: %d of %d pods are ready", d.Name, ready, want)
	if !finding.NotSeen(s, finding.Pods, d.Namespace) {
		title += ", it waits for " + first
	}
	f := r.Find(StatefulSetUnavailable, o, title).Unless(finding.Pods) // which may have begun to start a moment ago
	f.Workload = o
	f.Cite(finding.SeenAPI(o, "status.readyReplicas", time.Time{}, fmt.Sprintf("%d of %d ready", d.Status.ReadyReplicas, want)))
	servesStill(f, ready > 0)
	f.NotYetWithin(normal.Max(made), s.At)
	p := s.Pod(d.Namespace, first)
	if p == nil {
		return
	}
	f.Since = kube.UnreadySince(p)
	if !checkHeld(s, r, d, o, p) {
		revised(f, s, d.Namespace, d.Status.CurrentRevision, p.Labels[appsv1.ControllerRevisionHashLabelKey])
	}
}

// waitsForOrdinal is the first pod, in order, that is not ready, and until when that may pass; "" if that is not known.
func waitsForOrdinal(s *snapshot.Snapshot, d *appsv1.StatefulSet, want int32, momentary []*corev1.Pod) (string, finding.Term) {
	var before *corev1.Pod
	for i := range want {
		name := fmt.Sprintf("%s-%d", d.Name, i+ordinalStart(d))
		p := s.Pod(d.Namespace, name)
		if p != nil && kube.IsReady(p) && !slices.Contains(momentary, p) {
			before = p
			continue
		}
		switch {
		case p != nil && podproblem.StartingUp(s, p):
			until := podproblem.StartsUntil(s, []*corev1.Pod{p})
			if until.Over(s.At) {
				return "", until
			}
			return name, until
		case p == nil && before != nil: // the next one begins when the one before is ready
			return name, finding.Lasts(finding.Settling, kube.PodCondition(before, corev1.PodReady).LastTransitionTime.Time)
		}
		return name, finding.Term{}
	}
	return "", finding.Term{}
}

// readyForAMoment are the pods of a StatefulSet's older revision that are ready only because they have just been started again: without a
// readiness probe each start looks well. Those of the newest revision are judged by what else is found of them.
func readyForAMoment(s *snapshot.Snapshot, d *appsv1.StatefulSet, o incident.Object) []*corev1.Pod {
	if d.Status.UpdateRevision == "" || d.Status.UpdateRevision == d.Status.CurrentRevision {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(kube.PodsOfWorkload(s, o)), func(p *corev1.Pod) bool {
		return p.Labels[appsv1.ControllerRevisionHashLabelKey] == d.Status.UpdateRevision || !kube.IsReady(p) || !startedAgain(s, p)
	})
}

// startedAgain says whether a program of the pod has failed and was started again within the last seconds, or has just failed again.
func startedAgain(s *snapshot.Snapshot, p *corev1.Pod) bool {
	failed := func(t *corev1.ContainerStateTerminated) bool { return t != nil && t.ExitCode != 0 }
	return slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
		now, last := c.State, c.LastTerminationState.Terminated
		lately := now.Running != nil && s.At.Sub(now.Running.StartedAt.Time) < finding.Settling.For
		return c.RestartCount > 0 && (failed(now.Terminated) || lately && failed(last))
	})
}

func ordinalStart(d *appsv1.StatefulSet) int32 {
	if d.Spec.Ordinals == nil {
		return 0
	}
	return d.Spec.Ordinals.Start
}

// revised adds what differs between two revisions, of which the newer one's pods fail.
func revised(f *finding.Finding, s *snapshot.Snapshot, namespace, before, now string) {
	if before == "" || now == "" || before == now {
		return
	}
	old, current := snapshot.RevisionTemplate(s.ControllerRevision(namespace, before)),
		snapshot.RevisionTemplate(s.ControllerRevision(namespace, now))
	if old == nil || current == nil {
		return
	}
	d := snapshot.TemplateDiff(old, current)
	if len(d) == 0 {
		return
	}
	f.Title = finding.OneLine(f.Title+"; its new revision differs by "+strings.Join(d, ", "), finding.MaxTitle)
	f.Because = fmt.Sprintf("%s's revision %s differs from %s by %s", finding.Short(f.Object), now, before, strings.Join(d, ", "))
	f.Cite(finding.SeenAPI(snapshot.ObjectOf("ControllerRevision", namespace, now), "data.spec.template", time.Time{}, strings.Join(d, "; ")))
}

// checkHeld tells of the trap that Kubernetes' documentation calls "forced rollback": with OrderedReady, a StatefulSet waits for a broken
// pod to become ready before it replaces it, even by the revision that would mend it.
func checkHeld(s *snapshot.Snapshot, r *finding.Report, d *appsv1.StatefulSet, o incident.Object, p *corev1.Pod) bool {
	has, wants := p.Labels[appsv1.ControllerRevisionHashLabelKey], d.Status.UpdateRevision
	if has == "" || wants == "" || has == wants || p.DeletionTimestamp != nil ||
		d.Spec.PodManagementPolicy == appsv1.ParallelPodManagement || d.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		return false
	}
	since, state := kube.UnreadySince(p), "not ready"
	if since.IsZero() { // it looks well for the moment
		since, state = p.CreationTimestamp.Time, "crashes over and over"
	}
	if made := s.ControllerRevision(d.Namespace, wants); made != nil && made.CreationTimestamp.After(since) {
		since = made.CreationTimestamp.Time
	}
	if since.IsZero() || !failsAgain(p) && !startedAgain(s, p) {
		return false
	}
	f := r.Find(StatefulSetHeld, o, fmt.Sprintf("StatefulSet %s waits for %s, which is of revision %s and %s: revision %s cannot "+
		"reach it before it is deleted", d.Name, p.Name, has, state, wants))
	f.Workload, f.Since, f.Pods = o, since, []*corev1.Pod{p}
	f.Next = fmt.Sprintf("Delete pod %s (kubectl delete pod -n %s %s): the StatefulSet makes it anew, of revision %s.", p.Name, p.Namespace,
		p.Name, wants)
	f.Cite(finding.SeenAPI(o, "status", time.Time{}, fmt.Sprintf("updateRevision %s, currentRevision %s, podManagementPolicy OrderedReady",
		wants, d.Status.CurrentRevision)),
		finding.SeenAPI(finding.PodObject(p), "metadata.labels["+appsv1.ControllerRevisionHashLabelKey+"]", kube.UnreadySince(p), has+
			", "+state))
	return !f.MayPass(finding.HeldUpdate, since).Early(s.At)
}

// checkServiceName: names like db-0.db need the headless Service, and nothing else does: many a set works without. An alarm wants harm:
// somebody fails to find such a name, pods of the set are not ready and their template speaks of one, or a headless Service of nearly that
// name selects these pods, which is good for nothing else.
func checkServiceName(s *snapshot.Snapshot, r *finding.Report, d *appsv1.StatefulSet, o incident.Object) {
	name := d.Spec.ServiceName
	if name == "" || finding.NotSeen(s, "services", d.Namespace) || s.Service(d.Namespace, name) != nil {
		return
	}
	service := snapshot.ObjectOf("Service", d.Namespace, name)
	meant := headlessNear(s, d)
	f := r.Find(StatefulSetNoService, o, fmt.Sprintf("StatefulSet %s: its serviceName is %s, and there is no such Service%s", d.Name, name,
		kube.DidYouMean(meant)))
	made := calls.To(s, service)
	unready := d.Status.ReadyReplicas < kube.Replicas(d.Spec.Replicas) && mentions(&d.Spec.Template, "."+name)
	if len(made) == 0 && len(meant) == 0 && !unready {
		f.Severity = incident.Info
	}
	f.Fault, f.Workload, f.Refs = []incident.Object{o, service}, o, []incident.Object{service}
	f.Since = d.CreationTimestamp.Time
	f.Cite(finding.SeenAPI(o, "spec.serviceName", d.CreationTimestamp.Time, name+": no such Service in "+d.Namespace))
	for _, c := range made[:min(len(made), finding.ShownPods)] {
		f.Cite(c.Seen())
	}
}

// headlessNear are headless Services that select a set's pods and are called nearly as the one that it names.
func headlessNear(s *snapshot.Snapshot, d *appsv1.StatefulSet) []string {
	var names []string
	for i := range s.Services {
		v := &s.Services[i]
		if v.Namespace == d.Namespace && v.Spec.ClusterIP == corev1.ClusterIPNone && len(v.Spec.Selector) > 0 &&
			labels.SelectorFromSet(v.Spec.Selector).Matches(labels.Set(d.Spec.Template.Labels)) {
			names = append(names, v.Name)
		}
	}
	return kube.Nearest(d.Spec.ServiceName, names)
}

// mentions says whether a template's commands, arguments or variables hold the name, rather than a longer one that begins with it.
func mentions(t *corev1.PodTemplateSpec, name string) bool {
	holds := func(text string) bool {
		for rest := text; ; {
			_, after, ok := strings.Cut(rest, name)
			if !ok {
				return false
			}
			if after == "" || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-", rune(after[0])) {
				return true
			}
			rest = after
		}
	}
	for _, c := range slices.Concat(t.Spec.InitContainers, t.Spec.Containers) {
		if slices.ContainsFunc(slices.Concat(c.Command, c.Args), holds) ||
			slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return holds(e.Value) }) {
			return true
		}
	}
	return false
}
