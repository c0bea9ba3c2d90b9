package trial

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// scene is what a case puts on a cluster.
type scene struct {
	namespace string
	began     time.Time
	props     []prop
	named     map[string]bool // objects that the case speaks of
	before    map[string]bool // objects that were ill before an exclusive case began
}

// prop is one object of a scene.
type prop struct {
	manifest []byte // with moments
	object   *unstructured.Unstructured
	status   map[string]any // set by its subresource; nil: none
	beats    bool           // the status tells the present time, as a kubelet's does
	bare     bool           // somebody else makes the object: a pod without spec, of a StatefulSet
}

// parseScene reads a staged case's manifests. Objects of namespaced kinds that name no namespace lie in the case's own.
func parseScene(c eval.Case, began time.Time) (*scene, error) {
	s := &scene{namespace: c.Namespace(), began: began, named: map[string]bool{}}
	for _, r := range c.Root {
		for _, o := range append(r.Or, r.Object) {
			s.named[o] = true
		}
	}
	for _, o := range slices.Concat(c.Quiet, c.Also) {
		s.named[o] = true
	}
	docs := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(c.Live)))
	for n := 1; ; n++ {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err == nil && len(bytes.TrimSpace(doc)) == 0 {
			continue
		}
		var p prop
		if err == nil {
			p, err = newProp(doc, began, began)
		}
		if err == nil && p.object.GetNamespace() != "" && p.object.GetNamespace() != s.namespace {
			err = fmt.Errorf("%s lies in namespace %s, which is not the case's own; leave it out, or write $NS", p.object.GetName(),
				p.object.GetNamespace())
		}
		if err != nil {
			return nil, fmt.Errorf("read manifest %d of live.yaml: %w", n, err)
		}
		s.props = append(s.props, p)
	}
}

func newProp(manifest []byte, began, now time.Time) (prop, error) {
	p := prop{manifest: manifest, object: &unstructured.Unstructured{}}
	text, err := eval.Moments(manifest, began, now)
	if err != nil {
		return p, err
	}
	if err := sigsyaml.Unmarshal(text, &p.object.Object); err != nil {
		return p, err
	}
	if p.object.GetKind() == "" || p.object.GetName() == "" {
		return p, errors.New("needs a kind and a name")
	}
	if status, ok := p.object.Object["status"].(map[string]any); ok {
		p.status, p.beats = status, bytes.Contains(manifest, []byte("${now}"))
		delete(p.object.Object, "status")
	}
	_, spec := p.object.Object["spec"]
	p.bare = p.object.GetKind() == "Pod" && !spec
	return p, nil
}

// concerns says whether an object is the case's own, or one that it speaks of.
func (s *scene) concerns(o incident.Object) bool {
	return o.Namespace == s.namespace || s.named[o.String()] || slices.ContainsFunc(s.props, func(p prop) bool {
		return p.object.GetKind() == o.Kind && p.object.GetNamespace() == o.Namespace && p.object.GetName() == o.Name
	})
}

// ill remembers what was found before the case began: that is not its doing.
func (s *scene) ill(before *incident.Diagnosis) {
	s.before = map[string]bool{}
	for _, f := range before.Findings {
		s.before[f.Object.String()] = true
	}
}

// wasWell says whether an object is the case's own, or was well before it began.
func (s *scene) wasWell(o incident.Object) bool { return !s.before[o.String()] || s.concerns(o) }

// wanted says which objects the case is judged by: its own, or all that were well if it has the cluster for itself.
func (s *scene) wanted(c eval.Case) func(incident.Object) bool {
	if c.Exclusive {
		return s.wasWell
	}
	return s.concerns
}

// own is the case's namespace.
func (s *scene) own() *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	o.SetName(s.namespace)
	return o
}

