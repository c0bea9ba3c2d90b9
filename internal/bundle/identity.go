package bundle

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// User is who makes a request, as Kubernetes sees it.
type User struct {
	Name   string
	Groups []string
}

const authenticated = "system:authenticated"

// in reports whether the user is one of the users or in one of the groups.
func (u User) in(users, groups []string) bool {
	return slices.Contains(users, u.Name) || slices.ContainsFunc(u.Groups, func(g string) bool { return slices.Contains(groups, g) })
}

// user finds out for whom the request is to be done: the bearer of the token or, if that one may impersonate, somebody else.
func (s *Server) user(r *http.Request) (User, error) {
	user := User{Name: "admin", Groups: []string{"system:masters"}}
	if len(s.options.Users) > 0 {
		token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		known := false
		for t, u := range s.options.Users { // all of them, lest the time that it takes tells of one
			if subtle.ConstantTimeCompare([]byte(t), []byte(token)) == 1 {
				user, known = u, true
			}
		}
		if !bearer || !known || token == "" {
			return User{}, apierrors.NewUnauthorized("Unauthorized")
		}
	}
	user.Groups = append(slices.Clone(user.Groups), authenticated)
	return s.impersonate(user, r.Header)
}

// impersonate follows the Impersonate headers, each of which needs the right to do so.
func (s *Server) impersonate(user User, h http.Header) (User, error) {
	name, groups := h.Get("Impersonate-User"), h.Values("Impersonate-Group")
	if name == "" {
		if len(groups) > 0 {
			return User{}, apierrors.NewBadRequest("requested impersonation of groups without impersonating a user")
		}
		return user, nil
	}
	need := []Attributes{{User: user, Verb: "impersonate", Resource: "users", Name: name}}
	for _, g := range groups {
		need = append(need, Attributes{User: user, Verb: "impersonate", Resource: "groups", Name: g})
	}
	for _, a := range need {
		if err := s.authorize(a); err != nil {
			return User{}, err
		}
	}
	return User{Name: name, Groups: append(slices.Clone(groups), authenticated)}, nil
}

// Attributes is what a decision about access rests on.
type Attributes struct {
	User      User
	Verb      string // get, list, watch, create, update, patch, delete, impersonate
	Group     string // API group, empty for core
	Resource  string // plural; a subresource follows a slash, as in pods/log
	Namespace string // empty outside namespaces, and for lists of all
	Name      string // empty for lists and creation
}

// Authorizer decides about access. The reason is for people and may be empty. It must be safe for concurrent use.
type Authorizer func(Attributes) (allowed bool, reason string)

// Rule allows something to somebody, as a role and its binding do. Each list names what it covers; "*" covers all. Users or Groups
// must match one; Groups of APIs, Verbs and Resources must match; empty Namespaces or Names cover all.
type Rule struct {
	Users, Groups                                  []string
	Verbs, APIGroups, Resources, Namespaces, Names []string
}

// Rules returns an Authorizer that allows what at least one rule allows.
func Rules(rules ...Rule) Authorizer {
	return func(a Attributes) (bool, string) {
		return slices.ContainsFunc(rules, func(r Rule) bool { return r.allows(a) }), ""
	}
}

func (r Rule) allows(a Attributes) bool {
	return a.User.in(r.Users, r.Groups) &&
		covers(r.Verbs, a.Verb) && covers(r.APIGroups, a.Group) && covers(r.Resources, a.Resource) &&
		(len(r.Namespaces) == 0 || covers(r.Namespaces, a.Namespace)) &&
		(len(r.Names) == 0 || covers(r.Names, a.Name))
}

func covers(list []string, s string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, s)
}

// ReadRules lets users and groups read everything that a bundle can hold, and logs: not Secrets.
func ReadRules(users, groups []string) []Rule {
	var rules []Rule
	for _, k := range CapturedKinds() {
		rules = append(rules, Rule{
			Users: users, Groups: groups, Verbs: []string{"get", "list", "watch"},
			APIGroups: []string{k.Group}, Resources: []string{k.Resource, k.Resource + "/status", k.Resource + "/scale", k.Resource + "/log"},
		})
	}
	return rules
}

// OperatorRules lets users and groups do what recovery does: change ConfigMaps and workloads, delete and evict pods.
func OperatorRules(users, groups []string) []Rule {
	change := []string{"patch", "update"}
	return []Rule{
		{Users: users, Groups: groups, Verbs: change, APIGroups: []string{""}, Resources: []string{"configmaps"}},
		{Users: users, Groups: groups, Verbs: change, APIGroups: []string{"apps"}, Resources: []string{
			"deployments", "statefulsets", "daemonsets", "deployments/scale", "statefulsets/scale"}},
		{Users: users, Groups: groups, Verbs: []string{"delete"}, APIGroups: []string{""}, Resources: []string{"pods"}},
		{Users: users, Groups: groups, Verbs: []string{"create"}, APIGroups: []string{""}, Resources: []string{"pods/eviction"}},
	}
}

// ImpersonateRules lets users act as those of the allow-list.
func ImpersonateRules(users, asUsers, asGroups []string) []Rule {
	rule := Rule{Users: users, Verbs: []string{"impersonate"}, APIGroups: []string{""}}
	var rules []Rule
	if len(asUsers) > 0 {
		rule.Resources, rule.Names = []string{"users"}, asUsers
		rules = append(rules, rule)
	}
	if len(asGroups) > 0 {
		rule.Resources, rule.Names = []string{"groups"}, asGroups
		rules = append(rules, rule)
	}
	return rules
}

// allowed asks the Authorizer; without one, everything is allowed.
func (s *Server) allowed(a Attributes) (bool, string) {
	if s.options.Authorize == nil {
		return true, ""
	}
	return s.options.Authorize(a)
}

// authorize refuses in Kubernetes' words.
func (s *Server) authorize(a Attributes) error {
	ok, reason := s.allowed(a)
	if ok {
		return nil
	}
	where := "at the cluster scope"
	if a.Namespace != "" {
		where = fmt.Sprintf("in the namespace %q", a.Namespace)
	}
	why := fmt.Errorf("User %q cannot %s resource %q in API group %q %s", a.User.Name, a.Verb, a.Resource, a.Group, where)
	if reason != "" {
		why = fmt.Errorf("%w: %s", why, reason)
	}
	resource, _, _ := strings.Cut(a.Resource, "/")
	return apierrors.NewForbidden(schema.GroupResource{Group: a.Group, Resource: resource}, a.Name, why)
}
