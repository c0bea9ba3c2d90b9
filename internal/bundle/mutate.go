package bundle

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// maxTries is how often a write that does not name a version is decided again because the object changed meanwhile, as in Kubernetes.
const maxTries = 5

// writing is how a write is to be done.
type writing struct {
	dryRun     bool
	manager    string
	validation string // Ignore, Warn or Strict: what to do about unknown fields
}

// writingOf reads the options that creating, updating and patching share.
func writingOf(r *request) (writing, error) {
	query := r.URL.Query()
	var o metav1.UpdateOptions
	if err := metav1.Convert_url_Values_To_v1_UpdateOptions(&query, &o, nil); err != nil {
		return writing{}, apierrors.NewBadRequest(err.Error())
	}
	if err := optionErrors("UpdateOptions", metav1validation.ValidateUpdateOptions(&o)); err != nil {
		return writing{}, err
	}
	w := writing{dryRun: len(o.DryRun) > 0, manager: o.FieldManager, validation: o.FieldValidation}
	if w.manager == "" {
		w.manager, _, _ = strings.Cut(r.UserAgent(), "/")
		w.manager = w.manager[:min(len(w.manager), metav1validation.FieldManagerMaxLength)]
	}
	return w, nil
}

func optionErrors(kind string, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: kind}, "", errs)
}

// update replaces the object by the one sent.
func (s *Server) update(w http.ResponseWriter, r *request) error {
	sent, err := readObject(r.Request)
	if err != nil {
		return err
	}
	return s.change(w, r, func(*unstructured.Unstructured) (*unstructured.Unstructured, error) {
		return &unstructured.Unstructured{Object: sent.DeepCopy().Object}, nil
	})
}

// patch changes the object as the patch says.
func (s *Server) patch(w http.ResponseWriter, r *request) error {
	patch, t, err := readBody(r.Request)
	if err != nil {
		return err
	}
	return s.change(w, r, func(now *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		return applyPatch(r.kind, now, patch, types.PatchType(t))
	})
}

// change lets next make a new version of the object, and answers with it.
func (s *Server) change(w http.ResponseWriter, r *request, next func(now *unstructured.Unstructured) (*unstructured.Unstructured,
	error)) error {
	how, err := writingOf(r)
	if err != nil {
		return err
	}
	rec, warnings, err := s.commit(r, how, next)
	if err != nil {
		return err
	}
	for _, text := range warnings {
		w.Header().Add("Warning", fmt.Sprintf("299 - %q", text))
	}
	return r.media.writeRecord(w, http.StatusOK, rec)
}

// commit stores what next makes of the object: decided without a lock, stored only if the object is still what the decision rests on.
func (s *Server) commit(r *request, how writing, next func(*unstructured.Unstructured) (*unstructured.Unstructured, error)) (*record,
	[]string, error) {
	for range maxTries {
		now := s.world.get(r.gvr(), r.key())
		if now == nil {
			return nil, nil, apierrors.NewNotFound(r.resource(), r.name)
		}
		wanted, err := next(now.object)
		if err != nil {
			return nil, nil, err
		}
		after, warnings, err := s.admit(r, how, now.object, wanted)
		if err != nil {
			return nil, nil, err
		}
		if after == nil { // nothing would change
			return now, warnings, nil
		}
		rec := newRecord(after)
		rec.written = true
		if how.dryRun {
			return rec, warnings, nil
		}
		if after.GetDeletionTimestamp() != nil && len(after.GetFinalizers()) == 0 {
			rec = nil // the last finalizer is gone
		}
		stored, ok := s.world.swap(r.gvr(), r.key(), now, rec)
		if !ok {
			continue
		}
		s.tell(r, Write{Verb: r.verb, Before: now.object, After: stored.object})
		return stored, warnings, nil
	}
	return nil, nil, apierrors.NewConflict(r.resource(), r.name, errors.New("the object keeps changing; try again"))
}

// tell calls the hook.
func (s *Server) tell(r *request, w Write) {
	if s.options.OnWrite != nil {
		w.User, w.Kind = r.user, r.kind
		s.options.OnWrite(r.Context(), w)
	}
}

