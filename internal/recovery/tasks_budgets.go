package recovery

import (
	"context"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func budgets(q request) []*policyv1.PodDisruptionBudget {
	var out []*policyv1.PodDisruptionBudget
	for _, o := range ofKind(q.cause.Objects, "PodDisruptionBudget") {
		if b := find(q.s.PDBs, o); b != nil {
			out = append(out, b)
		}
	}
	return out
}

// guardedBy are the pods that a budget selects.
func guardedBy(s *snapshot.Snapshot, b *policyv1.PodDisruptionBudget) map[*corev1.Pod]bool {
	out := map[*corev1.Pod]bool{}
	sel, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
	if err != nil {
		return out
	}
	for _, p := range s.PodsIn(b.Namespace) {
		if !kube.HasEnded(p) && sel.Matches(labels.Set(p.Labels)) {
			out[p] = true
		}
	}
	return out
}

// draftRoomToDrain makes room for one disruption: by one pod more where that is enough and harmless, otherwise by a budget that allows one.
func draftRoomToDrain(ctx context.Context, r *Recovery, q request) (draft, error) {
	blamed := budgets(q)
	if len(blamed) == 0 {
		return no("no budget is at fault")
	}
	b := blamed[0]
	o := snapshot.ObjectOf("PodDisruptionBudget", b.Namespace, b.Name)
	var workloads []incident.Object
	all := guardedBy(q.s, b)
	for p := range all {
		if w := q.s.WorkloadOf(p); !slices.Contains(workloads, w) {
			workloads = append(workloads, w)
		}
	}
	if len(all) == 0 {
		return no("the pods of %s are not to be seen", o)
	}
	if s, n := onePodMore(q.s, b, workloads); n > 0 {
		return single(restingOn(fmt.Sprintf("the %d pods that the budget wants at all times, and one that can be moved", n-1), s),
			fmt.Sprintf("run one pod more of %s/%s", b.Namespace, workloads[0].Name),
			fmt.Sprintf("%s wants %d pods at all times, and there are no more. With %d, one of them can be moved, and none is missing meanwhile.",
				o, b.Spec.MinAvailable.IntValue(), n))
	}
	live, err := r.asItIs(ctx, o)
	if err != nil || live == nil {
		return draft{no: o.String() + " is not there any more"}, err
	}
	if by := ownedBy(live); by != "" {
		return no("%s belongs to %s, which would put it back; change it there", o, by)
	}
	spec, _ := live.clone().at("spec").(map[string]any)
	object(spec).unset("minAvailable")
	object(spec).set(int64(1), "maxUnavailable")
	why := fmt.Sprintf("It allows no pod of %d to be moved even while all are well; allowed is one at a time, the least that lets a "+
		"node be emptied.",
		len(all))
	if len(all) == 1 {
		why += " There is only one pod: while it moves, there is none."
	}
	return single(restingOn("its own rule, which allows none of its pods to be moved; one is the least that lets a node be emptied",
		stepTo("SetBudget", o, spec)), fmt.Sprintf("let budget %s/%s allow one disruption", o.Namespace, o.Name), why)
}

// onePodMore scales up a Deployment by one where that alone lets its budget allow a disruption: n pods then. What runs once may not be
// made to run twice; a StatefulSet gets no member for it, a pod with a volume may hold it alone, and an autoscaler would take the pod back.
func onePodMore(s *snapshot.Snapshot, b *policyv1.PodDisruptionBudget, workloads []incident.Object) (step incident.Step, n int64) {
	if len(workloads) != 1 || workloads[0].Kind != "Deployment" || b.Spec.MinAvailable == nil || b.Spec.MinAvailable.Type != intstr.Int {
		return step, 0
	}
	d := s.Deployment(workloads[0].Namespace, workloads[0].Name)
	if d == nil || b.Spec.MinAvailable.IntVal > kube.Replicas(d.Spec.Replicas) || kube.Replicas(d.Spec.Replicas) < 2 ||
		d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return step, 0
	}
	for _, v := range d.Spec.Template.Spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			return step, 0
		}
	}
	for i := range s.HPAs {
		if t := s.HPAs[i].Spec.ScaleTargetRef; s.HPAs[i].Namespace == d.Namespace && t.Kind == "Deployment" && t.Name == d.Name {
			return step, 0
		}
	}
	pods := kube.PodsOfWorkload(s, workloads[0])
	if len(pods) == 0 || !s.SeenWhole("", "pods", "nodes") {
		return step, 0
	}
	if room, _ := roomFor(s, pods); room < 1 {
		return step, 0
	}
	n = int64(kube.Replicas(d.Spec.Replicas)) + 1
	return stepTo("Scale", workloads[0], n), n
}

