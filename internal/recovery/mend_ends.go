package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// faulted are the pods that a cause names, or that are of a workload that it names.
func faulted(q request) []*corev1.Pod {
	var out []*corev1.Pod
	for i := range q.s.Pods {
		p := &q.s.Pods[i]
		if slices.Contains(q.cause.Objects, podObject(p)) || slices.Contains(q.cause.Objects, q.s.WorkloadOf(p)) {
			out = append(out, p)
		}
	}
	return out
}

// draftLeftovers deletes the pods that have failed and that their workload has replaced.
func draftLeftovers(_ context.Context, _ *Recovery, q request) (draft, error) {
	out := draft{many: "delete %d pods that have failed and were replaced"}
	why := "no pod that has failed is named at fault"
	for _, p := range faulted(q) {
		if p.Status.Phase != corev1.PodFailed || p.DeletionTimestamp != nil {
			continue
		}
		w := q.s.WorkloadOf(p)
		switch {
		case metav1.GetControllerOf(p) == nil:
			why = fmt.Sprintf("nothing would make %s again, for it has no controller", podObject(p))
		case !restartable(w) || !kube.Satisfied(q.s, w):
			why = fmt.Sprintf("%s has not replaced %s yet, and a pod that is deleted would fail as well until the reason is mended", w, podObject(p))
		default:
			out.steps = append(out.steps, deletePod(p, "it has failed, and "+inWords(w)+" has all its pods without it", nil))
			out.title = fmt.Sprintf("delete pod %s/%s, which has failed", p.Namespace, p.Name)
		}
	}
	if len(out.steps) == 0 {
		return no("%s", why)
	}
	out.why = "Their workload has all the pods that it should have without them; what is lost is the logs of the pods that go."
	return out, nil
}

// draftElsewhere deletes pods that wait on a node for what nobody explains, if the workload runs on another node.
func draftElsewhere(_ context.Context, _ *Recovery, q request) (draft, error) {
	out := draft{many: "delete %d pods whose containers are never created"}
	for _, p := range faulted(q) {
		if p.Status.Phase != corev1.PodPending || p.Spec.NodeName == "" || metav1.GetControllerOf(p) == nil || p.DeletionTimestamp != nil {
			continue
		}
		w := q.s.WorkloadOf(p)
		i := slices.IndexFunc(kube.PodsOfWorkload(q.s, w), func(o *corev1.Pod) bool { return ready(o) && o.Spec.NodeName != p.Spec.NodeName })
		if i < 0 || w.Kind == "DaemonSet" {
			continue
		}
		out.steps = append(out.steps, deletePod(p, "it has not begun to run, and "+inWords(w)+" runs on another node", nil))
		out.title = fmt.Sprintf("delete pod %s/%s, so that another is made", p.Namespace, p.Name)
		out.why = fmt.Sprintf("%s runs on node %s; the pod has not begun to run on node %s, so nothing of it is lost.", w,
			kube.PodsOfWorkload(q.s, w)[i].Spec.NodeName, p.Spec.NodeName)
	}
	if len(out.steps) == 0 {
		return no("no other pod of the workload runs on another node, so a new one would wait as well")
	}
	return out, nil
}

// draftGone ends pods that are to go and cannot: whose node is not in the cluster any more, or that a finalizer holds of which nobody is
// left.
func draftGone(ctx context.Context, r *Recovery, q request) (draft, error) {
	out := draft{many: "let %d pods go"}
	why := "no pod is named that is held by what is gone; see whether its node answers and its volumes can be unmounted"
	for _, p := range faulted(q) {
		if p.DeletionTimestamp == nil {
			continue
		}
		switch {
		case p.Spec.NodeName != "" && q.s.Node(p.Spec.NodeName) == nil && len(p.Finalizers) == 0 && metav1.GetControllerOf(p) != nil:
			if !q.s.SeenWhole("", "nodes") || len(q.s.Nodes) == 0 {
				why = fmt.Sprintf("whether node %s is gone could not be seen", p.Spec.NodeName)
				continue
			}
			out.steps = append(out.steps, deletePod(p, "it is to go, and node "+p.Spec.NodeName+" is none of the cluster any more",
				map[string]string{paramAtOnce: "true"}))
			out.title = fmt.Sprintf("delete pod %s/%s at once", p.Namespace, p.Name)
			out.why = join(out.why, fmt.Sprintf("Node %s is no node of the cluster any more, so no kubelet ends the pod. Whoever approves must "+
				"know that "+
				"the machine is off: a program that still runs there would write beside the new one.", p.Spec.NodeName))
		case len(p.Finalizers) == 1:
			s, said, err := r.orphaned(ctx, q.s, p)
			if err != nil {
				return draft{}, err
			}
			if s == nil {
				why = said
				continue
			}
			out.steps = append(out.steps, *s)
			out.title, out.why = fmt.Sprintf("take the finalizer from pod %s/%s", p.Namespace, p.Name), join(out.why, said)
		}
	}
	if len(out.steps) == 0 {
		return no("%s", why)
	}
	return out, nil
}

