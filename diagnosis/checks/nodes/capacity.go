package nodes

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/scheduling"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// pressures are the conditions by which a kubelet says what runs out.
var pressures = []struct {
	condition corev1.NodeConditionType
	words     string
}{
	{corev1.NodeMemoryPressure, "runs out of memory"},
	{corev1.NodeDiskPressure, "runs out of disk space"},
	{corev1.NodePIDPressure, "runs out of process ids"},
	{corev1.NodeNetworkUnavailable, "has no pod network yet"},
}

// Pressure is the detail of NodePressure.
type Pressure struct {
	Condition corev1.NodeConditionType // by which the kubelet says what runs out
}

func reportPressure(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node) {
	for _, p := range pressures {
		c := kube.NodeCondition(n, p.condition)
		if c == nil || c.Status != corev1.ConditionTrue {
			continue
		}
		f := r.Find(NodePressure, kube.NodeObject(n), fmt.Sprintf("Node %s %s", n.Name, p.words)).On(n)
		f.Since, f.Detail = c.LastTransitionTime.Time, Pressure{p.condition}
		f.Cite(finding.SeenAPI(f.Object, "status.conditions["+string(p.condition)+"]", f.Since, strings.TrimSpace(c.Reason+": "+c.Message)))
		if p.condition != corev1.NodeNetworkUnavailable {
			f.Cite(finding.SeenEvent(kube.LastEvent(s, f.Object, "EvictionThresholdMet")))
			blameBiggest(f, s, n)
			continue
		}
		f.NotYet(finding.NewNode, n.CreationTimestamp.Time, s.At)
	}
}

// blameBiggest names the pod that used most of what ran out, by the words of the kubelet that evicted it.
func blameBiggest(f *finding.Finding, s *snapshot.Snapshot, n *corev1.Node) {
	var most resource.Quantity
	var who *corev1.Pod
	for _, p := range s.PodsOn(n.Name) {
		if p.Status.Phase != corev1.PodFailed || p.Status.Reason != "Evicted" || podproblem.LowOn.FindString(p.Status.Message) == "" {
			continue
		}
		for _, u := range podproblem.Biggest.FindAllStringSubmatch(p.Status.Message, 8) {
			if used, err := resource.ParseQuantity(u[2]); err == nil && used.Cmp(most) > 0 {
				most, who = used, p
			}
		}
	}
	if who == nil || most.Value() < muchUsed {
		return
	}
	w := s.WorkloadOf(who)
	f.Retitle(fmt.Sprintf("%s; %s in namespace %s used %s of it", f.Title, finding.Short(w), who.Namespace,
		scheduling.ByteWords(most.Value())))
	f.Cite(finding.SeenAPI(finding.PodObject(who), "status", podproblem.FailedAt(who), "Evicted: "+who.Status.Message))
}

// muchUsed is from when on what one container used is worth a word, in bytes.
const muchUsed = 1 << 30

// unplaced holds the pods that no node takes, by the scheduler's words (ErrReason in the node resources and node unschedulable plugins of
// pkg/scheduler/framework/plugins). They do not say which node each is about.
type unplaced struct{ full, cordoned []*corev1.Pod }

// pending are those that have waited for long enough, and those that the next round of the scheduler may place.
type pending struct{ told, early unplaced }

const (
	tooManyPods       = "Too many pods"
	wereUnschedulable = "were unschedulable"
)

func pendingPods(s *snapshot.Snapshot) pending {
	var all pending
	for _, p := range s.PodsOn("") {
		c := kube.PodCondition(p, corev1.PodScheduled)
		if c == nil || c.Status == corev1.ConditionTrue || p.DeletionTimestamp != nil {
			continue
		}
		w := &all.told
		if !finding.Lasts(finding.Settling, p.CreationTimestamp.Time).Over(s.At) {
			w = &all.early
		}
		if strings.Contains(c.Message, tooManyPods) {
			w.full = append(w.full, p)
		}
		if strings.Contains(c.Message, wereUnschedulable) {
			w.cordoned = append(w.cordoned, p)
		}
	}
	return all
}

