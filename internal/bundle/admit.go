package bundle

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes/scheme"
)

// errModified is what a stale resourceVersion is answered with.
var errModified = errors.New("the object has been modified; please apply your changes to the latest version and try again")

// serverOwned is the metadata that a client cannot change by writing the object.
var serverOwned = []string{"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields",
	"resourceVersion", "selfLink"}

// admit turns what a client wants to be the object's next version into what is stored, or refuses it. It returns nil if nothing would
// change. wanted is used up; old stays as it is.
func (s *Server) admit(r *request, how writing, old, wanted *unstructured.Unstructured) (*unstructured.Unstructured, []string, error) {
	if err := sameObject(r, old, wanted); err != nil {
		return nil, nil, err
	}
	next, warnings, err := normalize(r.kind, wanted, how.validation)
	if err != nil {
		return nil, nil, err
	}
	normalOld, _, err := normalize(r.kind, old, metav1.FieldValidationIgnore)
	if err != nil {
		return nil, nil, fmt.Errorf("the bundle's own object: %w", err)
	}
	keepServerOwned(r, normalOld, next)
	if err := validate(r.kind, normalOld, next); err != nil {
		return nil, nil, err
	}
	if reflect.DeepEqual(normalOld.Object, next.Object) {
		return nil, warnings, nil
	}
	if g := next.GetGeneration(); g > 0 && desiredChanged(normalOld.Object, next.Object) {
		next.SetGeneration(g + 1)
	}
	touch(next, how.manager, r.sub, s.options.Now())
	return next, warnings, nil
}

// sameObject makes sure that wanted is a next version of old.
func sameObject(r *request, old, wanted *unstructured.Unstructured) error {
	gv, kind := r.kind.GVK().ToAPIVersionAndKind()
	for _, f := range []struct{ name, got, want string }{{"apiVersion", wanted.GetAPIVersion(), gv}, {"kind", wanted.GetKind(), kind}} {
		if f.got != "" && f.got != f.want {
			return apierrors.NewBadRequest(fmt.Sprintf("the %s in the data (%s) does not match the expected %s (%s)", f.name, f.got, f.name, f.want))
		}
	}
	wanted.SetAPIVersion(gv)
	wanted.SetKind(kind)
	if wanted.GetName() != old.GetName() {
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", wanted.GetName(),
			old.GetName()))
	}
	if ns := wanted.GetNamespace(); ns != "" && ns != old.GetNamespace() {
		return apierrors.NewBadRequest(fmt.Sprintf("the namespace of the provided object (%s) does not match the namespace sent on the "+
			"request (%s)", ns, old.GetNamespace()))
	}
	if uid := wanted.GetUID(); uid != "" && uid != old.GetUID() {
		return apierrors.NewConflict(r.resource(), r.name, errPrecondition("UID", uid, old.GetUID()))
	}
	if v := wanted.GetResourceVersion(); v != "" && v != old.GetResourceVersion() {
		return apierrors.NewConflict(r.resource(), r.name, errModified)
	}
	return nil
}

// keepServerOwned takes from old what the client may not change: by the object itself its status, by the status all the rest.
func keepServerOwned(r *request, old, next *unstructured.Unstructured) {
	keep := func(from, to map[string]any, name string) {
		if v, ok := from[name]; ok {
			to[name] = runtime.DeepCopyJSONValue(v)
		} else {
			delete(to, name)
		}
	}
	if r.sub == "status" {
		for name := range next.Object {
			if name != "status" {
				delete(next.Object, name)
			}
		}
		for name := range old.Object {
			if name != "status" {
				keep(old.Object, next.Object, name)
			}
		}
		return
	}
	if r.kind.hasStatus() {
		keep(old.Object, next.Object, "status")
	}
	oldMeta, _ := old.Object["metadata"].(map[string]any)
	meta, _ := next.Object["metadata"].(map[string]any)
	keep(oldMeta, meta, "namespace")
	for _, name := range serverOwned {
		keep(oldMeta, meta, name)
	}
}

