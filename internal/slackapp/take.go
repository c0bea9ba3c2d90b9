package slackapp

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/guard"
)

// delivery is what Slack delivered of a person: a command, a press, a submitted form, words to the bot.
type delivery struct {
	id   string // the same each time that it comes
	what string // for the log
	acts bool   // it decides or changes something
	// late is what it is acknowledged with when the answer takes longer than Slack waits; nil says nothing.
	late json.RawMessage
	away commands.Reply // the answer when too many came before
	// work does what was asked, in its turn of a lane, and answers.
	work func(ctx context.Context, l *lane, f *flight) outcome
	// answer gives a Reply in the way that fits the delivery.
	answer func(ctx context.Context, f *flight, r commands.Reply) outcome
}

// outcome is what became of an answer.
type outcome int

const (
	unanswered outcome = iota // no way worked: should it be delivered again, it is a new one
	inAck                     // it went out with the acknowledgement, and goes out again with the next
	said                      // Slack has taken it, or there was nothing to say
)

// Replies of the face itself.
var (
	tooMany = sorry("Too many people are asking at once, and this was not taken. Try again in a moment.")
	wrong   = sorry("Something went wrong here; it was logged. Try again, or ask whoever runs Paramedic.")
	broken  = sorry("Paramedic is being restarted, and this was interrupted. Try again in a moment; what was decided shows in the incident.")
)

func sorry(text string) commands.Reply {
	return commands.Reply{Text: text, Exit: commands.ExitNoAnswer}
}

// take works on a delivery, once. It does not wait for that. What comes again joins what came before. What there is no room for is
// told so; beyond that it is not taken, nor acknowledged: then Slack tells the person itself, and delivers words to the bot again.
func (a *App) take(d delivery, ack acknowledge) (taken bool) {
	f, isNew := a.flights.begin(d.id, ack)
	if !isNew {
		if err := f.join(ack); err != nil {
			a.log.Warn("an acknowledgement could not be sent", "error", err)
		}
		return true
	}
	l, work := a.questions, d.work
	if d.acts {
		l = a.decisions
	}
	if !l.enter() {
		l, work = a.turnedAway, a.sendAway(d)
		if !l.enter() {
			a.flights.forget(d.id)
			a.log.Error("far too many requests at once; one was not even answered", "what", d.what)
			return false
		}
		a.log.Warn("too many requests at once; one is turned away", "what", d.what)
	}
	a.work.Go(func() {
		defer l.leave()
		guard.Run(a.log, d.what, func() { a.run(d, f, l, work) })
	})
	return true
}

// sendAway answers that something was not taken.
func (a *App) sendAway(d delivery) func(context.Context, *lane, *flight) outcome {
	return func(ctx context.Context, l *lane, f *flight) outcome {
		if !l.begin(ctx) {
			return unanswered
		}
		defer l.end()
		return d.answer(ctx, f, d.away)
	}
}

// run brings a delivery from its arrival to its end.
func (a *App) run(d delivery, f *flight, l *lane, work func(context.Context, *lane, *flight) outcome) {
	late := time.AfterFunc(ackWithin, func() { guard.Run(a.log, "acknowledge", func() { f.acknowledge(d.late) }) })
	defer late.Stop()
	ctx, cancel := context.WithTimeout(a.base, workWithin)
	defer cancel()
	out := said
	if !a.once.done(ctx, d.id) {
		if err := guard.Do(d.what, func() error { out = work(ctx, l, f); return nil }); err != nil {
			guard.Log(a.log, err)
			out = d.answer(ctx, f, wrong)
		}
		if out == said {
			a.once.remember(context.WithoutCancel(ctx), d.id)
		}
	}
	if out == unanswered {
		a.flights.forget(d.id)
		return
	}
	f.acknowledge(nil)
	a.flights.end(d.id)
}

// dispatch asks the commands, in its turn of the lane. It never fails: what went wrong is in the Reply.
func (a *App) dispatch(ctx context.Context, l *lane, r commands.Request, unreadable *commands.Reply) (reply commands.Reply) {
	if unreadable != nil {
		return *unreadable
	}
	if !l.begin(ctx) {
		if errors.Is(context.Cause(ctx), errStopping) {
			return broken
		}
		return tooMany
	}
	defer l.end()
	if err := guard.Do("answer "+r.Command, func() error { reply = a.commands.Dispatch(ctx, r); return nil }); err != nil {
		guard.Log(a.log, err)
		return wrong
	}
	if errors.Is(context.Cause(ctx), errStopping) && reply.Exit != commands.ExitFine {
		return broken
	}
	return reply
}
