package slackapp_test

import (
	"context"

	"github.com/paramedic-bot/paramedic/commands"
)

// forms opens a window for "plan", and answers its submission.
type forms struct{ reply commands.Reply }

func (f *forms) Dispatch(_ context.Context, r commands.Request) commands.Reply {
	if r.Command == "plan" {
		return commands.Reply{Text: "Sure?", Form: &commands.Form{Title: "Sure?", Submit: "Yes", Command: "approve INC-1 cafe"}}
	}
	return f.reply
}

func (f *forms) Opens(command string) bool { return command == "plan" }
func (f *forms) Acts(string) bool          { return true }
