package rbac

import (
	"slices"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Miss is what stands between an account and a right.
type Miss string

// The misses. In brackets is the object of a [Refusal].
const (
	NothingGrants    Miss = ""                  // no role is near to it (the account)
	RoleLacks        Miss = "role lacks it"     // a role of the account's lacks it (the role)
	RoleUnbound      Miss = "role unbound"      // a role grants it and is bound to nobody (the role)
	BindingElsewhere Miss = "other namespace"   // a binding of the account's grants it in another namespace (the binding)
	BindingOfOther   Miss = "other subject"     // a binding grants it to an account that looks like this one (the binding)
	BindingDangles   Miss = "role missing"      // a binding gives the account a role that does not exist (the binding)
	AccountUnset     Miss = "account not named" // the pods run as the default account, and RunAs has it (the workload)
)

// Refusal is a request that the API server refuses to a ServiceAccount, and the object that is nearest to granting it.
type Refusal struct {
	Account, Object                  incident.Object
	Miss                             Miss
	RunAs                            string
	Verb, Group, Resource, Namespace string // Namespace is empty for all
}

// Refusals are the requests that are refused to ServiceAccounts, each once, by the roles and bindings that there are.
func Refusals(s *snapshot.Snapshot) []Refusal {
	var out []Refusal
	eachRefusal(s, func(f refused) {
		who, ok := accountOf(f.Subject)
		if !ok || f.Verb == "" || f.Resource == "" {
			return
		}
		m := missingRight(s, f.pod, f.Subject, f.Verb, f.Group, f.Resource, f.Namespace)
		if x := (Refusal{who, m.object, m.miss, m.runAs, f.Verb, f.Group, f.Resource, f.Namespace}); !m.granted && !m.unseen &&
			!slices.Contains(out, x) {
			out = append(out, x)
		}
	})
	return out
}
