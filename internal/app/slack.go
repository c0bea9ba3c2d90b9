package app

import (
	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
)

// slackOptions is how Slack is reached.
func slackOptions(c SlackConfig) slackapp.Options {
	return slackapp.Options{BotToken: c.BotToken, AppToken: c.AppToken, Channel: c.Channel, Fallback: c.Fallback, APIURL: c.APIURL}
}

func (s *Server) openSlack(set *commands.Set) {
	o := slackOptions(s.config.Slack)
	o.Logger = s.options.Logger
	s.deliver = slackapp.NewDeliverer(o, s.store)
	o.OnConnected = s.deliver.Retry // what waited while Slack was away
	s.slack = slackapp.New(o, set, s.store)
}
