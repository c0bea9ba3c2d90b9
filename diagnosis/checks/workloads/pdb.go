package workloads

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about PodDisruptionBudgets.
const (
	PDBUnhealthy   = "PDBUnhealthy"
	PDBTight       = "PDBTight"
	PDBBlocksDrain = "PDBBlocksDrain"
	PDBMatchesNone = "PDBMatchesNone"
	PDBOverlap     = "PDBOverlap"
)

var pdbCodes = []finding.Code{
	{Code: PDBUnhealthy, Severity: incident.Warning,
		Meaning: "A PodDisruptionBudget allows no disruption, for too few of its pods are healthy: their nodes cannot be drained.",
		Next:    "Mend the pods that are not ready.",
		Example: "PodDisruptionBudget web allows no disruption: 1 of 3 pods are healthy, and it wants 2"},
	{Code: PDBTight, Severity: incident.Info,
		Meaning: "A PodDisruptionBudget allows no disruption even while all its pods are healthy: nodes with them cannot be drained.",
		Next:    "Allow one disruption, or run one pod more, if nodes are to be drained.",
		Example: "PodDisruptionBudget web allows no disruption by design: minAvailable 2 of 2 pods"},
	{Code: PDBBlocksDrain, Severity: incident.Warning, Root: true, RestsOn: []incident.Resource{finding.Pods, finding.Nodes},
		Meaning: "A node is cordoned, but a PodDisruptionBudget that never allows a disruption keeps pods on it, so its drain cannot finish.",
		Next:    "Run one pod more or allow a disruption; or delete the pod by hand, if that is safe.",
		Example: "PodDisruptionBudget web keeps 1 pod on the cordoned node worker-1: web-1, for minAvailable 1 of 1 pods"},
	{Code: PDBMatchesNone, Severity: incident.Warning, Root: true,
		RestsOn: []incident.Resource{finding.Pods, finding.Deployments, finding.StatefulSets, finding.DaemonSets},
		Meaning: "A PodDisruptionBudget's selector matches no pod, so it protects nothing.",
		Next:    "Correct its selector.",
		Example: "PodDisruptionBudget web selects nothing: app=wbe, and pods have app=web"},
	{Code: PDBOverlap, Severity: incident.Warning, Root: true, RestsOn: []incident.Resource{finding.Pods},
		Meaning: "Two PodDisruptionBudgets select the same pod: it cannot be evicted at all, and a drain of its node fails.",
		Next:    "Change the selectors so that each pod has one budget at most.",
		Example: "PodDisruptionBudgets web and all both select 3 pods, such as web-1: evictions of them fail"},
}

func checkPDBs(s *snapshot.Snapshot, r *finding.Report) {
	covered := map[*corev1.Pod]*policyv1.PodDisruptionBudget{}
	overlaps := map[[2]*policyv1.PodDisruptionBudget][]*corev1.Pod{}
	var order [][2]*policyv1.PodDisruptionBudget
	for _, b := range youngLast(s) {
		sel, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil || b.DeletionTimestamp != nil {
			continue
		}
		marked := r.NotYet(finding.Lasts(finding.Settling, b.CreationTimestamp.Time), s.At)
		var pods []*corev1.Pod
		for _, p := range selectable(s, b) {
			if !sel.Matches(labels.Set(p.Labels)) {
				continue
			}
			pods = append(pods, p)
			if other := covered[p]; other != nil {
				pair := [2]*policyv1.PodDisruptionBudget{other, b}
				if overlaps[pair] == nil {
					order = append(order, pair)
				}
				overlaps[pair] = append(overlaps[pair], p)
			} else {
				covered[p] = b
			}
		}
		checkPDB(s, r, b, sel, pods)
		marked()
	}
	for _, pair := range order {
		marked := r.NotYet(finding.Lasts(finding.Settling, kube.Latest(pair[0].CreationTimestamp.Time, pair[1].CreationTimestamp.Time)), s.At)
		reportOverlap(r, pair, overlaps[pair])
		marked()
	}
}

// youngLast are the budgets, those that have just been made after the others, which they change nothing of.
func youngLast(s *snapshot.Snapshot) []*policyv1.PodDisruptionBudget {
	var old, young []*policyv1.PodDisruptionBudget
	for i := range s.PDBs {
		if b := &s.PDBs[i]; finding.Lasts(finding.Settling, b.CreationTimestamp.Time).Over(s.At) {
			old = append(old, b)
		} else {
			young = append(young, b)
		}
	}
	return append(old, young...)
}

