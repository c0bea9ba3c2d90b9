package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigReadsSecretsAndKeepsDefaults(t *testing.T) {
	t.Setenv("BOT", "xoxb-1")
	token := writeFile(t, "token", "xapp-1\n")
	path := writeFile(t, "c.yaml", "slack: {botToken: '${BOT}', appTokenFile: "+token+
		", channel: '#incidents'}\nverify: {for: 1m}\napprovers: [{slack: U1, user: ada}]\n")
	c, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.Slack.BotToken != "xoxb-1" || c.Slack.AppToken != "xapp-1" {
		t.Errorf("tokens %q, %q", c.Slack.BotToken, c.Slack.AppToken)
	}
	if c.Verify.For.Duration != time.Minute || c.Verify.Every.Duration != 10*time.Second {
		t.Errorf("verify %+v", c.Verify)
	}
	if want := filepath.Join(filepath.Dir(path), "paramedic.db"); c.State != want {
		t.Errorf("state %q, want %q: relative to the file", c.State, want)
	}
}

func TestConfigTellsEverythingThatIsWrongAtOnce(t *testing.T) {
	path := writeFile(t, "c.yaml", "webhook: {listen: nowhere, password: x}\nhost: {root: /}\napprovers: [{slack: U1}]\nollama: {host: 'not "+
		"a url'}\nplans: {expires: 0s}\nslack: {botToken: '${UNSET_BOT}'}\n")
	_, err := LoadConfig(path)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"slack.botToken", "UNSET_BOT", "slack.appToken", "slack.channel", "webhook.listen", "webhook.user",
		"ollama.host", "host.node", "approvers[0]", "plans.expires"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("does not mention %s:\n%v", want, err)
		}
	}
	path = writeFile(t, "e.yaml", `slack:
  onCall: {first: {name: Dana}, second: {slack: "@ops"}, after: 0s, apart: -1m}
  routes:
  - {channel: C0SHOP}
  - {channel: C0SHOP, labels: {team: ""}, onCall: {first: {slack: U0DANA}, second: {slack: U0DANA}}}
`)
	if _, err = LoadConfig(path); err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"slack.onCall.first.slack: must say who Dana is", "slack.onCall.second.slack: must be the id", "slack.onCall.second: ",
		"slack.onCall.after", "slack.onCall.apart", "slack.routes[0]: needs", "slack.routes[1].labels.team", "slack.routes[1].onCall.second: ",
		"slack.routes[1].onCall: must be that of slack.routes[0]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("does not say %s:\n%v", want, err)
		}
	}
	if _, err := LoadConfig(writeFile(t, "d.yaml", "slak: {}")); err == nil || !strings.Contains(err.Error(), "slak") {
		t.Errorf("a misspelt field: %v", err)
	}
}

// Who is called follows from the route, and what a route does not say from what holds everywhere.
func TestRoutesSayWhereAndWhoIsCalled(t *testing.T) {
	c, err := ReadConfig(writeFile(t, "c.yaml", `slack:
  onCall: {first: {slack: U0DANA, name: Dana}, second: {slack: S0OPS}, then: 5m}
  routes:
  - {channel: C0SHOP, namespaces: [shop], labels: {severity: page, team: shop}, onCall: {first: {slack: U0SHOP}, after: 3m}}
  - {channel: C0TEST, labels: {env: test}, onCall: {}}
  - {channel: C0REST, namespaces: [shop, bank]}
`))
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	c.Slack.validateRoutes(func(field, format string, args ...any) { wrong++; t.Errorf(field+": "+format, args...) })
	for _, r := range []struct {
		labels  map[string]string
		channel string
		first   string
		after   time.Duration
	}{
		{map[string]string{"namespace": "shop", "severity": "page", "team": "shop", "pod": "x"}, "C0SHOP", "U0SHOP", 3 * time.Minute},
		{map[string]string{"namespace": "shop", "severity": "warning", "team": "shop"}, "C0REST", "U0DANA", 10 * time.Minute},
		{map[string]string{"namespace": "x", "env": "test"}, "C0TEST", "", 10 * time.Minute},
		{map[string]string{"namespace": "bank", "env": "test"}, "C0TEST", "", 10 * time.Minute}, // the first that it fits
		{map[string]string{"namespace": "bank"}, "C0REST", "U0DANA", 10 * time.Minute},
		{map[string]string{"namespace": "x"}, "", "U0DANA", 10 * time.Minute},
		{nil, "", "U0DANA", 10 * time.Minute},
	} {
		channel := c.Slack.channel(r.labels)
		if o := c.policy().CallFor(channel); channel != r.channel || o.First.ID != r.first || o.After != r.after {
			t.Errorf("%v: %q, %+v", r.labels, channel, o)
		}
	}
	if o := c.policy().CallFor(""); o.Second.ID != "S0OPS" || o.Then != 5*time.Minute || o.Apart != 10*time.Minute || o.First.Name != "Dana" {
		t.Errorf("%+v", o)
	}
	if o := DefaultConfig().Slack.OnCall; o.First.Slack != "" || o.After.Duration != 10*time.Minute {
		t.Errorf("by default: %+v", o)
	}
}

// A day that is none is said to be none, whatever its letters are: K is the sign of kelvin, which is shorter in small letters.
func TestDaysOfMaintenanceThatAreNone(t *testing.T) {
	for _, day := range []string{"", "m", "funday", "\u212a", "\u0130"} {
		var said []string
		MaintenanceConfig{Days: []string{day}, From: "22:00", To: "06:00"}.window(func(field, format string, args ...any) {
			said = append(said, field)
		})
		if len(said) != 1 || said[0] != "days" {
			t.Errorf("%q: %v", day, said)
		}
	}
}
