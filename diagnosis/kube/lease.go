package kube

import (
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Leases are when nodes last renewed theirs. The newest renewal of any lease is taken for the cluster's own clock, so that a clock
// that differs from ours, or a cluster at rest in a file, makes no node look silent. A clock that is ahead of ours by more than a Lease
// lasts is wrong, and counts for no cluster's.
type Leases struct {
	Renewed map[string]time.Time // by the node's clock
	Written map[string]time.Time // by the API server's clock, in whole seconds
	Newest  time.Time
}

// NodeLeases reads the leases of the nodes.
func NodeLeases(s *snapshot.Snapshot) Leases {
	l := Leases{Renewed: map[string]time.Time{}, Written: map[string]time.Time{}}
	for i := range s.Leases {
		lease := &s.Leases[i]
		if lease.Spec.RenewTime == nil {
			continue
		}
		if t := lease.Spec.RenewTime.Time; t.After(l.Newest) && !t.After(s.At.Add(finding.LeaseLasts.For)) {
			l.Newest = t
		}
		if lease.Namespace == corev1.NamespaceNodeLease {
			l.Renewed[lease.Name] = lease.Spec.RenewTime.Time
			l.Written[lease.Name] = writtenAt(lease)
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
