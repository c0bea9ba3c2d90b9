package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/rbac"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// draftRight gives an account exactly what is refused to it, where the roles and bindings show that it was meant to have it.
func draftRight(ctx context.Context, r *Recovery, q request) (draft, error) {
	var asked []rbac.Refusal
	for _, x := range rbac.Refusals(q.s) {
		if !slices.Contains(q.cause.Objects, x.Object) ||
			len(ofKind(q.cause.Objects, "ServiceAccount")) > 0 && !slices.Contains(q.cause.Objects, x.Account) {
			continue
		}
		if asked = append(asked, x); delicate(x) {
			return no("%s may not %s %s. It is a right by which others can be had, and no plan gives it; grant it by hand, if it should have it",
				x.Account,
				x.Verb, x.Resource)
		}
	}
	if len(asked) == 0 {
		return no("what is refused is not known, or the roles and bindings were not all seen")
	}
	switch x := asked[0]; x.Miss {
	case rbac.RoleLacks:
		return r.widenRole(ctx, q.s, asked)
	case rbac.RoleUnbound:
		return bindRole(q.s, x, x.Object, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: x.Object.Kind, Name: x.Object.Name},
			fmt.Sprintf("%s grants it and is bound to nobody.", inWords(x.Object)))
	case rbac.BindingElsewhere:
		b := find(q.s.RoleBindings, x.Object)
		if b == nil || b.RoleRef.Kind != "ClusterRole" {
			return grantRole(q.s, asked, fmt.Sprintf("%s grants it in namespace %s alone.", inWords(x.Object), x.Object.Namespace))
		}
		return bindRole(q.s, x, snapshot.ObjectOf("RoleBinding", x.Namespace, b.Name), b.RoleRef,
			fmt.Sprintf("%s grants it by %s %s in namespace %s alone.", inWords(x.Object), b.RoleRef.Kind, b.RoleRef.Name, x.Object.Namespace))
	case rbac.BindingOfOther:
		return r.bindSubject(ctx, q.s, x)
	case rbac.BindingDangles:
		return rebind(q.s, asked)
	case rbac.AccountUnset:
		return single(restingOn(fmt.Sprintf("the ServiceAccount of its namespace that may %s %s", x.Verb, x.Resource), stepTo("SetServiceAccount",
			x.Object, x.RunAs)), fmt.Sprintf("run %s/%s as ServiceAccount %s", x.Object.Namespace, x.Object.Name, x.RunAs),
			fmt.Sprintf("Its pods run as ServiceAccount default, and %s has the right that they lack (%s %s).", x.RunAs, x.Verb, x.Resource))
	}
	return grantRole(q.s, asked, "Nothing grants it.")
}

// delicate are rights by which an account gets others: Secrets, other pods' insides, tokens, and the rules themselves.
func delicate(x rbac.Refusal) bool {
	kind, sub, _ := strings.Cut(x.Resource, "/")
	return x.Group == rbacv1.GroupName || slices.Contains([]string{"secrets", "nodes", "users", "groups", "certificatesigningrequests"},
		kind) ||
		slices.Contains([]string{"exec", "attach", "proxy", "portforward", "token", "ephemeralcontainers", "approval"}, sub) ||
		kind == "serviceaccounts" ||
		slices.Contains([]string{"escalate", "bind", "impersonate", "*"}, x.Verb) || kind == "*" || strings.HasPrefix(x.Resource, "/") ||
		strings.HasSuffix(x.Group, "admissionregistration.k8s.io")
}

// exactly are rules for what was refused and nothing else.
func exactly(asked []rbac.Refusal) []rbacv1.PolicyRule {
	var out []rbacv1.PolicyRule
	for _, x := range asked {
		i := slices.IndexFunc(out, func(r rbacv1.PolicyRule) bool { return r.APIGroups[0] == x.Group && r.Resources[0] == x.Resource })
		if i < 0 {
			out, i = append(out, rbacv1.PolicyRule{APIGroups: []string{x.Group}, Resources: []string{x.Resource}}), len(out)
		}
		if !slices.Contains(out[i].Verbs, x.Verb) {
			out[i].Verbs = append(out[i].Verbs, x.Verb)
			slices.Sort(out[i].Verbs)
		}
	}
	return out
}

// inAll are those rights as a sentence has them: "list, watch pods".
func inAll(asked []rbac.Refusal) string {
	var parts []string
	for _, r := range exactly(asked) {
		parts = append(parts, strings.Join(r.Verbs, ", ")+" "+r.Resources[0])
	}
	return strings.Join(parts, "; ")
}

