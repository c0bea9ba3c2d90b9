package bundle

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Set adds or replaces objects as they are, as changes that watches see. Each needs apiVersion, kind and name; a UID, a creation time
// and, for one that is replaced, what it does not say about itself of these are filled in. OnWrite is not called. The Server takes the
// objects over.
func (s *Server) Set(objects ...*unstructured.Unstructured) error {
	for _, o := range objects {
		gvr, err := s.gvrOf(o)
		if err != nil {
			return fmt.Errorf("set %s %s: %w", o.GetKind(), objectKey(o), err)
		}
		key := objectKey(o)
		s.world.mu.Lock()
		if now := s.world.resources[gvr].records[key]; now != nil && o.GetUID() == "" {
			o.SetUID(now.object.GetUID())
			o.SetCreationTimestamp(now.object.GetCreationTimestamp())
		} else if o.GetUID() == "" {
			o.SetUID(s.options.NewUID())
		}
		if created := o.GetCreationTimestamp(); created.IsZero() {
			o.SetCreationTimestamp(metav1.NewTime(s.options.Now().UTC()))
		}
		s.world.put(gvr, key, newRecord(o))
		s.world.publish()
		s.world.mu.Unlock()
	}
	return nil
}

// Delete removes an object, as a change that watches see, and reports whether it was there. OnWrite is not called.
func (s *Server) Delete(gvr schema.GroupVersionResource, namespace, name string) bool {
	key := name
	if namespace != "" {
		key = namespace + "/" + name
	}
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	if r := s.world.resources[gvr]; r == nil || r.records[key] == nil {
		return false
	}
	s.world.put(gvr, key, nil)
	s.world.publish()
	return true
}

// Get returns an object as it is served now, nil if there is none. It must not be changed.
func (s *Server) Get(gvr schema.GroupVersionResource, namespace, name string) *unstructured.Unstructured {
	key := name
	if namespace != "" {
		key = namespace + "/" + name
	}
	if rec := s.world.get(gvr, key); rec != nil {
		return rec.object
	}
	return nil
}

// List returns the objects of a kind in a namespace as they are served now, by name. They must not be changed.
func (s *Server) List(gvr schema.GroupVersionResource, namespace string) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, rec := range s.world.list(gvr, namespace).records {
		out = append(out, rec.object)
	}
	return out
}

// Act does what a controller or a kubelet does: it puts an object, its status included, in the place of the version that it was made from
// (by its resourceVersion) or, if it names none, where there is none of its name. It reports whether it did: it does not where somebody
// else was quicker, and a controller then looks again. Who acted, and on which subresource, is noted as the object's manager. OnWrite is
// not called. The Server takes the object over.
func (s *Server) Act(o *unstructured.Unstructured, manager, subresource string) (bool, error) {
	gvr, err := s.gvrOf(o)
	if err != nil {
		return false, fmt.Errorf("%s %s: %w", o.GetKind(), objectKey(o), err)
	}
	if o.GetUID() == "" {
		o.SetUID(s.options.NewUID())
	}
	touch(o, manager, subresource, s.options.Now())
	key, next := objectKey(o), newRecord(o)
	now := s.world.get(gvr, key)
	switch {
	case now == nil && o.GetResourceVersion() == "":
	case now != nil && o.GetResourceVersion() == now.object.GetResourceVersion():
		next.written = now.written
	default:
		return false, nil
	}
	_, ok := s.world.swap(gvr, key, now, next)
	return ok, nil
}

// gvrOf finds the resource of an object by its kind.
func (s *Server) gvrOf(o *unstructured.Unstructured) (schema.GroupVersionResource, error) {
	gvk := o.GroupVersionKind()
	if err := checkObject(o, gvk.GroupVersion()); err != nil {
		return schema.GroupVersionResource{}, err
	}
	for gvr, r := range s.world.resources {
		if r.kind.GVK() == gvk {
			return gvr, nil
		}
	}
	return schema.GroupVersionResource{}, fmt.Errorf("this server does not serve %s", gvk)
}
