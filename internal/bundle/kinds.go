package bundle

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Kind is a kind of object as its API serves it.
type Kind struct {
	Group      string   `json:"group,omitempty"` // empty for the core group
	Version    string   `json:"version"`
	Resource   string   `json:"resource"` // plural, as in paths
	Kind       string   `json:"kind"`
	Namespaced bool     `json:"namespaced,omitempty"`
	short      []string // kubectl's abbreviations
	all        bool     // part of "kubectl get all"
	scale      bool     // has the scale subresource
	role       role
}

// role says what a kind is here for.
type role int

const (
	captured  role = iota
	neverKept      // served as empty: clients ask for it, and access to it can be refused
	question       // only created, to ask the server something
)

// kinds is every built-in kind that is captured or served, in the order of the API's paths.
var kinds = []Kind{
	{Version: "v1", Resource: "configmaps", Kind: "ConfigMap", Namespaced: true, short: []string{"cm"}},
	{Version: "v1", Resource: "events", Kind: "Event", Namespaced: true, short: []string{"ev"}},
	{Version: "v1", Resource: "limitranges", Kind: "LimitRange", Namespaced: true, short: []string{"limits"}},
	{Version: "v1", Resource: "namespaces", Kind: "Namespace", short: []string{"ns"}},
	{Version: "v1", Resource: "nodes", Kind: "Node", short: []string{"no"}},
	{Version: "v1", Resource: "persistentvolumeclaims", Kind: "PersistentVolumeClaim", Namespaced: true, short: []string{"pvc"}},
	{Version: "v1", Resource: "persistentvolumes", Kind: "PersistentVolume", short: []string{"pv"}},
	{Version: "v1", Resource: "pods", Kind: "Pod", Namespaced: true, short: []string{"po"}, all: true},
	{Version: "v1", Resource: "replicationcontrollers", Kind: "ReplicationController", Namespaced: true, short: []string{"rc"},
		role: neverKept},
	{Version: "v1", Resource: "resourcequotas", Kind: "ResourceQuota", Namespaced: true, short: []string{"quota"}},
	{Version: "v1", Resource: "secrets", Kind: "Secret", Namespaced: true, role: neverKept},
	{Version: "v1", Resource: "serviceaccounts", Kind: "ServiceAccount", Namespaced: true, short: []string{"sa"}},
	{Version: "v1", Resource: "services", Kind: "Service", Namespaced: true, short: []string{"svc"}, all: true},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingwebhookconfigurations", Kind: "MutatingWebhookConfiguration"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingwebhookconfigurations",
		Kind: "ValidatingWebhookConfiguration"},
	{Group: "apps", Version: "v1", Resource: "controllerrevisions", Kind: "ControllerRevision", Namespaced: true},
	{Group: "apps", Version: "v1", Resource: "daemonsets", Kind: "DaemonSet", Namespaced: true, short: []string{"ds"}, all: true},
	{Group: "apps", Version: "v1", Resource: "deployments", Kind: "Deployment", Namespaced: true, short: []string{"deploy"}, all: true,
		scale: true},
	{Group: "apps", Version: "v1", Resource: "replicasets", Kind: "ReplicaSet", Namespaced: true, short: []string{"rs"}, all: true,
		scale: true},
	{Group: "apps", Version: "v1", Resource: "statefulsets", Kind: "StatefulSet", Namespaced: true, short: []string{"sts"}, all: true,
		scale: true},
	{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers", Kind: "HorizontalPodAutoscaler", Namespaced: true,
		short: []string{"hpa"}, all: true},
	{Group: "batch", Version: "v1", Resource: "cronjobs", Kind: "CronJob", Namespaced: true, short: []string{"cj"}, all: true},
	{Group: "batch", Version: "v1", Resource: "jobs", Kind: "Job", Namespaced: true, all: true},
	{Group: "coordination.k8s.io", Version: "v1", Resource: "leases", Kind: "Lease", Namespaced: true},
	{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices", Kind: "EndpointSlice", Namespaced: true},
	{Group: "networking.k8s.io", Version: "v1", Resource: "ingressclasses", Kind: "IngressClass"},
	{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses", Kind: "Ingress", Namespaced: true, short: []string{"ing"}},
	{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies", Kind: "NetworkPolicy", Namespaced: true,
		short: []string{"netpol"}},
	{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets", Kind: "PodDisruptionBudget", Namespaced: true, short: []string{"pdb"}},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings", Kind: "ClusterRoleBinding"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles", Kind: "ClusterRole"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings", Kind: "RoleBinding", Namespaced: true},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles", Kind: "Role", Namespaced: true},
	{Group: "scheduling.k8s.io", Version: "v1", Resource: "priorityclasses", Kind: "PriorityClass", short: []string{"pc"}},
	{Group: "storage.k8s.io", Version: "v1", Resource: "storageclasses", Kind: "StorageClass", short: []string{"sc"}},
	{Group: "storage.k8s.io", Version: "v1", Resource: "volumeattachments", Kind: "VolumeAttachment"},
}

// CapturedKinds returns the kinds that Capture asks a cluster for. What a reader's role must be allowed to list follows from it.
func CapturedKinds() []Kind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k Kind) bool { return k.role == neverKept })
}

// GVR returns the kind's group, version and resource.
func (k Kind) GVR() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: k.Group, Version: k.Version, Resource: k.Resource}
}

// GVK returns the kind's group, version and kind.
func (k Kind) GVK() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind}
}

// String is the resource as kubectl writes it: "deployments.apps".
func (k Kind) String() string { return k.GVR().GroupResource().String() }

func (k Kind) resource() incident.Resource { return incident.Resource(k.String()) }

func (k Kind) singular() string { return strings.ToLower(k.Kind) }

// isSecret reports whether a resource holds Secrets, whatever its version.
func isSecret(gvr schema.GroupVersionResource) bool {
	return gvr.Group == "" && gvr.Resource == "secrets"
}
