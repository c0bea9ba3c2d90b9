package cli_test

import (
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// slack is a workspace with two people whose bot is in #incidents and not in #general. $SLACK is its API's address.
func slack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: slack")
	}
	emu, err := slackemu.New(slackemu.Options{Scopes: slackapp.Scopes,
		Users:    []slackemu.User{{ID: "U0ADA", Name: "ada", RealName: "Ada"}, {ID: "U0BEN", Name: "ben", RealName: "Ben"}},
		Channels: []slackemu.Channel{{ID: "C0INCIDENTS", Name: "incidents"}, {ID: "C0GENERAL", Name: "general", Uninvited: true}}})
	ts.Check(err)
	ts.Check(emu.Start("127.0.0.1:0"))
	ts.Defer(func() { _ = emu.Close() })
	ts.Setenv("SLACK", emu.APIURL())
}
