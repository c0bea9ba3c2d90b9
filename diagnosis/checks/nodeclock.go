package checks

import (
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// leases are when nodes last renewed theirs. The newest renewal of any lease is taken for the cluster's own clock, so that a clock
// that differs from ours, or a cluster at rest in a file, makes no node look silent.
type leases struct {
	renewed map[string]time.Time // by the node's clock
	written map[string]time.Time // by the API server's clock, in whole seconds
	newest  time.Time
}

// nodeLeases reads the leases of the nodes.
func nodeLeases(s *snapshot.Snapshot) leases {
	l := leases{renewed: map[string]time.Time{}, written: map[string]time.Time{}}
	for i := range s.Leases {
		lease := &s.Leases[i]
		if lease.Spec.RenewTime == nil {
			continue
		}
		if t := lease.Spec.RenewTime.Time; t.After(l.newest) && !t.After(s.At) {
			l.newest = t
		}
		if lease.Namespace == corev1.NamespaceNodeLease {
			l.renewed[lease.Name] = lease.Spec.RenewTime.Time
			l.written[lease.Name] = writtenAt(lease)
		}
	}
	return l
}

// writtenAt is when the API server took the lease's last change; it notes that with whoever made it.
func writtenAt(lease *coordinationv1.Lease) time.Time {
	var t time.Time
	for i := range lease.ManagedFields {
		if at := lease.ManagedFields[i].Time; at != nil && at.After(t) {
			t = at.Time
		}
	}
	return t
}

// silence is how long a node has not renewed its lease, by the kinder of the two clocks.
func (l leases) silence(node string) time.Duration {
	if t, ok := l.renewed[node]; ok {
		if w := l.written[node]; w.After(t) {
			t = w
		}
		return l.newest.Sub(t)
	}
	return 0
}

// wrongClock is how far a node's clock may be from the API server's. A request takes seconds at worst; five minutes is where Kerberos
// and many tokens give up.
const wrongClock = 30 * time.Second

// reportSkew compares the node's clock with the API server's in the one moment that both noted: the lease's renewal. A renewal that both
// noted in the past, the node's the later, can be a cluster that is kept alive out of a file, and proves nothing.
func (l leases) reportSkew(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node) {
	node, server := l.renewed[n.Name], l.written[n.Name]
	if node.IsZero() || server.IsZero() {
		return
	}
	skew, way := node.Sub(server), "ahead of"
	switch {
	case skew > wrongClock && node.Sub(s.At) > wrongClock && server.Sub(s.At) < wrongClock:
	case -skew > wrongClock:
		skew, way = -skew, "behind"
	default:
		return
	}
	f := r.Find(NodeClockSkew, nodeObject(n), fmt.Sprintf("The clock of node %s is %s %s the API server's", n.Name, finding.Duration(skew), way)).On(n)
	f.Cite(finding.SeenAPI(snapshot.ObjectOf("Lease", corev1.NamespaceNodeLease, n.Name), "spec.renewTime", server,
		fmt.Sprintf("the kubelet wrote %s when the API server's clock said %s", node.UTC().Format(time.RFC3339), server.UTC().Format(time.RFC3339))))
	for i := range s.Hosts {
		if h := &s.Hosts[i]; h.Node == n.Name && h.ClockSync != "" {
			f.Cite(hostEvidence(h, "clock", time.Time{}, h.ClockSync))
		}
	}
}
