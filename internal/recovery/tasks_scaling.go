package recovery

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	podresource "k8s.io/component-helpers/resource"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// autoscalers are those that a cause blames.
func autoscalers(q request) []*autoscalingv2.HorizontalPodAutoscaler {
	var out []*autoscalingv2.HorizontalPodAutoscaler
	for _, o := range ofKind(q.cause.Objects, "HorizontalPodAutoscaler") {
		if h := find(q.s.HPAs, o); h != nil {
			out = append(out, h)
		}
	}
	return out
}

func autoscaler(h *autoscalingv2.HorizontalPodAutoscaler) incident.Object {
	return snapshot.ObjectOf("HorizontalPodAutoscaler", h.Namespace, h.Name)
}

// draftScaleTarget points an autoscaler to the workload that its target nearly names.
func draftScaleTarget(ctx context.Context, r *Recovery, q request) (draft, error) {
	blamed := autoscalers(q)
	if len(blamed) == 0 {
		return no("no autoscaler is at fault")
	}
	h := blamed[0]
	o, target := autoscaler(h), h.Spec.ScaleTargetRef
	taken := map[string]bool{}
	for i := range q.s.HPAs {
		if x := &q.s.HPAs[i]; x.Namespace == h.Namespace && x.Spec.ScaleTargetRef.Kind == target.Kind {
			taken[x.Spec.ScaleTargetRef.Name] = true
		}
	}
	var names []string
	for _, t := range kube.TemplatesIn(q.s, h.Namespace) {
		if t.Object.Kind == target.Kind && !taken[t.Object.Name] {
			names = append(names, t.Object.Name)
		}
	}
	meant, reason := theOne(target.Name, names)
	if meant == "" {
		return no("%s; if what %s scaled is gone for good, delete it", reason, o)
	}
	live, err := r.asItIs(ctx, o)
	if err != nil || live == nil {
		return draft{no: o.String() + " is not there any more"}, err
	}
	ref, _ := live.clone().at("spec", "scaleTargetRef").(map[string]any)
	object(ref).set(meant, "name")
	return single(restingOn("the only workload with a name like it that no other autoscaler scales", stepTo("SetAutoscaler", o, ref, "field",
		"scaleTargetRef")), fmt.Sprintf("let autoscaler %s/%s scale %s %s", o.Namespace, o.Name,
		target.Kind, meant), fmt.Sprintf("%s %s does not exist; %s is the one alike that no other autoscaler scales.", target.Kind,
		target.Name, meant))
}

// wants is how many pods an autoscaler would have if nothing bounded it, by its own formula: the pods that there are, times use over target
// (k8s.io/kubernetes/pkg/controller/podautoscaler/replica_calculator.go). 0 where its status does not tell.
func wants(h *autoscalingv2.HorizontalPodAutoscaler) int32 {
	most := 0.0
	n := float64(h.Status.CurrentReplicas)
	for _, m := range h.Spec.Metrics {
		for _, c := range h.Status.CurrentMetrics {
			switch {
			case m.Resource != nil && c.Resource != nil && m.Resource.Name == c.Resource.Name:
				want, is := m.Resource.Target, c.Resource.Current
				if want.AverageUtilization != nil && is.AverageUtilization != nil && *want.AverageUtilization > 0 {
					most = max(most, n*float64(*is.AverageUtilization)/float64(*want.AverageUtilization))
				} else if want.AverageValue != nil && is.AverageValue != nil && want.AverageValue.Sign() > 0 {
					most = max(most, n*is.AverageValue.AsApproximateFloat64()/want.AverageValue.AsApproximateFloat64())
				}
			case m.Pods != nil && c.Pods != nil && m.Pods.Metric.Name == c.Pods.Metric.Name && m.Pods.Target.AverageValue != nil &&
				c.Pods.Current.AverageValue != nil && m.Pods.Target.AverageValue.Sign() > 0:
				most = max(most, n*c.Pods.Current.AverageValue.AsApproximateFloat64()/m.Pods.Target.AverageValue.AsApproximateFloat64())
			}
		}
	}
	return int32(min(math.Ceil(most), 1000))
}

// draftMaximum raises an autoscaler's maximum to what it wants, as far as nodes and quotas have room, and to no more than twice what it
// was.
func draftMaximum(_ context.Context, _ *Recovery, q request) (draft, error) {
	blamed := autoscalers(q)
	if len(blamed) == 0 {
		return no("no autoscaler is at fault")
	}
	h := blamed[0]
	o := autoscaler(h)
	want := wants(h)
	pods := kube.PodsOfWorkload(q.s, snapshot.ObjectOf(h.Spec.ScaleTargetRef.Kind, h.Namespace, h.Spec.ScaleTargetRef.Name))
	switch {
	case want <= h.Spec.MaxReplicas:
		return no("how many pods %s wants cannot be told from its metrics, so there is no number to raise its maximum to", o)
	case len(pods) == 0:
		return no("the pods that %s scales are not to be seen, so whether there is room for more is not known", o)
	case !q.s.SeenWhole("", "pods", "nodes"):
		return no("not all nodes and pods were seen, so whether there is room for more pods is not known")
	}
	room, by := roomFor(q.s, pods)
	n := min(want, 2*h.Spec.MaxReplicas, h.Spec.MaxReplicas+room)
	if n <= h.Spec.MaxReplicas {
		return no("%s wants %d pods, and %s", o, want, by)
	}
	why := fmt.Sprintf("By its own metrics it wants %d pods, and its maximum is %d.", want, h.Spec.MaxReplicas)
	if n < want {
		why += fmt.Sprintf(" It gets %d, for the most is twice what it was and what there is room for (%d more).", n, room)
	}
	return single(restingOn("its own metrics: the pods that there are, times use over target, within the room of nodes and quotas",
		stepTo("SetAutoscaler", o, int64(n), "field", "maxReplicas")), fmt.Sprintf("raise the maximum of autoscaler %s/%s to %d", o.Namespace,
		o.Name, n), why)
}

