package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tool runs a program that checks a file in its own way; where the program is not installed, the test is skipped.
func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed; on Debian it comes with %s", name, map[string]string{
			"promtool": "prometheus", "amtool": "prometheus-alertmanager", "systemd-analyze": "systemd", "sh": "dash"}[name])
	}
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func TestPrometheusFiresTheRulesWhenItShould(t *testing.T) {
	tool(t, "promtool", "check", "rules", "prometheus/rules.yml")
	tool(t, "promtool", "test", "rules", "prometheus/rules_test.yml")
}

func TestAlertmanagerReadsItsConfiguration(t *testing.T) {
	tool(t, "amtool", "check-config", "alertmanager/alertmanager.yml")
}

func TestSystemdReadsTheUnit(t *testing.T) {
	unit := regexp.MustCompile(`(?m)^ExecStart=\S+`).ReplaceAllString(read(t, "systemd/paramedic.service"), "ExecStart=/bin/true")
	path := filepath.Join(t.TempDir(), "paramedic.service")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, "systemd-analyze", "verify", "--man=no", path)
}

func TestTheScriptIsAShellScript(t *testing.T) { tool(t, "sh", "-n", "systemd/kubeconfig.sh") }
