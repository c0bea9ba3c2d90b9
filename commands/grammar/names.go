package grammar

import (
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	mostNames    = 50000 // that are known
	mostAlike    = 20000 // that are compared with what may be misspelt
	mostNearest  = 3
	mostMisspelt = 6 // words that are taken for misspelt names
)

// bare are the kinds that people mean by a name alone, in order.
var bare = []string{"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod", "Service", "Ingress", "Node",
	"PersistentVolumeClaim",
	"HorizontalPodAutoscaler"}

// Names are the namespaces and objects that may be named. Make them with [NewNames]; they are safe for concurrent use. Nil: none is known.
type Names struct {
	namespaces map[string]bool
	objects    map[string][]incident.Object // by name, in small letters
	alike      []string                     // names that may be misspelt: those of pods are not typed
	// May says whether who asks may know of the object; nil: they may of all.
	may func(incident.Object) bool
}

// NewNames takes in what there is: objects, among them Namespaces. may says of each that is about to be read, or named, whether who asks
// may know of it; nil: they may.
func NewNames(all []incident.Object, may func(incident.Object) bool) *Names {
	n := &Names{namespaces: map[string]bool{}, objects: map[string][]incident.Object{}, may: may}
	alike := map[string]bool{}
	for _, o := range all[:min(len(all), mostNames)] {
		name := strings.ToLower(o.Name)
		if o.Kind == "Namespace" {
			n.namespaces[name] = true
			alike[name] = true
			continue
		}
		if o.Namespace != "" {
			n.namespaces[o.Namespace] = true
			alike[o.Namespace] = true
		}
		if !slices.Contains(bare, o.Kind) {
			continue
		}
		n.objects[name] = append(n.objects[name], o)
		if o.Kind != "Pod" {
			alike[name] = true
		}
	}
	for name := range alike {
		n.alike = append(n.alike, name)
	}
	slices.Sort(n.alike)
	n.alike = n.alike[:min(len(n.alike), mostAlike)]
	return n
}

// allowed says whether who asks may know of an object.
func (n *Names) allowed(o incident.Object) bool { return n.may == nil || n.may(o) }

// namespace says whether there is one of the name that who asks may know of.
func (n *Names) namespace(name string) bool {
	return n != nil && n.namespaces[name] && n.allowed(incident.Object{Kind: "Namespace", Name: name})
}

// bearing are the objects of the name: of the kinds and in the namespace, where those are said.
func (n *Names) bearing(name, namespace string, of []string) []incident.Object {
	if n == nil {
		return nil
	}
	var out []incident.Object
	for _, o := range n.objects[name] {
		if namespace == "" || o.Namespace == namespace || o.Namespace == "" {
			out = append(out, o)
		}
		if len(out) == 100 {
			break
		}
	}
	if kept := slices.DeleteFunc(slices.Clone(out), func(o incident.Object) bool { return !slices.Contains(of, o.Kind) }); len(kept) > 0 {
		out = kept
	}
	out = slices.DeleteFunc(out, func(o incident.Object) bool { return !n.allowed(o) })
	slices.SortStableFunc(out, func(a, b incident.Object) int {
		if d := slices.Index(bare, a.Kind) - slices.Index(bare, b.Kind); d != 0 {
			return d
		}
		return a.Compare(b)
	})
	return out
}

// known says whether anything bears the name.
func (n *Names) known(name string) bool {
	return n.namespace(name) || len(n.bearing(name, "", nil)) > 0
}

// misspelt are the names that a word may have been meant to be, the nearest first: all with the fewest slips.
func (n *Names) misspelt(word string) (names []string, slips int) {
	if n == nil {
		return nil, 0
	}
	least := 3
	for _, name := range n.alike {
		d, ok := near(word, name)
		if !ok || d > least || !n.known(name) {
			continue
		}
		if d < least {
			names, least = nil, d
		}
		names = append(names, name)
	}
	return names[:min(len(names), mostNearest)], least
}

// typed is the object as it would be typed behind "why".
func typed(o incident.Object) []string {
	words := []string{strings.ToLower(o.Kind) + "/" + o.Name}
	if o.Namespace != "" {
		words = append(words, "-n", o.Namespace)
	}
	return words
}

// naming is how the objects that bear one name are named: one of them, by its kind; several in one namespace by the name alone.
func naming(all []incident.Object) []string {
	first := all[0]
	work := slices.Index(bare, first.Kind) < slices.Index(bare, "Pod") // a Service of the same name is asked about with its workload
	places := map[string]bool{}
	for _, o := range all {
		places[o.Namespace] = true
	}
	switch {
	case len(all) == 1 || work && len(places) == 1:
		return typed(first)
	case len(places) == 1 && first.Namespace != "":
		return []string{first.Name, "-n", first.Namespace}
	}
	return []string{first.Name}
}
