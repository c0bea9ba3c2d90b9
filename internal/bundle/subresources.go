package bundle

import (
	"fmt"
	"net/http"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

var scaleGVK = autoscalingv1.SchemeGroupVersion.WithKind("Scale")

// scaleOf is a workload's size, as the scale subresource shows it.
func scaleOf(o *unstructured.Unstructured) *unstructured.Unstructured {
	replicas, ok, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
	if !ok {
		replicas = 1
	}
	running, _, _ := unstructured.NestedInt64(o.Object, "status", "replicas")
	status := map[string]any{"replicas": running}
	if m, ok, _ := unstructured.NestedMap(o.Object, "spec", "selector"); ok {
		var selector metav1.LabelSelector
		if runtime.DefaultUnstructuredConverter.FromUnstructured(m, &selector) == nil {
			status["selector"] = metav1.FormatLabelSelector(&selector)
		}
	}
	scale := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": o.GetName(), "namespace": o.GetNamespace(), "uid": string(o.GetUID()),
			"resourceVersion": o.GetResourceVersion(), "creationTimestamp": o.GetCreationTimestamp().UTC().Format("2006-01-02T15:04:05Z")},
		"spec":   map[string]any{"replicas": replicas},
		"status": status,
	}}
	scale.SetGroupVersionKind(scaleGVK)
	return scale
}

func (s *Server) getScale(w http.ResponseWriter, r *request) error {
	rec := s.world.get(r.gvr(), r.key())
	if rec == nil {
		return apierrors.NewNotFound(r.resource(), r.name)
	}
	return r.media.writeRecord(w, http.StatusOK, newRecord(scaleOf(rec.object)))
}

// changeScale sets the workload's replicas from a Scale that is sent or patched.
func (s *Server) changeScale(w http.ResponseWriter, r *request) error {
	how, err := writingOf(r)
	if err != nil {
		return err
	}
	var wanted func(scale *unstructured.Unstructured) (*unstructured.Unstructured, error)
	if r.verb == "update" {
		sent, err := readObject(r.Request)
		if err != nil {
			return err
		}
		wanted = func(*unstructured.Unstructured) (*unstructured.Unstructured, error) { return sent, nil }
	} else {
		patch, t, err := readBody(r.Request)
		if err != nil {
			return err
		}
		kind := Kind{Group: scaleGVK.Group, Version: scaleGVK.Version, Kind: scaleGVK.Kind}
		wanted = func(scale *unstructured.Unstructured) (*unstructured.Unstructured, error) {
			return applyPatch(kind, scale, patch, types.PatchType(t))
		}
	}
	how.validation = metav1.FieldValidationIgnore // what else is in the workload is not this request's doing
	rec, _, err := s.commit(r, how, func(now *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		scale, err := wanted(scaleOf(now))
		if err != nil {
			return nil, err
		}
		replicas, ok, err := unstructured.NestedInt64(scale.Object, "spec", "replicas")
		if err != nil {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("spec.replicas of the Scale: %v", err))
		}
		if !ok {
			replicas = 0 // the field is left out when it is 0
		}
		next := now.DeepCopy()
		next.SetResourceVersion(scale.GetResourceVersion())
		return next, unstructured.SetNestedField(next.Object, replicas, "spec", "replicas")
	})
	if err != nil {
		return err
	}
	return r.media.writeRecord(w, http.StatusOK, newRecord(scaleOf(rec.object)))
}

// evict deletes a pod unless that would break a disruption budget.
func (s *Server) evict(w http.ResponseWriter, r *request) error {
	var eviction policyv1.Eviction
	if err := readTyped(r.Request, &eviction); err != nil {
		return err
	}
	if eviction.Name != "" && eviction.Name != r.name {
		return apierrors.NewBadRequest("name in URL does not match name in Eviction object")
	}
	pod := s.world.get(r.gvr(), r.key())
	if pod == nil {
		return apierrors.NewNotFound(r.resource(), r.name)
	}
	for _, pdb := range s.world.list(policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"), r.namespace).records {
		if forbidsDisruption(pdb.object, pod.object) {
			err := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0)
			err.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: policyv1.DisruptionBudgetCause,
				Message: fmt.Sprintf("The disruption budget %s allows no disruption now", pdb.object.GetName())}}
			return err
		}
	}
	var o metav1.DeleteOptions
	if eviction.DeleteOptions != nil {
		o = *eviction.DeleteOptions
	}
	if r.URL.Query().Get("dryRun") == metav1.DryRunAll {
		o.DryRun = []string{metav1.DryRunAll}
	}
	if _, err := s.remove(r, o); err != nil {
		return err
	}
	return r.media.writeObject(w, http.StatusCreated, &metav1.Status{Status: metav1.StatusSuccess, Code: http.StatusCreated})
}

// forbidsDisruption reports whether the budget covers the pod and is used up.
func forbidsDisruption(pdb, pod *unstructured.Unstructured) bool {
	m, ok, _ := unstructured.NestedMap(pdb.Object, "spec", "selector")
	var selector metav1.LabelSelector
	if !ok || runtime.DefaultUnstructuredConverter.FromUnstructured(m, &selector) != nil {
		return false
	}
	s, err := metav1.LabelSelectorAsSelector(&selector)
	allowed, _, _ := unstructured.NestedInt64(pdb.Object, "status", "disruptionsAllowed")
	return err == nil && allowed <= 0 && s.Matches(labels.Set(pod.GetLabels()))
}
