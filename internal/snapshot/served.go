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

// servedBesides are kinds of Kubernetes itself that recovery makes, changes or removes, and that a Snapshot holds as custom ones or not at all.
var servedBesides = map[string]Served{
	"APIService": {schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}, false},
}

// ServedAs finds where a kind of Kubernetes itself is served, by its exact name, such as "Deployment"; false for a kind that is not known here.
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
