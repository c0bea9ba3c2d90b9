package custom

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Need is an object that a custom resource refers to.
type Need struct {
	Object incident.Object
	Field  string // that says so
}

// mostNeeds bounds what one object is seen to refer to.
const mostNeeds = 16

// namesakes are the custom objects by name.
type namesakes map[string][]*unstructured.Unstructured

func namesakesIn(s *snapshot.Snapshot) namesakes {
	return snapshot.Once(s, namesakesKey{}, func() namesakes {
		out := namesakes{}
		for i := range s.Customs {
			o := &s.Customs[i]
			out[o.GetName()] = append(out[o.GetName()], o)
		}
		return out
	})
}

type namesakesKey struct{}

// referring finds whom an object refers to.
type referring struct {
	o     *unstructured.Unstructured
	names namesakes
	found []Need
}

// needsOf are the objects that a custom resource refers to by its spec, its status and its labels: maps that say a name under a key that
// ends in Ref, or a kind with it, and names under a key that says the kind of an object that bears it ("storageLocation", "clusterName").
func needsOf(s *snapshot.Snapshot, o *unstructured.Unstructured) []Need {
	r := referring{o: o, names: namesakesIn(s)}
	for key, value := range o.GetLabels() {
		_, name, _ := strings.Cut(key, "/")
		r.byKey("metadata.labels["+key+"]", name, value)
	}
	slices.SortFunc(r.found, func(a, b Need) int { return strings.Compare(a.Field, b.Field) })
	queue := []place{{"spec", o.Object["spec"], 0}, {"status", o.Object["status"], 0}}
	for n, steps := 0, 0; n < len(queue) && steps < walkSteps && len(r.found) < mostNeeds; n++ {
		p := queue[n]
		switch of := p.value.(type) {
		case map[string]any:
			steps += len(of)
			for _, key := range slices.Sorted(maps.Keys(of)) {
				if p.path == "status" && key == "conditions" {
					continue
				}
				queue = append(queue, r.at(p, key, of[key])...)
			}
		case []any:
			steps += len(of)
			for _, x := range of {
				if p.depth < walkDepth {
					queue = append(queue, r.at(p, p.path[strings.LastIndexByte(p.path, '.')+1:], x)...)
				}
			}
		}
	}
	return r.found
}

// at reads one value and returns what is to be read under it.
func (r *referring) at(p place, key string, value any) []place {
	path := p.path
	if _, isList := p.value.([]any); !isList {
		path += "." + key
	}
	switch v := value.(type) {
	case string:
		if !strings.HasPrefix(p.path, "status") || p.depth == 0 {
			r.byKey(path, key, v)
		}
	case map[string]any:
		name, kind := kube.StringAt(v, "name"), kube.StringAt(v, "kind")
		stem, isRef := refStem(key)
		switch {
		case name != "" && kind != "":
			r.byKind(path, kind, kube.StringAt(v, "namespace"), name)
		case name != "" && isRef:
			r.byStem(path, stem, kube.StringAt(v, "namespace"), name)
		case name != "" && key == "dependsOn":
			r.byKind(path, r.o.GetKind(), kube.StringAt(v, "namespace"), name)
		}
		if p.depth < walkDepth {
			return []place{{path, v, p.depth + 1}}
		}
	case []any:
		if p.depth < walkDepth {
			return []place{{path, v, p.depth + 1}}
		}
	}
	return nil
}

// refStem is what a key that leads to another object says of its kind: "issuerRef" is an issuer.
func refStem(key string) (stem string, ok bool) {
	for _, end := range []string{"Refs", "Ref", "Reference", "References"} {
		if rest, ok := strings.CutSuffix(key, end); ok {
			return rest, true
		}
	}
	return "", false
}

// coreKinds are kinds of Kubernetes itself that custom resources refer to.
var coreKinds = []string{"Secret", "ConfigMap", "PersistentVolumeClaim", "ServiceAccount", "Service", "StorageClass", "Node", "Deployment",
	"StatefulSet", "DaemonSet"}

func (r *referring) add(field string, o incident.Object) {
	self := snapshot.CustomObject(r.o)
	if o != self && !slices.ContainsFunc(r.found, func(n Need) bool { return n.Object == o }) && len(r.found) < mostNeeds {
		r.found = append(r.found, Need{o, field})
	}
}

// byKind adds an object that is named with its kind; it is in the namespace named, in the same one, or in none.
func (r *referring) byKind(field, kind, namespace, name string) {
	if o := r.custom(namespace, name, func(k string) bool { return k == kind }); o != nil {
		r.add(field, snapshot.CustomObject(o))
	} else if slices.Contains(coreKinds, kind) {
		r.core(field, kind, namespace, name)
	}
}

func (r *referring) core(field, kind, namespace, name string) {
	if kind == "Node" || kind == "StorageClass" {
		namespace = ""
	} else if namespace == "" {
		namespace = r.o.GetNamespace()
	}
	r.add(field, snapshot.ObjectOf(kind, namespace, name))
}

