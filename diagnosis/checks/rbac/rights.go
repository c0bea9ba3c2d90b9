package rbac

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// deniedRight is what stands between a subject and what it asked for.
type deniedRight struct {
	granted bool // by now
	unseen  bool // what grants it was not seen, or not wholly
	code    string
	object  incident.Object // at fault
	miss    Miss
	runAs   string // the ServiceAccount of the same namespace that has the right
	title   string
	seen    []incident.Evidence
}

// request is what the API server was asked.
type request struct {
	subject, verb, group, resource, namespace string
}

func (q request) String() string {
	what := q.resource
	if q.group != "" {
		what += "." + q.group
	}
	if q.namespace == "" && !strings.HasPrefix(q.resource, "/") {
		return fmt.Sprintf("%s %s in all namespaces", q.verb, what)
	}
	if q.namespace == "" {
		return q.verb + " " + what
	}
	return fmt.Sprintf("%s %s in %s", q.verb, what, q.namespace)
}

// binding is a RoleBinding or a ClusterRoleBinding; the latter has no namespace.
type binding struct {
	object   incident.Object
	ref      rbacv1.RoleRef
	subjects []rbacv1.Subject
}

// missingRight says why a subject may not do what it asked for, by the roles and bindings that there are: the nearest miss.
func missingRight(s *snapshot.Snapshot, p *corev1.Pod, subject, verb, group, resource, namespace string) deniedRight {
	q := request{subject, verb, group, resource, namespace}
	who, account := accountOf(subject)
	name := finding.OneLine(subject, 80)
	d := deniedRight{code: RightMissing, object: snapshot.ObjectOf("User", "", name)}
	if account {
		d.object, name = who, fmt.Sprintf("ServiceAccount %s/%s", who.Namespace, who.Name)
	}
	title := fmt.Sprintf("%s may not %s", name, q)
	d.title = title
	if subject == "system:anonymous" && p != nil {
		d.object = s.WorkloadOf(p)
		d.title = fmt.Sprintf("%s is nobody to the API server (system:anonymous), so it may not %s: it sends no token", finding.Short(d.object),
			q)
		if a := p.Spec.AutomountServiceAccountToken; a != nil && !*a {
			d.title += ", for automountServiceAccountToken is false"
			d.seen = append(d.seen, finding.SeenAPI(finding.PodObject(p), "spec.automountServiceAccountToken", time.Time{}, "false"))
		}
		return d
	}
	if !s.SeenWhole("", "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io",
		"clusterrolebindings.rbac.authorization.k8s.io") {
		d.unseen = true
		return d
	}
	all := bindingsOf(s)
	for _, b := range all {
		if b.covers(q.namespace) && b.binds(subject) {
			if rules, ok := rulesOf(s, b); ok && allows(rules, q) {
				d.granted = true
				return d
			}
		}
	}
	for _, try := range []func(*snapshot.Snapshot, request, []binding) (nearMiss, bool){danglingRole, nobodysBinding, lackingRole,
		otherNamespace, otherSubject, unboundRole, onlyRole} {
		m, ok := try(s, q, all)
		if !ok {
			continue
		}
		d.object, d.title, d.seen, d.miss = m.object, title+": "+m.why, m.seen, m.miss
		if m.dangling {
			d.code, d.title = RoleMissing, fmt.Sprintf("%s, so %s may not %s", m.why, name, q)
		}
		if m.runAs != "" && p != nil && who.Name == "default" {
			d.object, d.miss, d.runAs = s.WorkloadOf(p), AccountUnset, m.runAs
			d.title = fmt.Sprintf("%s runs as ServiceAccount default, which may not %s; %s grants it to ServiceAccount %s: set serviceAccountName",
				finding.Short(d.object), q, kindAndName(m.object), m.runAs)
			d.seen = append(d.seen, finding.SeenAPI(finding.PodObject(p), "spec.serviceAccountName", time.Time{}, "default"))
		}
		return d
	}
	d.title = title + ": nothing grants it"
	return d
}

