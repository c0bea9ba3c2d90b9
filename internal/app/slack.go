package app

import (
	"context"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/guard"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
)

// slackOptions is how Slack is reached.
func slackOptions(c SlackConfig) slackapp.Options {
	return slackapp.Options{BotToken: c.BotToken, AppToken: c.AppToken, Channel: c.Channel, Fallback: c.Fallback, APIURL: c.APIURL}
}

func (s *Server) openSlack(set *commands.Set) {
	o := slackOptions(s.config.Slack)
	o.Logger = s.options.Logger
	o.Stamp = func(ctx context.Context, incident string) map[string]any {
		return stampOf(ctx, s.store.Reader, incident)
	}
	s.deliver = slackapp.NewDeliverer(o, s.store)
	o.OnConnected = s.deliver.Retry // what waited while Slack was away
	s.slack = slackapp.New(o, set, s.store)
}

// compareEvery is how long to wait before Slack is asked again, when it did not answer.
const compareEvery = time.Minute

// compare asks Slack, until it answers, how much of the record it has seen. If that is more than there is here, an old copy of the state was
// restored, and nothing is executed until somebody accepts that.
func (s *Server) compare(ctx context.Context) {
	for first := true; ctx.Err() == nil; first = false {
		within, cancel := context.WithTimeout(ctx, comparedWithin)
		err := guard.Do("compare the record with Slack's", func() error {
			newest, _, err := s.deliver.NewestStamp(within)
			if err != nil {
				return err
			}
			return compareWithSlack(within, s.store, newest)
		})
		cancel()
		if err == nil {
			s.sayDoubt(ctx)
		}
		if first {
			close(s.compared)
		}
		if err == nil {
			return
		}
		s.options.Logger.Warn("Slack does not say how much it has seen of the record; it is asked again", "error", err, "in", compareEvery)
		pause(ctx, compareEvery, nil)
	}
}

// sayDoubt tells people that nothing is executed, and why.
func (s *Server) sayDoubt(ctx context.Context) {
	why, err := doubted(ctx, s.store.Reader)
	if err != nil || why == "" {
		return
	}
	s.options.Logger.Error("nothing is executed: "+why, "try", "restore the newest state, or run: paramedic audit accept")
	if err := s.deliver.Deliver(ctx, "record", "", commands.DoubtMessages(why)); err != nil {
		s.options.Logger.Error("it can't be said in the channel that the record is in doubt", "error", err)
	}
}