// widenRole adds what was refused to the role that is bound to the account and nearly grants it. One that others have too stays as it is.
func (r *Recovery) widenRole(ctx context.Context, s *snapshot.Snapshot, asked []rbac.Refusal) (draft, error) {
	o, who := asked[0].Object, asked[0].Account
	live, err := r.asItIs(ctx, o)
	if err != nil || live == nil {
		return draft{no: o.String() + " is not there any more"}, err
	}
	others := boundTo(s, o)
	switch {
	case live.at("aggregationRule") != nil:
		return no("the rules of %s are put together from other roles by their labels; add the right to one of those", o)
	case len(others) > 1 || strings.HasPrefix(o.Name, "system:"):
		return grantRole(s, asked, fmt.Sprintf("%s nearly grants it, but others have that role too (%s).", inWords(o), strings.Join(others,
			", ")))
	}
	rules, _ := live.clone().at("rules").([]any)
	added, _ := asJSON(exactly(asked)).([]any)
	return single(restingOn("what the API server has refused to "+inWords(who), stepTo("SetRules", o, append(rules, added...))),
		fmt.Sprintf("let %s %s", who.Name, inAll(asked)),
		fmt.Sprintf("%s is bound to %s alone and lacks just that. Added is what was refused, and nothing else.", inWords(o), inWords(who)))
}

// boundTo is whom a role's bindings give it to.
func boundTo(s *snapshot.Snapshot, role incident.Object) []string {
	var out []string
	add := func(ref rbacv1.RoleRef, namespace string, subjects []rbacv1.Subject) {
		if ref.Kind != role.Kind || ref.Name != role.Name || role.Kind == "Role" && namespace != role.Namespace {
			return
		}
		for _, x := range subjects {
			if name := strings.Trim(x.Kind+" "+x.Namespace+"/"+x.Name, "/"); !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	for i := range s.RoleBindings {
		add(s.RoleBindings[i].RoleRef, s.RoleBindings[i].Namespace, s.RoleBindings[i].Subjects)
	}
	for i := range s.ClusterRoleBindings {
		add(s.ClusterRoleBindings[i].RoleRef, "", s.ClusterRoleBindings[i].Subjects)
	}
	return out
}

func subjectOfAccount(who incident.Object) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: who.Name, Namespace: who.Namespace}
}

// bindingOf is a RoleBinding as the API server would have it.
func bindingOf(o incident.Object, ref rbacv1.RoleRef, subjects ...rbacv1.Subject) any {
	return map[string]any{"apiVersion": rbacv1.SchemeGroupVersion.String(), "kind": "RoleBinding",
		"metadata": map[string]any{"name": o.Name, "namespace": o.Namespace}, "roleRef": asJSON(ref), "subjects": asJSON(subjects)}
}

// bindRole makes a binding in the namespace that the account asks about, named after what it is like.
func bindRole(s *snapshot.Snapshot, x rbac.Refusal, like incident.Object, ref rbacv1.RoleRef, why string) (draft, error) {
	if x.Namespace == "" {
		return no("%s asks to %s %s in all namespaces, which takes a ClusterRoleBinding; no plan makes one", x.Account, x.Verb, x.Resource)
	}
	o := snapshot.ObjectOf("RoleBinding", x.Namespace, like.Name)
	if find(s.RoleBindings, o) != nil {
		o.Name = x.Account.Name + "-" + like.Name
	}
	return single(restingOn(why, stepTo(MakeObject, o, bindingOf(o, ref, subjectOfAccount(x.Account)))), fmt.Sprintf("bind %s %s to "+
		"ServiceAccount %s in %s", ref.Kind, ref.Name,
		x.Account.Name, x.Namespace), why)
}