// selectable are the pods of the budget's namespace that have not ended and have the labels that it asks for.
func selectable(s *snapshot.Snapshot, b *policyv1.PodDisruptionBudget) []*corev1.Pod {
	if b.Spec.Selector != nil && len(b.Spec.Selector.MatchLabels) > 0 {
		return kube.Selected(s, b.Namespace, b.Spec.Selector.MatchLabels)
	}
	return slices.DeleteFunc(slices.Clone(s.PodsIn(b.Namespace)), kube.HasEnded)
}

func checkPDB(s *snapshot.Snapshot, r *finding.Report, b *policyv1.PodDisruptionBudget, sel labels.Selector, pods []*corev1.Pod) {
	o := snapshot.ObjectOf("PodDisruptionBudget", b.Namespace, b.Name)
	switch {
	case len(pods) == 0:
		checkSelectsNone(s, r, b, o, sel)
	case b.Status.ObservedGeneration < b.Generation || b.Status.DisruptionsAllowed > 0 || b.Status.ExpectedPods == 0:
	case b.Status.CurrentHealthy < b.Status.DesiredHealthy:
		reportSpent(s, r, b, o, pods)
	case b.Status.DesiredHealthy >= b.Status.ExpectedPods:
		reportTight(s, r, b, o, pods)
	}
}

func reportSpent(s *snapshot.Snapshot, r *finding.Report, b *policyv1.PodDisruptionBudget, o incident.Object, pods []*corev1.Pod) {
	var sick, starting []*corev1.Pod
	for _, p := range pods {
		if kube.IsReady(p) {
			continue
		}
		if sick = append(sick, p); podproblem.StartingUp(s, p) {
			starting = append(starting, p)
		}
	}
	normal := podproblem.StartsUntil(s, starting)
	if len(sick) == 0 || len(starting) > 0 && normal.Over(s.At) {
		return // the budget's status lags behind, or pods are starting
	}
	f := r.Find(PDBUnhealthy, o, fmt.Sprintf("PodDisruptionBudget %s allows no disruption: %d of %d pods are healthy, and it wants %d", b.Name,
		b.Status.CurrentHealthy, b.Status.ExpectedPods, b.Status.DesiredHealthy))
	f.Workload, f.Pods = s.WorkloadOf(sick[0]), sick
	for _, p := range sick {
		f.Since = finding.Earlier(f.Since, kube.UnreadySince(p))
	}
	f.Cite(seenPDB(b, o)).NotYetWithin(normal, s.At)
}

func seenPDB(b *policyv1.PodDisruptionBudget, o incident.Object) incident.Evidence {
	return finding.SeenAPI(o, "status", time.Time{},
		fmt.Sprintf("currentHealthy %d, desiredHealthy %d, expectedPods %d, disruptionsAllowed %d", b.Status.CurrentHealthy,
			b.Status.DesiredHealthy, b.Status.ExpectedPods, b.Status.DisruptionsAllowed))
}

func budget(b *policyv1.PodDisruptionBudget) string {
	switch {
	case b.Spec.MaxUnavailable != nil:
		return fmt.Sprintf("maxUnavailable %s of %d pods", b.Spec.MaxUnavailable.String(), b.Status.ExpectedPods)
	case b.Spec.MinAvailable != nil:
		return fmt.Sprintf("minAvailable %s of %d pods", b.Spec.MinAvailable.String(), b.Status.ExpectedPods)
	}
	return fmt.Sprintf("%d of %d pods must be healthy", b.Status.DesiredHealthy, b.Status.ExpectedPods)
}

// reportTight tells of a budget that is tight by design; a warning only where it holds a drain up.
func reportTight(s *snapshot.Snapshot, r *finding.Report, b *policyv1.PodDisruptionBudget, o incident.Object, pods []*corev1.Pod) {
	held, node := heldPods(s, pods)
	if len(held) == 0 {
		f := r.Find(PDBTight, o, fmt.Sprintf("PodDisruptionBudget %s allows no disruption by design: %s", b.Name, budget(b)))
		f.Cite(seenPDB(b, o))
		return
	}
	f := r.Find(PDBBlocksDrain, o, fmt.Sprintf("PodDisruptionBudget %s keeps %s on the cordoned node %s: %s, for %s", b.Name,
		finding.Inflect(len(held), "%d {pod|pods}", len(held)), node, podNames(held), budget(b)))
	f.Pods, f.Workload, f.Nodes = held, s.WorkloadOf(held[0]), []string{node}
	f.Cite(seenPDB(b, o), finding.SeenAPI(snapshot.ObjectOf("Node", "", node), "spec.unschedulable", time.Time{},
		fmt.Sprintf("true, and %s still there", podNames(held))))
}

