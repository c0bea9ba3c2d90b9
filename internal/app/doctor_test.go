package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// doctor looks at one part and returns what it says, a line each.
func doctor(t *testing.T, c app.Config, part string) string {
	t.Helper()
	for _, p := range app.DoctorParts(c, "paramedic.yaml") {
		if p.Name == part && p.Look != nil {
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
	if err := os.WriteFile(kubeconfig, fmt.Appendf(nil,
		`{current-context: c, contexts: [{name: c, context: {cluster: c}}], clusters: [{name: c, cluster: {server: %q}}]}`, server.URL),
		0o600); err != nil {
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
	if strings.Count(got, "not there:") != 1 || !strings.Contains(got,
		"not there: /proc/modules (br_netfilter, an emptied packet filter); if the node has it, mount it below "+root) {
		t.Error(got)
	}
}

func TestDoctorIsContentBeforeTheFirstStart(t *testing.T) {
	got := doctor(t, app.Config{State: filepath.Join(t.TempDir(), "paramedic.db")}, "the state")
	if got != "true state: paramedic.db is not there yet; serve makes it\n" {
		t.Error(got)
	}
}

// While the bot does not run nobody is answered, however well the rest is.
func TestDoctorSaysWhetherTheBotRuns(t *testing.T) {
	c := app.Config{State: filepath.Join(t.TempDir(), "paramedic.db")}
	const stopped = "false serve: it is not running on this state (paramedic.db), so nobody is answered; start it: paramedic serve --config " +
		"paramedic.yaml\n"
	if got := doctor(t, c, "serve"); got != stopped {
		t.Errorf("before the first start: %s", got)
	}
	s, err := store.Open(t.Context(), c.State, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := doctor(t, c, "serve"); got != stopped {
		t.Errorf("where somebody only reads: %s", got)
	}
	duty, err := s.TakeDuty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := doctor(t, c, "serve"); got != "true serve: it is running\n" {
		t.Errorf("while it runs: %s", got)
	}
	if err := duty.End(); err != nil {
		t.Fatal(err)
	}
	if got := doctor(t, c, "serve"); got != stopped {
		t.Errorf("once it is stopped: %s", got)
	}
}

// What has not come to Slack is said by channel, with Slack's own word why.
func TestDoctorSaysWhatWaitsToBeTold(t *testing.T) {
	emu, err := slackemu.New(slackemu.Options{Channels: []slackemu.Channel{{ID: "C0INCIDENTS", Name: "incidents"},
		{ID: "C0OLD", Name: "old", Archived: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := emu.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close() })
	c := app.Config{State: filepath.Join(t.TempDir(), "state.db"),
		Slack: app.SlackConfig{BotToken: "xoxb-emulated", AppToken: "xapp-emulated", APIURL: emu.APIURL(), Channel: "C0OLD", Fallback: "U0ADA"}}
	const part = "what waits to be told"
	if got := doctor(t, c, part); !strings.HasPrefix(got, "true ") {
		t.Error(got)
	}
	s, err := store.Open(t.Context(), c.State, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := func(incident, slot, channel string, ago time.Duration) {
		t.Helper()
		if _, err := s.Want(t.Context(), store.Delivery{Incident: incident, Slot: slot, Channel: channel, Wanted: []byte(`{"text":"x"}`)},
			time.Now().Add(-ago)); err != nil {
			t.Fatal(err)
		}
	}
	want("INC-1", "incident", "C0INCIDENTS", 10*time.Second)
	if got := doctor(t, c, part); !strings.HasPrefix(got, "true ") {
		t.Error(got)
	}
	want("INC-2", "incident", "C0OLD", time.Hour)
	want("INC-2", "facts", "C0OLD", 30*time.Minute)
	want("INC-3", "elsewhere", "U0NOBODY", 30*time.Minute)
	got := doctor(t, c, part)
	for _, says := range []string{"2 wait for C0OLD, the first, of INC-2, since ", "#old is archived; unarchive it", "1 wait for U0NOBODY",
		"there is no such person"} {
		if !strings.Contains(got, says) {
			t.Errorf("it does not say %q:\n%s", says, got)
		}
	}
	c.Slack.OnCall = app.OnCallConfig{First: app.CalleeConfig{Slack: "U0ADA", Name: "Ada"}, Second: app.CalleeConfig{Slack: "S0OPS"}}
	c.Slack.Routes = []app.RouteConfig{{Channel: "C0INCIDENTS", OnCall: &app.OnCallConfig{First: app.CalleeConfig{Slack: "U0NOBODY"}}}}
	got = doctor(t, c, "Slack")
	for _, says := range []string{"true Slack fallback: ada is told", "true Slack channel: the bot is in #incidents",
		"true Slack on call Ada: ada is mentioned", "true Slack on call S0OPS: S0OPS has the form of a user group's id. Whether there is such a group " +
			"was not looked at", "false Slack on call U0NOBODY: U0NOBODY: there is no such person"} {
		if !strings.Contains(got, says) {
			t.Errorf("it does not say %q:\n%s", says, got)
		}
	}
}
