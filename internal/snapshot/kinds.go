package snapshot

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Kind is one kind that a Snapshot holds.
type Kind struct {
	schema.GroupVersionResource
	Name       string // the kind's name, such as "Pod"
	Namespaced bool
	New        func() runtime.Object             // an empty object to decode into
	NewList    func() runtime.Object             // an empty list to decode into
	Put        func(*Snapshot, any)              // puts a copy of one object of New's type into the Snapshot; what it holds is shared
	Take       func(*Snapshot, runtime.Object)   // moves the list's items into the Snapshot
	Add        func(*Snapshot, func(any) error)  // decodes one object into the Snapshot, by the function given
	Objects    func(*Snapshot) []incident.Object // what the Snapshot holds of it
	Each       func(*Snapshot, func(metav1.Object))
	// Keep leaves of it in the Snapshot what lies in the namespaces that are to be kept; a list that another Snapshot shares stays as it is.
	Keep func(s *Snapshot, keep func(namespace string) bool)
}

// Kinds is every kind that a Snapshot holds. Reading from a cluster, from a bundle and from manifests, and the rights that the bot
// needs, all follow from it.
var Kinds = []Kind{
	kindOf(corev1.SchemeGroupVersion, "pods", "Pod", true, func(l *corev1.PodList) []corev1.Pod { return l.Items },
		func(s *Snapshot) *[]corev1.Pod { return &s.Pods }),
	kindOf(corev1.SchemeGroupVersion, "nodes", "Node", false, func(l *corev1.NodeList) []corev1.Node { return l.Items },
		func(s *Snapshot) *[]corev1.Node { return &s.Nodes }),
	kindOf(corev1.SchemeGroupVersion, "events", "Event", true, func(l *corev1.EventList) []corev1.Event { return l.Items },
		func(s *Snapshot) *[]corev1.Event { return &s.Events }),
	kindOf(corev1.SchemeGroupVersion, "services", "Service", true, func(l *corev1.ServiceList) []corev1.Service { return l.Items },
		func(s *Snapshot) *[]corev1.Service { return &s.Services }),
	kindOf(corev1.SchemeGroupVersion, "persistentvolumeclaims", "PersistentVolumeClaim", true,
		func(l *corev1.PersistentVolumeClaimList) []corev1.PersistentVolumeClaim { return l.Items },
		func(s *Snapshot) *[]corev1.PersistentVolumeClaim { return &s.PersistentVolumeClaims }),
	kindOf(corev1.SchemeGroupVersion, "persistentvolumes", "PersistentVolume", false,
		func(l *corev1.PersistentVolumeList) []corev1.PersistentVolume { return l.Items },
		func(s *Snapshot) *[]corev1.PersistentVolume { return &s.PersistentVolumes }),
	kindOf(corev1.SchemeGroupVersion, "namespaces", "Namespace", false, func(l *corev1.NamespaceList) []corev1.Namespace { return l.Items },
		func(s *Snapshot) *[]corev1.Namespace { return &s.Namespaces }),
	kindOf(corev1.SchemeGroupVersion, "serviceaccounts", "ServiceAccount", true,
		func(l *corev1.ServiceAccountList) []corev1.ServiceAccount { return l.Items },
		func(s *Snapshot) *[]corev1.ServiceAccount { return &s.ServiceAccounts }),
	kindOf(corev1.SchemeGroupVersion, "configmaps", "ConfigMap", true, func(l *corev1.ConfigMapList) []corev1.ConfigMap { return l.Items },
		func(s *Snapshot) *[]corev1.ConfigMap { return &s.ConfigMaps }),
	kindOf(corev1.SchemeGroupVersion, "resourcequotas", "ResourceQuota", true,
		func(l *corev1.ResourceQuotaList) []corev1.ResourceQuota { return l.Items },
		func(s *Snapshot) *[]corev1.ResourceQuota { return &s.ResourceQuotas }),
	kindOf(corev1.SchemeGroupVersion, "limitranges", "LimitRange", true, func(l *corev1.LimitRangeList) []corev1.LimitRange { return l.Items },
		func(s *Snapshot) *[]corev1.LimitRange { return &s.LimitRanges }),
	kindOf(appsv1.SchemeGroupVersion, "deployments", "Deployment", true, func(l *appsv1.DeploymentList) []appsv1.Deployment { return l.Items },
		func(s *Snapshot) *[]appsv1.Deployment { return &s.Deployments }),
	kindOf(appsv1.SchemeGroupVersion, "replicasets", "ReplicaSet", true, func(l *appsv1.ReplicaSetList) []appsv1.ReplicaSet { return l.Items },
		func(s *Snapshot) *[]appsv1.ReplicaSet { return &s.ReplicaSets }),
	kindOf(appsv1.SchemeGroupVersion, "statefulsets", "StatefulSet", true,
		func(l *appsv1.StatefulSetList) []appsv1.StatefulSet { return l.Items },
		func(s *Snapshot) *[]appsv1.StatefulSet { return &s.StatefulSets }),
	kindOf(appsv1.SchemeGroupVersion, "daemonsets", "DaemonSet", true, func(l *appsv1.DaemonSetList) []appsv1.DaemonSet { return l.Items },
		func(s *Snapshot) *[]appsv1.DaemonSet { return &s.DaemonSets }),
	kindOf(batchv1.SchemeGroupVersion, "jobs", "Job", true, func(l *batchv1.JobList) []batchv1.Job { return l.Items },
		func(s *Snapshot) *[]batchv1.Job { return &s.Jobs }),
	kindOf(batchv1.SchemeGroupVersion, "cronjobs", "CronJob", true, func(l *batchv1.CronJobList) []batchv1.CronJob { return l.Items },
		func(s *Snapshot) *[]batchv1.CronJob { return &s.CronJobs }),
	kindOf(discoveryv1.SchemeGroupVersion, "endpointslices", "EndpointSlice", true,
		func(l *discoveryv1.EndpointSliceList) []discoveryv1.EndpointSlice { return l.Items },
		func(s *Snapshot) *[]discoveryv1.EndpointSlice { return &s.EndpointSlices }),
	kindOf(networkingv1.SchemeGroupVersion, "ingresses", "Ingress", true,
		func(l *networkingv1.IngressList) []networkingv1.Ingress { return l.Items },
		func(s *Snapshot) *[]networkingv1.Ingress { return &s.Ingresses }),
	kindOf(networkingv1.SchemeGroupVersion, "networkpolicies", "NetworkPolicy", true,
		func(l *networkingv1.NetworkPolicyList) []networkingv1.NetworkPolicy { return l.Items },
		func(s *Snapshot) *[]networkingv1.NetworkPolicy { return &s.NetworkPolicies }),
	kindOf(autoscalingv2.SchemeGroupVersion, "horizontalpodautoscalers", "HorizontalPodAutoscaler", true,
		func(l *autoscalingv2.HorizontalPodAutoscalerList) []autoscalingv2.HorizontalPodAutoscaler {
			return l.Items
		}, func(s *Snapshot) *[]autoscalingv2.HorizontalPodAutoscaler { return &s.HPAs }),
	kindOf(policyv1.SchemeGroupVersion, "poddisruptionbudgets", "PodDisruptionBudget", true,
		func(l *policyv1.PodDisruptionBudgetList) []policyv1.PodDisruptionBudget { return l.Items },
		func(s *Snapshot) *[]policyv1.PodDisruptionBudget { return &s.PDBs }),
	kindOf(storagev1.SchemeGroupVersion, "storageclasses", "StorageClass", false,
		func(l *storagev1.StorageClassList) []storagev1.StorageClass { return l.Items },
		func(s *Snapshot) *[]storagev1.StorageClass { return &s.StorageClasses }),
	kindOf(coordinationv1.SchemeGroupVersion, "leases", "Lease", true,
		func(l *coordinationv1.LeaseList) []coordinationv1.Lease { return l.Items },
		func(s *Snapshot) *[]coordinationv1.Lease { return &s.Leases }),
	kindOf(admissionv1.SchemeGroupVersion, "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false,
		func(l *admissionv1.ValidatingWebhookConfigurationList) []admissionv1.ValidatingWebhookConfiguration {
			return l.Items
		}, func(s *Snapshot) *[]admissionv1.ValidatingWebhookConfiguration { return &s.ValidatingWebhooks }),
	kindOf(admissionv1.SchemeGroupVersion, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", false,
		func(l *admissionv1.MutatingWebhookConfigurationList) []admissionv1.MutatingWebhookConfiguration {
			return l.Items
		}, func(s *Snapshot) *[]admissionv1.MutatingWebhookConfiguration { return &s.MutatingWebhooks }),
	kindOf(appsv1.SchemeGroupVersion, "controllerrevisions", "ControllerRevision", true,
		func(l *appsv1.ControllerRevisionList) []appsv1.ControllerRevision { return l.Items },
		func(s *Snapshot) *[]appsv1.ControllerRevision { return &s.ControllerRevisions }),
	kindOf(networkingv1.SchemeGroupVersion, "ingressclasses", "IngressClass", false,
		func(l *networkingv1.IngressClassList) []networkingv1.IngressClass { return l.Items },
		func(s *Snapshot) *[]networkingv1.IngressClass { return &s.IngressClasses }),
	kindOf(storagev1.SchemeGroupVersion, "volumeattachments", "VolumeAttachment", false,
		func(l *storagev1.VolumeAttachmentList) []storagev1.VolumeAttachment { return l.Items },
		func(s *Snapshot) *[]storagev1.VolumeAttachment { return &s.VolumeAttachments }),
	kindOf(rbacv1.SchemeGroupVersion, "roles", "Role", true, func(l *rbacv1.RoleList) []rbacv1.Role { return l.Items },
		func(s *Snapshot) *[]rbacv1.Role { return &s.Roles }),
	kindOf(rbacv1.SchemeGroupVersion, "rolebindings", "RoleBinding", true,
		func(l *rbacv1.RoleBindingList) []rbacv1.RoleBinding { return l.Items },
		func(s *Snapshot) *[]rbacv1.RoleBinding { return &s.RoleBindings }),
	kindOf(rbacv1.SchemeGroupVersion, "clusterroles", "ClusterRole", false,
		func(l *rbacv1.ClusterRoleList) []rbacv1.ClusterRole { return l.Items },
		func(s *Snapshot) *[]rbacv1.ClusterRole { return &s.ClusterRoles }),
	kindOf(rbacv1.SchemeGroupVersion, "clusterrolebindings", "ClusterRoleBinding", false,
		func(l *rbacv1.ClusterRoleBindingList) []rbacv1.ClusterRoleBinding { return l.Items },
		func(s *Snapshot) *[]rbacv1.ClusterRoleBinding { return &s.ClusterRoleBindings }),
}

