package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func draftDNS(ctx context.Context, r *Recovery, q request) (draft, error) {
	i := slices.IndexFunc(q.cause.Objects, func(o incident.Object) bool { return o.Kind == "ConfigMap" })
	if i < 0 {
		return no("no Corefile is named at fault")
	}
	m := q.cause.Objects[i]
	hash, at, ok, err := r.o.LastGood.LastGood(ctx, ConfigMapKey(m.Namespace, m.Name, corefile))
	if errors.Is(err, ErrNoCopy) {
		return no("there is no last-good copy of the %s in ConfigMap %s/%s: %v", corefile, m.Namespace, m.Name, err)
	}
	if err != nil {
		return draft{}, fmt.Errorf("find the last-good copy of %s: %w", m, err)
	}
	if !ok {
		return no("no last-good copy of the %s in ConfigMap %s/%s was kept; Paramedic keeps one while DNS is well", corefile, m.Namespace, m.Name)
	}
	out := draft{
		steps: []incident.Step{{Kind: SetConfigMapKey, Target: incident.Target{Object: m},
			Params: map[string]string{"key": corefile, "value": hash}, Source: keptAt(at)}},
		title: "restore the Corefile",
		why:   fmt.Sprintf("The Corefile is restored from the copy last seen good %s.", stamp(at)),
	}
	dns, ok := dnsWorkload(q.s)
	if ok {
		out.steps = append(out.steps, restingOn("the workload of the cluster DNS, which reads its Corefile when it starts", restart(dns, q.d.At)))
		out.title = "restore the Corefile and restart " + dns.Name
	}
	for _, o := range explained(q) {
		if o == dns || !restartable(o) {
			continue
		}
		if len(out.later) == maxLater {
			out.why = join(out.why, fmt.Sprintf("More than %d workloads depend on it; the others are left to come back by themselves.", maxLater))
			break
		}
		s := restingOn(fmt.Sprintf("it suffers from %s (%s)", q.cause.ID, q.cause.Code), restart(o, q.d.At))
		s.Unless = r.o.Patience
		out.later = append(out.later, s)
	}
	return out, nil
}

// maxLater bounds a plan's conditional restarts, so that a person can still read it.
const maxLater = MaxSteps

// The cluster DNS is the Service kube-dns, whatever serves it: the name and the label are the same in kubeadm, K3s and the managed
// clusters, for the kubelet's and the addons' sake.
const (
	dnsNamespace = "kube-system"
	dnsService   = "kube-dns"
)

var dnsLabels = map[string]string{"k8s-app": "kube-dns"}

func dnsSelector(s *snapshot.Snapshot) map[string]string {
	if svc := s.Service(dnsNamespace, dnsService); svc != nil && len(svc.Spec.Selector) > 0 {
		return svc.Spec.Selector
	}
	return dnsLabels
}

func dnsPods(s *snapshot.Snapshot) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, p := range s.PodsSelected(dnsNamespace, dnsSelector(s)) {
		if p.DeletionTimestamp == nil {
			pods = append(pods, p)
		}
	}
	return pods
}

// dnsConfigMap is the ConfigMap with a Corefile that the DNS pods mount.
func dnsConfigMap(s *snapshot.Snapshot, pods []*corev1.Pod) *corev1.ConfigMap {
	for _, p := range pods {
		for _, v := range p.Spec.Volumes {
			if v.ConfigMap == nil {
				continue
			}
			if m := s.ConfigMap(p.Namespace, v.ConfigMap.Name); m != nil && m.Data[corefile] != "" {
				return m
			}
		}
	}
	return nil
}

// dnsWorkload is what runs the DNS pods: the owner of the pods there are, else the Deployment or DaemonSet that would make them.
func dnsWorkload(s *snapshot.Snapshot) (incident.Object, bool) {
	for _, p := range dnsPods(s) {
		if w := s.WorkloadOf(p); restartable(w) {
			return w, true
		}
	}
	sel := dnsSelector(s)
	for _, d := range s.Deployments {
		if d.Namespace == dnsNamespace && hasAll(d.Spec.Template.Labels, sel) {
			return incident.Object{Kind: "Deployment", Namespace: d.Namespace, Name: d.Name}, true
		}
	}
	for _, d := range s.DaemonSets {
		if d.Namespace == dnsNamespace && hasAll(d.Spec.Template.Labels, sel) {
			return incident.Object{Kind: "DaemonSet", Namespace: d.Namespace, Name: d.Name}, true
		}
	}
	return incident.Object{}, false
}

func hasAll(labels, want map[string]string) bool {
	for k, v := range want {
		if labels[k] != v {
			return false
		}
	}
	return len(want) > 0
}
