package podnetwork

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// NodeProxy says whether a workload is kube-proxy.
func NodeProxy(w incident.Object) bool { return w.Kind == "DaemonSet" && w.Name == "kube-proxy" }

// spares says whether a DaemonSet leaves a node out by design: its affinity is for nodes of another kind (those of serverless pools and
// virtual ones have a way of their own), or its selector is for another system.
func spares(d *appsv1.DaemonSet, n *corev1.Node) bool {
	p := &corev1.Pod{Spec: corev1.PodSpec{Affinity: d.Spec.Template.Spec.Affinity}}
	if fits, err := nodeaffinity.GetRequiredNodeAffinity(p).Match(n); err == nil && !fits {
		return true
	}
	os, asked := d.Spec.Template.Spec.NodeSelector[corev1.LabelOSStable]
	return asked && n.Labels[corev1.LabelOSStable] != "" && n.Labels[corev1.LabelOSStable] != os
}

// checkProxies looks for nodes without kube-proxy, where others have it. Clusters without the DaemonSet have another way.
func checkProxies(s *snapshot.Snapshot, r *finding.Report) {
	for i := range s.DaemonSets {
		d := &s.DaemonSets[i]
		o := snapshot.ObjectOf("DaemonSet", d.Namespace, d.Name)
		if !NodeProxy(o) || finding.NotSeen(s, "pods", d.Namespace) {
			continue
		}
		have := podsByNode(s, d)
		if len(have) == 0 {
			continue // switched off: something else does its work, or it says so by another finding
		}
		for j := range s.Nodes {
			n := &s.Nodes[j]
			if !kube.NodeReady(n) || have[n.Name] != nil || spares(d, n) {
				continue
			}
			f := r.Find(NodeProxyMissing, kube.NodeObject(n), fmt.Sprintf("Node %s has no kube-proxy: addresses of Services lead nowhere from it%s",
				n.Name, whyNot(d, n))).On(n)
			f.Fault = []incident.Object{f.Object, o}
			f.Cite(finding.SeenAPI(o, "status.desiredNumberScheduled", time.Time{},
				fmt.Sprintf("%d of %d nodes, none on %s", d.Status.DesiredNumberScheduled, len(s.Nodes), n.Name))).NotYetWithin(comes(d, n), s.At)
		}
	}
}
