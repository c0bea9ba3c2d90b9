package slackapp

import (
	"context"
	"encoding/json"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/paramedic-bot/paramedic/commands"
)

// arrival is what Slack delivered, by either transport.
type arrival struct {
	data     any             // a slack.SlashCommand, slack.InteractionCallback or slackevents.EventsAPIEvent
	payload  json.RawMessage // of an interaction, as it came
	envelope string          // by which it is known where it has no id of its own
}

// delivery reads what Slack delivered; not ok if there is nothing to be done but to acknowledge it.
func (a *App) delivery(arrived arrival) (d delivery, ok bool) {
	switch data := arrived.data.(type) {
	case slack.SlashCommand:
		d, ok = a.slashCommand(data), true
	case slack.InteractionCallback:
		switch data.Type {
		case slack.InteractionTypeBlockActions:
			d, ok = a.pressed(data)
		case slack.InteractionTypeMessageAction:
			d, ok = a.shortcut(data, arrived.payload)
		case slack.InteractionTypeViewSubmission:
			d, ok = a.submission(data), true
		}
	case slackevents.EventsAPIEvent:
		d, ok = a.event(data)
	}
	if d.id == "" {
		d.id = arrived.envelope
	}
	if d.away.Text == "" {
		d.away = tooMany
	}
	return d, ok && d.id != ""
}

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

// first is the first word of a command line.
func first(line string) string {
	words, err := commands.Parse(line)
	if err != nil || len(words) == 0 {
		return ""
	}
	return words[0]
}

// slashCommand is answered with the acknowledgement if that is quick enough, and through the response URL otherwise.
func (a *App) slashCommand(cmd slack.SlashCommand) delivery {
	to := place{channel: cmd.ChannelID, user: cmd.UserID, responseURL: cmd.ResponseURL, line: cmd.Text}
	who := func(ctx context.Context) somebody { return a.people.who(ctx, cmd.UserID, cmd.TeamID, cmd.UserName) }
	d := delivery{id: cmd.TriggerID, what: "a command", acts: a.commands.Acts(first(cmd.Text))}
	d.answer = func(ctx context.Context, f *flight, r commands.Reply) outcome {
		if payload, ok := a.ackPayload(to, r); ok && f.acknowledge(payload) {
			return inAck
		}
		return a.answer(ctx, to, r)
	}
	d.work = func(ctx context.Context, l *lane, f *flight) outcome {
		if a.commands.Opens(first(cmd.Text)) {
			return a.modalFor(ctx, l, cmd.TriggerID, cmd.Text, who, to)
		}
		r, bad := a.request(cmd.Text, who(ctx), cmd.ChannelID)
		return d.answer(ctx, f, a.dispatch(ctx, l, r, bad))
	}
	return d
}

// pressed is a button. When what it did shows in the incident's messages, nothing more is said.
func (a *App) pressed(cb slack.InteractionCallback) (delivery, bool) {
	actions := cb.ActionCallback.BlockActions
	if len(actions) == 0 || actions[0] == nil || actions[0].Value == "" {
		return delivery{}, false // a link, or an element that is none of ours
	}
	if d, ok := a.turned(cb, actions[0].ActionID); ok {
		return d, true
	}
	line := actions[0].Value
	to := place{channel: orElse(cb.Container.ChannelID, cb.Channel.ID), thread: cb.Container.ThreadTs, user: cb.User.ID,
		responseURL: cb.ResponseURL, line: line}
	home := cb.View.Type == slack.VTHomeTab
	if to.window = cb.View.ID; home {
		to.window = "" // nothing can lie above it
	} else if to.window != "" { // a window was opened from somewhere
		from, _ := submitted(cb.View)
		to.channel, to.thread, to.fresh = from.Channel, from.Thread, from.Fresh
	}
	who := func(ctx context.Context) somebody { return a.people.who(ctx, cb.User.ID, cb.User.TeamID, cb.User.Name) }
	d := delivery{id: cb.TriggerID, what: "a press", acts: a.commands.Acts(first(line))}
	d.answer = func(ctx context.Context, _ *flight, r commands.Reply) outcome { return a.answer(ctx, to, r) }
	d.work = func(ctx context.Context, l *lane, f *flight) outcome {
		to.whole = actions[0].ActionID == allOfIt && !d.acts
		if to.whole || a.commands.Opens(first(line)) || home && !d.acts { // beside a Home nothing can be said
			return a.modalFor(ctx, l, cb.TriggerID, line, who, to)
		}
		r, bad := a.request(line, who(ctx), to.channel)
		r.Incident = a.threadOf(ctx, to)
		reply := a.dispatch(ctx, l, r, bad)
		if shown(reply) {
			return said
		}
		return d.answer(ctx, f, reply)
	}
	return d, true
}

// threadOf is the incident in whose thread somebody wrote; "" elsewhere, and where that can't be told.
func (a *App) threadOf(ctx context.Context, at place) string {
	if a.opts.Incident == nil || at.thread == "" {
		return ""
	}
	id, err := a.opts.Incident(ctx, at.channel, at.thread)
	if err != nil {
		a.log.Warn("it is not known in whose thread somebody wrote", "error", err)
	}
	return id
}

