package checks

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// NodeProxy says whether a workload is kube-proxy.
func NodeProxy(w incident.Object) bool { return w.Kind == "DaemonSet" && w.Name == "kube-proxy" }

// checkProxies looks for nodes without kube-proxy, where others have it. Clusters without the DaemonSet have another way.
func checkProxies(s *snapshot.Snapshot, r *Report) {
	for i := range s.DaemonSets {
		d := &s.DaemonSets[i]
		o := snapshot.ObjectOf("DaemonSet", d.Namespace, d.Name)
		if !NodeProxy(o) || notSeen(s, "pods") {
			continue
		}
		have := podsByNode(s, d)
		if len(have) == 0 {
			continue // switched off: something else does its work, or it says so by another finding
		}
		for j := range s.Nodes {
			n := &s.Nodes[j]
			if c := nodeCondition(n, corev1.NodeReady); c == nil || c.Status != corev1.ConditionTrue || !without(s, d, have, n.Name) {
				continue
			}
			f := r.Find(NodeProxyMissing, nodeObject(n), fmt.Sprintf("Node %s has no kube-proxy: addresses of Services lead nowhere from it%s", n.Name, whyNot(d, n))).on(n)
			f.Fault = []incident.Object{f.Object, o}
			f.See(seenAPI(o, "status.desiredNumberScheduled", time.Time{}, fmt.Sprintf("%d of %d nodes, none on %s", d.Status.DesiredNumberScheduled, len(s.Nodes), n.Name)))
		}
	}
}
