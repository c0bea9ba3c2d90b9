package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	authv1 "k8s.io/api/authorization/v1"
	"k8s.io/utils/lru"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	// rememberRight is how long an answer about a right is taken for true: a right that is taken away is gone for Paramedic so much later.
	rememberRight = 30 * time.Second
	mostRights    = 20000
)

// Rights asks the API server what people may read, and remembers its answers for a little while. It is safe for concurrent use.
type Rights struct {
	reader *Reader
	now    func() time.Time

	mu    sync.Mutex
	known *lru.Cache // of answer, by the question
}

type answer struct {
	allowed bool
	until   time.Time
}

// NewRights asks as the reader, which takes the right to create SubjectAccessReviews. now may be nil for time.Now.
func NewRights(r *Reader, now func() time.Time) *Rights {
	if now == nil {
		now = time.Now
	}
	return &Rights{reader: r, now: now, known: lru.New(mostRights)}
}

// MayRead says whether somebody may read the pods of a namespace and their logs; of "", those of all namespaces.
func (r *Rights) MayRead(ctx context.Context, as incident.Identity, namespace string) (bool, error) {
	for _, a := range []authv1.ResourceAttributes{{Verb: "list", Resource: "pods"}, {Verb: "get", Resource: "pods", Subresource: "log"}} {
		if ok, err := r.may(ctx, as, a, namespace); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// MayList says whether somebody may list a resource in a namespace; of "", in all of them, or where it lies in none.
func (r *Rights) MayList(ctx context.Context, as incident.Identity, resource incident.Resource, namespace string) (bool, error) {
	name, group := resource.Of()
	return r.may(ctx, as, authv1.ResourceAttributes{Verb: "list", Group: group, Resource: name}, namespace)
}

// may asks for a namespace; who may everywhere may there, so that this costs one question for all namespaces.
func (r *Rights) may(ctx context.Context, as incident.Identity, a authv1.ResourceAttributes, namespace string) (bool, error) {
	ok, err := r.ask(ctx, as, a)
	if ok || err != nil || namespace == "" {
		return ok, err
	}
	a.Namespace = namespace
	return r.ask(ctx, as, a)
}

func (r *Rights) ask(ctx context.Context, as incident.Identity, a authv1.ResourceAttributes) (bool, error) {
	as.Groups = everyGroup(as)
	question := fmt.Sprintf("%q %q %q", as.User, as.Groups, []string{a.Verb, a.Group, a.Resource, a.Subresource, a.Namespace})
	r.mu.Lock()
	known, found := r.known.Get(question)
	r.mu.Unlock()
	if found && r.now().Before(known.(answer).until) {
		return known.(answer).allowed, nil
	}
	review, err := r.reader.core.AuthorizationV1().SubjectAccessReviews().Create(ctx,
		&authv1.SubjectAccessReview{Spec: authv1.SubjectAccessReviewSpec{User: as.User, Groups: as.Groups, ResourceAttributes: &a}}, metaCreate)
	if err != nil {
		return false, fmt.Errorf("ask what %s may read: %w", as.User, err)
	}
	if trouble := review.Status.EvaluationError; trouble != "" && !review.Status.Allowed {
		return false, fmt.Errorf("ask what %s may read: the API server could not tell: %s", as.User, trouble)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known.Add(question, answer{review.Status.Allowed, r.now().Add(rememberRight)})
	return review.Status.Allowed, nil
}

// everyGroup are the groups that the API server counts somebody into who is impersonated: those named, and what follows from who it is.
func everyGroup(as incident.Identity) []string {
	groups := slices.Clone(as.Groups)
	if account, is := strings.CutPrefix(as.User, "system:serviceaccount:"); is && len(groups) == 0 {
		namespace, _, _ := strings.Cut(account, ":")
		groups = append(groups, "system:serviceaccounts", "system:serviceaccounts:"+namespace)
	}
	if !slices.Contains(groups, "system:authenticated") {
		groups = append(groups, "system:authenticated")
	}
	return groups
}
