package rbac

import (
	"fmt"
	"slices"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// nearMiss is what would have granted a right, but for one thing.
type nearMiss struct {
	object   incident.Object
	miss     Miss
	why      string
	dangling bool   // a binding whose role does not exist
	runAs    string // the ServiceAccount that has the right, in the subject's namespace
	seen     []incident.Evidence
}

// danglingRole is a binding of the subject's whose role does not exist.
func danglingRole(s *snapshot.Snapshot, q request, all []binding) (nearMiss, bool) {
	for _, b := range all {
		if !b.covers(q.namespace) || !b.binds(q.subject) {
			continue
		}
		if _, ok := rulesOf(s, b); ok {
			continue
		}
		o := b.role()
		return nearMiss{object: b.object, miss: BindingDangles, dangling: true,
			why: fmt.Sprintf("%s gives it %s %s, which does not exist%s", kindAndName(b.object), o.Kind, o.Name,
				kube.DidYouMean(kube.Nearest(o.Name, roleNames(s, o)))),
			seen: []incident.Evidence{finding.SeenAPI(b.object, "roleRef", time.Time{}, o.Kind+" "+o.Name)}}, true
	}
	return nearMiss{}, false
}

func roleNames(s *snapshot.Snapshot, like incident.Object) []string {
	var names []string
	if like.Kind == "Role" {
		for i := range s.Roles {
			if s.Roles[i].Namespace == like.Namespace {
				names = append(names, s.Roles[i].Name)
			}
		}
		return names
	}
	for i := range s.ClusterRoles {
		if n := s.ClusterRoles[i].Name; !strings.HasPrefix(n, "system:") {
			names = append(names, n)
		}
	}
	return names
}

// lackingRole is a role of the subject's that grants all but one thing: the verb, the API group, or the object's name.
func lackingRole(s *snapshot.Snapshot, q request, all []binding) (nearMiss, bool) {
	for _, b := range all {
		if !b.covers(q.namespace) || !b.own(q.subject) {
			continue
		}
		rules, _ := rulesOf(s, b)
		for _, r := range rules {
			if !q.ofResource(r) && !pluralOf(r, q) || !q.ofGroup(r) && slices.Contains(r.Resources, "*") {
				continue // what is granted of a whole group is not meant for another
			}
			o, why := b.role(), ""
			switch {
			case !q.ofResource(r):
				why = fmt.Sprintf("names resource %s, not %s", strings.Join(r.Resources, ", "), q.resource)
			case !q.ofGroup(r):
				why = fmt.Sprintf("grants %s in API group %s, not in %s", q.resource, groupWords(r.APIGroups...), groupWords(q.group))
			case !q.ofVerb(r):
				why = fmt.Sprintf("allows it %s, not %s", strings.Join(r.Verbs, ", "), q.verb)
			case len(r.ResourceNames) > 0:
				why = fmt.Sprintf("allows it for %s alone", strings.Join(r.ResourceNames, ", "))
			default:
				continue
			}
			return nearMiss{object: o, miss: RoleLacks, why: kindAndName(o) + " " + why, seen: []incident.Evidence{ruleEvidence(o, r),
				finding.SeenAPI(b.object,
					"roleRef", time.Time{}, o.Kind+" "+o.Name)}}, true
		}
	}
	return nearMiss{}, false
}

// onlyRole is the one role that is the subject's own: what it needs was to stand there.
func onlyRole(s *snapshot.Snapshot, q request, all []binding) (nearMiss, bool) {
	var own []binding
	for _, b := range all {
		if b.covers(q.namespace) && b.own(q.subject) {
			own = append(own, b)
		}
	}
	if len(own) != 1 {
		return nearMiss{}, false
	}
	rules, _ := rulesOf(s, own[0])
	var grants []string
	for _, r := range rules {
		grants = finding.Union(grants, r.Resources)
	}
	if len(grants) == 0 {
		return nearMiss{}, false
	}
	o := own[0].role()
	return nearMiss{object: o, miss: RoleLacks, why: fmt.Sprintf("%s, the only one bound to it, has no rule for it (it has some for %s)",
		kindAndName(o),
		finding.FirstFew(grants)),
		seen: []incident.Evidence{finding.SeenAPI(o, "rules", time.Time{}, "resources "+strings.Join(grants, ", ")),
			finding.SeenAPI(own[0].object, "roleRef", time.Time{}, o.Kind+" "+o.Name)}}, true
}

// pluralOf says whether a rule means the resource and writes it wrong: "pod", "Pods".
func pluralOf(r rbacv1.PolicyRule, q request) bool {
	return slices.ContainsFunc(r.Resources, func(res string) bool {
		return res != "" && (strings.EqualFold(res, q.resource) || strings.EqualFold(res+"s", q.resource) ||
			strings.EqualFold(res+"es", q.resource))
	})
}

func groupWords(groups ...string) string {
	var out []string
	for _, g := range groups {
		out = append(out, fmt.Sprintf("%q", g))
	}
	return strings.Join(out, ", ")
}

func ruleEvidence(o incident.Object, r rbacv1.PolicyRule) incident.Evidence {
	return finding.SeenAPI(o, "rules", time.Time{}, fmt.Sprintf("apiGroups [%s], resources %v, verbs %v", groupWords(r.APIGroups...),
		r.Resources, r.Verbs))
}

// otherNamespace is a RoleBinding of the subject's that grants the right elsewhere.
func otherNamespace(s *snapshot.Snapshot, q request, all []binding) (nearMiss, bool) {
	for _, b := range all {
		if b.covers(q.namespace) || !b.own(q.subject) {
			continue
		}
		rules, _ := rulesOf(s, b)
		if !allows(rules, q) {
			continue
		}
		why := fmt.Sprintf("%s grants it in namespace %s alone", kindAndName(b.object), b.object.Namespace)
		if q.namespace == "" {
			why += "; for all namespaces it takes a ClusterRoleBinding"
		}
		return nearMiss{object: b.object, miss: BindingElsewhere, why: why, seen: []incident.Evidence{finding.SeenAPI(b.object, "roleRef",
			time.Time{}, b.ref.Kind+" "+
				b.ref.Name)}}, true
	}
	return nearMiss{}, false
}

// otherSubject is a binding that grants the right to an account that looks like the subject: of the same name elsewhere, of a name
// that is nearly the same, or, for the account "default", another of its namespace.
func otherSubject(s *snapshot.Snapshot, q request, all []binding) (nearMiss, bool) {
	who, ok := accountOf(q.subject)
	if !ok {
		return nearMiss{}, false
	}
	for _, b := range all {
		rules, _ := rulesOf(s, b)
		if !b.covers(q.namespace) || ofEverything(b.role(), rules) || !allows(rules, q) {
			continue
		}
		for _, x := range b.subjects {
			if x.Kind != rbacv1.ServiceAccountKind {
				continue
			}
			m := nearMiss{object: b.object, miss: BindingOfOther, seen: []incident.Evidence{finding.SeenAPI(b.object, "subjects", time.Time{},
				"ServiceAccount "+
					x.Namespace+"/"+x.Name)}}
			gone := ""
			if s.ServiceAccount(x.Namespace, x.Name) == nil && !finding.NotSeen(s, "serviceaccounts", x.Namespace) {
				gone = " (which does not exist)"
			}
			switch {
			case x.Namespace == who.Namespace && who.Name == "default":
				m.runAs = x.Name
			case x.Name == who.Name || x.Namespace == who.Namespace && len(kube.Nearest(who.Name, []string{x.Name})) > 0:
			default:
				continue
			}
			m.why = fmt.Sprintf("%s grants it to ServiceAccount %s/%s%s", kindAndName(b.object), x.Namespace, x.Name, gone)
			return m, true
		}
	}
	return nearMiss{}, false
}

// ofEverything says that a role is not made for one purpose, so that to have it is no near miss.
func ofEverything(o incident.Object, rules []rbacv1.PolicyRule) bool {
	if strings.HasPrefix(o.Name, "system:") || o.Kind == "ClusterRole" && slices.Contains([]string{"cluster-admin", "admin", "edit", "view"},
		o.Name) {
		return true
	}
	return slices.ContainsFunc(rules, func(r rbacv1.PolicyRule) bool {
		return slices.Contains(r.Resources, "*") && slices.Contains(r.Verbs, "*")
	})
}

// unboundRole is a role that grants the right and is bound to nobody.
func unboundRole(s *snapshot.Snapshot, q request, all []binding) (nearMiss, bool) {
	bound := map[incident.Object]bool{}
	for _, b := range all {
		bound[b.role()] = true
	}
	fits := func(o incident.Object, rules []rbacv1.PolicyRule) bool {
		return !bound[o] && !ofEverything(o, rules) && allows(rules, q)
	}
	for i := range s.Roles {
		r := &s.Roles[i]
		if o := snapshot.ObjectOf("Role", r.Namespace, r.Name); r.Namespace == q.namespace && fits(o, r.Rules) {
			return nearMiss{object: o, miss: RoleUnbound, why: kindAndName(o) + " grants it, but no RoleBinding gives it to anybody",
				seen: []incident.Evidence{ruleEvidence(o, r.Rules[allowing(r.Rules, q)])}}, true
		}
	}
	who, _ := accountOf(q.subject)
	for i := range s.ClusterRoles {
		r := &s.ClusterRoles[i]
		o := snapshot.ObjectOf("ClusterRole", "", r.Name)
		if len(r.Labels) > 0 && r.Labels["kubernetes.io/bootstrapping"] != "" || len(kube.Nearest(who.Name, []string{r.Name})) == 0 ||
			!fits(o, r.Rules) {
			continue
		}
		return nearMiss{object: o, miss: RoleUnbound, why: kindAndName(o) + " grants it, but no binding gives it to anybody",
			seen: []incident.Evidence{ruleEvidence(o, r.Rules[allowing(r.Rules, q)])}}, true
	}
	return nearMiss{}, false
}