// normalize returns the object as its API type has it: unknown fields gone, quantities and times in their usual form. What it finds
// unknown it returns as warnings or refuses. Objects that have no API type stay as they are.
func normalize(k Kind, o *unstructured.Unstructured, validation string) (*unstructured.Unstructured, []string, error) {
	typed, err := scheme.Scheme.New(k.GVK())
	if runtime.IsNotRegisteredError(err) {
		return o.DeepCopy(), nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var warnings []string
	err = runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, typed, validation != metav1.FieldValidationIgnore)
	strict, unknown := runtime.AsStrictDecodingError(err)
	switch {
	case err == nil:
	case unknown && validation != metav1.FieldValidationStrict:
		for _, e := range strict.Errors() {
			warnings = append(warnings, e.Error())
		}
	default:
		return nil, nil, apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", k.Kind, k.Version, k.Kind, err))
	}
	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return nil, nil, err
	}
	n := &unstructured.Unstructured{Object: m}
	n.SetGroupVersionKind(k.GVK())
	return n, warnings, nil
}

// desiredChanged reports whether anything but metadata and status differs.
func desiredChanged(a, b map[string]any) bool {
	fields := map[string]bool{}
	for name := range a {
		fields[name] = true
	}
	for name := range b {
		fields[name] = true
	}
	delete(fields, "metadata")
	delete(fields, "status")
	for name := range fields {
		if !reflect.DeepEqual(a[name], b[name]) {
			return true
		}
	}
	return false
}

// touch notes in managedFields who changed the object, and when. Which fields is not kept, as in a bundle.
func touch(o *unstructured.Unstructured, manager, subresource string, now time.Time) {
	meta, _ := o.Object["metadata"].(map[string]any)
	entries, _ := meta["managedFields"].([]any)
	at := now.UTC().Format(time.RFC3339)
	for _, e := range entries {
		entry, _ := e.(map[string]any)
		sub, _ := entry["subresource"].(string)
		if entry["manager"] == manager && entry["operation"] == string(metav1.ManagedFieldsOperationUpdate) && sub == subresource {
			entry["time"] = at
			return
		}
	}
	entry := map[string]any{"manager": manager, "operation": string(metav1.ManagedFieldsOperationUpdate), "apiVersion": o.GetAPIVersion(),
		"time": at}
	if subresource != "" {
		entry["subresource"] = subresource
	}
	meta["managedFields"] = append(entries, entry)
}

// admitNew completes and checks an object that is to be created.
func (s *Server) admitNew(r *request, how writing, o *unstructured.Unstructured) ([]string, error) {
	uid := s.options.NewUID()
	if o.GetName() == "" && o.GetGenerateName() != "" {
		o.SetName(o.GetGenerateName() + string(uid)[:min(5, len(uid))])
	}
	if o.GetName() == "" {
		return nil, apierrors.NewInvalid(r.kind.GVK().GroupKind(), "", field.ErrorList{field.Required(field.NewPath("metadata", "name"),
			"name or generateName is required")})
	}
	if o.GetNamespace() == "" && r.namespace != "" {
		o.SetNamespace(r.namespace)
	}
	expected := &unstructured.Unstructured{Object: map[string]any{}}
	expected.SetName(o.GetName())
	expected.SetNamespace(r.namespace)
	o.SetUID("")
	if o.GetResourceVersion() != "" {
		return nil, apierrors.NewBadRequest("resourceVersion should not be set on objects to be created")
	}
	if err := sameObject(r, expected, o); err != nil {
		return nil, err
	}
	namespaces := Kind{Version: "v1", Resource: "namespaces"}.GVR()
	if r.namespace != "" && s.world.get(namespaces, r.namespace) == nil {
		return nil, apierrors.NewNotFound(namespaces.GroupResource(), r.namespace)
	}
	n, warnings, err := normalize(r.kind, o, how.validation)
	if err != nil {
		return nil, err
	}
	if err := validate(r.kind, nil, n); err != nil {
		return nil, err
	}
	*o = *n
	if r.kind.hasStatus() {
		delete(o.Object, "status")
	}
	o.SetUID(uid)
	o.SetCreationTimestamp(metav1.NewTime(s.options.Now().UTC()))
	o.SetDeletionTimestamp(nil)
	o.SetManagedFields(nil)
	if _, ok := o.Object["spec"]; ok {
		o.SetGeneration(1)
	}
	touch(o, how.manager, "", s.options.Now())
	return warnings, nil
}