// make applies the objects in their order, and then their statuses.
func (s *Stage) make(ctx context.Context, set *scene) error {
	if err := s.writer.Apply(ctx, set.own(), ""); err != nil {
		return err
	}
	for _, p := range set.props {
		if err := patiently(ctx, func() error { return s.place(ctx, set, p.object) }); err != nil {
			return err
		}
		if p.bare {
			continue
		}
		if err := patiently(ctx, func() error { return s.writer.Apply(ctx, p.object, "") }); err != nil {
			return err
		}
	}
	for _, p := range set.props {
		if p.status != nil {
			if err := patiently(ctx, func() error { return s.writer.Apply(ctx, statusOf(p), "status") }); err != nil {
				return err
			}
		}
	}
	return nil
}

// place puts an object that names no namespace into the case's own, if its kind has one.
func (s *Stage) place(ctx context.Context, set *scene, o *unstructured.Unstructured) error {
	if o.GetNamespace() != "" {
		return nil
	}
	namespaced, err := s.writer.Namespaced(ctx, o.GetAPIVersion(), o.GetKind())
	if err == nil && namespaced {
		o.SetNamespace(set.namespace)
	}
	return err
}

// beat tells the present time again where a status does: a node that says nothing is soon taken for dead.
func (s *Stage) beat(ctx context.Context, set *scene, now time.Time) error {
	for _, p := range set.props {
		if !p.beats {
			continue
		}
		fresh, err := newProp(p.manifest, set.began, now)
		if err != nil {
			return err
		}
		fresh.object.SetNamespace(p.object.GetNamespace())
		if err := s.writer.Apply(ctx, statusOf(fresh), "status"); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

func statusOf(p prop) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": p.object.GetAPIVersion(), "kind": p.object.GetKind(),
		"status": p.status}}
	o.SetNamespace(p.object.GetNamespace())
	o.SetName(p.object.GetName())
	return o
}

// patiently tries again for a while what fails because the cluster has not made yet what it needs: a kind, a service account, a pod.
func patiently(ctx context.Context, try func() error) error {
	for end := time.Now().Add(settleWithin); ; {
		err := try()
		if err == nil || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second / 2):
		}
	}
}

// clear removes what the scene has made, also in an earlier run that did not come to its end, and waits until it is gone.
func (s *Stage) clear(ctx context.Context, set *scene) error {
	var doomed []*unstructured.Unstructured
	for _, p := range slices.Backward(set.props) {
		if err := s.place(ctx, set, p.object); err != nil {
			continue // its kind is not there, so neither is it
		}
		doomed = append(doomed, p.object)
	}
	doomed = append(doomed, set.own())
	if gone, err := s.allGone(ctx, doomed); err != nil || gone {
		return err
	}
	for _, o := range doomed {
		if err := s.writer.Delete(ctx, o); err != nil {
			return err
		}
	}
	for {
		if gone, err := s.allGone(ctx, doomed); err != nil || gone {
			return err
		}
		if err := s.clearPods(ctx, set.namespace); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("clear away %s: %w; look at what keeps namespace %s", set.namespace, ctx.Err(), set.namespace)
		case <-time.After(time.Second):
		}
	}
}

func (s *Stage) allGone(ctx context.Context, objects []*unstructured.Unstructured) (bool, error) {
	for _, o := range objects {
		if gone, err := s.writer.Gone(ctx, o); err != nil || !gone {
			return false, err
		}
	}
	return true, nil
}

// clearPods deletes the namespace's pods without their grace period: those of simulated nodes have no kubelet that would end them.
func (s *Stage) clearPods(ctx context.Context, namespace string) error {
	pods, err := s.reader.List(ctx, "Pod", namespace, "")
	if err != nil {
		return err
	}
	for _, raw := range pods {
		o := &unstructured.Unstructured{}
		if err := json.Unmarshal(raw, &o.Object); err != nil {
			return err
		}
		o.SetAPIVersion("v1")
		o.SetKind("Pod")
		if err := s.writer.Delete(ctx, o); err != nil {
			return err
		}
	}
	return nil
}
