package slackapp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// Of two hundred channels, by their names, Slack is asked no more than it answers, and what was not looked at is said, not called wrong.
func TestManyChannelsAreLookedAt(t *testing.T) {
	t.Parallel()
	var channels []slackemu.Channel
	var names []string
	for i := range 200 {
		name := fmt.Sprint("team-", i)
		channels, names = append(channels, slackemu.Channel{ID: fmt.Sprintf("C0TEAM%03d", i), Name: name}), append(names, "#"+name)
	}
	emu, err := slackemu.New(slackemu.Options{Channels: channels})
	if err == nil {
		err = emu.Start("127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close() })
	checks := slackapp.ProbeChannels(t.Context(), slackapp.Options{BotToken: "xoxb-emulated", AppToken: "xapp-emulated", APIURL: emu.APIURL(),
		Logger: logger()}, names...)
	for _, c := range checks {
		if !c.OK {
			t.Errorf("%s: %s", c.Name, c.Detail)
		}
	}
	if n := len(checks); n != 41 || !strings.Contains(checks[n-1].Detail, "160 more were not looked at") {
		t.Errorf("%d checks, the last %+v", n, checks[n-1])
	}
}
