package setup_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/setup"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// answers are what somebody types, one line after the other.
type answers struct{ lines []string }

func (a *answers) Line(string) (string, error) {
	if len(a.lines) == 0 {
		return "", io.EOF
	}
	line := a.lines[0]
	a.lines = a.lines[1:]
	return line + "\n", nil
}

func (a *answers) Secret(prompt string) (string, error) { return a.Line(prompt) }

func workspace(t *testing.T, channels ...slackemu.Channel) *slackemu.Server {
	t.Helper()
	emu, err := slackemu.New(slackemu.Options{Scopes: slackapp.Scopes, Channels: channels,
		Users: []slackemu.User{{ID: "U0ADA", Name: "ada.l", RealName: "Ada Lovelace"}, {ID: "U0BOB", Name: "bob", RealName: "Bob"},
			{ID: "U0OLD", Name: "old", RealName: "Ada Former", Deleted: true}, {ID: "U0ADB", Name: "adb", RealName: "Bob Adams"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := emu.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close() })
	return emu
}

func TestFromNothingToAConfigurationThatWorks(t *testing.T) {
	t.Parallel()
	emu := workspace(t, slackemu.Channel{ID: "C0INC", Name: "incidents"}, slackemu.Channel{ID: "C0GEN", Name: "general", Uninvited: true})
	path := filepath.Join(t.TempDir(), "paramedic.yaml")
	out := &bytes.Buffer{}
	err := setup.Run(t.Context(), setup.Options{Config: path, APIURL: emu.URL() + "/api/", Kubeconfig: "/etc/kube 1.yaml", Out: out,
		Prog: "bin/paramedic", Cluster: found,
		Ask: &answers{lines: []string{
			"", "xoxb-emulated", "xapp-wrong", " xapp-emulated ", // the app token
			"xoxb-wrong", "xoxb-emulated",
			"general", "", // the bot is not in the first, and in one other alone
			"nobody", "bob", // the handle of one, a part of the name of another
		}}})
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"✓ cluster lab: v1.36.3", "manifest_json=", "✗ nothing was typed", "begins with xapp-", "is not known",
		"Slack does not know it", "the bot is not in #general; type /invite @paramedic there", "nobody in the workspace is called nobody",
		"✓ Bob (U0BOB): what Bob approves is done as the Kubernetes user bob: the name in Slack;",
		"  bin/paramedic serve --config " + path, " bin/paramedic doctor --config " + path,
		"  bin/paramedic rbac --runbooks all | kubectl --kubeconfig '/etc/kube 1.yaml' apply -f -\n",
		"  kubectl --kubeconfig '/etc/kube 1.yaml' create clusterrolebinding paramedic-operator-bob --clusterrole paramedic-operator --user bob\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v; want mode 0600", path, info.Mode(), err)
	}
	c, err := app.LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.Slack.Channel != "C0INC" || len(c.Approvers) != 1 || c.Approvers[0].Slack != "U0BOB" || c.Approvers[0].User != "bob" ||
		c.Cluster.Kubeconfig != "/etc/kube 1.yaml" {
		t.Errorf("the configuration is %+v", c)
	}
	checks := slackapp.Probe(t.Context(), slackapp.Options{BotToken: c.Slack.BotToken, AppToken: c.Slack.AppToken, APIURL: c.Slack.APIURL,
		Channel: c.Slack.Channel})
	for _, k := range checks {
		if !k.OK {
			t.Errorf("doctor: %s: %s", k.Name, k.Detail)
		}
	}
}

// found is a cluster that answers.
func found(context.Context) incident.Check {
	return incident.Check{Name: "cluster lab", OK: true, Detail: "v1.36.3"}
}

// Whoever has no cluster hears it before they make an app in vain; whose bot is to run elsewhere is not asked for one.
func TestTheClusterComesFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, run := range map[string]func(setup.Options) error{
		"with Slack":    func(o setup.Options) error { return setup.Run(t.Context(), o) },
		"without Slack": func(o setup.Options) error { return setup.RunNotify(t.Context(), setup.NotifyOptions{Options: o}) },
	} {
		out := &bytes.Buffer{}
		o := setup.Options{Config: filepath.Join(dir, "p.yaml"), Out: out, Ask: &answers{}, Cluster: func(context.Context) incident.Check {
			return incident.Check{Name: "kubeconfig", Detail: "there is none"}
		}}
		err := run(o)
		if err == nil || !strings.Contains(err.Error(), "there is none\nNothing was set up.") || !strings.Contains(err.Error(), "--elsewhere") ||
			out.Len() > 0 {
			t.Errorf("%s: %v, after %q", name, err, out)
		}
		o.Cluster = nil
		if err := run(o); err == nil || strings.Contains(err.Error(), "cluster") {
			t.Errorf("%s, elsewhere: %v", name, err)
		}
	}
}

