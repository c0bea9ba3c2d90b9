package snapshot

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// GatewayGroup is the API group of the Gateway API.
const GatewayGroup = "gateway.networking.k8s.io"

// wholeGroups are the groups whose objects' spec is kept whole, for checks that read it.
var wholeGroups = []string{GatewayGroup, "apiregistration.k8s.io"}

// IsCustomGroup says whether an API group holds custom resources, or others that a Snapshot keeps as Customs.
func IsCustomGroup(group string) bool {
	return strings.Contains(group, ".") && !slices.ContainsFunc(Kinds, func(k Kind) bool { return k.Group == group })
}

// SlimCustom keeps of a custom resource what checks read: metadata without field sets, the status, and of the spec its plain values, the
// shallow ones first and up to a bound (see [telling]), or all of it in the groups of [wholeGroups]. It changes the object.
func SlimCustom(o *unstructured.Unstructured) {
	slim(o)
	accept, ok := o.GetAnnotations()[AcceptAnnotation]
	if o.SetAnnotations(nil); ok {
		o.SetAnnotations(map[string]string{AcceptAnnotation: accept})
	}
	if slices.Contains(wholeGroups, o.GroupVersionKind().Group) {
		return
	}
	if spec, ok := o.Object["spec"].(map[string]any); ok {
		o.Object["spec"] = telling(spec)
	}
	for key := range o.Object {
		if !slices.Contains([]string{"apiVersion", "kind", "metadata", "spec", "status"}, key) {
			delete(o.Object, key)
		}
	}
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
