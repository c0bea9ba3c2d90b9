package write

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Writer acts on the cluster as one person. Make it with [Client.WriterFor].
type Writer struct {
	api  rest.Interface
	host string
	as   incident.Identity
}

// Can asks the API server whether this person has the right (SelfSubjectAccessReview). If not, the reason is in words; an error means
// that nobody could be asked.
func (w *Writer) Can(ctx context.Context, r incident.Right) (ok bool, reason string, err error) {
	resource, subresource, _ := strings.Cut(r.Resource, "/")
	review := authorizationv1.SelfSubjectAccessReview{
		TypeMeta: metav1.TypeMeta{APIVersion: authorizationv1.SchemeGroupVersion.String(), Kind: "SelfSubjectAccessReview"},
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: r.Verb, Group: r.Group, Resource: resource, Subresource: subresource, Namespace: r.Namespace, Name: r.Name,
		}},
	}
	body, err := json.Marshal(review)
	if err != nil {
		return false, "", fmt.Errorf("ask whether %s may %s: %w", w.as.User, right(r), err)
	}
	b, err := raw(w.api.Post().AbsPath("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews").Body(body).Do(ctx))
	if err != nil {
		return false, "", explain("ask whether "+w.as.User+" may "+right(r), w.host, w.as, r, err)
	}
	if err := json.Unmarshal(b, &review); err != nil {
		return false, "", fmt.Errorf("ask whether %s may %s: read the answer: %w", w.as.User, right(r), err)
	}
	if review.Status.Allowed && !review.Status.Denied {
		return true, "", nil
	}
	reason = w.as.User + " may not " + right(r)
	if review.Status.Reason != "" {
		reason += ": " + review.Status.Reason
	}
	if review.Status.EvaluationError != "" {
		reason += " (" + review.Status.EvaluationError + ")"
	}
	return false, reason, nil
}

// Patch applies a JSON merge patch (RFC 7386) and returns the object as JSON, as it is afterwards; with dryRun, as it would be, and
// nothing changes. A metadata.uid or metadata.resourceVersion in the patch that is not the object's is refused with a conflict.
func (w *Writer) Patch(ctx context.Context, o incident.Object, patch []byte, dryRun bool) ([]byte, error) {
	p, err := path(o.Kind, o.Namespace, o.Name)
	if err != nil {
		return nil, err
	}
	return w.send(ctx, w.api.Patch(types.MergePatchType).AbsPath(p...).Param("fieldManager", FieldManager).Body(patch), "patch", o, dryRun)
}

// Create makes the object that the JSON is and returns it as it is afterwards; with dryRun, as it would be, and nothing is made.
func (w *Writer) Create(ctx context.Context, o incident.Object, object []byte, dryRun bool) ([]byte, error) {
	p, err := path(o.Kind, o.Namespace, "")
	if err != nil {
		return nil, err
	}
	req := w.api.Post().AbsPath(p...).Param("fieldManager", FieldManager).SetHeader("Content-Type", "application/json").Body(object)
	return w.send(ctx, req, "create", o, dryRun)
}

// Delete begins to delete the object that has the UID and, where one is given, the resourceVersion; another one is refused with a
// conflict. At once means without the time that its containers are given to end. With dryRun nothing happens.
func (w *Writer) Delete(ctx context.Context, o incident.Object, uid, resourceVersion string, atOnce, dryRun bool) error {
	p, err := path(o.Kind, o.Namespace, o.Name)
	if err != nil {
		return err
	}
	background := metav1.DeletePropagationBackground
	body, err := json.Marshal(deleteOptions(uid, resourceVersion, &background, atOnce, dryRun))
	if err != nil {
		return fmt.Errorf("delete %s: %w", o, err)
	}
	_, err = w.send(ctx, w.api.Delete().AbsPath(p...).SetHeader("Content-Type", "application/json").Body(body), "delete", o, dryRun)
	return err
}

// Evict asks for the pod with the UID to be evicted, which a PodDisruptionBudget may refuse (k8s.io/api/policy/v1, Eviction). With dryRun
// nothing happens.
func (w *Writer) Evict(ctx context.Context, o incident.Object, uid string, dryRun bool) error {
	p, err := path(o.Kind, o.Namespace, o.Name, "eviction")
	if err != nil {
		return err
	}
	body, err := json.Marshal(policyv1.Eviction{
		TypeMeta:   metav1.TypeMeta{APIVersion: policyv1.SchemeGroupVersion.String(), Kind: "Eviction"},
		ObjectMeta: metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Name}, DeleteOptions: deleteOptions(uid, "", nil, false, dryRun)})
	if err != nil {
		return fmt.Errorf("evict %s: %w", o, err)
	}
	_, err = w.send(ctx, w.api.Post().AbsPath(p...).SetHeader("Content-Type", "application/json").Body(body), "evict", o, dryRun)
	return err
}

// deleteOptions say that nothing is to happen, with dryRun, in the body: where there is one, the API server does not look at the parameter.
func deleteOptions(uid, resourceVersion string, policy *metav1.DeletionPropagation, atOnce, dryRun bool) *metav1.DeleteOptions {
	out := &metav1.DeleteOptions{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"}, PropagationPolicy: policy,
		Preconditions: &metav1.Preconditions{UID: (*types.UID)(&uid)}}
	if resourceVersion != "" {
		out.Preconditions.ResourceVersion = &resourceVersion
	}
	if atOnce {
		out.GracePeriodSeconds = new(int64)
	}
	if dryRun {
		out.DryRun = []string{metav1.DryRunAll}
	}
	return out
}

// send does what the request asks, and says in an error who did what to what.
func (w *Writer) send(ctx context.Context, req *rest.Request, verb string, o incident.Object, dryRun bool) ([]byte, error) {
	doing := verb + " " + o.String() + " as " + w.as.User
	if dryRun {
		req.Param("dryRun", metav1.DryRunAll)
		doing = "dry-run: " + doing
	}
	b, err := raw(req.Do(ctx))
	if err != nil {
		r := incident.Right{Verb: verb, Resource: strings.ToLower(o.Kind), Namespace: o.Namespace, Name: o.Name}
		return nil, explain(doing, w.host, w.as, r, err)
	}
	return b, nil
}

// right is a right in the words of RBAC.
func right(r incident.Right) string {
	s := r.Verb + " " + r.Resource
	if r.Group != "" {
		s += "." + r.Group
	}
	if r.Name != "" {
		s += " " + r.Name
	}
	if r.Namespace != "" {
		s += " in " + r.Namespace
	}
	return s
}