// orphaned takes the only finalizer from a pod whose containers have ended, if nothing in the cluster speaks of whom it is: no workload, no
// custom resource and no webhook names its domain.
func (r *Recovery) orphaned(ctx context.Context, s *snapshot.Snapshot, p *corev1.Pod) (step *incident.Step, why string, err error) {
	name := p.Finalizers[0]
	domain, _, ok := strings.Cut(name, "/")
	alive := slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool { return c.State.Running != nil })
	switch {
	case !ok || strings.HasSuffix(domain, "kubernetes.io") || strings.HasSuffix(domain, "k8s.io"):
		return nil, fmt.Sprintf("finalizer %s is Kubernetes' own, whose controllers remove it when they have done their work", name), nil
	case alive:
		return nil, fmt.Sprintf("containers of pod %s still run, so whoever set finalizer %s may have work to do", p.Name, name), nil
	case !s.SeenWhole("", "deployments", "statefulsets", "daemonsets", "pods"):
		return nil, fmt.Sprintf("whether the controller of finalizer %s is gone cannot be proved, for not all workloads could be seen", name), nil
	}
	if who := speaksOf(s, domain, p); who != "" {
		return nil, fmt.Sprintf("finalizer %s may be that of %s; see why that does not remove it", name, who), nil
	}
	b, err := r.o.Reader.Get(ctx, podObject(p))
	if err != nil {
		return nil, "", err
	}
	o, err := decodeObject(b)
	if err != nil {
		return nil, "", err
	}
	if all, _ := o.at("metadata", "finalizers").([]any); len(all) != 1 {
		return nil, fmt.Sprintf("pod %s has other finalizers by now", p.Name), nil
	}
	return &incident.Step{Kind: "RemoveFinalizer", Target: incident.Target{Object: podObject(p)},
			Source: "nothing in the cluster speaks of " + domain,
			Params: map[string]string{"finalizer": name, paramValue: "[]"}},
		fmt.Sprintf("Nothing in the cluster speaks of %s: no workload, custom resource or webhook. Whoever approves must know that its "+
			"controller "+
			"runs nowhere else either.", domain), nil
}

// speaksOf finds who names a domain, or the project whose it is ("volcano" of batch.volcano.sh, whose images are volcanosh/…): a workload
// in its name, labels, images, arguments or environment, an API group, or a webhook.
func speaksOf(s *snapshot.Snapshot, domain string, but *corev1.Pod) string {
	word := domain
	if labels := strings.Split(domain, "."); len(labels) > 1 && len(labels[len(labels)-2]) > 3 { // shorter ones are part of other words
		word = labels[len(labels)-2]
	}
	speaks := func(o any) bool { return strings.Contains(strings.ToLower(string(encode(o))), word) }
	for i := range s.Pods {
		if p := &s.Pods[i]; p.UID != but.UID && speaks(p) {
			return inWords(s.WorkloadOf(p))
		}
	}
	for i := range s.Deployments {
		if speaks(s.Deployments[i]) {
			return "Deployment " + s.Deployments[i].Namespace + "/" + s.Deployments[i].Name
		}
	}
	for i := range s.StatefulSets {
		if speaks(s.StatefulSets[i]) {
			return "StatefulSet " + s.StatefulSets[i].Namespace + "/" + s.StatefulSets[i].Name
		}
	}
	for i := range s.DaemonSets {
		if speaks(s.DaemonSets[i]) {
			return "DaemonSet " + s.DaemonSets[i].Namespace + "/" + s.DaemonSets[i].Name
		}
	}
	for i := range s.Customs {
		if speaks(s.Customs[i].Object) {
			return s.Customs[i].GetKind() + " " + s.Customs[i].GetName()
		}
	}
	for _, hooks := range []any{s.ValidatingWebhooks, s.MutatingWebhooks} {
		if speaks(hooks) {
			return "a webhook"
		}
	}
	return ""
}

