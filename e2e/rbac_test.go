//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/trial"
)

// changing are the verbs that change something, or make somebody more than they are.
var changing = []string{"create", "update", "patch", "delete", "deletecollection", "escalate", "bind", "impersonate", "approve",
	"sign", "attest"}

// asking are what every account may create, and what the bot may: questions about rights, which change nothing.
var asking = []string{"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews", "subjectaccessreviews"}

// TestRightsOfTheBot: with the role that paramedic rbac prints, and nothing else, a bot looks at everything and can change nothing.
func TestRightsOfTheBot(t *testing.T) {
	l := theLab(t)
	const namespace = "paramedic-rights"
	role, exit := l.paramedic(t, "rbac")
	if exit != 0 {
		t.Fatalf("rbac: exit %d\n%s", exit, role)
	}
	l.apply(t, role)
	l.apply(t, fmt.Sprintf(`
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: bare, namespace: %[1]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: paramedic-read}
subjects: [{kind: ServiceAccount, name: bare, namespace: %[1]s}]
`, namespace))
	t.Cleanup(func() {
		l.kubectl(t, "delete", "clusterrolebinding/"+namespace, "namespace/"+namespace, "--wait=false")
	})
	token := strings.TrimSpace(l.kubectl(t, "-n", namespace, "create", "token", "bare"))
	server := strings.TrimSpace(l.kubectl(t, "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"))
	own := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(own, []byte(kubeconfigOf(server, token)), 0o600); err != nil {
		t.Fatal(err)
	}

	t.Run("suffice", func(t *testing.T) {
		out, _ := l.paramedic(t, "check", "-o", "json", "--kubeconfig", own)
		var d incident.Diagnosis
		if err := json.Unmarshal([]byte(out), &d); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, n := range d.NotSeen {
			if strings.Contains(n.Why, "forbidden") || strings.Contains(n.Why, "grant") {
				t.Errorf("%s: %s", n.What, n.Why)
			}
		}
	})
	t.Run("change nothing", func(t *testing.T) {
		for _, may := range l.writes(t, own, "system:serviceaccount:"+namespace+":bare", namespace) {
			t.Error("the bot may " + may)
		}
	})
}

// writes lists what an account may change: by what it is told itself of its rights in each namespace, and by asking for each resource and
// verb as an administrator.
func (l lab) writes(t *testing.T, own, user, namespace string) (out []string) {
	t.Helper()
	self, admin := client(t, own), client(t, l.kubeconfig)
	for _, ns := range []string{"default", "kube-system", namespace} {
		review, err := self.AuthorizationV1().SelfSubjectRulesReviews().Create(t.Context(),
			&authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: ns}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range review.Status.ResourceRules {
			for _, v := range r.Verbs {
				if !slices.Contains([]string{"get", "list", "watch"}, v) && !only(r.Resources, asking) {
					out = append(out, fmt.Sprintf("%s %v in namespace %s", v, r.Resources, ns))
				}
			}
		}
	}
	_, lists, err := admin.Discovery().ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, list := range lists {
		group, _, _ := strings.Cut(list.GroupVersion, "/")
		if group == list.GroupVersion {
			group = ""
		}
		for _, r := range append(list.APIResources, metav1.APIResource{Name: "users"}, metav1.APIResource{Name: "groups"}) {
			name, sub, _ := strings.Cut(r.Name, "/")
			if slices.Contains(asking, name) {
				continue
			}
			for _, verb := range changing {
				review, err := admin.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), &authorizationv1.SubjectAccessReview{
					Spec: authorizationv1.SubjectAccessReviewSpec{User: user, Groups: []string{"system:serviceaccounts",
						"system:serviceaccounts:" + namespace, "system:authenticated"}, ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: verb, Group: group, Resource: name,
						Subresource: sub, Namespace: namespace}}}, metav1.CreateOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if asked++; review.Status.Allowed {
					out = append(out, fmt.Sprintf("%s %s/%s", verb, group, r.Name))
				}
			}
		}
	}
	if asked < 500 {
		t.Errorf("only %d questions were asked; are all resources discovered?", asked)
	}
	return out
}

