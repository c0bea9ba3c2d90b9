// Package grants derives the Kubernetes roles that Paramedic and its people need from what it reads and from what its runbooks do.
package grants

import (
	"cmp"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// reading are the verbs by which something is looked at.
var reading = []string{"get", "list", "watch"}

// Bot is what the bot itself may do: look at what a Snapshot holds, and ask what people may read. It may change nothing.
func Bot() []rbacv1.PolicyRule {
	var all []incident.Right
	add := func(group, resource string, verbs ...string) {
		for _, v := range verbs {
			all = append(all, incident.Right{Verb: v, Group: group, Resource: resource})
		}
	}
	for _, k := range snapshot.Kinds {
		add(k.Group, k.Resource, reading...)
	}
	add("", "pods/log", "get")
	add("apiregistration.k8s.io", "apiservices", reading...)
	add("certificates.k8s.io", "certificatesigningrequests", reading...)
	add("gateway.networking.k8s.io", "*", reading...)
	add("authorization.k8s.io", "subjectaccessreviews", "create")
	return append(Rules(all), rbacv1.PolicyRule{NonResourceURLs: []string{"/apis", "/readyz", "/version"}, Verbs: []string{"get"}})
}

// Rules are rights as a role has them: those of one group with the same verbs together.
func Rules(rights []incident.Right) []rbacv1.PolicyRule {
	type resource struct{ group, name string }
	verbs := map[resource][]string{}
	for _, r := range rights {
		at := resource{r.Group, r.Resource}
		if !slices.Contains(verbs[at], r.Verb) {
			verbs[at] = append(verbs[at], r.Verb)
		}
	}
	together := map[resource][]string{} // by group and verbs
	for at, v := range verbs {
		slices.Sort(v)
		key := resource{at.group, strings.Join(v, " ")}
		together[key] = append(together[key], at.name)
	}
	var out []rbacv1.PolicyRule
	for key, names := range together {
		slices.Sort(names)
		out = append(out, rbacv1.PolicyRule{APIGroups: []string{key.group}, Resources: names, Verbs: strings.Fields(key.name)})
	}
	slices.SortFunc(out, func(a, b rbacv1.PolicyRule) int {
		return cmp.Or(cmp.Compare(a.APIGroups[0], b.APIGroups[0]), slices.Compare(a.Verbs, b.Verbs))
	})
	return out
}

// wide are the resources of the whole cluster of which a runbook may need rights and a Snapshot holds nothing.
var wide = []string{"apiservices"}

// Split parts rights on what lies in namespaces from those on the whole cluster.
func Split(rights []incident.Right) (namespaced, cluster []incident.Right) {
	for _, r := range rights {
		name, _, _ := strings.Cut(r.Resource, "/")
		if slices.Contains(wide, name) || slices.ContainsFunc(snapshot.Kinds, func(k snapshot.Kind) bool {
			return k.Group == r.Group && k.Resource == name && !k.Namespaced
		}) {
			cluster = append(cluster, r)
		} else {
			namespaced = append(namespaced, r)
		}
	}
	return namespaced, cluster
}

// Role is the YAML of a role: of a Role in the namespace, or without one of a ClusterRole.
func Role(name, namespace string, rules []rbacv1.PolicyRule) (string, error) {
	type head struct {
		Name      string            `json:"name"`
		Namespace string            `json:"namespace,omitempty"`
		Labels    map[string]string `json:"labels"`
	}
	kind := "ClusterRole"
	if namespace != "" {
		kind = "Role"
	}
	b, err := sigsyaml.Marshal(struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        head                `json:"metadata"`
		Rules           []rbacv1.PolicyRule `json:"rules"`
	}{metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind},
		head{name, namespace, map[string]string{"app.kubernetes.io/name": "paramedic"}}, rules})
	return string(b), err
}
