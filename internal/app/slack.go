package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/guard"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
)

// slackOptions is how Slack is reached.
func slackOptions(c SlackConfig) slackapp.Options {
	return slackapp.Options{BotToken: c.BotToken, AppToken: c.AppToken, SigningSecret: c.SigningSecret, RequestURL: c.RequestURL,
		Channel: c.Channel, Fallback: c.Fallback, APIURL: c.APIURL, Way: c.way(true)}
}

// openSlack prepares Slack, where it is configured. Elsewhere there is nothing to compare the record with.
func (s *Server) openSlack(set *commands.Set) {
	if !s.config.slack() {
		close(s.compared)
		return
	}
	o := slackOptions(s.config.Slack)
	o.Logger, o.Renewed = s.options.Logger, s.reload.slackTokens
	o.Stamp = func(ctx context.Context, id string) map[string]any {
		return stampOf(ctx, s.store.Reader, id)
	}
	s.deliver = slackapp.NewDeliverer(o, s.store)
	o.OnConnected = s.deliver.Retry // what waited while Slack was away
	s.reload.took = s.deliver.Retry // or for another token
	o.OnHome = s.access.SetHome
	o.Homes = set
	o.Incident = func(ctx context.Context, channel, ts string) (string, error) {
		id, err := s.store.IncidentAt(ctx, channel, ts)
		if !strings.HasPrefix(id, idPrefix) { // a message about the record, or one that can't be read
			id = ""
		}
		return id, err
	}
	s.slack = slackapp.New(o, set, s.store)
}

// runSlack has what is to be told in Slack told there, and what is asked there answered.
func (s *Server) runSlack(ctx context.Context, g *errgroup.Group) {
	if s.slack == nil {
		s.sayDoubt(ctx)
		return
	}
	g.Go(func() error { return s.slack.Run(ctx) })
	g.Go(func() error {
		select { // what is sent would hide what Slack has seen before
		case <-ctx.Done():
			return nil
		case <-s.compared:
		}
		return s.deliver.Run(ctx)
	})
	g.Go(func() error { s.compare(ctx); return nil })
}

// changed tells those who look at a Home that it is not as it was.
func (s *Server) changed() {
	if s.slack != nil {
		s.slack.Changed()
	}
}

// draw brings one incident's messages up to date, and has its notices told.
func (s *Server) draw(ctx context.Context, state *incident.State) error {
	err := s.notices.Deliver(ctx, state)
	if s.slack == nil {
		return err
	}
	return errors.Join(err, s.drawSlack(ctx, state))
}

func (s *Server) drawSlack(ctx context.Context, state *incident.State) error {
	if state.Purges > 0 {
		defer s.deliver.Wake() // who purged has changed what is wanted beside this process
	}
	s.slack.Changed()
	return s.deliver.Deliver(ctx, state.ID, state.Channel, commands.IncidentMessages(state, s.clock.Now()))
}

// sayAside tells people that an incident's record can't be read, in a message of its own: what its own messages said can't be drawn anew.
func (s *Server) sayAside(ctx context.Context, e *UnreadableError) {
	if err := s.say(ctx, "aside/"+e.ID, commands.UnreadableMessages(e.ID, e.Reason.Error())); err != nil {
		s.options.Logger.Error("it can't be told that an incident's record can't be read", "incident", e.ID, "error", err)
	}
}

// say tells people what is about no incident's course.
func (s *Server) say(ctx context.Context, about string, messages []commands.Message) error {
	err := s.notices.Say(ctx, about, messages)
	if s.deliver != nil {
		err = errors.Join(err, s.deliver.Deliver(ctx, about, "", messages))
	}
	return err
}

// share puts a file into an incident's thread.
func (s *Server) share(ctx context.Context, id string, f slackapp.File) (link string, err error) {
	return s.deliver.Share(ctx, id, f)
}

const (
	// askFirst is how long to wait before Slack is asked again when it did not answer: until it has, nothing is sent to it either.
	askFirst = 2 * time.Second
	// askLater is the same where it did answer, but will not say: a scope may be granted.
	askLater = time.Minute
)

// compare asks Slack, until it answers, how much of the record it has seen. If that is more than there is here, an old copy of the state
// was restored, and nothing is executed until somebody accepts that.
func (s *Server) compare(ctx context.Context) {
	var once, look sync.Once
	well, said := true, ""
	for ctx.Err() == nil {
		within, cancel := context.WithTimeout(ctx, comparedWithin)
		err := guard.Do("compare the record with Slack's", func() error {
			stamps, err := s.deliver.Stamps(within)
			if err != nil {
				return err
			}
			return compareWithSlack(within, s.store, stamps)
		})
		cancel()
		if err == nil {
			s.sayDoubt(ctx)
			once.Do(func() { close(s.compared) })
			look.Do(func() { s.lookAtSlack(ctx) })
			if said != "" {
				s.options.Logger.Info("Slack has said what it was told last")
			}
			return
		}
		wait := askFirst
		if slackapp.Refused(err) {
			once.Do(func() { close(s.compared) })
			wait = askLater
		}
		look.Do(func() { well = s.lookAtSlack(ctx) })
		if why := err.Error(); well && why != said && ctx.Err() == nil {
			s.options.Logger.Warn("Slack does not say what it was told last, by which an old copy of the state would show; it is asked again",
				"error", why)
		}
		said = err.Error()
		pause(ctx, wait, nil)
	}
}

// lookAtSlack says what doctor would say of Slack, where something is not as it should be: whoever starts the bot shall not have to ask.
func (s *Server) lookAtSlack(ctx context.Context) (well bool) {
	within, cancel := context.WithTimeout(ctx, comparedWithin)
	defer cancel()
	well = true
	for _, k := range doctorSlack(within, s.reload.now().Slack, slackapp.ProbeTelling) {
		if !k.OK && ctx.Err() == nil {
			well = false
			s.options.Logger.Error(k.Name + ": " + k.Detail)
		}
	}
	return well
}

// sayDoubt tells people that nothing is executed, and why.
func (s *Server) sayDoubt(ctx context.Context) {
	why, err := doubted(ctx, s.store.Reader)
	if err != nil || why == "" {
		return
	}
	s.options.Logger.Error("nothing is executed: "+why, "try", "restore the newest state, or run: paramedic audit accept")
	if err := s.say(ctx, "record", commands.DoubtMessages(why)); err != nil {
		s.options.Logger.Error("it can't be told that the record is in doubt", "error", err)
	}
}
