package snapshot

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Named is a kind as people name it.
type Named struct {
	schema.GroupResource        // of a custom kind, the resource is guessed from the kind, as kubectl's libraries do
	Kind                 string // such as "Deployment"
	Namespaced           bool
	Listed               bool // a Snapshot holds its objects; false: Paramedic does not look at them
}

// shortNames are kubectl's abbreviations, by resource (their ShortNames in k8s.io/kubernetes/pkg/registry).
var shortNames = map[string][]string{
	"pods": {"po"}, "nodes": {"no"}, "events": {"ev"}, "services": {"svc"}, "persistentvolumeclaims": {"pvc"}, "persistentvolumes": {"pv"},
	"namespaces": {"ns"}, "serviceaccounts": {"sa"}, "configmaps": {"cm"}, "resourcequotas": {"quota"}, "limitranges": {"limits"},
	"deployments": {"deploy"}, "replicasets": {"rs"}, "statefulsets": {"sts"}, "daemonsets": {"ds"}, "cronjobs": {"cj"},
	"ingresses": {"ing"}, "networkpolicies": {"netpol"}, "horizontalpodautoscalers": {"hpa"}, "poddisruptionbudgets": {"pdb"},
	"storageclasses": {"sc"}, "replicationcontrollers": {"rc"}, "endpoints": {"ep"}, "priorityclasses": {"pc"},
	"customresourcedefinitions": {"crd", "crds"}, "certificatesigningrequests": {"csr"}, "componentstatuses": {"cs"},
}

// unlisted are kinds of Kubernetes itself that a Snapshot does not hold. Secrets it may hold: reading them is opt-in.
var unlisted = []Named{
	{schema.GroupResource{Resource: "secrets"}, "Secret", true, false},
	{schema.GroupResource{Resource: "replicationcontrollers"}, "ReplicationController", true, false},
	{schema.GroupResource{Resource: "endpoints"}, "Endpoints", true, false},
	{schema.GroupResource{Resource: "podtemplates"}, "PodTemplate", true, false},
	{schema.GroupResource{Resource: "componentstatuses"}, "ComponentStatus", false, false},
	{schema.GroupResource{Group: "scheduling.k8s.io", Resource: "priorityclasses"}, "PriorityClass", false, false},
	{schema.GroupResource{Group: "node.k8s.io", Resource: "runtimeclasses"}, "RuntimeClass", false, false},
	{schema.GroupResource{Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"}, "CustomResourceDefinition", false, false},
	{schema.GroupResource{Group: "certificates.k8s.io", Resource: "certificatesigningrequests"}, "CertificateSigningRequest", false, false},
	{schema.GroupResource{Group: "storage.k8s.io", Resource: "csidrivers"}, "CSIDriver", false, false},
	{schema.GroupResource{Group: "storage.k8s.io", Resource: "csinodes"}, "CSINode", false, false},
	{schema.GroupResource{Group: "storage.k8s.io", Resource: "csistoragecapacities"}, "CSIStorageCapacity", true, false},
	{schema.GroupResource{Group: "flowcontrol.apiserver.k8s.io", Resource: "flowschemas"}, "FlowSchema", false, false},
	{schema.GroupResource{Group: "flowcontrol.apiserver.k8s.io", Resource: "prioritylevelconfigurations"}, "PriorityLevelConfiguration", false,
		false},
	{schema.GroupResource{Group: "resource.k8s.io", Resource: "resourceclaims"}, "ResourceClaim", true, false},
	{schema.GroupResource{Group: "resource.k8s.io", Resource: "deviceclasses"}, "DeviceClass", false, false},
}

// KindsNamed are all kinds that have a name here: those of a Snapshot, the custom kinds of which it holds objects, and those of Kubernetes
// that it leaves out.
func (s *Snapshot) KindsNamed() []Named {
	return Once(s, namedKey{}, func() []Named {
		out := make([]Named, 0, len(Kinds)+len(unlisted))
		for _, k := range Kinds {
			out = append(out, Named{k.GroupResource(), k.Name, k.Namespaced, true})
		}
		var custom []Named
		for k, list := range s.index.customs {
			plural, _ := meta.UnsafeGuessKindToResource(k.WithVersion(""))
			custom = append(custom, Named{plural.GroupResource(), k.Kind, list[0].GetNamespace() != "", true})
		}
		slices.SortFunc(custom, func(a, b Named) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind)) })
		for _, k := range unlisted {
			k.Listed = k.Kind == "Secret" && s.SecretsSeen
			custom = append(custom, k)
		}
		return append(out, custom...)
	})
}

type namedKey struct{}

// KindNamed finds the kind that a word names as kubectl would take it, in any case: "deployment", "Deployments", "deploy",
// "deployments.apps", "deployments.v1.apps".
func (s *Snapshot) KindNamed(word string) (Named, bool) {
	name, group, _ := strings.Cut(strings.ToLower(word), ".")
	if version, rest, ok := strings.Cut(group, "."); ok && len(version) > 1 && version[0] == 'v' && version[1] >= '0' && version[1] <= '9' {
		group = rest
	}
	for _, k := range s.KindsNamed() {
		if group != "" && !strings.HasPrefix(k.Group, group) {
			continue
		}
		if name == k.Resource || name == strings.ToLower(k.Kind) || slices.Contains(shortNames[k.Resource], name) {
			return k, true
		}
	}
	return Named{}, false
}

// ObjectsOf are the objects that the Snapshot holds of a kind, by namespace and name.
func (s *Snapshot) ObjectsOf(k Named) []incident.Object {
	if k.Kind == "Secret" && k.Group == "" {
		out := make([]incident.Object, 0, len(s.Secrets))
		for _, o := range s.Secrets {
			out = append(out, ObjectOf(k.Kind, o.Namespace, o.Name))
		}
		return out
	}
	if i := slices.IndexFunc(Kinds, func(o Kind) bool { return o.GroupResource() == k.GroupResource }); i >= 0 {
		return Kinds[i].Objects(s)
	}
	var out []incident.Object
	for _, o := range s.CustomsOf(schema.GroupKind{Group: k.Group, Kind: k.Kind}) {
		out = append(out, CustomObject(o))
	}
	return out
}
