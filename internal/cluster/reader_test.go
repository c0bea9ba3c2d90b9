package cluster_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func TestMay(t *testing.T) {
	rules := slices.Concat(except("configmaps"), bundle.ImpersonateRules([]string{"bot"}, []string{"asha"}, nil))
	r := reader(t, serve(t, incidentBundle(t), allowing(rules...)))
	may, err := r.MayList(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range snapshot.Kinds {
		if allowed, asked := may[k.Resource]; !asked || allowed != (k.Resource != "configmaps") {
			t.Errorf("list %s: asked %v, allowed %v", k.Resource, asked, allowed)
		}
	}
	for _, c := range []struct {
		verb, group, resource, sub, name string
		want                             bool
	}{
		{"get", "", "pods", "log", "", true},
		{"impersonate", "", "users", "", "asha", true},
		{"impersonate", "", "users", "", "mallory", false},
		{"patch", "apps", "deployments", "", "", false},
		{"list", "", "secrets", "", "", false},
	} {
		if got, err := r.May(t.Context(), c.verb, c.group, c.resource, c.sub, c.name); err != nil || got != c.want {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
}

func TestVersion(t *testing.T) {
	r := reader(t, serve(t, incidentBundle(t), bundle.ServerOptions{}))
	if v, err := r.Version(t.Context()); err != nil || v.GitVersion != "v1.36.3" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestConnect(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("KUBERNETES_SERVICE_HOST", "") // not in a pod
	file := filepath.Join(dir, "kubeconfig")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file, `
apiVersion: v1
kind: Config
current-context: dev
clusters: [{name: dev-cluster, cluster: {server: "http://dev.invalid"}}, {name: prod-cluster, cluster: {server: "http://prod.invalid"}}]
contexts: [{name: dev, context: {cluster: dev-cluster, user: me}}, {name: prod, context: {cluster: prod-cluster, user: me}}]
users: [{name: me, user: {}}]
`)
	broken := filepath.Join(dir, "broken")
	write(broken, "clusters: [")
	for _, c := range []struct {
		name, env, kubeconfig, context string
		cluster, host, err             string
	}{
		{name: "the file's current context", kubeconfig: file, cluster: "dev-cluster", host: "http://dev.invalid"},
		{name: "another context", kubeconfig: file, context: "prod", cluster: "prod-cluster", host: "http://prod.invalid"},
		{name: "$KUBECONFIG", env: file, context: "prod", cluster: "prod-cluster", host: "http://prod.invalid"},
		{name: "no such context", kubeconfig: file, context: "stage", err: `read kubeconfig: context "stage" does not exist`},
		{name: "no such file", kubeconfig: filepath.Join(dir, "nosuch"), err: "no such file"},
		{name: "not a kubeconfig", kubeconfig: broken, err: "read kubeconfig: "},
		{name: "none anywhere", env: filepath.Join(dir, "nosuch"), err: "not in a pod; name one with --kubeconfig"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", c.env)
			r, err := cluster.Connect(c.kubeconfig, c.context)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%v; want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Name() != c.cluster || r.Config().Host != c.host || r.Config().UserAgent != "paramedic" {
				t.Errorf("%s at %s as %s", r.Name(), r.Config().Host, r.Config().UserAgent)
			}
		})
	}
}
