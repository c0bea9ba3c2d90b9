package custom

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// account is a service account.
type account struct{ namespace, name string }

// writers are, of each service account with a workload, what its roles let it write the status of, or at least change.
type writers struct {
	status, change map[string][]account // by group and resource
	workloads      map[account][]incident.Object
}

type writersKey struct{}

func writersIn(s *snapshot.Snapshot) writers {
	return snapshot.Once(s, writersKey{}, func() writers {
		w := writers{map[string][]account{}, map[string][]account{}, map[account][]incident.Object{}}
		add := func(kind, namespace, name string, spec *corev1.PodSpec) {
			if spec.ServiceAccountName != "" && spec.ServiceAccountName != "default" {
				a := account{namespace, spec.ServiceAccountName}
				w.workloads[a] = append(w.workloads[a], snapshot.ObjectOf(kind, namespace, name))
			}
		}
		for i := range s.Deployments {
			d := &s.Deployments[i]
			add("Deployment", d.Namespace, d.Name, &d.Spec.Template.Spec)
		}
		for i := range s.StatefulSets {
			d := &s.StatefulSets[i]
			add("StatefulSet", d.Namespace, d.Name, &d.Spec.Template.Spec)
		}
		for i := range s.DaemonSets {
			d := &s.DaemonSets[i]
			add("DaemonSet", d.Namespace, d.Name, &d.Spec.Template.Spec)
		}
		rules := map[incident.Object][]rbacv1.PolicyRule{}
		for i := range s.ClusterRoles {
			rules[snapshot.ObjectOf("ClusterRole", "", s.ClusterRoles[i].Name)] = s.ClusterRoles[i].Rules
		}
		for i := range s.Roles {
			rules[snapshot.ObjectOf("Role", s.Roles[i].Namespace, s.Roles[i].Name)] = s.Roles[i].Rules
		}
		for i := range s.ClusterRoleBindings {
			b := &s.ClusterRoleBindings[i]
			w.bind(rules[snapshot.ObjectOf(b.RoleRef.Kind, "", b.RoleRef.Name)], "", b.Subjects)
		}
		for i := range s.RoleBindings {
			b := &s.RoleBindings[i]
			of := snapshot.ObjectOf(b.RoleRef.Kind, b.Namespace, b.RoleRef.Name)
			if of.Kind == "ClusterRole" {
				of.Namespace = ""
			}
			w.bind(rules[of], b.Namespace, b.Subjects)
		}
		return w
	})
}

// bind notes what rules let the subjects write; rules for whatever there is say nothing of who cares for what.
func (w writers) bind(rules []rbacv1.PolicyRule, namespace string, subjects []rbacv1.Subject) {
	for _, r := range rules {
		if !slices.ContainsFunc(r.Verbs, func(v string) bool { return v == "update" || v == "patch" || v == "*" }) {
			continue
		}
		for _, x := range subjects {
			a := account{x.Namespace, x.Name}
			if a.namespace == "" {
				a.namespace = namespace
			}
			if x.Kind != rbacv1.ServiceAccountKind || len(w.workloads[a]) == 0 {
				continue
			}
			for _, group := range r.APIGroups {
				for _, resource := range r.Resources {
					into, key := w.change, group+"/"+resource
					if name, ok := strings.CutSuffix(resource, "/status"); ok {
						into, key = w.status, group+"/"+name
					}
					if group != "*" && group != "" && !slices.Contains(into[key], a) {
						into[key] = append(into[key], a)
					}
				}
			}
		}
	}
}

// controllersOf are the workloads that care for a kind, as far as roles tell: those that may write its status, or else that may change it.
func controllersOf(s *snapshot.Snapshot, kind schema.GroupKind) []incident.Object {
	w := writersIn(s)
	find := func(by map[string][]account) []incident.Object {
		var out []incident.Object
		for _, key := range slices.Sorted(maps.Keys(by)) {
			group, resource, _ := strings.Cut(key, "/")
			if group != kind.Group || resource != "*" && !isPlural(resource, kind.Kind) {
				continue
			}
			for _, a := range by[key] {
				for _, o := range w.workloads[a] {
					if !slices.Contains(out, o) {
						out = append(out, o)
					}
				}
			}
		}
		return out
	}
	if out := find(w.status); len(out) > 0 {
		return out
	}
	return find(w.change)
}

// isPlural says whether a resource is the kind's, as plurals are made.
func isPlural(resource, kind string) bool {
	low := strings.ToLower(kind)
	return resource == low || resource == low+"s" || resource == low+"es" || strings.HasSuffix(low, "y") && resource == low[:len(low)-1]+"ies"
}

// downOf says in words that none of the controllers works; "" if one does, or none is known.
func downOf(s *snapshot.Snapshot, controllers []incident.Object) string {
	for _, o := range controllers {
		if slices.ContainsFunc(kube.PodsOfWorkload(s, o), kube.IsReady) {
			return ""
		}
	}
	if len(controllers) == 0 || !s.SeenWhole(controllers[0].Namespace, "pods") {
		return ""
	}
	return controllers[0].Kind + " " + controllers[0].Namespace + "/" + controllers[0].Name + " has no ready pod"
}
