package bundle

import (
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// selectable is the fields by which a kind can be selected, beside metadata.name and metadata.namespace: those of Kubernetes itself.
var selectable = map[string][]string{
	"pods": {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase",
		"status.podIP", "status.nominatedNodeName"},
	"events": {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
		"involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "type"},
	"nodes":            {"spec.unschedulable"},
	"namespaces":       {"status.phase"},
	"services":         {"spec.clusterIP", "spec.type"},
	"replicasets.apps": {"status.replicas"},
	"jobs.batch":       {"status.successful"},
}

// selectorOf returns whether an object is selected by the options.
func selectorOf(k Kind, o metav1.ListOptions) (func(*record) bool, error) {
	byLabel, err := labels.Parse(o.LabelSelector)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	byField, err := fields.ParseSelector(o.FieldSelector)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	paths := append([]string{"metadata.name", "metadata.namespace"}, selectable[k.String()]...)
	for _, r := range byField.Requirements() {
		if !slices.Contains(paths, r.Field) {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("field label not supported: %s", r.Field))
		}
	}
	return func(r *record) bool {
		return byLabel.Matches(labels.Set(r.object.GetLabels())) && (byField.Empty() || byField.Matches(fieldsOf(r.object, byField)))
	}, nil
}

// fieldsOf gives the values of the fields that the selector asks about, as text.
func fieldsOf(o *unstructured.Unstructured, s fields.Selector) fields.Set {
	set := fields.Set{}
	for _, r := range s.Requirements() {
		v, ok, err := unstructured.NestedFieldNoCopy(o.Object, strings.Split(r.Field, ".")...)
		switch {
		case err == nil && ok:
			set[r.Field] = fmt.Sprint(v)
		case r.Field == "spec.unschedulable" || r.Field == "spec.hostNetwork":
			set[r.Field] = "false"
		default:
			set[r.Field] = ""
		}
	}
	return set
}
