//go:build e2e || bench

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lab is the environment that the tests run in.
type lab struct {
	command, program, kubeconfig, hostRoot, ollama string
}

const node = "leveling-pc"

// theLab reads the environment. Without it the test fails in CI and is skipped elsewhere.
func theLab(t *testing.T) lab {
	t.Helper()
	l := lab{os.Getenv("LAB"), os.Getenv("PARAMEDIC"), os.Getenv("KUBECONFIG"), os.Getenv("HOST_ROOT"), os.Getenv("OLLAMA_HOST")}
	for name, value := range map[string]string{"LAB": l.command, "PARAMEDIC": l.program, "KUBECONFIG": l.kubeconfig, "HOST_ROOT": l.hostRoot} {
		if value == "" && os.Getenv("PARAMEDIC_REQUIRE_LAB") != "" {
			t.Fatalf("%s is not set; run make e2e", name)
		}
		if value == "" {
			t.Skipf("%s is not set; run make e2e", name)
		}
	}
	return l
}

// run runs a command of the lab.
func (l lab) run(t *testing.T, args ...string) string {
	t.Helper()
	return output(t, exec.Command(l.command, args...))
}

// kubectl runs kubectl as administrator.
func (l lab) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("kubectl")
	if err != nil {
		path = filepath.Join(filepath.Dir(l.kubeconfig), "bin", "kubectl")
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+l.kubeconfig)
	return output(t, cmd)
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, stderr.String())
	}
	return string(out)
}

// eventually asks until the answer is yes, and fails with what it was asked for.
func eventually(t *testing.T, within time.Duration, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(250 * time.Millisecond) {
		if yes() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// healthy waits until every pod is ready, and has been for long enough that restarts have settled.
func (l lab) healthy(t *testing.T) {
	t.Helper()
	eventually(t, 8*time.Minute, "every pod Running and Ready", func() bool {
		var pods struct {
			Items []struct {
				Status struct {
					Conditions []struct{ Type, Status string }
				}
			}
		}
		if err := json.Unmarshal([]byte(l.kubectl(t, "get", "pods", "-A", "-o", "json")), &pods); err != nil {
			t.Fatal(err)
		}
		for _, p := range pods.Items {
			ready := false
			for _, c := range p.Status.Conditions {
				ready = ready || c.Type == "Ready" && c.Status == "True"
			}
			if !ready {
				return false
			}
		}
		return len(pods.Items) >= 23
	})
}

// alert tells Alertmanager about crash-looping pods, or that they are well again.
func (l lab) alert(t *testing.T, began time.Time, firing bool) {
	t.Helper()
	var alerts []map[string]any
	for _, w := range [][2]string{{"convocanvas", "convocanvas"}, {"convocanvas", "rag-api"}, {"ollama", "open-webui"},
		{"monitoring", "grafana"}} {
		a := map[string]any{
			// Alertmanager remembers for an hour, over restarts, of which alerts it has told: the onset makes them new ones.
			"labels": map[string]string{"alertname": "KubePodCrashLooping", "severity": "warning", "namespace": w[0], "deployment": w[1],
				"onset": began.UTC().Format(time.RFC3339)},
			"annotations": map[string]string{"summary": "Pods of " + w[1] + " are crash-looping"},
			"startsAt":    began.UTC().Format(time.RFC3339),
		}
		if !firing {
			a["endsAt"] = time.Now().UTC().Format(time.RFC3339)
		}
		alerts = append(alerts, a)
	}
	body, err := json.Marshal(alerts)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post("http://127.0.0.1:9093/api/v2/alerts", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("Alertmanager answers %s", resp.Status)
	}
}

// botKubeconfig gives the bot a ServiceAccount with the roles of deploy/, so that the rights it runs with here are those that people
// will give it.
func (l lab) botKubeconfig(t *testing.T, path string) {
	t.Helper()
	l.kubectl(t, "apply", "-f", "../deploy/kubernetes/00-namespace.yaml", "-f", "../deploy/kubernetes/rbac.yaml")
	l.kubectl(t, "apply", "-f", "testdata/rbac.yaml")
	token := strings.TrimSpace(l.kubectl(t, "-n", "paramedic", "create", "token", "paramedic", "--duration=6h"))
	server := strings.TrimSpace(l.kubectl(t, "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"))
	config := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: lab, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: paramedic, user: {token: %q}}]
contexts: [{name: lab, context: {cluster: lab, user: paramedic}}]
current-context: lab
`, server, token)
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// paramedic runs the program to its end and returns what it printed and its exit code.
func (l lab) paramedic(t *testing.T, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, l.program, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+l.kubeconfig)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
