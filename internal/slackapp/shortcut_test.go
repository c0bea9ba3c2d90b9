package slackapp_test

import (
	"context"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// knowing is a cluster that has one pod.
type knowing struct {
	commandstest.Cluster
	asked chan incident.Asked
}

func (k knowing) LookAt(_ context.Context, asked incident.Asked) (*incident.Diagnosis, error) {
	k.asked <- asked
	d := *commandstest.Founding()
	for _, one := range append([]incident.Asked{asked}, asked.Or...) {
		if one.Namespace == "shop" {
			d.Scope = incident.Scope{Objects: []incident.Object{{Kind: "Pod", Namespace: "shop", Name: "web-0"}}}
			return &d, nil
		}
	}
	return nil, &incident.NoAnswer{Reason: "There is no namespace shp.", Near: []string{"shop"}}
}

const alertmanager = `{"attachments": [{"color": "danger", "title": "[FIRING:1] KubePodCrashLooping", "title_link": "http://alerts.example/",
	"text": "<!channel> $(reboot)", "fields": [{"title": "namespace", "value": "shop", "short": true}, {"title": "pod", "value": "web-0", "short": true}]}]}`

func (b *bed) window(t *testing.T, user, says string) slackemu.View {
	t.Helper()
	b.wait(t, func(n slackemu.Snapshot) bool {
		v := n.Views(user)
		return len(v) == 1 && strings.Contains(strings.ReplaceAll(v[0].Plain(), "`", ""), says)
	})
	return b.slack.Views(user)[0]
}

func TestDiagnoseThis(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	k := knowing{asked: make(chan incident.Asked, 10)}
	b.set.Looker = k
	b.listen(t, b.set)
	ts, err := b.slack.Post(channel, "Alertmanager", []byte(alertmanager))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.slack.Shortcut(t.Context(), ada, channel, ts, "diagnose"); err != nil {
		t.Fatal(err)
	}
	v := b.window(t, ada, "for the alert KubePodCrashLooping")
	if asked := <-k.asked; asked.Namespace != "shop" || strings.Join(asked.Words, " ") != "pod web-0" || !asked.Hurts {
		t.Errorf("asked %+v", asked)
	}
	if says := v.Plain(); strings.Contains(says, "reboot") || !strings.Contains(says, "Why Pod/shop/web-0") {
		t.Errorf("the window says:\n%s", says)
	}
	if n := len(b.slack.Thread(channel, ts)); n != 1 {
		t.Errorf("%d messages are in the thread before anybody asked for an incident", n)
	}
	if err := b.slack.PressView(t.Context(), ada, v.ID, "open"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool {
		m := n.Thread(channel, ts)
		return len(m) == 2 && strings.Contains(m[1].Plain(), "INC-1 is open")
	})
	state, err := b.keeper.Get(t.Context(), "INC-1")
	if err != nil || len(state.Signals) != 1 || len(state.Signals[0].About) != 1 || state.Signals[0].About[0].Name != "web-0" {
		t.Errorf("%+v, %v", state.Signals, err)
	}
	b.unharmed(t)
}

// A person's message that names nothing asks for what it is about; what is typed wrong can be put right.
func TestDiagnoseThisAsks(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.set.Looker = knowing{asked: make(chan incident.Asked, 10)}
	b.listen(t, b.set)
	ts, err := b.slack.Say(t.Context(), bob, channel, "", "the web shop is slow")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.slack.Shortcut(t.Context(), ada, channel, ts, "diagnose"); err != nil {
		t.Fatal(err)
	}
	v := b.window(t, ada, "names nothing in the cluster")
	if err := b.slack.Submit(t.Context(), ada, v.ID, map[string]string{"namespace": "shp", "object": "web-0"}); err == nil ||
		!strings.Contains(err.Error(), "There is no namespace shp") {
		t.Errorf("a wrong namespace: %v", err)
	}
	if err := b.slack.Submit(t.Context(), ada, v.ID, map[string]string{"namespace": "shop", "object": "pod/web-0"}); err != nil {
		t.Fatal(err)
	}
	b.window(t, ada, "Why Pod/shop/web-0")
	if n := len(b.slack.Messages(channel)); n != 1 {
		t.Errorf("%d messages are in the channel", n)
	}
	b.unharmed(t)
}
