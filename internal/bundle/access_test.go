package bundle_test

import (
	"slices"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// people are the demo's: a bot that may read and act for others, an operator who may repair, a viewer who may look.
func people() bundle.ServerOptions {
	rules := slices.Concat(
		bundle.ReadRules([]string{"bot"}, []string{"operators", "viewers"}),
		bundle.ImpersonateRules([]string{"bot"}, []string{"asha", "ben"}, []string{"operators", "viewers"}),
		bundle.OperatorRules(nil, []string{"operators"}))
	return bundle.ServerOptions{
		KeepTimes: true,
		Users:     map[string]bundle.User{"bot-token": {Name: "bot"}, "asha-token": {Name: "asha", Groups: []string{"operators"}}},
		Authorize: bundle.Rules(rules...),
	}
}

func TestWhoMayWhat(t *testing.T) {
	_, config := serve(t, broken(t), people())
	asha, ben := []string{"asha", "operators"}, []string{"ben", "viewers"}
	read := func(c *rest.Config) error {
		_, err := clientFor(t, c).CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
		return err
	}
	patch := func(c *rest.Config) error {
		_, err := clientFor(t, c).AppsV1().Deployments("kube-system").Patch(t.Context(), "coredns", types.MergePatchType,
			[]byte(`{"spec":{"replicas":2}}`), metav1.PatchOptions{DryRun: []string{"All"}})
		return err
	}
	secrets := func(c *rest.Config) error {
		_, err := clientFor(t, c).CoreV1().Secrets("").List(t.Context(), metav1.ListOptions{})
		return err
	}
	for _, c := range []struct {
		name   string
		config *rest.Config
		do     func(*rest.Config) error
		want   string
	}{
		{"the bot reads", config("bot-token"), read, ""},
		{"the bot writes", config("bot-token"), patch,
			`deployments.apps "coredns" is forbidden: User "bot" cannot patch resource "deployments" in API group "apps" in the namespace "kube-system"`},
		{"the bot and Secrets", config("bot-token"), secrets,
			`secrets is forbidden: User "bot" cannot list resource "secrets" in API group "" at the cluster scope`},
		{"the bot as an operator", config("bot-token", asha...), patch, ""},
		{"an operator", config("asha-token"), patch, ""},
		{"the bot as a viewer", config("bot-token", ben...), patch,
			`deployments.apps "coredns" is forbidden: User "ben" cannot patch resource "deployments" in API group "apps" in the namespace "kube-system"`},
		{"the bot as a viewer reads", config("bot-token", ben...), read, ""},
		{"the bot as somebody else", config("bot-token", "mallory"), read,
			`users "mallory" is forbidden: User "bot" cannot impersonate resource "users" in API group "" at the cluster scope`},
		{"the bot as a master", config("bot-token", "asha", "system:masters"), read,
			`groups "system:masters" is forbidden: User "bot" cannot impersonate resource "groups"`},
		{"an operator as somebody else", config("asha-token", ben...), read, `users "ben" is forbidden: User "asha" cannot impersonate`},
		{"nobody", config(""), read, "Unauthorized"},
		{"a stranger", config("guess"), read, "Unauthorized"},
	} {
		err := c.do(c.config)
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%s: %v\nwant: %s", c.name, err, c.want)
		case strings.HasSuffix(c.want, "Unauthorized") && !apierrors.IsUnauthorized(err), strings.Contains(c.want, "forbidden") &&
			!apierrors.IsForbidden(err):
			t.Errorf("%s: not the kind of error: %v", c.name, err)
		}
	}
}

func TestReviews(t *testing.T) {
	_, config := serve(t, broken(t), people())
	may := func(c *rest.Config, a authorizationv1.ResourceAttributes) bool {
		t.Helper()
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &a}}
		got, err := clientFor(t, c).AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return got.Status.Allowed
	}
	patch := authorizationv1.ResourceAttributes{Verb: "patch", Group: "apps", Resource: "deployments", Namespace: "kube-system",
		Name: "coredns"}
	log := authorizationv1.ResourceAttributes{Verb: "get", Resource: "pods", Subresource: "log", Namespace: "kube-system"}
	asha, ben, bot := config("bot-token", "asha", "operators"), config("bot-token", "ben", "viewers"), config("bot-token")
	asha.ContentType = "application/vnd.kubernetes.protobuf"
	if !may(asha, patch) || may(ben, patch) || may(bot, patch) || !may(ben, log) || !may(bot, log) {
		t.Error("access reviews do not follow the rules")
	}
	me, err := clientFor(t, ben).AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{},
		metav1.CreateOptions{})
	if err != nil || me.Status.UserInfo.Username != "ben" || !slices.Equal(me.Status.UserInfo.Groups, []string{"viewers",
		"system:authenticated"}) {
		t.Errorf("%+v, %v", me, err)
	}
	if _, err := clientFor(t, bot).AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), &authorizationv1.SelfSubjectAccessReview{},
		metav1.CreateOptions{}); !apierrors.IsBadRequest(err) {
		t.Errorf("a question about nothing: %v", err)
	}
}