func only(list, of []string) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !slices.Contains(of, s) })
}

func client(t *testing.T, kubeconfig string) *kubernetes.Clientset {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	set, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// apply applies manifests as administrator.
func (l lab) apply(t *testing.T, manifests string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "manifests.yaml")
	if err := os.WriteFile(path, []byte(manifests), 0o600); err != nil {
		t.Fatal(err)
	}
	l.kubectl(t, "apply", "-f", path)
}

// TestRightsOfAnOperator: a person who has the role that paramedic rbac prints for a runbook in a namespace, and nothing else, reads its plan at
// the terminal and has it run; one who has another runbook's role does not.
func TestRightsOfAnOperator(t *testing.T) {
	l := theLab(t)
	h, err := l.hospital(t)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(h.cases, func(c eval.Case) bool { return c.Name == "live/network/selector" })
	c := h.cases[i]
	m, err := h.newMedic(t.Context(), t.TempDir(), h.server, h.token, c.Namespace(), h.namespaces(),
		[]string{"{slack: " + ada + ", user: narrow}", "{slack: " + dora + ", user: other}"}, quick)
	defer m.close()
	if err != nil {
		t.Fatal(err)
	}
	res := h.stage.During(t.Context(), c, func(ctx context.Context, held trial.Held, _ *eval.Result) error {
		l.grant(t, c.Namespace(), "narrow", "ServiceNoEndpoints")
		l.grant(t, c.Namespace(), "other", "roll-back")
		if err := m.alarm(ctx, c.Namespace()); err != nil {
			return err
		}
		s, err := m.await(ctx, 90*time.Second, "a plan", func(s *incident.State) bool { return s.Plan != nil })
		if err != nil {
			return err
		}
		if err := m.types(ctx, dora, "approve "+s.ID+" "+s.Plan.Hash, "patch services"); err != nil {
			return err
		}
		if now, err := m.incident(ctx); err != nil || now.Approval() != nil {
			return errors.Join(err, errors.New("approved by who has another runbook's rights"))
		}
		if err := m.approveAs(ctx, s, "narrow"); err != nil { // at the terminal, where the person's own rights are all that there is to look with
			return err
		}
		if _, err := m.await(ctx, 5*time.Minute, "resolved", func(s *incident.State) bool { return !s.ResolvedAt.IsZero() }); err != nil {
			return err
		}
		return m.gone(ctx, held)
	})
	if res.Error != "" {
		t.Errorf("%s\n%s", res.Error, m.slack.Transcript())
	}
}

// grant gives a user the role in a namespace that paramedic rbac prints for runbooks.
func (l lab) grant(t *testing.T, namespace, user, runbooks string) {
	t.Helper()
	role, exit := l.paramedic(t, "rbac", "--runbooks", runbooks, "--namespace", namespace)
	if exit != 0 || !strings.Contains(role, "kind: Role\n") {
		t.Fatalf("rbac: exit %d\n%s", exit, role)
	}
	l.apply(t, strings.Replace(role, "name: paramedic-operator", "name: "+user, 1)+fmt.Sprintf(`
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: %[1]s, namespace: %[2]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: %[1]s}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[1]s}]
`, user, namespace))
}

// types is what a person types in Slack, and a word of the answer to them alone; empty: any.
func (m *medic) types(ctx context.Context, who, text, answer string) error {
	if err := m.slack.Command(ctx, who, channel, "/medic", text); err != nil || answer == "" {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := m.slack.Wait(ctx, func(s slackemu.Snapshot) bool {
		return slices.ContainsFunc(s.Ephemerals(who), func(x slackemu.Message) bool { return strings.Contains(x.Plain(), answer) })
	})
	if err != nil {
		return fmt.Errorf("%s is not told %q: %w", who, answer, err)
	}
	return nil
}