func kindAndName(o incident.Object) string {
	if o.Namespace == "" {
		return finding.Short(o)
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

func bindingsOf(s *snapshot.Snapshot) []binding {
	var out []binding
	for i := range s.RoleBindings {
		b := &s.RoleBindings[i]
		subjects := slices.Clone(b.Subjects)
		for j := range subjects {
			if subjects[j].Kind == rbacv1.ServiceAccountKind && subjects[j].Namespace == "" {
				subjects[j].Namespace = b.Namespace
			}
		}
		out = append(out, binding{snapshot.ObjectOf("RoleBinding", b.Namespace, b.Name), b.RoleRef, subjects})
	}
	for i := range s.ClusterRoleBindings {
		b := &s.ClusterRoleBindings[i]
		out = append(out, binding{snapshot.ObjectOf("ClusterRoleBinding", "", b.Name), b.RoleRef, b.Subjects})
	}
	return out
}

// covers says whether the binding counts in the namespace; what is asked of all namespaces only a ClusterRoleBinding grants.
func (b binding) covers(namespace string) bool {
	return b.object.Namespace == "" || b.object.Namespace == namespace
}

func (b binding) binds(subject string) bool {
	who, account := accountOf(subject)
	return slices.ContainsFunc(b.subjects, func(x rbacv1.Subject) bool {
		switch x.Kind {
		case rbacv1.ServiceAccountKind:
			return account && x.Namespace == who.Namespace && x.Name == who.Name
		case rbacv1.GroupKind:
			return x.Name == "system:authenticated" || account && (x.Name == "system:serviceaccounts" || x.Name == "system:serviceaccounts:"+
				who.Namespace)
		}
		return x.Name == subject
	})
}

// own says whether the binding names the subject itself, rather than a group that everybody is in.
func (b binding) own(subject string) bool {
	return b.binds(subject) && !slices.ContainsFunc(b.subjects, func(x rbacv1.Subject) bool { return x.Kind == rbacv1.GroupKind })
}

func (b binding) role() incident.Object {
	if b.ref.Kind == "ClusterRole" {
		return snapshot.ObjectOf("ClusterRole", "", b.ref.Name)
	}
	return snapshot.ObjectOf("Role", b.object.Namespace, b.ref.Name)
}

// rulesOf is what the binding's role allows; ok is false for a role that does not exist.
func rulesOf(s *snapshot.Snapshot, b binding) (rules []rbacv1.PolicyRule, ok bool) {
	if o := b.role(); o.Kind == "Role" {
		if r := s.Role(o.Namespace, o.Name); r != nil {
			return r.Rules, true
		}
	} else if r := s.ClusterRole(o.Name); r != nil {
		return r.Rules, true
	}
	return nil, false
}

func allows(rules []rbacv1.PolicyRule, q request) bool { return allowing(rules, q) >= 0 }

// allowing is the rule that grants the request, or -1.
func allowing(rules []rbacv1.PolicyRule, q request) int {
	return slices.IndexFunc(rules, func(r rbacv1.PolicyRule) bool {
		return q.ofResource(r) && q.ofGroup(r) && q.ofVerb(r) && len(r.ResourceNames) == 0
	})
}

func (q request) ofVerb(r rbacv1.PolicyRule) bool {
	return slices.Contains(r.Verbs, q.verb) || slices.Contains(r.Verbs, "*")
}

func (q request) ofGroup(r rbacv1.PolicyRule) bool {
	return strings.HasPrefix(q.resource, "/") || slices.Contains(r.APIGroups, q.group) || slices.Contains(r.APIGroups, "*")
}

func (q request) ofResource(r rbacv1.PolicyRule) bool {
	if strings.HasPrefix(q.resource, "/") {
		return slices.ContainsFunc(r.NonResourceURLs, func(u string) bool {
			prefix, star := strings.CutSuffix(u, "*")
			return u == q.resource || star && strings.HasPrefix(q.resource, prefix)
		})
	}
	_, sub, _ := strings.Cut(q.resource, "/")
	return slices.ContainsFunc(r.Resources, func(res string) bool {
		return res == "*" || res == q.resource || sub != "" && res == "*/"+sub
	})
}
