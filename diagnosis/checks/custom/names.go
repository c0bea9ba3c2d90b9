package custom

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CustomNamesNothing is the code of a custom resource that names a class or a label which nothing has.
const CustomNamesNothing = "CustomNamesNothing"

var namesCodes = []finding.Code{
	{Code: CustomNamesNothing, Severity: incident.Warning, Root: true, Detail: Says{},
		Meaning: "A custom resource goes by a class, or by a label of nodes, that nothing in the cluster has.",
		Next:    "Name what there is, or make what is named.",
		Example: "ResourcePool fast goes by StorageClass ssd (spec.storageClassName), which does not exist: there is standard"},
}

// naming is a name of which nothing is there.
type naming struct {
	what, name, field string
	there             []string // what there is of the kind
}

// checkNames reports what custom resources go by that nothing has. That proves nothing, unless somebody's own words of a failure name it.
func checkNames(s *snapshot.Snapshot, r *finding.Report) {
	c := classesOf(s)
	for i := range s.Customs {
		o := &s.Customs[i]
		kind := o.GroupVersionKind().GroupKind()
		if slices.Contains(otherGroups, kind.Group) || o.GetDeletionTimestamp() != nil || switchedOff(o) ||
			len(o.GetOwnerReferences()) > 0 { // its owner handed the name on
			continue
		}
		for _, n := range namingsOf(s, o, c) {
			reportNaming(s, r, o, n)
		}
	}
}

func reportNaming(s *snapshot.Snapshot, r *finding.Report, o *unstructured.Unstructured, n naming) {
	obj := snapshot.CustomObject(o)
	title := fmt.Sprintf("%s goes by %s %s (%s), which does not exist", finding.Short(obj), n.what, n.name, n.field)
	var rests []incident.Resource
	if n.what == nodeLabel {
		rests = []incident.Resource{finding.Nodes}
		title = fmt.Sprintf("%s goes by the label %s of nodes (%s), which no node carries", finding.Short(obj), n.name, n.field)
	}
	if len(n.there) > 0 {
		title += ": there is " + finding.ListWords(n.there, finding.ShownPods)
	}
	f := r.Find(CustomNamesNothing, obj, title).Unless(rests...)
	f.Detail, f.AtMost = Says{Named: n.name}, incident.Likely
	f.Cite(finding.SeenAPI(obj, n.field, time.Time{}, n.name))
	by, since, said := quotedBy(s, o, n.name)
	if by.IsZero() {
		f.Suspected()
		return
	}
	f.Refs, f.Since = []incident.Object{by}, since
	f.Because = fmt.Sprintf("%s; %s says: %s", title, finding.Short(by), finding.ShortMessage(said))
	f.Cite(finding.SeenAPI(by, "status", since, wholeWords(said)))
	if !since.IsZero() {
		f.NotYet(finding.CustomSettles, since, s.At)
	}
}

// leastQuoted is the length of a name that says nothing else: a shorter one is a word like others.
const leastQuoted = 12

// quotedBy finds a custom object whose own words of a failure quote a name.
func quotedBy(s *snapshot.Snapshot, by *unstructured.Unstructured, name string) (incident.Object, time.Time, string) {
	if len(name) < leastQuoted {
		return incident.Object{}, time.Time{}, ""
	}
	for i := range s.Customs {
		o := &s.Customs[i]
		if o == by {
			continue
		}
		for _, x := range signsOf(o, s.At) {
			if strings.Contains(x.message, name) && tellsFailure(x.message) {
				return snapshot.CustomObject(o), x.since, x.message
			}
		}
	}
	return incident.Object{}, time.Time{}, ""
}

const (
	nodeLabel    = "label"
	ingressClass = "IngressClass"
	storageClass = "StorageClass"
)

// classes are the names of the classes that there are, by kind; a kind of which nobody could see all is not in it.
type classes map[string]map[string]bool

func classesOf(s *snapshot.Snapshot) classes {
	c := classes{}
	if len(s.IngressClasses) > 0 && s.SeenWhole("", "ingressclasses.networking.k8s.io") {
		c[ingressClass] = map[string]bool{}
		for i := range s.IngressClasses {
			c[ingressClass][s.IngressClasses[i].Name] = true
		}
	}
	if len(s.StorageClasses) > 0 && s.SeenWhole("", "storageclasses.storage.k8s.io") {
		c[storageClass] = map[string]bool{}
		for i := range s.StorageClasses {
			c[storageClass][s.StorageClasses[i].Name] = true
		}
	}
	return c
}

