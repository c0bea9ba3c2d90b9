package snapshot

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// GatewayGroup is the API group of the Gateway API.
const GatewayGroup = "gateway.networking.k8s.io"

// DefinitionKind is the kind of the definitions of custom resources.
var DefinitionKind = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}

// wholeGroups are the groups whose objects' spec is kept whole, for checks that read it.
var wholeGroups = []string{GatewayGroup, "apiregistration.k8s.io"}

// IsCustomGroup says whether an API group holds custom resources, or others that a Snapshot keeps as Customs.
func IsCustomGroup(group string) bool {
	return strings.Contains(group, ".") && !slices.ContainsFunc(Kinds, func(k Kind) bool { return k.Group == group })
}

// SlimCustom keeps of a custom resource what checks read: metadata without field sets, the status, and of the spec its plain values, the
// shallow ones first and up to a bound (see [telling]), or all of it in the groups of [wholeGroups]. It changes the object.
func SlimCustom(o *unstructured.Unstructured) {
	Slim(o)
	notes := o.GetAnnotations()
	maps.DeleteFunc(notes, func(key, _ string) bool {
		return key != AcceptAnnotation && !strings.HasSuffix(key, TrackingAnnotation) && !strings.HasSuffix(key, DefaultAnnotation)
	})
	o.SetAnnotations(notes)
	if slices.Contains(wholeGroups, o.GroupVersionKind().Group) {
		return
	}
	if spec, ok := o.Object["spec"].(map[string]any); ok && o.GroupVersionKind().GroupKind() == DefinitionKind {
		o.Object["spec"] = converting(spec)
	} else if ok {
		o.Object["spec"] = telling(spec)
	}
	for key := range o.Object {
		if !slices.Contains([]string{"apiVersion", "kind", "metadata", "spec", "status"}, key) {
			delete(o.Object, key)
		}
	}
}

// converting keeps of the spec of a CustomResourceDefinition what it is called by and how its versions are converted: schemas are large.
func converting(spec map[string]any) map[string]any {
	out := map[string]any{}
	for _, key := range []string{"group", "names", "scope", "conversion"} {
		if v, ok := spec[key]; ok {
			out[key] = v
		}
	}
	versions, _ := spec["versions"].([]any)
	few := make([]any, 0, len(versions))
	for _, v := range versions {
		if m, ok := v.(map[string]any); ok {
			few = append(few, map[string]any{"name": m["name"], "served": m["served"], "storage": m["storage"]})
		}
	}
	out["versions"] = few
	return out
}

// CustomsOf returns the custom objects of a kind, by namespace and name, whatever their version.
func (s *Snapshot) CustomsOf(k schema.GroupKind) []*unstructured.Unstructured {
	return s.index.customs[k]
}

// Custom returns the custom object of the name, or nil. Of two kinds that differ in their group alone, it is either one's.
func (s *Snapshot) Custom(o incident.Object) *unstructured.Unstructured { return s.index.custom[o] }

// CustomObject names a custom object.
func CustomObject(o *unstructured.Unstructured) incident.Object {
	return ObjectOf(o.GetKind(), o.GetNamespace(), o.GetName())
}
