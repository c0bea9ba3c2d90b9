package snapshot

import (
	"cmp"
	"sort"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Deployment returns the Deployment of the name, or nil.
func (s *Snapshot) Deployment(namespace, name string) *appsv1.Deployment {
	return named(s.Deployments, namespace, name)
}

// StatefulSet returns the StatefulSet of the name, or nil.
func (s *Snapshot) StatefulSet(namespace, name string) *appsv1.StatefulSet {
	return named(s.StatefulSets, namespace, name)
}

// DaemonSet returns the DaemonSet of the name, or nil.
func (s *Snapshot) DaemonSet(namespace, name string) *appsv1.DaemonSet {
	return named(s.DaemonSets, namespace, name)
}

// PersistentVolumeClaim returns the claim of the name, or nil.
func (s *Snapshot) PersistentVolumeClaim(namespace, name string) *corev1.PersistentVolumeClaim {
	return named(s.PersistentVolumeClaims, namespace, name)
}

// StorageClass returns the class of the name, or nil.
func (s *Snapshot) StorageClass(name string) *storagev1.StorageClass {
	return named(s.StorageClasses, "", name)
}

// Lease returns the Lease of the name, or nil.
func (s *Snapshot) Lease(namespace, name string) *coordinationv1.Lease {
	return named(s.Leases, namespace, name)
}

// ConfigMapsIn names the namespace's ConfigMaps, in order.
func (s *Snapshot) ConfigMapsIn(namespace string) []string {
	var names []string
	i := sort.Search(len(s.ConfigMaps), func(i int) bool { return s.ConfigMaps[i].Namespace >= namespace })
	for ; i < len(s.ConfigMaps) && s.ConfigMaps[i].Namespace == namespace; i++ {
		names = append(names, s.ConfigMaps[i].Name)
	}
	return names
}

// named finds an object in a list that Index has sorted by namespace and name.
func named[T any, P interface {
	*T
	metav1.Object
}](list []T, namespace, name string) *T {
	i := sort.Search(len(list), func(i int) bool {
		o := P(&list[i])
		return cmp.Or(cmp.Compare(o.GetNamespace(), namespace), cmp.Compare(o.GetName(), name)) >= 0
	})
	if i < len(list) && P(&list[i]).GetNamespace() == namespace && P(&list[i]).GetName() == name {
		return &list[i]
	}
	return nil
}

// ReplicaSetsIn returns the namespace's ReplicaSets, by name.
func (s *Snapshot) ReplicaSetsIn(namespace string) []*appsv1.ReplicaSet {
	var out []*appsv1.ReplicaSet
	i := sort.Search(len(s.ReplicaSets), func(i int) bool { return s.ReplicaSets[i].Namespace >= namespace })
	for ; i < len(s.ReplicaSets) && s.ReplicaSets[i].Namespace == namespace; i++ {
		out = append(out, &s.ReplicaSets[i])
	}
	return out
}

// PersistentVolume returns the volume of the name, or nil.
func (s *Snapshot) PersistentVolume(name string) *corev1.PersistentVolume {
	return named(s.PersistentVolumes, "", name)
}

// ServiceAccount returns the account of the name, or nil.
func (s *Snapshot) ServiceAccount(namespace, name string) *corev1.ServiceAccount {
	return named(s.ServiceAccounts, namespace, name)
}

// Role returns the Role of the name, or nil.
func (s *Snapshot) Role(namespace, name string) *rbacv1.Role {
	return named(s.Roles, namespace, name)
}

// ClusterRole returns the ClusterRole of the name, or nil.
func (s *Snapshot) ClusterRole(name string) *rbacv1.ClusterRole {
	return named(s.ClusterRoles, "", name)
}
