package kube

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Component names a part of the control plane.
func Component(name string) incident.Object { return snapshot.ObjectOf("Component", "", name) }

// StringAt reads a string, "" if it is something else.
func StringAt(m map[string]any, path ...string) string {
	s, _, _ := unstructured.NestedString(m, path...)
	return s
}
