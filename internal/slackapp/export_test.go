package slackapp

import (
	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
)

// Connections is how many connections of Socket Mode are held.
const Connections = connections

// Arbitrary lets the tests outside of the package make any Reply.
var Arbitrary = arbitrary

// Render makes a message that says nowhere where the whole is shown.
func Render(r commands.Reply) Rendered { return render(r, rest{}) }

// HomeView makes a Home tab with all the room that there is.
func HomeView(r commands.Reply) slack.HomeTabViewRequest { return homeView(r, maxModalText) }
