package kube

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// APIServiceKind is the kind by which aggregated APIs are registered.
var APIServiceKind = schema.GroupKind{Group: "apiregistration.k8s.io", Kind: "APIService"}

// APIServiceTarget is the Service behind an aggregated API; ok is false for one that the API server serves itself.
func APIServiceTarget(a *unstructured.Unstructured) (namespace, name string, ok bool) {
	namespace, _, _ = unstructured.NestedString(a.Object, "spec", "service", "namespace")
	name, ok, _ = unstructured.NestedString(a.Object, "spec", "service", "name")
	return namespace, name, ok
}