// grantRole makes a Role with exactly what was refused, and binds it to the account.
func grantRole(s *snapshot.Snapshot, asked []rbac.Refusal, why string) (draft, error) {
	who, ns := asked[0].Account, asked[0].Namespace
	for _, x := range asked {
		if x.Namespace == "" {
			return no("%s asks to %s %s in all namespaces, which takes a ClusterRole; no plan makes one", x.Account, x.Verb, x.Resource)
		}
		if x.Namespace != ns {
			return no("%s is refused in more than one namespace (%s, %s); which of them it should see only its maker knows", who, ns, x.Namespace)
		}
	}
	role := snapshot.ObjectOf("Role", ns, who.Name+"-granted")
	binding := snapshot.ObjectOf("RoleBinding", ns, role.Name)
	if find(s.Roles, role) != nil || find(s.RoleBindings, binding) != nil {
		return no("%s is there already; add what is missing to it (%s)", role, inAll(asked))
	}
	d := draft{title: fmt.Sprintf("let %s %s in %s", who.Name, inAll(asked), ns),
		why: why + fmt.Sprintf(" The Role is made with exactly what was refused to %s (%s).", inWords(who), inAll(asked))}
	source := "what the API server has refused to " + inWords(who)
	d.steps = []incident.Step{restingOn(source, stepTo(MakeObject, role, newRole(role, asked))),
		restingOn(source, stepTo(MakeObject, binding, bindingOf(binding, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role",
			Name: role.Name}, subjectOfAccount(who))))}
	return d, nil
}

func newRole(o incident.Object, asked []rbac.Refusal) any {
	return map[string]any{"apiVersion": rbacv1.SchemeGroupVersion.String(), "kind": "Role",
		"metadata": map[string]any{"name": o.Name, "namespace": o.Namespace}, "rules": asJSON(exactly(asked))}
}

// bindSubject puts an account into a binding that has one like it: in the place of one that does not exist, or beside it.
func (r *Recovery) bindSubject(ctx context.Context, s *snapshot.Snapshot, x rbac.Refusal) (draft, error) {
	live, err := r.asItIs(ctx, x.Object)
	if err != nil || live == nil {
		return draft{no: x.Object.String() + " is not there any more"}, err
	}
	subjects, _ := live.clone().at("subjects").([]any)
	me := asJSON(subjectOfAccount(x.Account))
	for i, v := range subjects {
		name, ns := object(asMap(v)).text("name"), object(asMap(v)).text("namespace")
		alike := name == x.Account.Name || len(kube.Nearest(x.Account.Name, []string{name})) > 0
		if asMap(v)["kind"] == rbacv1.ServiceAccountKind && alike && s.ServiceAccount(ns, name) == nil && !s.NotSeenIn("serviceaccounts", ns) {
			subjects[i] = me
			return single(restingOn("the account that was refused; the one named is like it and does not exist", stepTo("SetSubjects", x.Object,
				subjects)), fmt.Sprintf("let %s bind ServiceAccount %s/%s", x.Object.Name, x.Account.Namespace,
				x.Account.Name), fmt.Sprintf("%s binds ServiceAccount %s/%s, which does not exist.", inWords(x.Object), ns, name))
		}
	}
	return no("%s gives the right to another account that exists; whether %s should have all of that too only its maker knows", x.Object,
		x.Account)
}

// rebind gives the account the role that its binding means: a binding's own cannot be changed, so it gets another one beside it; or the
// Role that it names is made, with exactly what was refused.
func rebind(s *snapshot.Snapshot, asked []rbac.Refusal) (draft, error) {
	x := asked[0]
	b := find(s.RoleBindings, x.Object)
	if b == nil {
		return no("%s gives a role that does not exist in all namespaces; make it, or the binding again with the right name", x.Object)
	}
	var names []string
	for i := range s.Roles {
		if b.RoleRef.Kind == "Role" && s.Roles[i].Namespace == b.Namespace {
			names = append(names, s.Roles[i].Name)
		}
	}
	for i := range s.ClusterRoles {
		if b.RoleRef.Kind == "ClusterRole" && !strings.HasPrefix(s.ClusterRoles[i].Name, "system:") {
			names = append(names, s.ClusterRoles[i].Name)
		}
	}
	meant, reason := theOne(b.RoleRef.Name, names)
	switch {
	case meant != "":
		ref := b.RoleRef
		ref.Name = meant
		o := snapshot.ObjectOf("RoleBinding", b.Namespace, b.Name+"-"+meant)
		return single(restingOn(fmt.Sprintf("the subjects of %s, and the only role with a name like %s", inWords(x.Object), b.RoleRef.Name),
			stepTo(MakeObject, o, bindingOf(o, ref, b.Subjects...))), fmt.Sprintf("bind %s %s in %s", ref.Kind, meant, b.Namespace),
			fmt.Sprintf("%s gives %s %s, which does not exist; %s does. What a binding gives cannot be changed, so this one stands beside it.",
				inWords(x.Object), ref.Kind, b.RoleRef.Name, meant))
	case b.RoleRef.Kind == "Role":
		for _, a := range asked {
			if a.Namespace != b.Namespace {
				return no("%s gives a Role that does not exist, and what is refused lies in another namespace", x.Object)
			}
		}
		o := snapshot.ObjectOf("Role", b.Namespace, b.RoleRef.Name)
		return single(restingOn("what the API server has refused to "+inWords(x.Account), stepTo(MakeObject, o, newRole(o, asked))),
			fmt.Sprintf("make Role %s/%s", o.Namespace, o.Name),
			fmt.Sprintf("%s gives it, and it does not exist. It is made with exactly what was refused (%s); there may be more to it.",
				inWords(x.Object),
				inAll(asked)))
	}
	return no("%s gives ClusterRole %s, which does not exist: %s", x.Object, b.RoleRef.Name, reason)
}

