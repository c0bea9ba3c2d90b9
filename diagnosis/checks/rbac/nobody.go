package rbac

import (
	"fmt"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// nobodysBinding is a RoleBinding of the very namespace that grants the right to an account which does not exist, where the subject is: it
// was made for who is there, under another name.
func nobodysBinding(s *snapshot.Snapshot, q request, all []binding) (nearMiss, bool) {
	who, ok := accountOf(q.subject)
	if !ok || q.namespace == "" {
		return nearMiss{}, false
	}
	exists := ", which does not exist"
	if finding.NotSeen(s, "serviceaccounts", who.Namespace) {
		if exists = "; whether that exists was not seen"; who.Name == "default" { // which programs have that were meant to have another
			return nearMiss{}, false
		}
	}
	for _, b := range all {
		rules, _ := rulesOf(s, b)
		if b.object.Namespace != q.namespace || ofEverything(b.role(), rules) || !allows(rules, q) {
			continue
		}
		for _, x := range b.subjects {
			if x.Kind != rbacv1.ServiceAccountKind || x.Namespace != who.Namespace || s.ServiceAccount(x.Namespace, x.Name) != nil {
				continue
			}
			return nearMiss{object: b.object, miss: BindingOfOther,
				why:  fmt.Sprintf("%s grants it to ServiceAccount %s/%s%s", kindAndName(b.object), x.Namespace, x.Name, exists),
				seen: []incident.Evidence{finding.SeenAPI(b.object, "subjects", time.Time{}, "ServiceAccount "+x.Namespace+"/"+x.Name)}}, true
		}
	}
	return nearMiss{}, false
}
