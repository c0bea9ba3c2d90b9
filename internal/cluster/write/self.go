package write

import (
	"context"
	"encoding/json"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Self returns a Writer that acts with the Client's own credentials, and whom the API server says they are (SelfSubjectReview, Kubernetes
// 1.28 and later).
func (c *Client) Self(ctx context.Context) (*Writer, incident.Identity, error) {
	api, err := connect(c.config)
	if err != nil {
		return nil, incident.Identity{}, err
	}
	const doing = "ask the API server who these credentials are"
	review := authenticationv1.SelfSubjectReview{TypeMeta: metav1.TypeMeta{APIVersion: authenticationv1.SchemeGroupVersion.String(),
		Kind: "SelfSubjectReview"}}
	body, err := json.Marshal(review)
	if err != nil {
		return nil, incident.Identity{}, fmt.Errorf("%s: %w", doing, err)
	}
	b, err := raw(api.Post().AbsPath("/apis/authentication.k8s.io/v1/selfsubjectreviews").Body(body).Do(ctx))
	if err != nil {
		return nil, incident.Identity{}, explain(doing, c.config.Host, incident.Identity{},
			incident.Right{Verb: "create", Group: "authentication.k8s.io", Resource: "selfsubjectreviews"}, err)
	}
	if err := json.Unmarshal(b, &review); err != nil {
		return nil, incident.Identity{}, fmt.Errorf("%s: read the answer: %w", doing, err)
	}
	as := incident.Identity{User: review.Status.UserInfo.Username, Groups: review.Status.UserInfo.Groups}
	if as.User == "" {
		return nil, as, fmt.Errorf("%s: it names nobody", doing)
	}
	return &Writer{api: api, host: c.config.Host, as: as}, as, nil
}
