package kube

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// StringAt reads a string, "" if it is something else.
func StringAt(m map[string]any, path ...string) string {
	s, _, _ := unstructured.NestedString(m, path...)
	return s
}