// heldPods are the pods on a cordoned node, of the first that has any.
func heldPods(s *snapshot.Snapshot, pods []*corev1.Pod) (held []*corev1.Pod, node string) {
	for _, p := range pods {
		n := s.Node(p.Spec.NodeName)
		if n == nil || !n.Spec.Unschedulable || p.DeletionTimestamp != nil || node != "" && node != n.Name {
			continue
		}
		held, node = append(held, p), n.Name
	}
	return held, node
}

func podNames(pods []*corev1.Pod) string {
	var names []string
	for _, p := range pods[:min(len(pods), finding.ShownPods)] {
		names = append(names, p.Name)
	}
	if len(pods) > finding.ShownPods {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// checkSelectsNone wants proof of a slip: a workload that may have no pods now is well, and so is a budget made ahead of its workload.
func checkSelectsNone(s *snapshot.Snapshot, r *finding.Report, b *policyv1.PodDisruptionBudget, o incident.Object, sel labels.Selector) {
	if finding.NotSeen(s, "pods", b.Namespace) || b.Spec.Selector == nil {
		return
	}
	templates := kube.TemplatesIn(s, b.Namespace)
	if slices.ContainsFunc(templates, func(t kube.Template) bool { return sel.Matches(labels.Set(t.Labels)) }) {
		return
	}
	wanted := metav1.FormatLabelSelector(b.Spec.Selector)
	title := fmt.Sprintf("PodDisruptionBudget %s selects nothing: %s", b.Name, wanted)
	has := nearTemplate(b.Spec.Selector.MatchLabels, templates)
	if has != "" {
		title += ", and pods have " + has
	}
	f := r.Find(PDBMatchesNone, o, title)
	f.Since = b.CreationTimestamp.Time
	if has == "" {
		f.Severity = incident.Info
	}
	f.Cite(finding.SeenAPI(o, "spec.selector", b.CreationTimestamp.Time, strings.TrimSuffix(wanted+" matches no pod; pods have "+has,
		"; pods have "))).NotYet(finding.AheadOf, f.Since, s.At)
}

// nearTemplate is the labels of pods that differ from the wanted ones in one, and that by a slip.
func nearTemplate(wanted map[string]string, templates []kube.Template) string {
	for _, t := range templates {
		has := t.Labels
		var slips []string
		off := 0
		for _, key := range slices.Sorted(maps.Keys(wanted)) {
			value, ok := has[key]
			switch {
			case ok && value == wanted[key]:
			case ok && len(kube.Nearest(wanted[key], []string{value})) > 0:
				slips = append(slips, key+"="+value)
			default:
				off++
			}
		}
		if off == 0 && len(slips) == 1 {
			return slips[0]
		}
		if key := otherKey(wanted, has); key != "" {
			return key
		}
	}
	return ""
}

// otherKey is a label of the only value wanted, under a key that the wanted one looks like: "k8s-app=web" for "app=web".
func otherKey(wanted, has map[string]string) string {
	if len(wanted) != 1 {
		return ""
	}
	for key, value := range wanted {
		for _, k := range slices.Sorted(maps.Keys(has)) {
			if k != key && has[k] == value {
				return k + "=" + value
			}
		}
	}
	return ""
}

func reportOverlap(r *finding.Report, pair [2]*policyv1.PodDisruptionBudget, pods []*corev1.Pod) {
	a, b := pair[0], pair[1]
	objects := []incident.Object{snapshot.ObjectOf("PodDisruptionBudget", a.Namespace, a.Name),
		snapshot.ObjectOf("PodDisruptionBudget", b.Namespace, b.Name)}
	f := r.Find(PDBOverlap, objects[0], fmt.Sprintf("PodDisruptionBudgets %s and %s both select %s, such as %s: evictions of them fail",
		a.Name, b.Name, finding.Inflect(len(pods), "%d {pod|pods}", len(pods)), pods[0].Name))
	f.Fault, f.Since = objects, kube.Latest(a.CreationTimestamp.Time, b.CreationTimestamp.Time)
	for i, x := range pair {
		f.Cite(finding.SeenAPI(objects[i], "spec.selector", x.CreationTimestamp.Time, metav1.FormatLabelSelector(x.Spec.Selector)+" matches "+
			podNames(pods)))
	}
}
