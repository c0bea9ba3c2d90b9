package incident

import (
	"slices"
	"strings"
)

// Resource names what can be looked at: a resource of the Kubernetes API with its group after a dot, as kubectl and RBAC write it ("pods",
// "deployments.apps"), "*.example.com" for every resource of a group, or one of the constants below.
type Resource string

// What can be looked at beside the resources of the Kubernetes API. None of the names can be a resource's: those without a group are the
// core group's, and it has none of these.
const (
	CustomResources Resource = "customresources" // of every group, where not even their kinds are known
	Secrets         Resource = "secrets"         // names, keys and dates
	PodLogs         Resource = "pods/log"
	ServerHealth    Resource = "/readyz"
	ServerVersion   Resource = "/version"
	HostFiles       Resource = "hosts/files" // of nodes: files, settings, disks
	Checks          Resource = "checks"      // what a check of this program would have looked at, had it not failed
)

// Of splits a resource of the Kubernetes API into its name and its group, which is empty for the core group.
func (r Resource) Of() (name, group string) {
	name, group, _ = strings.Cut(string(r), ".")
	return name, group
}

// NotSeen is something that could not be looked at, and why. What and Why are for people alone: programs go by the other fields.
type NotSeen struct {
	What string `json:"what"`
	Why  string `json:"why"`
	// Resources are those of which objects were not seen. Empty in what older versions recorded, and where it hides nothing that is judged
	// by: it is told to people then, and switches nothing off.
	Resources []Resource `json:"resources,omitempty"`
	// Where bounds it to a Namespace, a Node, a Pod or, for [Checks], a Check or a Rule. The zero value: it is so everywhere.
	Where Object `json:"where,omitzero"`
	// Besides are the namespaces in which the resources were seen all the same.
	Besides []string `json:"besides,omitempty"`
	// Count is how many containers' logs it is about, Gone that these are there no more, and Of their pods, one for each container, of the
	// first [MostOf]. All are zero of other things, and where nobody counted.
	Count int      `json:"count,omitempty"`
	Gone  bool     `json:"gone,omitempty"`
	Of    []Object `json:"of,omitempty"`
	// Forbidden says that a right is missing, so that granting it would show what is not seen.
	Forbidden bool `json:"forbidden,omitempty"`
}

// Names says whether the note is about the resource, or about its whole group.
func (n NotSeen) Names(r Resource) bool {
	_, group := r.Of()
	return slices.ContainsFunc(n.Resources, func(x Resource) bool {
		name, of := x.Of()
		return x == r || name == "*" && of == group
	})
}

// Elsewhere says whether the note leaves the namespace alone: it is bounded to another one, or this one was seen all the same. An empty
// namespace stands for all of them, and what is cluster-scoped.
func (n NotSeen) Elsewhere(namespace string) bool {
	switch {
	case namespace == "":
		return false
	case n.Where.Kind == "Namespace":
		return n.Where.Name != namespace
	case n.Where.Namespace != "":
		return n.Where.Namespace != namespace
	}
	return slices.Contains(n.Besides, namespace)
}

// Covers says whether all that o could not see was not seen by n either. Where one of the two was recorded by a version that did not say
// which resource it is about, they have to be told in the same words.
func (n NotSeen) Covers(o NotSeen) bool {
	if len(n.Resources) == 0 || len(o.Resources) == 0 {
		return n.What == o.What
	}
	if !n.Where.IsZero() && n.Where != o.Where || slices.ContainsFunc(n.Besides, func(s string) bool {
		return !slices.Contains(o.Besides,
			s)
	}) {
		return false
	}
	return !slices.ContainsFunc(o.Resources, func(r Resource) bool { return !n.Names(r) })
}

// Compare orders notes by what is told of them, and then by what they are about.
func (n NotSeen) Compare(o NotSeen) int {
	if c := strings.Compare(n.What, o.What); c != 0 {
		return c
	}
	if c := strings.Compare(n.Why, o.Why); c != 0 {
		return c
	}
	if c := n.Where.Compare(o.Where); c != 0 {
		return c
	}
	if c := slices.Compare(n.Resources, o.Resources); c != 0 {
		return c
	}
	return slices.Compare(n.Besides, o.Besides)
}