// namingsOf reads a spec for the classes and the labels of nodes that it goes by and that nothing has, each once.
func namingsOf(s *snapshot.Snapshot, o *unstructured.Unstructured, c classes) []naming {
	var out []naming
	queue := []place{{"spec", o.Object["spec"], 0}}
	for n, steps := 0, 0; n < len(queue) && steps < walkSteps; n++ {
		p := queue[n]
		each := func(path, key string, v any) {
			steps++
			if text, ok := v.(string); ok && text != "" {
				if x, ok := namingOf(s, c, p.path, key, text); ok && !slices.ContainsFunc(out, func(y naming) bool { return y.name == x.name }) {
					x.field = path
					out = append(out, x)
				}
			} else if p.depth < walkDepth+2 {
				queue = append(queue, place{path, v, p.depth + 1})
			}
		}
		switch of := p.value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(of)) {
				each(p.path+"."+key, key, of[key])
			}
		case []any:
			for _, v := range of {
				each(p.path, "", v)
			}
		}
	}
	return out
}

// namingOf says whether a value under a key is the name of a class that does not exist, or of a label that no node has.
func namingOf(s *snapshot.Snapshot, c classes, path, key, name string) (naming, bool) {
	words := wordsOf(key)
	above := wordsOf(path[strings.LastIndexByte(path, '.')+1:])
	if n := len(words); n > 1 && words[n-1] == "name" {
		words = words[:n-1]
	}
	switch n := len(words); {
	case n == 2 && words[0] == "node" && words[1] == "label":
		return naming{what: nodeLabel, name: name}, s.SeenWhole("", "nodes") && len(s.Nodes) > 0 &&
			!slices.ContainsFunc(s.Nodes, func(x corev1.Node) bool { _, has := x.Labels[name]; return has })
	case n > 0 && words[n-1] == "class":
		of := cmp.Or(strings.Join(words[:n-1], ""), strings.Join(above, ""))
		for kind, there := range c {
			if of+"class" == strings.ToLower(kind) && !there[name] && !servedOtherwise(s, kind, name) {
				return naming{what: kind, name: name, there: slices.Sorted(maps.Keys(there))}, true
			}
		}
	}
	return naming{}, false
}

// servedOtherwise says whether a class is there without an object of its own: volumes that name it, Ingresses of it that have got an
// address, a controller that is told to serve it.
func servedOtherwise(s *snapshot.Snapshot, kind, name string) bool {
	if kind == storageClass {
		return slices.ContainsFunc(s.PersistentVolumes, func(v corev1.PersistentVolume) bool { return v.Spec.StorageClassName == name })
	}
	for i := range s.Ingresses {
		g := &s.Ingresses[i]
		if g.Annotations["kubernetes.io/ingress.class"] == name && len(g.Status.LoadBalancer.Ingress) > 0 {
			return true
		}
	}
	for i := range s.Pods {
		for _, ctr := range kube.ContainersOf(&s.Pods[i]) {
			if slices.ContainsFunc(slices.Concat(ctr.Spec.Command, ctr.Spec.Args), func(a string) bool {
				return strings.Contains(a, "class") && strings.HasSuffix(a, "="+name)
			}) {
				return true
			}
		}
	}
	return false
}

// HandsOn says whether a custom object's spec or its words hold a name.
func HandsOn(s *snapshot.Snapshot, o incident.Object, name string) bool {
	u := s.Custom(o)
	if u == nil || name == "" {
		return false
	}
	found := false
	queue := []any{u.Object["spec"]}
	for n := 0; n < len(queue) && n < walkSteps && !found; n++ {
		switch of := queue[n].(type) {
		case string:
			found = of == name
		case map[string]any:
			queue = append(queue, slices.Collect(maps.Values(of))...)
		case []any:
			queue = append(queue, of...)
		}
	}
	return found
}

// DeploysTo is the namespace that a custom object fills, by its spec: "" where it says none.
func DeploysTo(s *snapshot.Snapshot, o incident.Object) string {
	u := s.Custom(o)
	if u == nil {
		return ""
	}
	for _, path := range [][]string{{"spec", "destination", "namespace"}, {"spec", "targetNamespace"}, {"spec", "defaultNamespace"},
		{"spec", "storageNamespace"}} {
		if ns := kube.StringAt(u.Object, path...); ns != "" {
			return ns
		}
	}
	return ""
}