func TestFlagsAnswerBeforehandOrAreRefused(t *testing.T) {
	t.Parallel()
	emu := workspace(t, slackemu.Channel{ID: "C0INC", Name: "incidents"}, slackemu.Channel{ID: "C0TWO", Name: "two"})
	good := setup.Options{AppToken: "xapp-emulated\n", BotToken: "xoxb-emulated\n", Channel: "#incidents", Approver: "@ada.l", User: "ada@example.com"}
	for name, c := range map[string]struct {
		change func(*setup.Options)
		says   string // empty: it is written
	}{
		"all of them":        {func(*setup.Options) {}, ""},
		"a token revoked":    {func(o *setup.Options) { o.BotToken = "xoxb-gone" }, "Slack does not know it"},
		"no such channel":    {func(o *setup.Options) { o.Channel = "#nowhere" }, "there is none of that name"},
		"a name of two":      {func(o *setup.Options) { o.Approver = "ad" }, "U0ADA (Ada Lovelace), U0ADB (Bob Adams)"},
		"somebody who left":  {func(o *setup.Options) { o.Approver = "U0OLD" }, "nobody in the workspace"},
		"nobody to be asked": {func(o *setup.Options) { o.Approver = "" }, "nobody is there to be asked"},
		"two channels, none": {func(o *setup.Options) { o.Channel = "" }, "name the channel by --channel"},
		"no folder":          {func(o *setup.Options) { o.Config += "/no/such" }, "no/such"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := good
			dir := t.TempDir()
			o.Config, o.APIURL, o.Out, o.Ask = filepath.Join(dir, "p.yaml"), emu.URL()+"/api/", io.Discard, &answers{}
			c.change(&o)
			err := setup.Run(t.Context(), o)
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Fatalf("got %v; want %q", err, c.says)
			}
			left, _ := os.ReadDir(dir)
			if want := map[bool]int{true: 1, false: 0}[c.says == ""]; len(left) != want {
				t.Errorf("%d files are there, want %d", len(left), want)
			}
		})
	}
}

// With an address, init makes a configuration for an app that Slack posts to, and the address that Slack knows leads to the bot.
func TestAnAppThatSlackPostsTo(t *testing.T) {
	t.Parallel()
	emu := workspace(t, slackemu.Channel{ID: "C0INC", Name: "incidents"})
	path := filepath.Join(t.TempDir(), "paramedic.yaml")
	out := &bytes.Buffer{}
	const secret = "0123456789abcdef0123456789abcdef"
	o := setup.Options{Config: path, APIURL: emu.URL() + "/api/", RequestURL: "https://paramedic.example.com", Out: out,
		Ask: &answers{lines: []string{"xapp-1", secret, "xoxb-emulated", "", "bob"}}}
	if err := setup.Run(t.Context(), o); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"a signing secret has 32 characters", "https%3A%2F%2Fparamedic.example.com%2Fslack%2Fevents",
		"Event Subscriptions, Retry", "must lead to\n                        0.0.0.0:9096 here"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
	c, err := app.LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.Slack.SigningSecret != secret || c.Slack.Listen != "0.0.0.0:9096" || c.Slack.AppToken != "" ||
		c.Slack.RequestURL != "https://paramedic.example.com/slack/events" {
		t.Errorf("the configuration is %+v", c.Slack)
	}
	for _, bad := range []string{"paramedic.example.com", "http://paramedic.example.com/slack/events", "https://paramedic.example.com/slack"} {
		o.Config, o.RequestURL = path+".other", bad
		if err := setup.Run(t.Context(), o); err == nil {
			t.Errorf("%s is taken for an address", bad)
		}
	}
}

func TestWhatIsThereIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "p.yaml")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := setup.Run(context.Background(), setup.Options{Config: path, Out: io.Discard, Ask: &answers{}})
	got, _ := os.ReadFile(path)
	if err == nil || !strings.Contains(err.Error(), "--force") || !slices.Equal(got, []byte("mine")) {
		t.Errorf("got %v, and the file holds %q", err, got)
	}
}