// create adds an object.
func (s *Server) create(w http.ResponseWriter, r *request) error {
	how, err := writingOf(r)
	if err != nil {
		return err
	}
	if r.kind.role == neverKept {
		return apierrors.NewMethodNotSupported(r.resource(), r.verb)
	}
	if r.kind.Namespaced && r.namespace == "" {
		return apierrors.NewBadRequest("an empty namespace may not be set during creation")
	}
	o, err := readObject(r.Request)
	if err != nil {
		return err
	}
	warnings, err := s.admitNew(r, how, o)
	if err != nil {
		return err
	}
	r.name = o.GetName()
	rec := newRecord(o)
	rec.written = true
	if s.world.get(r.gvr(), r.key()) != nil {
		return apierrors.NewAlreadyExists(r.resource(), r.name)
	}
	if !how.dryRun {
		stored, ok := s.world.swap(r.gvr(), r.key(), nil, rec)
		if !ok {
			return apierrors.NewAlreadyExists(r.resource(), r.name)
		}
		rec = stored
		s.tell(r, Write{Verb: r.verb, After: rec.object})
	}
	for _, text := range warnings {
		w.Header().Add("Warning", fmt.Sprintf("299 - %q", text))
	}
	return r.media.writeRecord(w, http.StatusCreated, rec)
}

// delete removes an object at once, for no kubelet has to stop anything; one with finalizers only begins to go.
func (s *Server) delete(w http.ResponseWriter, r *request) error {
	o, err := deleteOptions(r)
	if err != nil {
		return err
	}
	rec, err := s.remove(r, o)
	if err != nil {
		return err
	}
	if len(rec.object.GetFinalizers()) > 0 {
		return r.media.writeRecord(w, http.StatusOK, rec)
	}
	return r.media.writeObject(w, http.StatusOK, &metav1.Status{Status: metav1.StatusSuccess, Details: &metav1.StatusDetails{
		Name: r.name, Group: r.kind.Group, Kind: r.kind.Resource, UID: rec.object.GetUID()}})
}

// deleteOptions reads them from the body or, if that is empty, from the query.
func deleteOptions(r *request) (metav1.DeleteOptions, error) {
	var o metav1.DeleteOptions
	if r.ContentLength != 0 {
		if err := readTyped(r.Request, &o); err != nil {
			return o, err
		}
	} else {
		query := r.URL.Query()
		if err := metav1.Convert_url_Values_To_v1_DeleteOptions(&query, &o, nil); err != nil {
			return o, apierrors.NewBadRequest(err.Error())
		}
	}
	return o, optionErrors("DeleteOptions", metav1validation.ValidateDeleteOptions(&o))
}

// remove deletes the object of the request and returns its last version.
func (s *Server) remove(r *request, o metav1.DeleteOptions) (*record, error) {
	for range maxTries {
		now := s.world.get(r.gvr(), r.key())
		if now == nil {
			return nil, apierrors.NewNotFound(r.resource(), r.name)
		}
		if err := precondition(r, o.Preconditions, now.object); err != nil {
			return nil, err
		}
		going := now.object.GetDeletionTimestamp() != nil
		if len(o.DryRun) > 0 || going && len(now.object.GetFinalizers()) > 0 {
			return now, nil
		}
		var next *record
		if len(now.object.GetFinalizers()) > 0 {
			marked := withOwnMetadata(now.object)
			at := metav1.NewTime(s.options.Now().UTC().Truncate(1e9))
			marked.SetDeletionTimestamp(&at)
			next = newRecord(marked)
			next.written = true
		}
		stored, ok := s.world.swap(r.gvr(), r.key(), now, next)
		if !ok {
			continue
		}
		written := Write{Verb: "delete", Before: now.object}
		if next != nil {
			written.After = stored.object
		}
		s.tell(r, written)
		return stored, nil
	}
	return nil, apierrors.NewConflict(r.resource(), r.name, errors.New("the object keeps changing; try again"))
}

// precondition compares what the client believes to delete with what is there.
func precondition(r *request, p *metav1.Preconditions, now *unstructured.Unstructured) error {
	switch {
	case p == nil:
	case p.UID != nil && *p.UID != now.GetUID():
		return apierrors.NewConflict(r.resource(), r.name, errPrecondition("UID", *p.UID, now.GetUID()))
	case p.ResourceVersion != nil && *p.ResourceVersion != now.GetResourceVersion():
		return apierrors.NewConflict(r.resource(), r.name,
			errPrecondition("ResourceVersion", *p.ResourceVersion, now.GetResourceVersion()))
	}
	return nil
}

func errPrecondition(what string, want, got any) error {
	//nolint:staticcheck // an API server's own words
	return fmt.Errorf("Precondition failed: %s in precondition: %v, %s in object meta: %v", what, want, what, got)
}
