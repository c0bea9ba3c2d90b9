package slackapp

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/backoff"
	"github.com/paramedic-bot/paramedic/internal/guard"
)

// place is where somebody asked, and what.
type place struct {
	channel, thread string
	user            string
	responseURL     string
	message         string            // the message that it is about: in its thread stands what everybody is told of it
	fresh           bool              // nobody may have replied in the thread yet: what one person alone is told there they would not see
	direct          bool              // a direct message: nobody else is there
	window          string            // the window in which it was asked; a window that answers lies above it
	whole           bool              // all of an answer is asked for, in pages
	line            string            // the command line: where the whole of an answer is shown that does not fit
	values          map[string]string // that go with it
}

// maxAck is how large an acknowledgement may be, in bytes, of the 20,480 beyond which Slack closes the connection. It leaves room for
// the envelope around it.
const maxAck = 19000

// encoded is what Slack is sent as JSON; nil if it can't be.
func encoded(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return raw
}

// rendered is a Reply as it is sent, even if rendering it fails.
func (a *App) rendered(to place, r commands.Reply) body {
	b := body{Text: orElse(fallback(r.Text), "Paramedic")}
	if err := guard.Do("render an answer", func() (err error) {
		whole := withButton(r, to.line)
		told := render(whole, rest{line: to.line})
		if more, ok := a.withPages(whole, to.line); ok && told.cut {
			told = render(more, rest{line: to.line})
		}
		b, err = newBody(told)
		return err
	}); err != nil {
		guard.Log(a.log, err)
	}
	return b
}

// ackPayload is a Reply as the answer to a slash command that goes out with its acknowledgement; not ok if it is too large.
func (a *App) ackPayload(to place, r commands.Reply) (_ json.RawMessage, ok bool) {
	b := a.rendered(to, r)
	payload := map[string]any{"response_type": responseType(r), "text": b.Text}
	if len(b.Blocks) > 0 {
		payload["blocks"] = b.Blocks
	}
	raw := encoded(payload)
	return raw, raw != nil && len(raw) <= maxAck
}

func responseType(r commands.Reply) string {
	if r.Audience == commands.Everybody {
		return slack.ResponseTypeInChannel
	}
	return slack.ResponseTypeEphemeral
}

// withButton offers a Form without fields as a button, for where no modal can be opened; of one with a Whole, a button that opens it.
func withButton(r commands.Reply, line string) commands.Reply {
	if f := r.Form; f != nil && len(f.Whole) > 0 {
		return windowed(r, line)
	} else if f != nil && f.Submit != "" && len(f.Fields) == 0 {
		r.Blocks = append(r.Blocks[:len(r.Blocks):len(r.Blocks)], commands.Actions{
			{ID: "submit", Label: f.Submit, Style: commands.Primary, Value: f.Command}})
	}
	return r
}

// way is a way to reach a person with an answer.
type way struct {
	channel string
	options []slack.MsgOption
}

// ways are the ways to reach who asked: alone unless the answer is for everybody. The next is tried when one fails; the last is a
// direct message, which reaches a person wherever they are.
func ways(to place, r commands.Reply) []way {
	var out []way
	if to.fresh && r.Audience != commands.Everybody {
		to.thread = ""
	}
	thread := func(options ...slack.MsgOption) []slack.MsgOption {
		if to.thread != "" {
			options = append(options, slack.MsgOptionTS(to.thread))
		}
		return options
	}
	switch {
	case to.direct || r.Audience == commands.Everybody:
		out = append(out, way{to.channel, thread()})
	case to.channel != "" && to.thread != "" || to.responseURL == "" && to.channel != "":
		out = append(out, way{to.channel, thread(slack.MsgOptionPostEphemeral(to.user))})
	}
	if to.responseURL != "" {
		out = append(out, way{to.channel, []slack.MsgOption{slack.MsgOptionResponseURL(to.responseURL, responseType(r))}})
	}
	return append(out, way{to.user, nil})
}

