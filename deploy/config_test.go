package deploy

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/host"
)

var variable = regexp.MustCompile(`\$\{(\w+)\}`)

// variables are the environment variables that a configuration takes its secrets from.
func variables(text string) []string {
	names := map[string]bool{}
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		if m[1] != "NAME" { // the comments' example
			names[m[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// load reads a configuration as "paramedic serve" does, with placeholders for its secrets.
func load(t *testing.T, text string) app.Config {
	t.Helper()
	for _, name := range variables(text) {
		value := "placeholder"
		switch {
		case strings.Contains(name, "BOT_TOKEN"):
			value = "xoxb-placeholder"
		case strings.Contains(name, "APP_TOKEN"):
			value = "xapp-placeholder"
		}
		t.Setenv(name, value)
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := app.LoadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// clusterConfig is the configuration in the ConfigMap.
func clusterConfig(t *testing.T) (text string, c app.Config) {
	text = only[*corev1.ConfigMap](t, manifests(t), "paramedic").Data["config.yaml"]
	return text, load(t, text)
}

func TestTheClustersConfigurationFitsItsDeployment(t *testing.T) {
	text, c := clusterConfig(t)
	pod := only[*appsv1.Deployment](t, manifests(t), "paramedic").Spec.Template.Spec
	secret := only[*corev1.Secret](t, manifests(t), "paramedic")
	if diff := cmp.Diff(variables(text), slices.Sorted(maps.Keys(secret.StringData))); diff != "" {
		t.Errorf("variables of the configuration and keys of the Secret (-config +secret):\n%s", diff)
	}
	container := pod.Containers[0]
	if container.EnvFrom[0].SecretRef.Name != secret.Name {
		t.Error("the Secret is not the container's environment")
	}
	if want := fmt.Sprintf("0.0.0.0:%d", container.Ports[0].ContainerPort); c.Webhook.Listen != want {
		t.Errorf("webhook.listen is %s, the container's port says %s", c.Webhook.Listen, want)
	}
	for name, probe := range map[string]*corev1.Probe{"startup": container.StartupProbe, "liveness": container.LivenessProbe,
		"readiness": container.ReadinessProbe} {
		if probe == nil || probe.HTTPGet.Port.String() != container.Ports[0].Name ||
			!slices.Contains([]string{"/healthz", "/readyz"}, probe.HTTPGet.Path) {
			t.Errorf("%s probe %+v", name, probe)
		}
	}
	if got, want := c.Host.Node, pod.NodeSelector[corev1.LabelHostname]; got != want {
		t.Errorf("host.node is %s, the pod runs on %s", got, want)
	}
	mounts := map[string]string{} // where of the node, by path in the container
	for _, m := range container.VolumeMounts {
		for _, v := range pod.Volumes {
			if v.Name == m.Name && v.HostPath != nil && !m.ReadOnly {
				mounts[m.MountPath] = v.HostPath.Path
			}
		}
	}
	if dir := path.Dir(c.Host.CNIDir); mounts[path.Join(c.Host.Root, dir)] != dir {
		t.Errorf("host.cniDir %s under %s is not mounted writable: %v", c.Host.CNIDir, c.Host.Root, mounts)
	}
	for _, p := range []string{path.Dir(c.State), path.Dir(c.Knowledge)} {
		if mounts[p] == "" {
			t.Errorf("%s does not survive the pod", p)
		}
	}
}

func TestTheBotMayActAsTheApproversOfTheExample(t *testing.T) {
	_, c := clusterConfig(t)
	allowed := map[string][]string{}
	for _, rule := range only[*rbacv1.ClusterRole](t, manifests(t), "paramedic-impersonate").Rules {
		allowed[rule.Resources[0]] = rule.ResourceNames
	}
	wanted := map[string][]string{}
	for _, a := range c.Approvers {
		wanted["users"] = append(wanted["users"], a.User)
		wanted["groups"] = append(wanted["groups"], a.Groups...)
	}
	if diff := cmp.Diff(wanted, allowed); diff != "" {
		t.Errorf("approvers and impersonation (-config +role):\n%s", diff)
	}
	group := only[*rbacv1.ClusterRoleBinding](t, manifests(t), "paramedic-operator").Subjects[0]
	if !slices.Contains(wanted["groups"], group.Name) {
		t.Errorf("the operator role is bound to %s, which no approver is in", group.Name)
	}
}

func TestTheUnitsConfigurationFitsTheUnit(t *testing.T) {
	text := read(t, "systemd/config.yaml")
	c := load(t, text)
	var keys []string
	for line := range strings.Lines(read(t, "systemd/secrets.env.example")) {
		if name, _, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			keys = append(keys, name)
		}
	}
	if diff := cmp.Diff(variables(text), slices.Sorted(slices.Values(keys))); diff != "" {
		t.Errorf("variables of the configuration and of the environment file (-config +file):\n%s", diff)
	}
	unit := read(t, "systemd/paramedic.service")
	for _, want := range []string{"ReadWritePaths=-" + path.Dir(host.CNIDirs[0]) + "\n", "StateDirectory=" + path.Base(path.Dir(c.State)) +
		"\n",
		"EnvironmentFile=/etc/paramedic/secrets.env\n", "serve --config /etc/paramedic/config.yaml\n"} {
		if !strings.Contains(unit, want) {
			t.Errorf("the unit has no %q", want)
		}
	}
	if c.Host.Root != "/" || path.Dir(c.State) != "/var/lib/paramedic" || path.Dir(c.Knowledge) != "/var/lib/paramedic" {
		t.Errorf("host root %s, state %s, knowledge %s", c.Host.Root, c.State, c.Knowledge)
	}
}

func TestTheGuidesExampleIsAConfiguration(t *testing.T) {
	_, rest, _ := strings.Cut(read(t, "../docs/configuration.md"), "```yaml\n")
	example, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("docs/configuration.md shows no example")
	}
	load(t, example)
}

// row is a line of the table of fields: | `verify.for` | `6m` | … |
var row = regexp.MustCompile("(?m)^\\| `([a-zA-Z.\\[\\]]+)` \\| (?:`([^`]*)`)? ?\\| .+ \\|$")

func TestTheGuideNamesEveryFieldAndItsDefault(t *testing.T) {
	want := map[string]string{}
	defaults(want, "", reflect.ValueOf(app.DefaultConfig()))
	got := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(read(t, "../docs/configuration.md"), -1) {
		got[m[1]] = m[2]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields and defaults in docs/configuration.md (-want +got):\n%s", diff)
	}
}

// defaults lists the fields of a configuration by their path, with their values as one writes them.
func defaults(into map[string]string, prefix string, v reflect.Value) {
	switch x := v.Interface().(type) {
	case app.Duration:
		s := x.Duration.String()
		if minutes, ok := strings.CutSuffix(s, "m0s"); ok {
			s = minutes + "m"
		}
		into[prefix] = s
		return
	case string:
		into[prefix] = x
		return
	case bool, int:
		into[prefix] = fmt.Sprint(x)
		return
	case app.Holders:
		into[prefix] = x.Who
		return
	case []string:
		into[prefix] = strings.Join(x, ", ")
		return
	case map[string]string, *app.OnCallConfig: // none; the fields of the latter are those of slack.onCall
		into[prefix] = ""
		return
	}
	if v.Kind() == reflect.Slice {
		defaults(into, prefix+"[]", reflect.New(v.Type().Elem()).Elem())
		return
	}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if v.Type().Field(i).Anonymous { // its fields are written beside the others
			defaults(into, prefix, v.Field(i))
			continue
		}
		defaults(into, strings.TrimPrefix(prefix+"."+name, "."), v.Field(i))
	}
}
