package sisters

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on what is compared.
const (
	mostSisters = 12 // that are well
	mostLacks   = 3  // of one object: what differs in more is of another make
	mostDepth   = 6  // of a field in a spec
	mostFields  = 400
)

// Lack is what all that are well and alike have, and one that is ill has not.
type Lack struct {
	Holder  incident.Object // of the ill one: itself, its account, its namespace
	What    []string        // "annotation example.com/role", "field spec.egress.toPorts.rules"
	Instead []string        // what it has there and none of the others has
	Of      incident.Object // a well one's, that has it
}

// Words tell it: "lacks annotation a, which ServiceAccount x has; it has annotation b instead".
func (l Lack) Words() string {
	out := "lacks " + finding.ListWords(l.What, mostLacks) + ", which " + finding.Short(l.Of) + " has"
	if len(l.Instead) > 0 {
		out += "; it has " + finding.ListWords(l.Instead, mostLacks) + " instead"
	}
	return out
}

// held are the marks of an object that plays a part for another.
type held struct {
	holder incident.Object
	marks  map[string]bool
}

// parts are the objects that belong to one, by the part that they play.
type parts map[string]held

// Custom compares a custom resource with others of its kind that are well.
func Custom(s *snapshot.Snapshot, ill *unstructured.Unstructured, well []*unstructured.Unstructured) []Lack {
	var others []parts
	for _, c := range well[:min(len(well), mostSisters)] {
		others = append(others, ofCustom(s, c))
	}
	return compare(ofCustom(s, ill), others)
}

// Pods compares a pod with those of other workloads that do the same and are well.
func Pods(s *snapshot.Snapshot, ill *corev1.Pod, well []*corev1.Pod) []Lack {
	var others []parts
	for _, p := range well[:min(len(well), mostSisters)] {
		others = append(others, ofPod(s, p))
	}
	return compare(ofPod(s, ill), others)
}

// compare finds what all the others have; a part that not all have, or that is the same object, tells nothing.
func compare(ill parts, well []parts) []Lack {
	var out []Lack
	for _, part := range slices.Sorted(maps.Keys(ill)) {
		own, shared, had := ill[part], map[string]bool{}, map[string]bool{}
		for i, w := range well {
			h, ok := w[part]
			if !ok || h.holder == own.holder {
				shared = nil
				break
			}
			if i == 0 {
				shared = maps.Clone(h.marks)
			}
			maps.DeleteFunc(shared, func(m string, _ bool) bool { return !h.marks[m] })
			maps.Copy(had, h.marks)
		}
		maps.DeleteFunc(shared, func(m string, _ bool) bool { return own.marks[m] || within(shared, m) })
		if len(shared) == 0 || len(shared) > mostLacks {
			continue
		}
		l := Lack{Holder: own.holder, What: slices.Sorted(maps.Keys(shared)), Of: well[0][part].holder}
		for _, m := range slices.Sorted(maps.Keys(own.marks)) {
			if !had[m] && !within(own.marks, m) && len(l.Instead) < mostLacks {
				l.Instead = append(l.Instead, m)
			}
		}
		out = append(out, l)
	}
	return out
}

// within says whether a mark is a field below another one that is there: the upper one tells of it.
func within(marks map[string]bool, m string) bool {
	up := m
	for strings.HasPrefix(m, fieldMark) {
		i := strings.LastIndexByte(up, '.')
		if i < 0 {
			return false
		}
		if up = up[:i]; marks[up] {
			return true
		}
	}
	return false
}

const fieldMark = "field "

func ofCustom(s *snapshot.Snapshot, c *unstructured.Unstructured) parts {
	out := parts{}
	marks := map[string]bool{}
	addKeys(marks, "annotation ", c.GetAnnotations())
	addKeys(marks, "label ", c.GetLabels())
	for _, f := range Fields(c) {
		marks[fieldMark+f.Path] = true
		if account, ok := f.Value.(string); ok && ofAccount(f.Path) {
			out.account(s, "account at "+f.Path, c.GetNamespace(), account)
		}
	}
	out["itself"] = held{snapshot.CustomObject(c), marks}
	out.namespace(s, c.GetNamespace())
	return out
}

