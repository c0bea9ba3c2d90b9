package slackapp

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/clip"
)

// ShortcutID is the callback id of the message shortcut "Diagnose this", as the app's manifest has it.
const ShortcutID = "diagnose"

// Bounds of what is read of a message that somebody else wrote.
const (
	mostSaid      = 32 << 10 // bytes of its texts
	mostSaidDepth = 12
)

// shortcut is "Diagnose this" on somebody's message: a window answers.
func (a *App) shortcut(cb slack.InteractionCallback, payload json.RawMessage) (delivery, bool) {
	if cb.CallbackID != ShortcutID {
		return delivery{}, false
	}
	var raw struct {
		Message map[string]any `json:"message"`
	}
	if json.Unmarshal(payload, &raw) != nil {
		return delivery{}, false
	}
	to := place{channel: cb.Channel.ID, user: cb.User.ID, responseURL: cb.ResponseURL, line: ShortcutID,
		message: orElse(cb.Message.ThreadTimestamp, orElse(cb.MessageTs, cb.Message.Timestamp)),
		values:  map[string]string{commands.MessageField: wordsOf(raw.Message)}}
	who := func(ctx context.Context) somebody { return a.people.who(ctx, cb.User.ID, cb.User.TeamID, cb.User.Name) }
	d := delivery{id: cb.TriggerID, what: "a shortcut"}
	d.answer = func(ctx context.Context, _ *flight, r commands.Reply) outcome { return a.answer(ctx, to, r) }
	d.work = func(ctx context.Context, l *lane, _ *flight) outcome {
		return a.modalFor(ctx, l, cb.TriggerID, to.line, who, to)
	}
	return d, true
}

// textKeys are where a message, its attachments and its blocks hold what is shown, in the order in which it is read.
var textKeys = []string{"pretext", "author_name", "title", "title_link", "text", "value", "fallback", "url", "footer", "blocks", "fields",
	"elements", "attachments"}

// wordsOf are the texts of a message, each on a line of its own; what stands in one line of rich text stays in one.
func wordsOf(message map[string]any) string {
	var b strings.Builder
	var walk func(v any, end string, depth int)
	walk = func(v any, end string, depth int) {
		if depth > mostSaidDepth || b.Len() > mostSaid {
			return
		}
		switch v := v.(type) {
		case string:
			b.WriteString(v + end)
		case []any:
			for _, e := range v {
				walk(e, end, depth+1)
			}
		case map[string]any:
			inner := end
			if v["type"] == "rich_text_section" || v["type"] == "rich_text_preformatted" {
				inner = ""
			}
			for _, key := range textKeys {
				walk(v[key], inner, depth+1)
			}
			if inner == "" {
				b.WriteString("\n")
			}
		}
	}
	walk(message, "\n", 0)
	return clip.Bytes(b.String(), mostSaid)
}
