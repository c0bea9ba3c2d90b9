package snapshot

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// EveryResource stands for all resources of all groups: who may list it may list what is in no namespace and in no list of this program.
const EveryResource incident.Resource = "*.*"

// Reach is what of a cluster somebody may see.
type Reach struct {
	As         string                     // the Kubernetes user, for people
	Namespaces map[string]bool            // whose pods and logs may be read: with them all that lies there, Secrets excepted
	Secrets    map[string]bool            // namespaces whose Secrets may be listed
	Lists      map[incident.Resource]bool // cluster-scoped resources that may be listed
}

// Places are the namespaces of which anything was seen, by name.
func (s *Snapshot) Places() []string {
	seen := map[string]bool{}
	for i := range s.Namespaces {
		seen[s.Namespaces[i].Name] = true
	}
	for _, k := range Kinds {
		if k.Namespaced {
			for _, o := range k.Objects(s) {
				seen[o.Namespace] = true
			}
		}
	}
	for i := range s.Customs {
		seen[s.Customs[i].GetNamespace()] = true
	}
	for _, x := range s.Secrets {
		seen[x.Namespace] = true
	}
	delete(seen, "")
	return slices.Sorted(maps.Keys(seen))
}

// ClusterScoped are the resources whose objects lie in no namespace.
func ClusterScoped() []Kind {
	return slices.DeleteFunc(slices.Clone(Kinds), func(k Kind) bool { return k.Namespaced })
}

// Within is the cluster as those see it who have that reach, indexed: as if what they may not read had not been read. What follows from it
// can therefore tell them nothing of the rest, and does not take it for absent: NotSeen says what is left out.
func (s *Snapshot) Within(r Reach) *Snapshot {
	t := *s
	t.NotSeen = slices.DeleteFunc(slices.Clone(s.NotSeen), func(n incident.NotSeen) bool { return !r.mayRead(n.Where) })
	places := s.Places()
	hidden := slices.DeleteFunc(slices.Clone(places), func(n string) bool { return r.Namespaces[n] })
	if len(hidden) > 0 {
		t.namespacesWithin(r, len(hidden))
	}
	if s.SecretsSeen && slices.ContainsFunc(places, func(n string) bool { return !r.Secrets[n] }) {
		t.SecretsSeen = false
		t.NotSeen = append(t.NotSeen, incident.NotSeen{What: "Secrets", Why: r.why("list them everywhere"), Forbidden: true,
			Resources: []incident.Resource{incident.Secrets},
			Besides:   slices.Sorted(maps.Keys(r.Secrets))})
	}
	t.Secrets = kept(s.Secrets, func(x *Secret) bool { return r.Namespaces[x.Namespace] && r.Secrets[x.Namespace] })
	t.kindsWithin(r)
	t.Index()
	return &t
}

// namespacesWithin leaves out what lies in namespaces beyond the reach, of which there are so many.
func (s *Snapshot) namespacesWithin(r Reach, hidden int) {
	resources := []incident.Resource{incident.PodLogs, incident.CustomResources}
	for _, k := range Kinds {
		if k.Namespaced {
			k.Keep(s, func(namespace string) bool { return r.Namespaces[namespace] })
			resources = append(resources, ResourceOf(k.GroupResource()))
		}
	}
	s.Logs = kept(s.Logs, func(l *Log) bool { return r.Namespaces[l.Namespace] })
	s.Customs = kept(s.Customs, func(o *unstructured.Unstructured) bool {
		return o.GetNamespace() == "" || r.Namespaces[o.GetNamespace()]
	})
	s.Failures = nil
	if !r.Namespaces["kube-system"] {
		s.Lookups = nil // of the cluster's DNS
	}
	s.Dials, s.Metrics = nil, nil // they are taken anew for what is seen
	what := "1 namespace"
	if hidden != 1 {
		what = fmt.Sprintf("%d namespaces", hidden)
	}
	s.NotSeen = append(s.NotSeen, incident.NotSeen{What: what, Why: r.why("read pods and logs there"), Resources: resources,
		Besides: slices.Sorted(maps.Keys(r.Namespaces)), Forbidden: true})
}

// kindsWithin leaves out objects of no namespace that may not be listed. What lies on a node goes with the nodes.
func (s *Snapshot) kindsWithin(r Reach) {
	if scoped := kept(s.Customs, func(o *unstructured.Unstructured) bool { return o.GetNamespace() != "" }); !r.Lists[EveryResource] &&
		len(scoped) < len(s.Customs) {
		s.Customs = scoped
		s.NotSeen = append(s.NotSeen, incident.NotSeen{What: "custom resources of no namespace", Why: r.why("list every resource"),
			Resources: []incident.Resource{incident.CustomResources},
			Besides:   s.Places(), Forbidden: true})
	}
	var names []string
	note := incident.NotSeen{Why: r.why("list them"), Forbidden: true}
	for _, k := range ClusterScoped() {
		of := ResourceOf(k.GroupResource())
		if r.Lists[of] {
			continue
		}
		k.Keep(s, func(string) bool { return false })
		names, note.Resources = append(names, k.Resource), append(note.Resources, of)
		if k.Name == "Node" {
			s.Hosts, note.Resources = nil, append(note.Resources, incident.HostFiles)
		}
	}
	if len(names) > 0 {
		note.What = strings.Join(names, ", ")
		s.NotSeen = append(s.NotSeen, note)
	}
}

func (r Reach) why(do string) string {
	return fmt.Sprintf("you, as %s, may not %s", cmp.Or(r.As, "nobody"), do)
}

// mayRead says whether a note about something may be told.
func (r Reach) mayRead(o incident.Object) bool {
	switch o.Kind {
	case "Namespace":
		return r.Namespaces[o.Name]
	case "Node":
		return r.Lists["nodes"]
	}
	return o.Namespace == "" || r.Namespaces[o.Namespace]
}

func kept[T any](list []T, keep func(*T) bool) []T {
	var out []T
	for i := range list {
		if keep(&list[i]) {
			out = append(out, list[i])
		}
	}
	return out
}
