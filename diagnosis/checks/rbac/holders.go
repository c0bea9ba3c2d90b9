package rbac

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Writers are the ServiceAccounts that a role of their own lets write one of the resources of an API group, or else whatever there is of
// that group. Roles for all groups don't count: they are people's.
func Writers(s *snapshot.Snapshot, group string, resources []string) []incident.Object {
	if out := writersOf(s, group, resources); len(out) > 0 || group == "" {
		return out
	}
	return writersOf(s, group, []string{"*"})
}

func writersOf(s *snapshot.Snapshot, group string, resources []string) []incident.Object {
	writes := func(r rbacv1.PolicyRule) bool {
		return slices.Contains(r.APIGroups, group) && slices.ContainsFunc(r.Resources, func(x string) bool {
			return slices.Contains(resources, x)
		}) && (slices.Contains(r.Verbs, "update") || slices.Contains(r.Verbs, "patch") || slices.Contains(r.Verbs, "*"))
	}
	var out []incident.Object
	for _, b := range bindingsOf(s) {
		if rules, ok := rulesOf(s, b); !ok || !slices.ContainsFunc(rules, writes) {
			continue
		}
		for _, x := range b.subjects {
			if x.Kind == rbacv1.ServiceAccountKind {
				out = finding.Union(out, []incident.Object{snapshot.ObjectOf("ServiceAccount", x.Namespace, x.Name)})
			}
		}
	}
	return out
}
