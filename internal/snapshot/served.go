package snapshot

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Served is where an API server serves the objects of a kind.
type Served struct {
	schema.GroupVersionResource
	Namespaced bool
}

// servedBesides are the kinds that recovery reads, makes, changes or removes, and that a Snapshot holds as custom ones or not at all:
// those of Kubernetes itself, and those of Argo CD and Flux that say where an object comes from.
var servedBesides = map[string]Served{
	"Application":   {schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}, true},
	"Kustomization": {schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}, true},
	"HelmRelease":   {schema.GroupVersionResource{Group: "helm.toolkit.fluxcd.io", Version: "v2", Resource: "helmreleases"}, true},
	"GitRepository": {schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories"}, true},
	"APIService":    {schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}, false},
}

// ServedAs finds where a kind is served that recovery knows, by its exact name, such as "Deployment"; false for a kind that is not known
// here.
func ServedAs(kind string) (Served, bool) {
	for _, k := range Kinds {
		if k.Name == kind {
			return Served{k.GroupVersionResource, k.Namespaced}, true
		}
	}
	s, ok := servedBesides[kind]
	return s, ok
}

// ServedKinds are the names of all kinds that [ServedAs] finds.
func ServedKinds() []string {
	names := slices.Collect(maps.Keys(servedBesides))
	for _, k := range Kinds {
		names = append(names, k.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