// draftHeld deletes the pods of an older revision that will never be ready and for which a StatefulSet waits.
func draftHeld(_ context.Context, _ *Recovery, q request) (draft, error) {
	out := draft{many: "delete %d pods for which a StatefulSet waits"}
	for _, o := range q.cause.Objects {
		t := q.s.StatefulSet(o.Namespace, o.Name)
		if o.Kind != "StatefulSet" || t == nil {
			continue
		}
		for _, p := range slices.Backward(q.s.PodsIn(o.Namespace)) {
			rev := p.Labels[appsv1.ControllerRevisionHashLabelKey]
			if q.s.WorkloadOf(p) != o || ill(p, q.s.At) == "" || p.DeletionTimestamp != nil || rev == "" || rev == t.Status.UpdateRevision {
				continue
			}
			state := "not ready"
			if ready(p) {
				state = "crashing over and over"
			}
			out.steps = append(out.steps, deletePod(p, "it is "+state+" and of revision "+rev+", and the StatefulSet waits for it", nil))
			out.title = fmt.Sprintf("delete pod %s/%s, for which %s waits", p.Namespace, p.Name, inWords(o))
			out.why = join(out.why, fmt.Sprintf("%s is %s and of revision %s; it is made again with revision %s, on the same volume.",
				p.Name, state, rev, t.Status.UpdateRevision))
		}
	}
	if len(out.steps) == 0 {
		return no("no pod of an older revision is there any more for which the StatefulSet waits")
	}
	return out, nil
}

// mendServiceName makes the headless Service that a StatefulSet names, for its own pods and with the ports that they declare.
func mendServiceName(p patient) (remedy, string) {
	t := p.s.StatefulSet(p.o.Namespace, p.o.Name)
	if t == nil || t.Spec.ServiceName == "" || p.s.Service(t.Namespace, t.Spec.ServiceName) != nil {
		return remedy{}, fmt.Sprintf("%s names no Service that is missing", p.o)
	}
	if len(t.Spec.Selector.MatchExpressions) > 0 || len(t.Spec.Selector.MatchLabels) == 0 {
		return remedy{}, fmt.Sprintf("the selector of %s cannot be that of a Service", p.o)
	}
	var ports []any
	seen := map[string]bool{}
	for _, c := range p.spec.Containers {
		for _, x := range c.Ports {
			name := x.Name
			if name == "" {
				name = fmt.Sprintf("port-%d", x.ContainerPort)
			}
			if id := fmt.Sprintf("%d/%s", x.ContainerPort, kube.ProtocolOf(x.Protocol)); !seen[id] && !seen[name] {
				seen[id], seen[name] = true, true
				ports = append(ports, map[string]any{"name": name, "port": int64(x.ContainerPort), "targetPort": int64(x.ContainerPort),
					"protocol": string(kube.ProtocolOf(x.Protocol))})
			}
		}
	}
	spec := map[string]any{"clusterIP": "None", "selector": t.Spec.Selector.MatchLabels}
	if len(ports) > 0 {
		spec["ports"] = ports
	}
	o := incident.Object{Kind: "Service", Namespace: t.Namespace, Name: t.Spec.ServiceName}
	body := map[string]any{"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": o.Name, "namespace": o.Namespace},
		"spec": spec}
	return remedy{[]incident.Step{{Kind: MakeObject, Target: incident.Target{Object: o},
		Params: map[string]string{paramValue: encodeValue(body)}}},
		fmt.Sprintf("make the headless %s", inWords(o)),
		fmt.Sprintf("%s names it as its serviceName, which cannot be changed; the selector is the StatefulSet's own, the ports are those "+
			"that its "+
			"containers declare.", inWords(p.o))}, ""
}