// shown says that what happened shows by itself.
func shown(r commands.Reply) bool { return r.Quiet && r.Exit == commands.ExitFine }

// submission answers a modal: with what is wrong with its fields, with a refusal in its place, or by closing it.
func (a *App) submission(cb slack.InteractionCallback) delivery {
	from, values := submitted(cb.View)
	to := place{channel: from.Channel, thread: from.Thread, fresh: from.Fresh, user: cb.User.ID, line: from.Command}
	d := delivery{id: cb.TriggerID, what: "a submitted form", acts: a.commands.Acts(first(from.Command)),
		late: encoded(slack.NewClearViewSubmissionResponse()), away: stillOpen(from, values)}
	stays := a.commands.Opens(first(from.Command)) && !d.acts // a question: its window waits for the answer
	if wait := loading(from); stays {
		d.late = encoded(slack.NewUpdateViewSubmissionResponse(&wait))
	}
	d.answer = func(ctx context.Context, f *flight, r commands.Reply) outcome {
		if payload, ok := a.submissionAnswer(r, from); ok && f.acknowledge(payload) {
			return inAck
		}
		f.acknowledge(d.late)
		if shown(r) || stays && a.fill(ctx, cb.View.ID, "", inWindow(r), from, to) == nil {
			return said
		}
		return a.answer(ctx, to, r)
	}
	d.work = func(ctx context.Context, l *lane, f *flight) outcome {
		r, bad := a.request(from.Command, a.people.who(ctx, cb.User.ID, cb.User.TeamID, cb.User.Name), from.Channel)
		r.Values = values
		return d.answer(ctx, f, a.dispatch(ctx, l, r, bad))
	}
	return d
}

// inWindow is a Reply as it is shown where its form was: what is wrong with a field is said above the others.
func inWindow(r commands.Reply) commands.Reply {
	for _, field := range slices.Sorted(maps.Keys(r.Errors)) {
		r.Blocks = append(slices.Clip(r.Blocks), commands.Paragraph{commands.Text(r.Errors[field])})
	}
	return r
}

// stillOpen turns a submission away so that nothing of it is lost: what was entered stays, or what was agreed to can be again.
func stillOpen(from origin, values map[string]string) commands.Reply {
	r := tooMany
	if fields := slices.Sorted(maps.Keys(values)); len(fields) > 0 {
		r.Errors = map[string]string{fields[0]: r.Text}
	} else if from.Command != "" {
		r.Form = &commands.Form{Command: from.Command, Submit: "Try again"}
	}
	return r
}

// event is a mention, a direct message, or the opening of the bot's page.
func (a *App) event(outer slackevents.EventsAPIEvent) (delivery, bool) {
	id := "" // the same for each retry
	if callback, ok := outer.Data.(*slackevents.EventsAPICallbackEvent); ok {
		id = callback.EventID
	}
	switch inner := outer.InnerEvent.Data.(type) {
	case *slackevents.AppHomeOpenedEvent:
		if a.opts.Homes != nil && inner.Tab == "home" {
			return a.homeOpened(id, inner.User, outer.TeamID), true
		}
	case *slackevents.AppMentionEvent:
		if inner.BotID == "" {
			to := place{channel: inner.Channel, thread: inner.ThreadTimeStamp, user: inner.User}
			return a.words(id, inner.Text, to, orElse(inner.UserTeam, outer.TeamID)), true
		}
	case *slackevents.MessageEvent:
		if inner.ChannelType == slack.TYPE_IM && inner.BotID == "" && inner.SubType == "" && inner.User != "" {
			to := place{channel: inner.Channel, thread: inner.ThreadTimeStamp, user: inner.User, direct: true}
			return a.words(id, inner.Text, to, orElse(inner.UserTeam, outer.TeamID)), true
		}
	}
	return delivery{}, false
}

// words answers what was written to the bot.
func (a *App) words(id, text string, to place, team string) delivery {
	line := spoken(text)
	to.line = line
	d := delivery{id: id, what: "words to the bot", acts: a.commands.Acts(first(line))}
	d.answer = func(ctx context.Context, _ *flight, r commands.Reply) outcome { return a.answer(ctx, to, r) }
	d.work = func(ctx context.Context, l *lane, f *flight) outcome {
		r, bad := a.request(line, a.people.who(ctx, to.user, team, ""), to.channel)
		r.Incident = a.threadOf(ctx, to)
		return d.answer(ctx, f, a.dispatch(ctx, l, r, bad))
	}
	return d
}

var (
	mention = regexp.MustCompile(`^\s*(<@[A-Z0-9]+(\|[^>]*)?>[\s,:]*)+`)
	autoURL = regexp.MustCompile(`<(?:https?://|mailto:)([^|>]*)(?:\|([^>]*))?>`)
)

// spoken is the command line in what was written to the bot: without the mention, and without the links that Slack makes of names
// like coredns.kube-system.svc.
func spoken(text string) string {
	line := autoURL.ReplaceAllStringFunc(mention.ReplaceAllString(text, ""), func(s string) string {
		m := autoURL.FindStringSubmatch(s)
		return orElse(m[2], m[1])
	})
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(html.UnescapeString(line)), "/medic"))
}