// ofAccount says whether a field names a ServiceAccount.
func ofAccount(path string) bool {
	low := strings.ToLower(path)
	return strings.HasSuffix(low, "serviceaccountref.name") || strings.HasSuffix(low, "serviceaccountname") ||
		strings.HasSuffix(low, "serviceaccount")
}

func ofPod(s *snapshot.Snapshot, p *corev1.Pod) parts {
	out := parts{}
	marks := map[string]bool{}
	addKeys(marks, "label ", p.Labels)
	addKeys(marks, "annotation ", p.Annotations)
	spec := kube.TemplateSpec(s, s.WorkloadOf(p))
	for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
		if spec != nil && !slices.ContainsFunc(slices.Concat(spec.InitContainers, spec.Containers),
			func(x corev1.Container) bool { return x.Name == c.Name }) {
			marks["container "+c.Name] = true // that somebody put into it
		}
	}
	out["itself"] = held{s.WorkloadOf(p), marks}
	out.account(s, "account", p.Namespace, p.Spec.ServiceAccountName)
	out.namespace(s, p.Namespace)
	return out
}

func (x parts) account(s *snapshot.Snapshot, part, namespace, name string) {
	a := s.ServiceAccount(namespace, name)
	if a == nil {
		return
	}
	marks := map[string]bool{}
	addKeys(marks, "annotation ", a.Annotations)
	addKeys(marks, "label ", a.Labels)
	x[part] = held{snapshot.ObjectOf("ServiceAccount", namespace, name), marks}
}

func (x parts) namespace(s *snapshot.Snapshot, name string) {
	for i := range s.Namespaces {
		if n := &s.Namespaces[i]; n.Name == name {
			marks := map[string]bool{}
			addKeys(marks, "label ", n.Labels)
			addKeys(marks, "annotation ", n.Annotations)
			x["namespace"] = held{snapshot.ObjectOf("Namespace", "", name), marks}
		}
	}
}

// plain are the beginnings of keys that tools write by which something was installed or is told apart, and nobody acts by.
var plain = []string{"kubectl.kubernetes.io/", "meta.helm.sh/", "helm.sh/", "app.kubernetes.io/", "kubernetes.io/metadata.name",
	"deployment.kubernetes.io/", "controller-gen.", "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/",
	"checksum/",
	"pod-template-", "controller-revision-hash", "olm.", "operators.coreos.com/", "objectset.rio.cattle.io/", "field.cattle.io/",
	"statefulset.kubernetes.io/", "apps.kubernetes.io/", "cni.projectcalico.org/", "k8s.v1.cni.cncf.io/", "pod-security.kubernetes.io/"}

// addKeys adds the keys that somebody may act by: those of a domain, or of several words.
func addKeys(marks map[string]bool, what string, of map[string]string) {
	for key := range of {
		if strings.ContainsAny(key, "/-.") && !slices.ContainsFunc(plain, func(x string) bool { return strings.HasPrefix(key, x) }) {
			marks[what+key] = true
		}
	}
}

// Field is one of a spec, with the numbers of list elements left out: "spec.egress.toPorts".
type Field struct {
	Path  string
	Value any
	depth int
}

// Fields are the fields of a custom resource's spec, the upper ones first, as many as are worth comparing.
func Fields(c *unstructured.Unstructured) []Field {
	queue := []Field{{"spec", c.Object["spec"], 0}}
	var out []Field
	for n := 0; n < len(queue) && n < mostFields; n++ {
		f := queue[n]
		if n > 0 {
			out = append(out, f)
		}
		if f.depth == mostDepth {
			continue
		}
		switch v := f.Value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				queue = append(queue, Field{f.Path + "." + key, v[key], f.depth + 1})
			}
		case []any:
			for _, x := range v {
				if m, ok := x.(map[string]any); ok {
					for _, key := range slices.Sorted(maps.Keys(m)) {
						queue = append(queue, Field{f.Path + "." + key, m[key], f.depth + 1})
					}
				}
			}
		}
	}
	return out
}