// byStem adds an object whose kind ends in what the key said.
func (r *referring) byStem(field, stem, namespace, name string) {
	low := strings.ToLower(stem)
	if low == "" {
		return
	}
	if o := r.custom(namespace, name, func(k string) bool { return strings.HasSuffix(strings.ToLower(k), low) }); o != nil {
		r.add(field, snapshot.CustomObject(o))
		return
	}
	for _, kind := range coreKinds {
		if strings.HasSuffix(low, strings.ToLower(kind)) {
			r.core(field, kind, namespace, name)
			return
		}
	}
}

// byKey adds an object that bears the value as its name, where the key says its kind.
func (r *referring) byKey(field, key, value string) {
	if value == "" || len(r.names[value]) == 0 {
		return
	}
	words := wordsOf(key)
	if n := len(words); n > 1 && slices.Contains([]string{"name", "id", "ref"}, words[n-1]) {
		words = words[:n-1]
	}
	stem := strings.Join(words, "")
	if len(stem) < 3 || stem == "name" {
		return
	}
	if o := r.custom("", value, func(k string) bool { return strings.HasSuffix(strings.ToLower(k), stem) }); o != nil {
		r.add(field, snapshot.CustomObject(o))
	}
}

// custom finds the object of the name, those of the same API group first.
func (r *referring) custom(namespace, name string, is func(kind string) bool) *unstructured.Unstructured {
	group := r.o.GroupVersionKind().Group
	var found *unstructured.Unstructured
	for _, o := range r.names[name] {
		if o == r.o || !is(o.GetKind()) || o.GetNamespace() != "" && o.GetNamespace() != cmp.Or(namespace, r.o.GetNamespace()) {
			continue
		}
		if found == nil || found.GroupVersionKind().Group != group && o.GroupVersionKind().Group == group {
			found = o
		}
	}
	return found
}

// makes are the objects that a custom resource exists to make, or that stand for it: the Secret that it writes, the claim whose volume it
// is.
func makes(s *snapshot.Snapshot, o *unstructured.Unstructured) []incident.Object {
	var out []incident.Object
	spec, _ := o.Object["spec"].(map[string]any)
	if name := kube.StringAt(spec, "secretName"); name != "" {
		out = append(out, snapshot.ObjectOf("Secret", o.GetNamespace(), name))
	}
	for _, key := range slices.Sorted(maps.Keys(spec)) {
		words := wordsOf(key)
		target, _ := spec[key].(map[string]any)
		if len(words) == 0 || !slices.ContainsFunc(words, func(w string) bool {
			return slices.Contains([]string{"target", "destination", "output", "managed", "write"}, w)
		}) {
			continue
		}
		for _, field := range []string{"name", "secretName"} {
			if name := kube.StringAt(target, field); name != "" {
				out = append(out, snapshot.ObjectOf("Secret", o.GetNamespace(), name))
			}
		}
	}
	if len(out) == 0 && slices.Contains(wordsOf(o.GetKind()), "secret") {
		out = append(out, snapshot.ObjectOf("Secret", o.GetNamespace(), o.GetName()))
	}
	return append(out, claimsOf(s, o)...)
}

// claimsOf are the claims of the volume that a custom resource is, by its name: the volume's, or the handle that its driver knows it by.
func claimsOf(s *snapshot.Snapshot, o *unstructured.Unstructured) []incident.Object {
	if !slices.Contains(wordsOf(o.GetKind()), "volume") {
		return nil
	}
	for i := range s.PersistentVolumes {
		v := &s.PersistentVolumes[i]
		if v.Name != o.GetName() && (v.Spec.CSI == nil || v.Spec.CSI.VolumeHandle != o.GetName()) {
			continue
		}
		out := []incident.Object{snapshot.ObjectOf("PersistentVolume", "", v.Name)}
		if c := v.Spec.ClaimRef; c != nil {
			out = append(out, snapshot.ObjectOf("PersistentVolumeClaim", c.Namespace, c.Name))
		}
		return out
	}
	for i := range s.PersistentVolumeClaims {
		if c := &s.PersistentVolumeClaims[i]; "pvc-"+string(c.UID) == o.GetName() {
			return []incident.Object{snapshot.ObjectOf("PersistentVolumeClaim", c.Namespace, c.Name)}
		}
	}
	return nil
}

// OwnedBy says whether one of the objects above a custom object, up to its topmost owner, is the other.
func OwnedBy(s *snapshot.Snapshot, o, above incident.Object) bool {
	for range maxAbove {
		u := s.Custom(o)
		if u == nil {
			return false
		}
		for _, x := range u.GetOwnerReferences() {
			if x.Kind == above.Kind && x.Name == above.Name && (above.Namespace == "" || above.Namespace == o.Namespace) {
				return true
			}
		}
		owner := metav1.GetControllerOfNoCopy(u)
		if owner == nil {
			return false
		}
		o = snapshot.ObjectOf(owner.Kind, o.Namespace, owner.Name)
	}
	return false
}

// maxAbove is how many owners lie above one another, at most.
const maxAbove = 6