// kindOf ties a list type L with items of type T to the Snapshot's field.
func kindOf[T any, L any, PL interface {
	*L
	runtime.Object
}](gv schema.GroupVersion, resource, name string, namespaced bool, items func(PL) []T, field func(*Snapshot) *[]T) Kind {
	return Kind{
		GroupVersionResource: gv.WithResource(resource), Name: name, Namespaced: namespaced,
		New:     func() runtime.Object { return any(new(T)).(runtime.Object) },
		NewList: func() runtime.Object { return PL(new(L)) },
		Put:     func(s *Snapshot, object any) { *field(s) = append(*field(s), *object.(*T)) },
		Take: func(s *Snapshot, l runtime.Object) {
			list := items(l.(PL))
			for i := range list {
				Slim(&list[i])
			}
			*field(s) = append(*field(s), list...)
		},
		Add: func(s *Snapshot, decode func(any) error) {
			var t T
			if decode(&t) == nil {
				Slim(&t)
				*field(s) = append(*field(s), t)
			}
		},
		Objects: func(s *Snapshot) []incident.Object {
			out := make([]incident.Object, 0, len(*field(s)))
			each(*field(s), func(m metav1.Object) { out = append(out, ObjectOf(name, m.GetNamespace(), m.GetName())) })
			return out
		},
		Each: func(s *Snapshot, visit func(metav1.Object)) { each(*field(s), visit) },
		Keep: func(s *Snapshot, keep func(string) bool) {
			*field(s) = kept(*field(s), func(t *T) bool {
				m, err := meta.Accessor(t)
				return err == nil && keep(m.GetNamespace())
			})
		},
	}
}

// Slim reduces managedFields to who, how and when; the field sets are most of an object's size and no check reads them.
func Slim(object any) {
	m, err := meta.Accessor(object)
	if err != nil {
		return
	}
	fields := m.GetManagedFields()
	for i := range fields {
		fields[i] = metav1.ManagedFieldsEntry{Manager: fields[i].Manager, Operation: fields[i].Operation, Time: fields[i].Time,
			Subresource: fields[i].Subresource}
	}
	m.SetManagedFields(fields) // a typed object shares the slice; an unstructured one gave a copy
}

// Changed says when an object was last written, and by which field manager, as its managed fields have it. What is written through a
// subresource (status, scale) does not count. Zero and "" if no manager gives a time.
func Changed(o metav1.Object) (at time.Time, manager string) {
	for _, f := range o.GetManagedFields() {
		if f.Subresource == "" && f.Time != nil && f.Time.After(at) {
			at, manager = f.Time.Time, f.Manager
		}
	}
	return at, manager
}
