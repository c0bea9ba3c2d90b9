package bundle

import (
	"net/http"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// reviewKinds are questions that a user asks about itself, by creating them.
var reviewKinds = []Kind{
	{Group: "authentication.k8s.io", Version: "v1", Resource: "selfsubjectreviews", Kind: "SelfSubjectReview", role: question},
	{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews", Kind: "SelfSubjectAccessReview", role: question},
}

// serveReview answers "who am I" and "may I", which everyone may ask.
func (s *Server) serveReview(w http.ResponseWriter, r *http.Request, parts []string, user User) (done bool, err error) {
	if len(parts) != 4 || parts[0] != "apis" || parts[2] != "v1" {
		return false, nil
	}
	var answer func() error
	m := negotiate(r.Header.Get("Accept"), true)
	switch parts[1] + "/" + parts[3] {
	case "authentication.k8s.io/selfsubjectreviews":
		answer = func() error {
			var review authenticationv1.SelfSubjectReview
			if err := readTyped(r, &review); err != nil {
				return err
			}
			review.Status.UserInfo = authenticationv1.UserInfo{Username: user.Name, Groups: user.Groups}
			return m.writeObject(w, http.StatusCreated, &review)
		}
	case "authorization.k8s.io/selfsubjectaccessreviews":
		answer = func() error {
			var review authorizationv1.SelfSubjectAccessReview
			if err := readTyped(r, &review); err != nil {
				return err
			}
			if err := s.review(&review, user); err != nil {
				return err
			}
			return m.writeObject(w, http.StatusCreated, &review)
		}
	default:
		return false, nil
	}
	if r.Method != http.MethodPost {
		return true, apierrors.NewMethodNotSupported(Kind{Group: parts[1], Resource: parts[3]}.GVR().GroupResource(), strings.ToLower(r.Method))
	}
	return true, answer()
}

// review fills in the answer by the rules that requests meet.
func (s *Server) review(review *authorizationv1.SelfSubjectAccessReview, user User) error {
	spec := review.Spec
	switch {
	case spec.ResourceAttributes != nil && spec.NonResourceAttributes == nil:
		ra := spec.ResourceAttributes
		resource := ra.Resource
		if ra.Subresource != "" {
			resource += "/" + ra.Subresource
		}
		review.Status.Allowed, review.Status.Reason = s.allowed(Attributes{
			User: user, Verb: ra.Verb, Group: ra.Group, Resource: resource, Namespace: ra.Namespace, Name: ra.Name})
	case spec.NonResourceAttributes != nil && spec.ResourceAttributes == nil:
		review.Status.Allowed = spec.NonResourceAttributes.Verb == "get"
	default:
		return apierrors.NewBadRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified")
	}
	return nil
}
