package kube

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// GroupsRead are the API groups, beside Kubernetes' own core, whose objects a pod's account may list or watch by roles that name the group.
// The map is the caller's.
func GroupsRead(s *snapshot.Snapshot, p *corev1.Pod) map[string]bool {
	out := map[string]bool{}
	account := p.Spec.ServiceAccountName
	if account == "" {
		account = "default"
	}
	grant := func(rules []rbacv1.PolicyRule) {
		for _, r := range rules {
			if !slices.ContainsFunc(r.Verbs, func(v string) bool { return v == "list" || v == "watch" || v == "*" }) {
				continue
			}
			for _, g := range r.APIGroups {
				if g != "" && g != "*" {
					out[g] = true
				}
			}
		}
	}
	bound := func(namespace string, ref rbacv1.RoleRef, subjects []rbacv1.Subject) {
		if !slices.ContainsFunc(subjects, func(x rbacv1.Subject) bool {
			return x.Kind == rbacv1.ServiceAccountKind && x.Name == account && (x.Namespace == p.Namespace || x.Namespace == "" &&
				namespace == p.Namespace)
		}) {
			return
		}
		if ref.Kind == "ClusterRole" {
			if r := s.ClusterRole(ref.Name); r != nil {
				grant(r.Rules)
			}
		} else if r := s.Role(namespace, ref.Name); r != nil {
			grant(r.Rules)
		}
	}
	for i := range s.RoleBindings {
		b := &s.RoleBindings[i]
		bound(b.Namespace, b.RoleRef, b.Subjects)
	}
	for i := range s.ClusterRoleBindings {
		bound("", s.ClusterRoleBindings[i].RoleRef, s.ClusterRoleBindings[i].Subjects)
	}
	return out
}
