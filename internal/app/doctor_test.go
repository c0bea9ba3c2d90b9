package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// doctor looks at one part and returns what it says, a line each.
func doctor(t *testing.T, c app.Config, part string) string {
	t.Helper()
	for _, p := range app.DoctorParts(c, true) {
		if p.Name == part {
			return lines(p.Look(t.Context()))
		}
	}
	return "no part " + part
}

func lines(checks []incident.Check) string {
	var b strings.Builder
	for _, k := range checks {
		fmt.Fprintf(&b, "%v %s: %s\n", k.OK, k.Name, k.Detail)
	}
	return b.String()
}

func TestDoctorAsksPrometheus(t *testing.T) {
	answer := `{"resultType":"vector","result":[{"metric":{},"value":[1,"42"]}]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"status":"success","data":%s}`, answer)
	}))
	defer server.Close()
	c := app.Config{Metrics: app.MetricsConfig{URL: server.URL}}
	if got := doctor(t, c, "Prometheus"); !strings.HasPrefix(got, "true ") || !strings.Contains(got, "42 containers") {
		t.Error(got)
	}
	answer = `{"resultType":"vector","result":[]}`
	if got := doctor(t, c, "Prometheus"); !strings.HasPrefix(got, "false ") || !strings.Contains(got, "let it scrape") {
		t.Error(got)
	}
	server.Close()
	if got := doctor(t, c, "Prometheus"); !strings.HasPrefix(got, "false ") || !strings.Contains(got, "is metrics.url reachable from here") {
		t.Error(got)
	}
	if got := doctor(t, app.Config{}, "Prometheus"); got != "no part Prometheus" {
		t.Errorf("none is configured, and it says %s", got)
	}
}

// A server that answers nothing but its version: what is not seen comes with what to do.
func TestDoctorSaysWhatIsNotSeenOfTheCluster(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/version":
			fmt.Fprint(w, `{"gitVersion":"v1.36.3"}`)
		case "/apis":
			fmt.Fprint(w, `{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"example.com"},"versions":[{"version":"v1","resources":[{"resource":"widgets","responseKind":{"kind":"Widget"},"scope":"Namespaced","verbs":["list"]}]}]}]}`)
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`)
		}
	}))
	defer server.Close()
	kubeconfig := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(kubeconfig, fmt.Appendf(nil, `{current-context: c, contexts: [{name: c, context: {cluster: c}}], clusters: [{name: c, cluster: {server: %q}}]}`, server.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	got := doctor(t, app.Config{Cluster: app.ClusterConfig{Kubeconfig: kubeconfig, Secrets: true}}, "the cluster")
	for _, want := range []string{
		"true reading beside the kinds: not seen: custom resources of example.com: widgets: forbidden",
		"label a ClusterRole that may list them paramedic-bot.github.io/aggregate-to-read=true",
		"false reading beside the kinds: not seen: the API server's health: forbidden",
		"which lets the bot get /readyz",
		"false reading beside the kinds: not seen: secrets: forbidden",
		"rbac-secrets.yaml.example, or take cluster.secrets out",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

func TestDoctorSaysWhatIsNotSeenOfTheHost(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"etc/cni/net.d", "etc/localtime", "etc/os-release", "proc/sys", "proc/stat", "proc/swaps", "var/log"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc/resolv.conf"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got := doctor(t, app.Config{Host: app.HostConfig{Root: root, Node: "n1"}}, "the host")
	if strings.Count(got, "not there:") != 1 || !strings.Contains(got, "not there: /proc/modules (br_netfilter, an emptied packet filter); if the node has it, mount it below "+root) {
		t.Error(got)
	}
}

func TestDoctorIsContentBeforeTheFirstStart(t *testing.T) {
	got := doctor(t, app.Config{State: filepath.Join(t.TempDir(), "paramedic.db")}, "the state")
	if got != "true state: paramedic.db is not there yet; serve makes it\n" {
		t.Error(got)
	}
}
