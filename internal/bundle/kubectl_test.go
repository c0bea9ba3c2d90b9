package bundle_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// findKubectl prefers the lab's, which is of the version that the module is built for.
func findKubectl(t *testing.T) string {
	if home, err := os.UserHomeDir(); err == nil {
		if path := filepath.Join(home, ".cache", "lab", "bin", "kubectl"); isFile(path) {
			return path
		}
	}
	path, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("no kubectl on the PATH or at ~/.cache/lab/bin/kubectl")
	}
	return path
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}

func TestKubectl(t *testing.T) {
	path := findKubectl(t)
	cert, err := bundle.NewCertificate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s := bundle.NewServer(broken(t), people())
	h := httptest.NewUnstartedServer(s)
	h.TLS = &tls.Config{Certificates: []tls.Certificate{cert.TLS}, NextProtos: []string{"h2", "http/1.1"}}
	h.StartTLS()
	t.Cleanup(func() { s.Close(); h.Close() })
	home := t.TempDir()
	kubectl := func(token string, args ...string) (string, string, error) {
		t.Helper()
		data, err := cert.Kubeconfig(h.URL, token)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(home, "kubeconfig")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		c := exec.CommandContext(ctx, path, args...)
		c.Env = append(os.Environ(), "KUBECONFIG="+file, "HOME="+home)
		var out, errs bytes.Buffer
		c.Stdout, c.Stderr = &out, &errs
		err = c.Run()
		return out.String(), errs.String(), err
	}
	as := []string{"--as=ben", "--as-group=viewers"}

	out, errs, err := kubectl("bot-token", "get", "po", "-A", "-o", "yaml")
	var list struct {
		Kind  string
		Items []struct{ Kind string }
	}
	if yaml.Unmarshal([]byte(out), &list) != nil || err != nil || list.Kind != "List" || len(list.Items) != 2 || list.Items[0].Kind != "Pod" {
		t.Errorf("get -o yaml: %v %s %s", err, errs, out)
	}
	for _, c := range []struct {
		token     string
		args      []string
		out, errs string // what must be in them; errs also says that it must fail
	}{
		{"bot-token", []string{"version"}, "Server Version: v1.36.3", ""},
		{"bot-token", []string{"get", "pods,deploy", "-n", "kube-system", "-o", "name"}, "pod/coredns-1\ndeployment.apps/coredns\n", ""},
		{"bot-token", []string{"get", "all", "-n", "kube-system", "-o", "name"}, "pod/coredns-1\ndeployment.apps/coredns\n", ""},
		{"bot-token", []string{"get", "cm", "coredns", "-n", "kube-system", "-o", "json"}, `"Corefile": ".:53 { forward . 127.0.0.1 }"`, ""},
		{"bot-token", []string{"get", "pods", "-A", "--field-selector", "spec.nodeName=leveling-pc", "-o", "jsonpath={.items[*].metadata.name}"},
			"coredns-1", ""},
		{"bot-token", []string{"get", "pods", "-n", "convocanvas", "x"}, "", `pods "x" not found`},
		{"bot-token", []string{"get", "secrets", "-A"}, "", `secrets is forbidden: User "bot" cannot list resource "secrets"`},
		{"bot-token", []string{"logs", "-n", "kube-system", "coredns-1", "--tail=1"}, "[FATAL] plugin/loop: Loop detected\n", ""},
		{"bot-token", []string{"logs", "-n", "kube-system", "coredns-1", "--previous"}, "[FATAL] plugin/loop: Loop detected\n", ""},
		{"bot-token", []string{"describe", "pod", "coredns-1", "-n", "kube-system"}, "Back-off restarting failed container", ""},
		{"bot-token", []string{"wait", "pod/coredns-1", "-n", "kube-system", "--for=jsonpath={.status.phase}=Running", "--timeout=5s"},
			"condition met", ""},
		{"asha-token", []string{"rollout", "status", "deploy/coredns", "-n", "kube-system", "--timeout=1s"}, "Waiting for deployment",
			"timed out"},
		{"bot-token", []string{"api-resources", "-o", "name"}, "deployments.apps\n", ""},
		{"bot-token", []string{"auth", "can-i", "patch", "deployments", "-n", "x", "--as=asha", "--as-group=operators"}, "yes", ""},
		{"bot-token", append([]string{"auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"}, as...), "ben", ""},
		{"bot-token", append([]string{"patch", "deploy", "coredns", "-n", "kube-system", "-p", `{"spec":{"replicas":2}}`}, as...), "",
			`deployments.apps "coredns" is forbidden: User "ben" cannot patch resource "deployments" in API group "apps" in the namespace "kube-system"`},
		{"asha-token", []string{"patch", "deploy", "coredns", "-n", "kube-system", "-p", `{"spec":{"replicas":2}}`, "--dry-run=server"},
			"deployment.apps/coredns patched", ""},
		{"asha-token", []string{"get", "deploy", "coredns", "-n", "kube-system", "-o", "jsonpath={.spec.replicas}"}, "1", ""},
		{"asha-token", []string{"patch", "deploy", "coredns", "-n", "kube-system", "--type=json", "-p",
			`[{"op":"replace","path":"/spec/replicas","value":2}]`}, "deployment.apps/coredns patched", ""},
		{"asha-token", []string{"scale", "deploy/coredns", "-n", "kube-system", "--replicas=3"}, "deployment.apps/coredns scaled", ""},
		{"asha-token", []string{"rollout", "restart", "deploy/coredns", "-n", "kube-system"}, "deployment.apps/coredns restarted", ""},
		{"asha-token", []string{"get", "deploy", "coredns", "-n", "kube-system", "-o", "jsonpath={.spec.replicas} {.metadata.generation}"}, "3 4",
			""},
		{"asha-token", []string{"patch", "cm", "coredns", "-n", "kube-system", "--type=merge", "-p", corefilePatch}, "configmap/coredns patched",
			""},
		{"asha-token", []string{"delete", "pod", "coredns-1", "-n", "kube-system"}, `pod "coredns-1" deleted`, ""},
		{"asha-token", []string{"delete", "ns", "kube-system"}, "", `namespaces "kube-system" is forbidden`},
	} {
		out, errs, err := kubectl(c.token, c.args...)
		if !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) || (err != nil) != (c.errs != "") {
			t.Errorf("kubectl %s: %v\nout: %s\nerr: %s\nwant: %s%s", strings.Join(c.args, " "), err, out, errs, c.out, c.errs)
		}
	}
}

func TestKubeconfigWithoutTLS(t *testing.T) {
	if _, err := bundle.Kubeconfig("http://127.0.0.1:1", "secret"); err == nil || !strings.Contains(err.Error(), "not sent over http") {
		t.Errorf("a token that would never be sent: %v", err)
	}
	data, err := bundle.Kubeconfig("http://127.0.0.1:1", "")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(data)
	if err != nil || config.Host != "http://127.0.0.1:1" {
		t.Errorf("%+v, %v", config, err)
	}
}
