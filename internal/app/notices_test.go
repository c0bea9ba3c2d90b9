package app

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

func TestNoticesDoWithoutSlack(t *testing.T) {
	t.Setenv("TOPIC", "https://ntfy.sh/secret-topic-1")
	path := writeFile(t, "c.yaml", "notices: [{url: '${TOPIC}', form: ntfy, namespaces: [shop]}]\napprovers: [{user: ada}]\n"+
		"onCall: {first: {name: Dana}}\n")
	c, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.slack() || c.homes()[0].URL != "https://ntfy.sh/secret-topic-1" || c.policy().OnCall[""].First.Name != "Dana" {
		t.Errorf("slack %v, homes %v, on call %v", c.slack(), c.homes(), c.policy().OnCall)
	}
	a := NewAccess(c)
	by, as, ok := a.approverAs("ada")
	if !ok || as.User != "ada" || by.Key() != "terminal/ada" {
		t.Errorf("the approver at the terminal: %+v as %+v, %v", by, as, ok)
	}
	if _, ok := a.approver(incident.Approval{By: by, As: as, Terminal: true}); !ok {
		t.Error("what ada approved at the terminal does not stand")
	}
	if _, ok := a.Identity(incident.Person{Team: "T1", ID: "ada"}); ok {
		t.Error("somebody of Slack's is ada")
	}
	p := &incident.Plan{Risk: incident.Destructive}
	if a.Asks(p); p.Asks() != 2 || p.Terminal {
		t.Errorf("a destructive plan asks for %d, the second in the terminal: %v", p.Asks(), p.Terminal)
	}
}

func TestConfigSaysWhatIsWrongWithNotices(t *testing.T) {
	for text, wants := range map[string][]string{
		"cluster: {name: x}\n": {"slack.botToken", "notices: names no home either"},
		"notices: [{url: 'https://ntfy.sh/top-secret-1'}, {url: 'https://g.example', form: gotify}, {url: 'nowhere', form: json}]\n": {
			"notices[0]: the form must be", "notices[1]: a Gotify home needs the token", "notices[2]: the url must begin"},
		"notices: [{url: 'https://x.example/top-secret-1', form: json}, {url: 'https://x.example/top-secret-1', form: json}]\n": {
			"notices[1]: is notices[0] once more"},
		"notices: [{url: 'https://x.example/a', form: json}]\nslack: {channel: '#a'}\n":       {"slack.botToken"},
		"notices: [{urlFile: /nosuch/top-secret, form: json}]\n":                              {"notices[0].urlFile"},
		"notices: [{url: 'https://x.example/a', form: json}]\nonCall: {first: {slack: U1}}\n": {"onCall: takes names alone"},
	} {
		_, err := LoadConfig(writeFile(t, "c.yaml", text))
		if err == nil {
			t.Errorf("accepted:\n%s", text)
			continue
		}
		for _, want := range wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("does not say %q:\n%v", want, err)
			}
		}
		if strings.Contains(err.Error(), "top-secret-1") {
			t.Errorf("says a secret:\n%v", err)
		}
	}
}

// Where there is no Slack nobody draws pictures, for there is no thread to put them into.
func TestPicturesAreForSlack(t *testing.T) {
	for _, slack := range []bool{true, false} {
		c := DefaultConfig()
		if c.Notices = []NoticeConfig{{Form: "json", URL: "http://127.0.0.1:1"}}; slack {
			c.Slack.BotToken = "xoxb-1"
		}
		if c.policy().Pictures != slack {
			t.Errorf("with Slack %v: pictures %v", slack, c.policy().Pictures)
		}
	}
}
