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
	if _, err := LoadConfig(writeFile(t, "d.yaml", "slak: {}")); err == nil || !strings.Contains(err.Error(), "slak") {
		t.Errorf("a misspelt field: %v", err)
	}
}
