package bundle

import (
	"fmt"
	"reflect"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// immutable is the fields that cannot change once they are set.
var immutable = map[string][]string{
	"daemonsets.apps":  {"spec.selector"},
	"deployments.apps": {"spec.selector"},
	"replicasets.apps": {"spec.selector"},
	"statefulsets.apps": {"spec.selector", "spec.serviceName", "spec.volumeClaimTemplates",
		"spec.podManagementPolicy"},
	"jobs.batch": {"spec.selector", "spec.template", "spec.completionMode"},
	"services":   {"spec.clusterIP"},
	"persistentvolumeclaims": {"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeMode",
		"spec.volumeName"},
	"storageclasses.storage.k8s.io":                 {"provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"},
	"rolebindings.rbac.authorization.k8s.io":        {"roleRef"},
	"clusterrolebindings.rbac.authorization.k8s.io": {"roleRef"},
}

// maxConfigMap is the most that a ConfigMap's values may have together, in bytes.
const maxConfigMap = 1 << 20

// validate refuses what the API server would refuse, as far as people's changes are likely to meet it. old is nil for a new object.
func validate(k Kind, old, next *unstructured.Unstructured) error {
	var errs field.ErrorList
	meta := field.NewPath("metadata")
	errs = append(errs, metav1validation.ValidateLabels(next.GetLabels(), meta.Child("labels"))...)
	errs = append(errs, validation.ValidateAnnotations(next.GetAnnotations(), meta.Child("annotations"))...)
	if replicas, ok, _ := unstructured.NestedInt64(next.Object, "spec", "replicas"); ok && replicas < 0 {
		errs = append(errs, field.Invalid(field.NewPath("spec", "replicas"), replicas, "must be greater than or equal to 0"))
	}
	switch k.String() {
	case "configmaps":
		errs = append(errs, validateConfigMap(old, next)...)
	case "pods":
		errs = append(errs, validatePodSpec(next.Object, "spec")...)
		if old != nil && !reflect.DeepEqual(fixedPodSpec(old), fixedPodSpec(next)) {
			errs = append(errs, field.Forbidden(field.NewPath("spec"), "pod updates may not change fields other than `spec.containers[*].image`,"+
				"`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"+
				"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"))
		}
	case "deployments.apps", "daemonsets.apps", "replicasets.apps", "statefulsets.apps":
		errs = append(errs, validatePodSpec(next.Object, "spec", "template", "spec")...)
		errs = append(errs, validateSelector(next)...)
	}
	for _, path := range immutable[k.String()] {
		fields := strings.Split(path, ".")
		if old == nil {
			break
		}
		was, ok, _ := unstructured.NestedFieldNoCopy(old.Object, fields...)
		is, _, _ := unstructured.NestedFieldNoCopy(next.Object, fields...)
		if ok && !reflect.DeepEqual(was, is) {
			errs = append(errs, field.Invalid(field.NewPath(fields[0], fields[1:]...), is, "field is immutable"))
		}
	}
	if len(errs) > 0 {
		return apierrors.NewInvalid(k.GVK().GroupKind(), next.GetName(), errs)
	}
	return nil
}

func validateConfigMap(old, next *unstructured.Unstructured) (errs field.ErrorList) {
	size := 0
	for _, part := range []string{"data", "binaryData"} {
		values, _, _ := unstructured.NestedStringMap(next.Object, part)
		for key, value := range values {
			for _, msg := range utilvalidation.IsConfigMapKey(key) {
				errs = append(errs, field.Invalid(field.NewPath(part).Key(key), key, msg))
			}
			size += len(value)
		}
		if old == nil {
			continue
		}
		if fixed, _, _ := unstructured.NestedBool(old.Object, "immutable"); fixed && !reflect.DeepEqual(old.Object[part], next.Object[part]) {
			errs = append(errs, field.Forbidden(field.NewPath(part), "field is immutable when `immutable` is set"))
		}
	}
	if size > maxConfigMap {
		errs = append(errs, field.TooLong(field.NewPath(""), "", maxConfigMap))
	}
	return errs
}

// validatePodSpec wants at least one container, each with a name and an image.
func validatePodSpec(o map[string]any, path ...string) (errs field.ErrorList) {
	at := field.NewPath(path[0], path[1:]...).Child("containers")
	containers, _, _ := unstructured.NestedSlice(o, append(path[:len(path):len(path)], "containers")...)
	if len(containers) == 0 {
		errs = append(errs, field.Required(at, ""))
	}
	for i, c := range containers {
		c, _ := c.(map[string]any)
		for _, name := range []string{"name", "image"} {
			if v, _ := c[name].(string); v == "" {
				errs = append(errs, field.Required(at.Index(i).Child(name), ""))
			}
		}
	}
	return errs
}

// validateSelector wants a workload to select its own pods.
func validateSelector(o *unstructured.Unstructured) field.ErrorList {
	var selector metav1.LabelSelector
	m, _, _ := unstructured.NestedMap(o.Object, "spec", "selector")
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(m, &selector)
	template, _, _ := unstructured.NestedStringMap(o.Object, "spec", "template", "metadata", "labels")
	if err == nil {
		var s labels.Selector
		if s, err = metav1.LabelSelectorAsSelector(&selector); err == nil && !s.Empty() && s.Matches(labels.Set(template)) {
			return nil
		}
	}
	return field.ErrorList{field.Invalid(field.NewPath("spec", "template", "metadata", "labels"), fmt.Sprint(template),
		"`selector` does not match template `labels`")}
}

// fixedPodSpec is the part of a pod's spec that never changes.
func fixedPodSpec(pod *unstructured.Unstructured) map[string]any {
	spec, _, _ := unstructured.NestedMap(pod.Object, "spec") // a copy
	for _, name := range []string{"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"} {
		delete(spec, name)
	}
	for _, list := range []string{"containers", "initContainers"} {
		containers, _ := spec[list].([]any)
		for _, c := range containers {
			if c, ok := c.(map[string]any); ok {
				delete(c, "image")
			}
		}
	}
	return spec
}