// draftAccount gives pods the account that they are to run as: the one that bindings name is made, or the one that it nearly names is set.
func draftAccount(_ context.Context, _ *Recovery, q request) (draft, error) {
	missing := ofKind(q.cause.Objects, "ServiceAccount")
	if len(missing) == 0 {
		return no("no ServiceAccount is missing")
	}
	o := missing[0]
	if q.s.ServiceAccount(o.Namespace, o.Name) != nil {
		return no("%s is there by now", o)
	}
	if b := namedBy(q.s, o); b != "" {
		value := map[string]any{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": o.Name,
			"namespace": o.Namespace}}
		return single(restingOn(b+", which names it", stepTo(MakeObject, o, value)), fmt.Sprintf("make ServiceAccount %s/%s", o.Namespace, o.Name),
			fmt.Sprintf("%s gives it its rights, and it does not exist.", b))
	}
	var names []string
	for i := range q.s.ServiceAccounts {
		if a := &q.s.ServiceAccounts[i]; a.Namespace == o.Namespace && a.Name != "default" {
			names = append(names, a.Name)
		}
	}
	meant, reason := theOne(o.Name, names)
	if meant == "" {
		return no("ServiceAccount %s/%s does not exist, no binding names it, and %s; make it with the rights that its program needs",
			o.Namespace,
			o.Name, reason)
	}
	d := draft{why: fmt.Sprintf("ServiceAccount %s does not exist; %s does, and is the only one alike.", o.Name, meant),
		many: "run %d workloads as ServiceAccount " + meant}
	for _, w := range runningAs(q.s, o) {
		d.steps = append(d.steps, restingOn("the only ServiceAccount there with a name like "+o.Name, stepTo("SetServiceAccount", w, meant)))
		d.title = fmt.Sprintf("run %s/%s as ServiceAccount %s", w.Namespace, w.Name, meant)
	}
	if len(d.steps) == 0 {
		return no("no workload that can be changed runs as %s", o)
	}
	return d, nil
}

// namedBy is a binding that gives an account its rights.
func namedBy(s *snapshot.Snapshot, who incident.Object) string {
	names := func(namespace string, subjects []rbacv1.Subject) bool {
		return slices.ContainsFunc(subjects, func(x rbacv1.Subject) bool {
			return x.Kind == rbacv1.ServiceAccountKind && x.Name == who.Name && (x.Namespace == who.Namespace || x.Namespace == "" &&
				namespace == who.Namespace)
		})
	}
	for i := range s.RoleBindings {
		if b := &s.RoleBindings[i]; names(b.Namespace, b.Subjects) {
			return inWords(snapshot.ObjectOf("RoleBinding", b.Namespace, b.Name))
		}
	}
	for i := range s.ClusterRoleBindings {
		if b := &s.ClusterRoleBindings[i]; names("", b.Subjects) {
			return inWords(snapshot.ObjectOf("ClusterRoleBinding", "", b.Name))
		}
	}
	return ""
}

// runningAs are the workloads whose template names an account.
func runningAs(s *snapshot.Snapshot, who incident.Object) []incident.Object {
	var out []incident.Object
	for _, t := range kube.TemplatesIn(s, who.Namespace) {
		if spec := kube.TemplateSpec(s, t.Object); restartable(t.Object) && spec != nil && spec.ServiceAccountName == who.Name {
			out = append(out, t.Object)
		}
	}
	for i := range s.CronJobs {
		if c := &s.CronJobs[i]; c.Namespace == who.Namespace && c.Spec.JobTemplate.Spec.Template.Spec.ServiceAccountName == who.Name {
			out = append(out, snapshot.ObjectOf("CronJob", c.Namespace, c.Name))
		}
	}
	return out
}
