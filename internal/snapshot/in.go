package snapshot

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// In returns what a look at one namespace would have shown: its objects and logs, and everything outside namespaces. It is indexed;
// s stays as it is.
func (s *Snapshot) In(namespace string) *Snapshot {
	n := *s
	n.Namespace = namespace
	n.Pods, n.Events, n.Services = in(s.Pods, namespace), in(s.Events, namespace), in(s.Services, namespace)
	n.PersistentVolumeClaims, n.ServiceAccounts, n.ConfigMaps = in(s.PersistentVolumeClaims, namespace), in(s.ServiceAccounts, namespace), in(s.ConfigMaps, namespace)
	n.ResourceQuotas, n.LimitRanges = in(s.ResourceQuotas, namespace), in(s.LimitRanges, namespace)
	n.Deployments, n.ReplicaSets, n.StatefulSets, n.DaemonSets = in(s.Deployments, namespace), in(s.ReplicaSets, namespace), in(s.StatefulSets, namespace), in(s.DaemonSets, namespace)
	n.Jobs, n.CronJobs, n.EndpointSlices = in(s.Jobs, namespace), in(s.CronJobs, namespace), in(s.EndpointSlices, namespace)
	n.Ingresses, n.NetworkPolicies = in(s.Ingresses, namespace), in(s.NetworkPolicies, namespace)
	n.HPAs, n.PDBs, n.Leases = in(s.HPAs, namespace), in(s.PDBs, namespace), in(s.Leases, namespace)
	n.Logs = slices.DeleteFunc(slices.Clone(s.Logs), func(l Log) bool { return l.Namespace != namespace })
	n.Hosts, n.Lookups, n.NotSeen = slices.Clone(s.Hosts), slices.Clone(s.Lookups), slices.Clone(s.NotSeen)
	n.Index()
	return &n
}

func in[T any, P interface {
	*T
	metav1.Object
}](list []T, namespace string) []T {
	var out []T
	for i := range list {
		if P(&list[i]).GetNamespace() == namespace {
			out = append(out, list[i])
		}
	}
	return out
}
