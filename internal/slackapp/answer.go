package slackapp

import (
	"context"
	"encoding/json"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
)

// place is where somebody asked.
type place struct {
	channel, thread string
	user            string
	responseURL     string
	direct          bool // a direct message: nobody else is there
}

// maxAck is how large an acknowledgement may be, in bytes, of the 20 KB beyond which Slack drops it without a word.
const maxAck = 19000

// ackPayload is a Reply as the answer to a slash command that goes out with its acknowledgement; not ok if it is too large.
func ackPayload(r commands.Reply) (payload map[string]any, ok bool) {
	m := Render(withButton(r))
	payload = map[string]any{"response_type": responseType(r), "text": m.Text}
	if len(m.Blocks) > 0 {
		payload["blocks"] = m.Blocks
	}
	raw, err := json.Marshal(payload)
	return payload, err == nil && len(raw) <= maxAck
}

func responseType(r commands.Reply) string {
	if r.Audience == commands.Everybody {
		return slack.ResponseTypeInChannel
	}
	return slack.ResponseTypeEphemeral
}

// withButton offers a Form without fields as a button, for where no modal can be opened.
func withButton(r commands.Reply) commands.Reply {
	if f := r.Form; f != nil && f.Submit != "" && len(f.Fields) == 0 {
		r.Blocks = append(r.Blocks[:len(r.Blocks):len(r.Blocks)], commands.Actions{
			{ID: "submit", Label: f.Submit, Style: commands.Primary, Value: f.Command}})
	}
	return r
}

// answer sends a Reply to where it was asked for, to the asker alone unless it is for everybody. There are several ways; the next is
// tried when one fails.
func (a *App) answer(ctx context.Context, to place, r commands.Reply) {
	m := Render(withButton(r))
	content := []slack.MsgOption{slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl()}
	threaded := content
	if to.thread != "" {
		threaded = append(content[:len(content):len(content)], slack.MsgOptionTS(to.thread))
	}
	var ways []func() error
	way := func(channel string, options ...slack.MsgOption) {
		ways = append(ways, func() error {
			_, _, err := a.api.PostMessageContext(ctx, channel, options...)
			return err
		})
	}
	switch {
	case to.direct || r.Audience == commands.Everybody:
		way(to.channel, threaded...)
	case to.channel != "" && to.thread != "" || to.responseURL == "" && to.channel != "":
		way(to.channel, append(threaded[:len(threaded):len(threaded)], slack.MsgOptionPostEphemeral(to.user))...)
	}
	if to.responseURL != "" {
		way(to.channel, append(content[:len(content):len(content)], slack.MsgOptionResponseURL(to.responseURL, responseType(r)))...)
	}
	way(to.user, content...) // a direct message reaches a person wherever they are
	var err error
	for _, w := range ways {
		if err = w(); err == nil {
			return
		}
		if wait := retryAfter(err); wait > 0 {
			if sleep(ctx, wait); w() == nil {
				return
			}
		}
	}
	a.log.Error("an answer could not be sent", "channel", to.channel, "user", to.user, "error", err)
}

// modalFor opens a modal before it is even known who asks, for a trigger lives three seconds.
func (a *App) modalFor(ctx context.Context, trigger, line string, who func() somebody, to place) {
	from := origin{Channel: to.channel, Thread: to.thread}
	view, openErr := a.api.OpenViewContext(ctx, trigger, loading(from))
	r, bad := a.request(line, who(), to.channel)
	reply := a.dispatch(ctx, r, bad)
	if openErr == nil {
		_, openErr = a.api.UpdateViewContext(ctx, modal(reply, from), "", "", view.ID)
	}
	if openErr != nil {
		a.log.Warn("a window could not be opened; the answer goes to the channel", "error", openErr)
		a.answer(ctx, to, reply)
	}
}
