package bundle

import (
	"net/http"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// reviewKinds are questions that a user asks, by creating them: about itself, or about another.
var reviewKinds = []Kind{
	{Group: "authentication.k8s.io", Version: "v1", Resource: "selfsubjectreviews", Kind: "SelfSubjectReview", role: question},
	{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews", Kind: "SelfSubjectAccessReview", role: question},
	{Group: "authorization.k8s.io", Version: "v1", Resource: "subjectaccessreviews", Kind: "SubjectAccessReview", role: question},
}

// serveReview answers "who am I" and "may I", which everyone may ask, and "may they", which takes a right.
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
			if err := s.review(review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, &review.Status, user); err != nil {
				return err
			}
			return m.writeObject(w, http.StatusCreated, &review)
		}
	case "authorization.k8s.io/subjectaccessreviews":
		answer = func() error {
			if err := s.authorize(Attributes{User: user, Verb: "create", Group: parts[1], Resource: parts[3]}); err != nil {
				return err
			}
			var review authorizationv1.SubjectAccessReview
			if err := readTyped(r, &review); err != nil {
				return err
			}
			about := User{Name: review.Spec.User, Groups: review.Spec.Groups}
			if err := s.review(review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, &review.Status, about); err != nil {
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
func (s *Server) review(ra *authorizationv1.ResourceAttributes, other *authorizationv1.NonResourceAttributes,
	status *authorizationv1.SubjectAccessReviewStatus, user User) error {
	switch {
	case ra != nil && other == nil:
		resource := ra.Resource
		if ra.Subresource != "" {
			resource += "/" + ra.Subresource
		}
		status.Allowed, status.Reason = s.allowed(Attributes{
			User: user, Verb: ra.Verb, Group: ra.Group, Resource: resource, Namespace: ra.Namespace, Name: ra.Name})
	case other != nil && ra == nil:
		status.Allowed = other.Verb == "get"
	default:
		return apierrors.NewBadRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified")
	}
	return nil
}
