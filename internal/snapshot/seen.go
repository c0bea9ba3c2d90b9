package snapshot

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// NoHosts is what is not seen where there is no host to look at, as for most who look at a cluster from outside it.
var NoHosts = incident.NotSeen{What: "files on the nodes",
	Why:       "Paramedic is not set up to read them, and goes by what the API says of nodes",
	Resources: []incident.Resource{incident.HostFiles}}

// WithoutHosts is the same cluster as who looks at it without a host root sees it, indexed.
func (s *Snapshot) WithoutHosts() *Snapshot {
	t := *s
	t.Hosts, t.NotSeen = nil, append(slices.Clone(s.NotSeen), NoHosts)
	t.Index()
	return &t
}

// ResourceOf names a resource of the Kubernetes API.
func ResourceOf(r schema.GroupResource) incident.Resource { return incident.Resource(r.String()) }

// ResourceOfKind names the resource of a kind that a Snapshot holds; "" of any other.
func ResourceOfKind(kind string) incident.Resource {
	if i := slices.IndexFunc(Kinds, func(k Kind) bool { return k.Name == kind }); i >= 0 {
		return ResourceOf(Kinds[i].GroupResource())
	}
	return ""
}

// NotSeenIn says whether objects of the resource in the namespace can be missing from the Snapshot, so that their absence proves nothing.
// An empty namespace asks for all that there are, in every namespace or in none. It goes by what the notes are about, never by their words.
func (s *Snapshot) NotSeenIn(r incident.Resource, namespace string) bool {
	if namespace != "" && s.Namespace != "" && namespace != s.Namespace && isNamespaced(r) {
		return true
	}
	_, group := r.Of()
	return slices.ContainsFunc(s.NotSeen, func(n incident.NotSeen) bool {
		return (n.Names(r) || IsCustomGroup(group) && n.Names(incident.CustomResources)) && !n.Elsewhere(namespace)
	})
}

// SeenWhole says whether all objects of the resources were seen: in the namespace, or everywhere where it is empty.
func (s *Snapshot) SeenWhole(namespace string, resources ...incident.Resource) bool {
	return !slices.ContainsFunc(resources, func(r incident.Resource) bool {
		return s.NotSeenIn(r, namespace) || namespace == "" && s.Namespace != "" && isNamespaced(r)
	})
}

// isNamespaced says whether objects of a resource lie in namespaces. Custom resources are taken to; what is no resource of the API does
// not.
func isNamespaced(r incident.Resource) bool {
	if i := slices.IndexFunc(Kinds, func(k Kind) bool { return ResourceOf(k.GroupResource()) == r }); i >= 0 {
		return Kinds[i].Namespaced
	}
	_, group := r.Of()
	return IsCustomGroup(group) || r == incident.PodLogs || r == incident.Secrets
}