// draftBudgetSelector corrects a budget's selector by the labels that the pods of the one workload have that it nearly names.
func draftBudgetSelector(ctx context.Context, r *Recovery, q request) (draft, error) {
	blamed := budgets(q)
	if len(blamed) == 0 {
		return no("no budget is at fault")
	}
	b := blamed[0]
	o := snapshot.ObjectOf("PodDisruptionBudget", b.Namespace, b.Name)
	if b.Spec.Selector == nil || len(b.Spec.Selector.MatchExpressions) > 0 {
		return no("the selector of %s is no plain list of labels", o)
	}
	wanted := b.Spec.Selector.MatchLabels
	var meant []map[string]string
	var workload incident.Object
	for _, t := range kube.TemplatesIn(q.s, b.Namespace) {
		if l := correctedSelector(wanted, t.Labels); l != nil && (len(meant) == 0 || !maps.Equal(l, meant[0])) {
			meant, workload = append(meant, l), t.Object
		}
	}
	if len(meant) != 1 {
		return no("%d workloads have labels like those that %s selects, so which pods it is to protect is not known", len(meant), o)
	}
	live, err := r.asItIs(ctx, o)
	if err != nil || live == nil {
		return draft{no: o.String() + " is not there any more"}, err
	}
	spec, _ := live.clone().at("spec").(map[string]any)
	object(spec).set(asJSON(meant[0]), "selector", "matchLabels")
	return single(restingOn("the labels of the pods of "+inWords(workload), stepTo("SetBudget", o, spec)), fmt.Sprintf("let budget %s/%s "+
		"select the pods of %s", o.Namespace, o.Name, workload.Name),
		fmt.Sprintf("It selects %s, which no pod has; the pods of %s have %s.", kube.LabelWords(wanted), workload, kube.LabelWords(meant[0])))
}

// correctedSelector is a selector with its one slip put right by labels: a value that looks alike, or the value under another key. Nil if they are
// further apart.
func correctedSelector(wanted, has map[string]string) map[string]string {
	out, slips := maps.Clone(wanted), 0
	for key, value := range wanted {
		switch have, ok := has[key]; {
		case ok && have == value:
		case ok && len(kube.Nearest(value, []string{have})) > 0:
			out[key], slips = have, slips+1
		case !ok && len(wanted) == 1:
			for _, k := range slices.Sorted(maps.Keys(has)) {
				if v := has[k]; v == value && slips == 0 {
					delete(out, key)
					out[k], slips = v, 1
				}
			}
			if slips == 0 {
				return nil
			}
		default:
			return nil
		}
	}
	if slips != 1 {
		return nil
	}
	return out
}

// draftOneBudget removes of two budgets of the same pods the one whose pods the other protects as well.
func draftOneBudget(ctx context.Context, r *Recovery, q request) (draft, error) {
	all := budgets(q)
	if len(all) != 2 {
		return no("%d budgets select the same pods; which of them is meant only their makers know", len(all))
	}
	goes, stays := all[0], all[1]
	first, second := guardedBy(q.s, goes), guardedBy(q.s, stays)
	switch {
	case len(first) == len(second) && allAmong(first, second):
		if goes.CreationTimestamp.Before(&stays.CreationTimestamp) {
			goes, stays = stays, goes // of two that select the same, the later one
		}
	case allAmong(first, second):
	case allAmong(second, first):
		goes, stays = stays, goes
	default:
		return no("each of the budgets %s and %s protects pods that the other does not; correct their selectors so that no pod has two",
			goes.Name,
			stays.Name)
	}
	o := snapshot.ObjectOf("PodDisruptionBudget", goes.Namespace, goes.Name)
	live, err := r.asItIs(ctx, o)
	if err != nil || live == nil {
		return draft{no: o.String() + " is not there any more"}, err
	}
	if by := ownedBy(live); by != "" {
		return no("%s belongs to %s, which would make it again; change it there", o, by)
	}
	return single(restingOn("budget "+stays.Name+", which selects all of its pods too", stepTo(RemoveObject, o, nil)),
		fmt.Sprintf("remove budget %s/%s", o.Namespace, o.Name),
		fmt.Sprintf("All pods that it protects are protected by %s too, and a pod with two budgets cannot be evicted at all.", stays.Name))
}

// allAmong says whether all of some pods are among others.
func allAmong(these, others map[*corev1.Pod]bool) bool {
	for p := range these {
		if !others[p] {
			return false
		}
	}
	return true
}
