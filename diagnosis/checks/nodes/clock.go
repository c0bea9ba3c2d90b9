package nodes

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// silence is how long a node has not renewed its lease, by the kinder of the two clocks.
func silence(l kube.Leases, node string) time.Duration {
	if t, ok := l.Renewed[node]; ok {
		if w := l.Written[node]; w.After(t) {
			t = w
		}
		return l.Newest.Sub(t)
	}
	return 0
}

// reportSkew compares the node's clock with the API server's in the one moment that both noted: the lease's renewal. A renewal that both
// noted in the past, the node's the later, can be a cluster that is kept alive out of a file, and proves nothing.
func reportSkew(l kube.Leases, s *snapshot.Snapshot, r *finding.Report, n *corev1.Node) {
	node, server := l.Renewed[n.Name], l.Written[n.Name]
	if node.IsZero() || server.IsZero() {
		return
	}
	skew, way, wrongClock := node.Sub(server), "ahead of", finding.WrongClock.For
	switch {
	case skew > wrongClock && node.Sub(s.At) > wrongClock && server.Sub(s.At) < wrongClock:
	case -skew > wrongClock:
		skew, way = -skew, "behind"
	default:
		return
	}
	f := r.Find(NodeClockSkew, kube.NodeObject(n), fmt.Sprintf("The clock of node %s is %s %s the API server's", n.Name,
		finding.Duration(skew), way)).On(n)
	f.Cite(finding.SeenAPI(snapshot.ObjectOf("Lease", corev1.NamespaceNodeLease, n.Name), "spec.renewTime", server,
		fmt.Sprintf("the kubelet wrote %s when the API server's clock said %s", node.UTC().Format(time.RFC3339),
			server.UTC().Format(time.RFC3339))))
	for i := range s.Hosts {
		if h := &s.Hosts[i]; h.Node == n.Name && h.ClockSync != "" {
			f.Cite(hostlog.Seen(h, "clock", time.Time{}, h.ClockSync))
		}
	}
}