// roomFor is how many more pods like these the nodes and the namespace's quotas have room for, by requests; and what is short if it is
// none.
func roomFor(s *snapshot.Snapshot, pods []*corev1.Pod) (n int32, short string) {
	p := pods[0]
	asks := podresource.PodRequests(p, podresource.PodResourcesOptions{})
	asks[corev1.ResourcePods] = aPod()
	total := int64(0)
	for i := range s.Nodes {
		node := &s.Nodes[i]
		here := func(x *corev1.Pod) bool { return x.Spec.NodeName == node.Name }
		guarded := slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule })
		if !kube.NodeReady(node) || node.Spec.Unschedulable || guarded && !slices.ContainsFunc(pods, here) ||
			!kube.Matches(p.Spec.NodeSelector, node.Labels) {
			continue
		}
		used := corev1.ResourceList{}
		for _, x := range s.PodsOn(node.Name) {
			if !kube.HasEnded(x) {
				addTo(used, podresource.PodRequests(x, podresource.PodResourcesOptions{}))
				addTo(used, corev1.ResourceList{corev1.ResourcePods: aPod()})
			}
		}
		total += timesIn(node.Status.Allocatable, used, asks)
	}
	if total == 0 {
		return 0, "no node has room for one more"
	}
	limits := podresource.PodLimits(p, podresource.PodResourcesOptions{})
	for i := range s.ResourceQuotas {
		quota := &s.ResourceQuotas[i]
		if quota.Namespace != p.Namespace || len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil {
			continue
		}
		if here := timesIn(quota.Status.Hard, quota.Status.Used, inQuota(asks, limits, quota.Status.Hard)); here < total {
			if total, short = here, "ResourceQuota "+quota.Name+" has no room for one more"; here <= 0 {
				return 0, short
			}
		}
	}
	return int32(min(total, 1000)), ""
}

// inQuota are a pod's requests and limits under the names that quotas have for them, as far as this one counts them.
func inQuota(asks, limits, hard corev1.ResourceList) corev1.ResourceList {
	out := corev1.ResourceList{}
	for name := range hard {
		what, limit := strings.CutPrefix(string(name), "limits.")
		list := asks
		if limit {
			list = limits
		} else {
			what = strings.TrimPrefix(what, "requests.")
		}
		if q, ok := list[corev1.ResourceName(what)]; ok {
			out[name] = q
		}
	}
	return out
}

// timesIn is how often what is asked for fits into what is free.
func timesIn(all, used, asks corev1.ResourceList) int64 {
	n := int64(math.MaxInt32)
	for name, q := range asks {
		free, there := all[name]
		if !there || q.Sign() <= 0 {
			continue
		}
		free = free.DeepCopy()
		free.Sub(used[name])
		n = min(n, max(0, int64(free.AsApproximateFloat64()/q.AsApproximateFloat64())))
	}
	return n
}

func addTo(sum, more corev1.ResourceList) {
	for name, q := range more {
		have := sum[name].DeepCopy()
		have.Add(q)
		sum[name] = have
	}
}

// draftOneAutoscaler removes of two autoscalers of one workload the one that came later.
func draftOneAutoscaler(ctx context.Context, r *Recovery, q request) (draft, error) {
	all := autoscalers(q)
	if len(all) != 2 {
		return no("%d autoscalers scale one workload; which of them is meant only their makers know", len(all))
	}
	older, newer := all[0], all[1]
	if newer.CreationTimestamp.Before(&older.CreationTimestamp) {
		older, newer = newer, older
	}
	o := autoscaler(newer)
	if !older.CreationTimestamp.Before(&newer.CreationTimestamp) {
		return no("both autoscalers were made at the same time; which of them is meant only their maker knows")
	}
	live, err := r.asItIs(ctx, o)
	if err != nil || live == nil {
		return draft{no: o.String() + " is not there any more"}, err
	}
	if by := ownedBy(live); by != "" {
		return no("%s belongs to %s, which would make it again; change it there", o, by)
	}
	return single(restingOn(inWords(autoscaler(older))+", which was there before it", stepTo(RemoveObject, o, nil)),
		fmt.Sprintf("remove autoscaler %s/%s, the later of two", o.Namespace, o.Name),
		fmt.Sprintf("%s was there before it, since %s. What both measure can be metrics of one autoscaler.", autoscaler(older),
			stamp(older.CreationTimestamp.Time)))
}

// aPod is one of what nodes and quotas count pods in.
func aPod() resource.Quantity { return *resource.NewQuantity(1, resource.DecimalSI) }
