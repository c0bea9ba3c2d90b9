package deploy

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/slackapp"
)

// slackManifest is the part of Slack's schema for app manifests that ours uses
// (https://docs.slack.dev/reference/app-manifest).
type slackManifest struct {
	Display struct {
		Name            string `json:"name"`
		Description     string `json:"description"`
		BackgroundColor string `json:"background_color"`
	} `json:"display_information"`
	Features struct {
		AppHome struct {
			Home             bool `json:"home_tab_enabled"`
			Messages         bool `json:"messages_tab_enabled"`
			MessagesReadOnly bool `json:"messages_tab_read_only_enabled"`
		} `json:"app_home"`
		BotUser struct {
			DisplayName  string `json:"display_name"`
			AlwaysOnline bool   `json:"always_online"`
		} `json:"bot_user"`
		Shortcuts []struct {
			Name        string `json:"name"`
			Type        string `json:"type"`
			CallbackID  string `json:"callback_id"`
			Description string `json:"description"`
		} `json:"shortcuts"`
		SlashCommands []struct {
			Command      string `json:"command"`
			Description  string `json:"description"`
			UsageHint    string `json:"usage_hint"`
			ShouldEscape bool   `json:"should_escape"`
		} `json:"slash_commands"`
	} `json:"features"`
	OAuth struct {
		Scopes struct {
			Bot []string `json:"bot"`
		} `json:"scopes"`
	} `json:"oauth_config"`
	Settings struct {
		Events struct {
			Bot []string `json:"bot_events"`
		} `json:"event_subscriptions"`
		Interactivity struct {
			Enabled bool `json:"is_enabled"`
		} `json:"interactivity"`
		OrgDeploy     bool `json:"org_deploy_enabled"`
		SocketMode    bool `json:"socket_mode_enabled"`
		TokenRotation bool `json:"token_rotation_enabled"`
	} `json:"settings"`
}

func TestTheSlackAppIsTheOneThatTheBotExpects(t *testing.T) {
	var m slackManifest
	if err := yaml.UnmarshalStrict([]byte(read(t, "slack-manifest.yaml")), &m); err != nil {
		t.Fatal(err)
	}
	want, got := slices.Sorted(slices.Values(slackapp.Scopes)), slices.Sorted(slices.Values(m.OAuth.Scopes.Bot))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scopes are not those that doctor asks for (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"app_home_opened", "app_mention", "message.im"}, m.Settings.Events.Bot); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if len(m.Features.SlashCommands) != 1 || m.Features.SlashCommands[0].Command != "/medic" {
		t.Errorf("slash commands %+v", m.Features.SlashCommands)
	}
	if s := m.Features.Shortcuts; len(s) != 1 || s[0].Type != "message" || s[0].CallbackID != slackapp.ShortcutID || s[0].Name == "" ||
		len(s[0].Name) > 24 || len(s[0].Description) > 150 {
		t.Errorf("shortcuts %+v", s)
	}
	if !m.Settings.SocketMode || !m.Settings.Interactivity.Enabled {
		t.Error("Socket Mode and interactivity must be on")
	}
	if !m.Features.AppHome.Messages || m.Features.AppHome.MessagesReadOnly {
		t.Error("people must be able to write to the bot")
	}
	if !m.Features.AppHome.Home {
		t.Error("the bot shows a Home tab")
	}
	if m.Settings.TokenRotation {
		t.Error("the bot does not rotate tokens; with rotation on, the one configured dies within half a day")
	}
	for what, limit := range map[string]struct {
		text string
		most int
	}{"name": {m.Display.Name, 35}, "description": {m.Display.Description, 140}, "bot's name": {m.Features.BotUser.DisplayName, 80}} {
		if limit.text == "" || len(limit.text) > limit.most {
			t.Errorf("%s %q: Slack takes at most %d characters", what, limit.text, limit.most)
		}
	}
}