// answer sends a Reply to where it was asked for. While Slack does not answer it is tried again, and what Slack refuses to show is
// sent again shortened: whoever asked is to hear something.
func (a *App) answer(ctx context.Context, to place, r commands.Reply) outcome {
	within := answerWithin
	if a.base.Err() != nil {
		within = breakFor
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	b := a.rendered(to, r)
	wait := backoff.Backoff{First: 500 * time.Millisecond, Most: 10 * time.Second}
	for {
		longest := time.Duration(0)
		passing := false
		var err error
		for _, w := range ways(to, r) {
			if err = a.send(ctx, w, b, rest{line: to.line}); err == nil {
				return said
			}
			longest = max(longest, retryAfter(err))
			passing = passing || transient(err)
		}
		if !passing || ctx.Err() != nil {
			a.log.Error("an answer could not be sent", "channel", to.channel, "user", to.user, "error", err)
			return unanswered
		}
		sleep(ctx, max(longest, wait.Next()))
	}
}

// send goes one way, with as much of the answer as Slack takes.
func (a *App) send(ctx context.Context, w way, b body, r rest) error {
	return b.send(r, func(options []slack.MsgOption) error {
		_, _, err := a.line.api().PostMessageContext(ctx, w.channel, append(options, w.options...)...)
		return err
	}, func(refused error) { a.log.Error("Slack refused an answer; it is shortened", "error", refused) })
}

// modalFor opens a modal before it is even known who asks, for a trigger lives three seconds.
func (a *App) modalFor(ctx context.Context, l *lane, trigger, line string, who func(context.Context) somebody, to place) outcome {
	from := origin{Channel: to.channel, Thread: to.thread}
	if to.message != "" {
		from.Thread, from.Fresh = to.message, true
	}
	show := a.line.api().OpenViewContext
	if to.window != "" {
		show = a.line.api().PushViewContext
	}
	view, openErr := show(ctx, trigger, loading(from))
	r, bad := a.request(line, who(ctx), to.channel)
	r.Values, r.Incident = to.values, a.threadOf(ctx, to)
	reply := a.dispatch(ctx, l, r, bad)
	if to.whole {
		reply = paged(reply, line)
	}
	if openErr == nil {
		openErr = a.fill(ctx, view.ID, "", reply, from, to)
	}
	if openErr != nil {
		a.log.Warn("a window could not be opened; the answer goes to the channel", "error", openErr)
		return a.answer(ctx, to, reply)
	}
	return said
}

// fill shows a Reply in an open modal; what Slack refuses to show, less of it, or in smaller pages. A hash is that of the modal as it must
// still be.
func (a *App) fill(ctx context.Context, viewID, hash string, r commands.Reply, from origin, to place) (err error) {
	sizes := []int{maxModalText, maxModalText / 8}
	if p := from.Pages; p != nil && p.Most <= sizes[1] { // it was refused when it was opened
		sizes = sizes[1:]
	}
	for _, most := range sizes {
		var view slack.ModalViewRequest
		if err = guard.Do("render a window", func() error { view = modal(r, from, most, to.line); return nil }); err != nil {
			guard.Log(a.log, err)
			return err
		}
		err = a.updateView(ctx, view, hash, viewID)
		if code := apiError(err); code == "" || code == "not_found" || code == "hash_conflict" { // done, closed meanwhile, or Slack is away
			return err
		}
	}
	return err
}

// updateView has Slack show a view in an open modal. While Slack does not answer it is tried again, for twenty seconds: those are
// Slack's alone, however long the view took to render.
func (a *App) updateView(ctx context.Context, view slack.ModalViewRequest, hash, viewID string) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	wait := backoff.Backoff{First: 250 * time.Millisecond, Most: 2 * time.Second}
	for range 4 {
		if _, err = a.line.api().UpdateViewContext(ctx, view, "", hash, viewID); err == nil || !transient(err) {
			break
		}
		sleep(ctx, max(retryAfter(err), wait.Next()))
	}
	return err
}

// submissionAnswer is what closes, changes or keeps open a submitted modal; not ok if no view of it is small enough.
func (a *App) submissionAnswer(r commands.Reply, from origin) (json.RawMessage, bool) {
	switch {
	case len(r.Errors) > 0:
		return encoded(slack.NewErrorsViewSubmissionResponse(r.Errors)), true
	case shown(r):
		return encoded(slack.NewClearViewSubmissionResponse()), true
	}
	line := from.Command
	for most := maxModalText; most > 500; most /= 2 {
		var raw json.RawMessage
		if err := guard.Do("render a window", func() error {
			view := modal(r, from, most, line)
			raw = encoded(slack.NewUpdateViewSubmissionResponse(&view))
			return nil
		}); err != nil {
			guard.Log(a.log, err)
			return nil, false
		}
		if raw != nil && len(raw) <= maxAck {
			return raw, true
		}
	}
	return nil, false
}

// transient says whether an error passes by itself: Slack is away, overloaded, or asks for patience.
func transient(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	code := apiError(err)
	return code == "" && !isRefusal(err) || passing[code]
}
