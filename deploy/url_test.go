package deploy

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// With an address every place in the manifest that takes one has it, and Socket Mode is off.
func TestTheManifestOfAnAppThatIsPostedTo(t *testing.T) {
	const address = "https://paramedic.example.com/slack/events"
	raw, err := ManifestFor(address)
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Features struct {
			SlashCommands []struct {
				URL string `json:"url"`
			} `json:"slash_commands"`
		} `json:"features"`
		Settings struct {
			SocketMode bool `json:"socket_mode_enabled"`
			Events     struct {
				URL string `json:"request_url"`
			} `json:"event_subscriptions"`
			Interactivity struct {
				URL string `json:"request_url"`
			} `json:"interactivity"`
		} `json:"settings"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	if m.Settings.SocketMode || m.Settings.Events.URL != address || m.Settings.Interactivity.URL != address ||
		len(m.Features.SlashCommands) != 1 || m.Features.SlashCommands[0].URL != address {
		t.Errorf("%s", raw)
	}
}

func TestThePageHasTheManifestFilledIn(t *testing.T) {
	page, err := SlackAppURL("")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(u.Query().Get("manifest_json")), &m); err != nil || m["oauth_config"] == nil {
		t.Errorf("the page says %q: %v", u.Query().Get("manifest_json"), err)
	}
	if strings.ContainsAny(u.RawQuery, "+ ;") || u.Query().Get("new_app") != "1" {
		t.Errorf("not every client reads %s", u.RawQuery)
	}
}
