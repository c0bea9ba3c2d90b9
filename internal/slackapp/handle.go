package slackapp

import (
	"context"
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/paramedic-bot/paramedic/commands"
)

// request makes a Request of a command line that a person typed or pressed. What can't be read becomes a Reply.
func (a *App) request(line string, who somebody, channel string) (commands.Request, *commands.Reply) {
	words, err := commands.Parse(line)
	if err != nil {
		return commands.Request{}, &commands.Reply{Text: "That could not be read: " + err.Error() + ".", Exit: commands.ExitNoAnswer}
	}
	r := commands.Request{Person: who.Person, Outside: who.outside, Channel: channel, Now: a.opts.Now()}
	if len(words) > 0 {
		r.Command, r.Args = words[0], words[1:]
	}
	return r, nil
}

func (a *App) dispatch(ctx context.Context, r commands.Request, unreadable *commands.Reply) commands.Reply {
	if unreadable != nil {
		return *unreadable
	}
	return a.commands.Dispatch(ctx, r)
}

// slashCommand answers with the acknowledgement if that is quick enough, and through the response URL otherwise.
func (a *App) slashCommand(ctx context.Context, cmd slack.SlashCommand, ack func(any)) {
	to := place{channel: cmd.ChannelID, user: cmd.UserID, responseURL: cmd.ResponseURL}
	who := make(chan somebody, 1)
	go func() { who <- a.people.who(ctx, cmd.UserID, cmd.TeamID, cmd.UserName) }()
	words, _ := commands.Parse(cmd.Text)
	if len(words) > 0 && a.commands.Opens(words[0]) {
		ack(nil)
		a.modalFor(ctx, cmd.TriggerID, cmd.Text, func() somebody { return <-who }, to)
		return
	}
	reply := make(chan commands.Reply, 1)
	a.work.Go(func() {
		r, bad := a.request(cmd.Text, <-who, cmd.ChannelID)
		reply <- a.dispatch(ctx, r, bad)
	})
	timer := time.NewTimer(ackWithin)
	defer timer.Stop()
	select {
	case r := <-reply:
		if payload, ok := ackPayload(r); ok {
			ack(payload)
			return
		}
		ack(nil)
		a.answer(ctx, to, r)
	case <-timer.C:
		ack(nil)
		a.answer(ctx, to, <-reply)
	}
}

// interaction is a button pressed or a modal submitted.
func (a *App) interaction(ctx context.Context, id string, cb slack.InteractionCallback, ack func(any)) {
	switch cb.Type {
	case slack.InteractionTypeBlockActions:
		a.start(ctx, id, ack, true, func(ctx context.Context, _ func(any)) { a.pressed(ctx, cb) })
	case slack.InteractionTypeViewSubmission:
		a.start(ctx, id, ack, false, func(ctx context.Context, ack func(any)) { a.submission(ctx, cb, ack) })
	default:
		ack(nil)
	}
}

// pressed answers a button. When what it did shows in the incident's messages, nothing more is said.
func (a *App) pressed(ctx context.Context, cb slack.InteractionCallback) {
	if len(cb.ActionCallback.BlockActions) == 0 {
		return
	}
	line := cb.ActionCallback.BlockActions[0].Value
	if line == "" {
		return // a link, or an element that is none of ours
	}
	to := place{channel: orElse(cb.Container.ChannelID, cb.Channel.ID), thread: cb.Container.ThreadTs, user: cb.User.ID, responseURL: cb.ResponseURL}
	words, _ := commands.Parse(line)
	if len(words) > 0 && a.commands.Opens(words[0]) {
		who := func() somebody { return a.people.who(ctx, cb.User.ID, cb.User.TeamID, cb.User.Name) }
		a.modalFor(ctx, cb.TriggerID, line, who, to)
		return
	}
	r, bad := a.request(line, a.people.who(ctx, cb.User.ID, cb.User.TeamID, cb.User.Name), to.channel)
	if reply := a.dispatch(ctx, r, bad); !reply.Quiet || reply.Exit != commands.ExitFine {
		a.answer(ctx, to, reply)
	}
}

