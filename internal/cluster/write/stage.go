package write

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// Stage makes and removes whole objects of any kind as the credentials' own identity. It is for trials on a cluster that is there to be
// broken; recovery has no way to it. It is safe for concurrent use. Make it with [Client.Stage].
type Stage struct {
	api  rest.Interface
	host string

	mu     sync.Mutex
	served map[string][]metav1.APIResource // by group and version
}

// Stage returns a Stage. It does not connect.
func (c *Client) Stage() (*Stage, error) {
	config := rest.CopyConfig(c.config)
	config.WarningHandler = rest.NoWarnings{} // what a trial makes is meant to be wrong
	api, err := connect(config)
	if err != nil {
		return nil, err
	}
	return &Stage{api: api, host: c.config.Host, served: map[string][]metav1.APIResource{}}, nil
}

// Apply makes the object as it is given, by server-side apply, or with subresource "status" its status alone. What others have set
// in the same fields is taken over.
func (s *Stage) Apply(ctx context.Context, o *unstructured.Unstructured, subresource string) error {
	p, err := s.path(ctx, o)
	if err != nil {
		return err
	}
	if subresource != "" {
		p = append(p, subresource)
	}
	body, err := json.Marshal(o.Object)
	if err != nil {
		return fmt.Errorf("apply %s: %w", nameOf(o), err)
	}
	req := s.api.Patch(types.ApplyPatchType).AbsPath(p...).Param("fieldManager", FieldManager).Param("force", "true").Body(body)
	if _, err := raw(req.Do(ctx)); err != nil {
		return fmt.Errorf("apply %s at %s: %w", strings.TrimSuffix(nameOf(o)+" "+subresource, " "), s.host, err)
	}
	return nil
}

// Delete begins to delete the object: at once, without a grace period, and without its finalizers. One that is not there is none.
func (s *Stage) Delete(ctx context.Context, o *unstructured.Unstructured) error {
	p, err := s.path(ctx, o)
	if apierrors.IsNotFound(err) {
		return nil // its kind is gone
	}
	if err != nil {
		return err
	}
	if len(o.GetFinalizers()) > 0 {
		patch := s.api.Patch(types.MergePatchType).AbsPath(p...).Param("fieldManager",
			FieldManager).Body([]byte(`{"metadata":{"finalizers":null}}`))
		if _, err := raw(patch.Do(ctx)); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("take the finalizers of %s at %s: %w", nameOf(o), s.host, err)
		}
	}
	now, background := int64(0), metav1.DeletePropagationBackground
	body, err := json.Marshal(metav1.DeleteOptions{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"},
		GracePeriodSeconds: &now, PropagationPolicy: &background})
	if err != nil {
		return fmt.Errorf("delete %s: %w", nameOf(o), err)
	}
	if _, err := raw(s.api.Delete().AbsPath(p...).SetHeader("Content-Type", "application/json").Body(body).Do(ctx)); err != nil &&
		!apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("delete %s at %s: %w", nameOf(o), s.host, err)
	}
	return nil
}

// Gone says whether the object is not there.
func (s *Stage) Gone(ctx context.Context, o *unstructured.Unstructured) (bool, error) {
	p, err := s.path(ctx, o)
	if err == nil {
		_, err = raw(s.api.Get().AbsPath(p...).Do(ctx))
	}
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	return false, err
}

// Namespaced says whether objects of the kind lie in namespaces.
func (s *Stage) Namespaced(ctx context.Context, apiVersion, kind string) (bool, error) {
	r, err := s.resource(ctx, apiVersion, kind)
	return r.Namespaced, err
}

func (s *Stage) path(ctx context.Context, o *unstructured.Unstructured) ([]string, error) {
	r, err := s.resource(ctx, o.GetAPIVersion(), o.GetKind())
	if err != nil {
		return nil, err
	}
	p := []string{root(o.GetAPIVersion())}
	if r.Namespaced {
		p = append(p, "namespaces", o.GetNamespace())
	}
	return append(p, r.Name, o.GetName()), nil
}

// resource asks which resource serves the kind. Only what is served is remembered: a kind may come with its CustomResourceDefinition.
func (s *Stage) resource(ctx context.Context, apiVersion, kind string) (metav1.APIResource, error) {
	s.mu.Lock()
	list := s.served[apiVersion]
	s.mu.Unlock()
	if r, ok := serves(list, kind); ok {
		return r, nil
	}
	b, err := raw(s.api.Get().AbsPath(root(apiVersion)).Do(ctx))
	if err != nil {
		return metav1.APIResource{}, fmt.Errorf("ask %s for the kinds of %s: %w", s.host, apiVersion, err)
	}
	var answer metav1.APIResourceList
	if err := json.Unmarshal(b, &answer); err != nil {
		return metav1.APIResource{}, fmt.Errorf("ask %s for the kinds of %s: read the answer: %w", s.host, apiVersion, err)
	}
	s.mu.Lock()
	s.served[apiVersion] = answer.APIResources
	s.mu.Unlock()
	if r, ok := serves(answer.APIResources, kind); ok {
		return r, nil
	}
	return metav1.APIResource{}, apierrors.NewNotFound(metav1.SchemeGroupVersion.WithResource(strings.ToLower(kind)).GroupResource(),
		apiVersion+" "+kind)
}

func serves(list []metav1.APIResource, kind string) (metav1.APIResource, bool) {
	for _, r := range list {
		if r.Kind == kind && !strings.Contains(r.Name, "/") {
			return r, true
		}
	}
	return metav1.APIResource{}, false
}

// root is where a group's version is served.
func root(apiVersion string) string {
	if strings.Contains(apiVersion, "/") {
		return "/apis/" + apiVersion
	}
	return "/api/" + apiVersion
}

func nameOf(o *unstructured.Unstructured) string {
	if o.GetNamespace() == "" {
		return o.GetKind() + "/" + o.GetName()
	}
	return o.GetKind() + "/" + o.GetNamespace() + "/" + o.GetName()
}
