package slackemu_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// The payload of a message shortcut has what Slack documents, and the message whole; no other kind of message has the menu.
func TestAMessageShortcut(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	got := make(chan socketmode.Event, 2)
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeInteractive {
			c.Ack(*e.Request)
			got <- e
		}
	})
	ts, err := s.Post(incidents, "Grafana", []byte(`{"text": "x", "attachments": [{"title": "[FIRING:1] A", "fields": [{"title": "pod", "value": "p"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Shortcut(t.Context(), ada, incidents, ts, "diagnose"); err != nil {
		t.Fatal(err)
	}
	e := <-got
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(e.Request.Payload, &raw); err != nil {
		t.Fatal(err)
	}
	if keys := strings.Join(slices.Sorted(maps.Keys(raw)), " "); keys != "action_ts callback_id channel enterprise is_enterprise_install message "+
		"message_ts response_url team token trigger_id type user" {
		t.Errorf("it has %s", keys)
	}
	cb := e.Data.(slack.InteractionCallback)
	if cb.Type != slack.InteractionTypeMessageAction || cb.MessageTs != ts || cb.Message.Attachments[0].Fields[0].Value != "p" ||
		cb.Message.SubType != "bot_message" || cb.Channel.ID != incidents {
		t.Errorf("%+v", cb)
	}
	if _, err := api.OpenView(cb.TriggerID, editor("Look")); err != nil {
		t.Errorf("its trigger opens no window: %v", err)
	}
	alone, err := api.PostEphemeral(incidents, ada, slack.MsgOptionText("for you", false))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Shortcut(t.Context(), ada, incidents, alone, "diagnose"); err == nil {
		t.Error("what one person alone sees has a menu")
	}
	if err := s.Shortcut(t.Context(), ada, incidents, ts, "other"); err == nil {
		t.Error("a shortcut that the app has not got was used")
	}
}
