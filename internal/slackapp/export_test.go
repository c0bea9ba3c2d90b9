package slackapp

import "github.com/paramedic-bot/paramedic/commands"

// Arbitrary lets the tests outside of the package make any Reply.
var Arbitrary = arbitrary

// Render makes a message that says nowhere where the whole is shown.
func Render(r commands.Reply) Rendered { return render(r, rest{}) }
