package snapshot

import (
	"time"

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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Snapshot is a cluster at one moment. Call Index once the fields are filled.
type Snapshot struct {
	At        time.Time
	Cluster   string // a name for people; empty when nobody gave one
	Namespace string // looked at only this one; empty: all

	Nodes                  []corev1.Node
	Pods                   []corev1.Pod
	Events                 []corev1.Event
	Services               []corev1.Service
	PersistentVolumeClaims []corev1.PersistentVolumeClaim
	PersistentVolumes      []corev1.PersistentVolume
	Namespaces             []corev1.Namespace
	ServiceAccounts        []corev1.ServiceAccount
	ConfigMaps             []corev1.ConfigMap
	ResourceQuotas         []corev1.ResourceQuota
	LimitRanges            []corev1.LimitRange
	Deployments            []appsv1.Deployment
	ReplicaSets            []appsv1.ReplicaSet
	StatefulSets           []appsv1.StatefulSet
	DaemonSets             []appsv1.DaemonSet
	Jobs                   []batchv1.Job
	CronJobs               []batchv1.CronJob
	EndpointSlices         []discoveryv1.EndpointSlice
	Ingresses              []networkingv1.Ingress
	NetworkPolicies        []networkingv1.NetworkPolicy
	HPAs                   []autoscalingv2.HorizontalPodAutoscaler
	PDBs                   []policyv1.PodDisruptionBudget
	StorageClasses         []storagev1.StorageClass
	Leases                 []coordinationv1.Lease
	ValidatingWebhooks     []admissionv1.ValidatingWebhookConfiguration
	MutatingWebhooks       []admissionv1.MutatingWebhookConfiguration
	ControllerRevisions    []appsv1.ControllerRevision
	IngressClasses         []networkingv1.IngressClass
	VolumeAttachments      []storagev1.VolumeAttachment
	Roles                  []rbacv1.Role
	RoleBindings           []rbacv1.RoleBinding
	ClusterRoles           []rbacv1.ClusterRole
	ClusterRoleBindings    []rbacv1.ClusterRoleBinding

	// Customs are objects of kinds that Kubernetes' own API packages do not know: APIServices, the Gateway API, and every custom
	// resource; see [SlimCustom] for what is kept of them.
	Customs []unstructured.Unstructured

	ServerVersion string // of the API server, such as "v1.36.3"; empty: not asked

	Logs    []Log
	Hosts   []Host
	Lookups []Lookup
	Dials   []Dial
	Metrics []Metric
	Health  []Health
	Away    *Away // set where nothing could be read, for the API server does not answer
	NotSeen []incident.NotSeen

	// Failures are the parts of the look that failed; NotSeen says so too.
	Failures []incident.Failure

	// Secrets is what may be known of Secrets, never a value. SecretsSeen says that it is complete: reading it is opt-in, and without it
	// absence proves nothing.
	Secrets     []Secret
	SecretsSeen bool

	index index
}

// Log is the tail of one container's log, redacted.
type Log struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	Container string `json:"container"`
	Previous  bool   `json:"previous"` // of the container's instance before the current one
	Text      string `json:"text"`
}

// ObjectOf names an object of a kind.
func ObjectOf(kind, namespace, name string) incident.Object {
	return incident.Object{Kind: kind, Namespace: namespace, Name: name}
}
