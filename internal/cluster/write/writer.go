package write

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
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
	req := w.api.Patch(types.MergePatchType).AbsPath(p...).Param("fieldManager", FieldManager).Body(patch)
	doing := "patch " + o.String() + " as " + w.as.User
	if dryRun {
		req.Param("dryRun", metav1.DryRunAll)
		doing = "dry-run: " + doing
	}
	b, err := raw(req.Do(ctx))
	if err != nil {
		r := incident.Right{Verb: "patch", Resource: strings.ToLower(o.Kind), Namespace: o.Namespace, Name: o.Name}
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