// submission answers a modal: with what is wrong with its fields, with a refusal in its place, or by closing it.
func (a *App) submission(ctx context.Context, cb slack.InteractionCallback, ack func(any)) {
	from, values := submitted(cb.View)
	to := place{channel: from.Channel, thread: from.Thread, user: cb.User.ID}
	result := make(chan commands.Reply, 1)
	a.work.Go(func() {
		r, bad := a.request(from.Command, a.people.who(ctx, cb.User.ID, cb.User.TeamID, cb.User.Name), from.Channel)
		r.Values = values
		result <- a.dispatch(ctx, r, bad)
	})
	timer := time.NewTimer(ackWithin)
	defer timer.Stop()
	select {
	case reply := <-result:
		ack(submissionAnswer(reply, from))
	case <-timer.C:
		ack(slack.NewClearViewSubmissionResponse())
		if reply := <-result; !reply.Quiet || reply.Exit != commands.ExitFine {
			a.answer(ctx, to, reply)
		}
	}
}

func submissionAnswer(reply commands.Reply, from origin) any {
	switch {
	case len(reply.Errors) > 0:
		return slack.NewErrorsViewSubmissionResponse(reply.Errors)
	case reply.Exit == commands.ExitFine && reply.Quiet:
		return slack.NewClearViewSubmissionResponse()
	}
	from.Command = ""
	view := modal(reply, from)
	return slack.NewUpdateViewSubmissionResponse(&view)
}

// event is a mention, or a direct message.
func (a *App) event(ctx context.Context, e socketmode.Event, ack func(any)) {
	outer, ok := e.Data.(slackevents.EventsAPIEvent)
	if !ok {
		return
	}
	id := e.Request.EnvelopeID
	var callback struct {
		EventID string `json:"event_id"` // the same for each retry
	}
	if json.Unmarshal(e.Request.Payload, &callback) == nil && callback.EventID != "" {
		id = callback.EventID
	}
	switch inner := outer.InnerEvent.Data.(type) {
	case *slackevents.AppMentionEvent:
		if inner.BotID != "" {
			break
		}
		to := place{channel: inner.Channel, thread: inner.ThreadTimeStamp, user: inner.User}
		a.start(ctx, id, ack, true, func(ctx context.Context, _ func(any)) {
			a.said(ctx, inner.Text, to, orElse(inner.UserTeam, outer.TeamID))
		})
		return
	case *slackevents.MessageEvent:
		if inner.ChannelType != slack.TYPE_IM || inner.BotID != "" || inner.SubType != "" || inner.User == "" {
			break
		}
		to := place{channel: inner.Channel, thread: inner.ThreadTimeStamp, user: inner.User, direct: true}
		a.start(ctx, id, ack, true, func(ctx context.Context, _ func(any)) {
			a.said(ctx, inner.Text, to, orElse(inner.UserTeam, outer.TeamID))
		})
		return
	}
	ack(nil)
}

var (
	mention = regexp.MustCompile(`^\s*(<@[A-Z0-9]+(\|[^>]*)?>[\s,:]*)+`)
	autoURL = regexp.MustCompile(`<(?:https?://|mailto:)([^|>]*)(?:\|([^>]*))?>`)
)

// said answers what was written to the bot.
func (a *App) said(ctx context.Context, text string, to place, team string) {
	r, bad := a.request(spoken(text), a.people.who(ctx, to.user, team, ""), to.channel)
	a.answer(ctx, to, a.dispatch(ctx, r, bad))
}

// spoken is the command line in what was written to the bot: without the mention, and without the links that Slack makes of names
// like coredns.kube-system.svc.
func spoken(text string) string {
	line := autoURL.ReplaceAllStringFunc(mention.ReplaceAllString(text, ""), func(s string) string {
		m := autoURL.FindStringSubmatch(s)
		return orElse(m[2], m[1])
	})
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(html.UnescapeString(line)), "/medic"))
}