// reportFull and reportCordoned tell of pods that wait for a moment only beside what counts without them.
func (w pending) reportFull(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node) {
	w.told.reportFull(s, r, n)
	if len(w.told.full) == 0 && len(w.early.full) > 0 {
		defer r.MayPass(finding.Lasts(finding.Settling, newest(w.early.full)))()
		w.early.reportFull(s, r, n)
	}
}

func (w pending) reportCordoned(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node) {
	w.told.reportCordoned(s, r, n)
	if len(w.told.cordoned) == 0 && len(w.early.cordoned) > 0 {
		defer r.MayPass(finding.Lasts(finding.Settling, newest(w.early.cordoned)))()
		w.early.reportCordoned(s, r, n)
	}
}

func newest(pods []*corev1.Pod) time.Time {
	var t time.Time
	for _, p := range pods {
		t = kube.Latest(t, p.CreationTimestamp.Time)
	}
	return t
}

// nearlyFull is the share of its pods that a node has when the next few find no place, in hundredths.
const nearlyFull = 95

// reportFull speaks of a node that has all the pods that it may have: worth knowing, and a fault once others are turned away.
func (w unplaced) reportFull(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node) {
	most := int(n.Status.Allocatable.Pods().Value())
	if most <= 1 || // a node that is made for one pod is meant to be full
		len(s.PodsOn(n.Name))*100 < most*nearlyFull {
		return
	}
	count := running(s, n.Name)
	if count*100 < most*nearlyFull {
		return
	}
	var refused *corev1.Pod
	for _, p := range s.PodsOn(n.Name) {
		if p.Status.Phase == corev1.PodFailed && p.Status.Reason == "OutOfpods" {
			refused = p
		}
	}
	f := r.Find(NodeFull, kube.NodeObject(n), fmt.Sprintf("Node %s has %d of the %d pods that it may have", n.Name, count, most)).On(n)
	f.Cite(finding.SeenAPI(f.Object, "status.allocatable.pods", time.Time{}, fmt.Sprintf("%d; %d are on it", most, count)))
	switch {
	case refused != nil:
		f.Retitle(f.Title + ", and its kubelet turns others away")
		f.Cite(finding.SeenAPI(finding.PodObject(refused), "status", time.Time{}, "OutOfpods: "+refused.Status.Message))
	case len(w.full) > 0:
		f.Retitle(f.Title + finding.Inflect(len(w.full), ", and %d {pod waits|pods wait} for a place", len(w.full)))
		seePending(f, w.full)
	default:
		f.Severity = incident.Info
	}
}

// seePending cites the scheduler's words about the first of the pods.
func seePending(f *finding.Finding, pods []*corev1.Pod) {
	if len(pods) > 0 {
		c := kube.PodCondition(pods[0], corev1.PodScheduled)
		f.Cite(finding.SeenAPI(finding.PodObject(pods[0]), "status.conditions[PodScheduled]", c.LastTransitionTime.Time, c.Reason+": "+c.Message))
	}
}

// reportCordoned speaks of a node that somebody cordoned: on purpose, unless it was forgotten or pods wait for it.
func (w unplaced) reportCordoned(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node) {
	title := fmt.Sprintf("Node %s is cordoned: it takes no new pods", n.Name)
	since := kube.CordonedAt(s, n)
	if !since.IsZero() && finding.Lasts(finding.ForgottenCordon, since).Over(s.At) {
		title = fmt.Sprintf("Node %s has been cordoned for %s, perhaps forgotten: it takes no new pods", n.Name,
			finding.Duration(s.At.Sub(since)))
	}
	if count := len(w.cordoned); count > 0 {
		title += finding.Inflect(count, ", and %d {pod waits|pods wait} for a node", count)
	}
	f := r.Find(NodeCordoned, kube.NodeObject(n), title).On(n)
	f.Since = since
	f.Cite(finding.SeenAPI(f.Object, "spec.unschedulable", since, "true"))
	if len(w.cordoned) > 0 {
		f.Severity, f.Root = incident.Warning, true
		seePending(f, w.cordoned)
	}
	if kube.WorkedOn(n) {
		f.NotYet(finding.LeavingTime, since, s.At)
	}
}
