package write

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// explain says what was being done, to what, what the API server answered, and what to try. as is zero for the bot itself. The error
// given stays inside.
func explain(doing, host string, as incident.Identity, r incident.Right, err error) error {
	var status apierrors.APIStatus
	switch {
	case !errors.As(err, &status):
		return fmt.Errorf("%s: the API server at %s did not answer: %w; is it up, and reachable from here?", doing, host, err)
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "impersonate"):
		return fmt.Errorf("%s: Paramedic may not act as this user: %w; name them in the resourceNames for its account "+
			"(deploy/kubernetes/rbac.yaml): user %s%s", doing, err, as.User, groups(as, ", groups"))
	case apierrors.IsForbidden(err):
		who := "Paramedic's account"
		if as.User != "" {
			who = as.User + groups(as, " or one of the groups")
		}
		return fmt.Errorf("%s: %w; a cluster administrator can grant %q to %s", doing, err, right(r), who)
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s: %w; are the kubeconfig's credentials still valid?", doing, err)
	case apierrors.IsConflict(err):
		return fmt.Errorf("%s: somebody else changed it meanwhile: %w; look again", doing, err)
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%s: %w; it is gone, look again", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func groups(as incident.Identity, words string) string {
	if len(as.Groups) == 0 {
		return ""
	}
	return words + " " + strings.Join(as.Groups, ", ")
}
