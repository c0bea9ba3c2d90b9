package slackapp

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// body is a message as it is sent, and as it is stored while it waits. Fields are only ever added: what an older version stored is read
// by a newer one.
type body struct {
	Text   string            `json:"text"`
	Blocks []json.RawMessage `json:"blocks,omitempty"`
	// Broadcast shows a reply in a thread in its channel as well, when it is posted.
	Broadcast bool `json:"broadcast,omitempty"`
}

func newBody(r Rendered) (body, error) {
	b := body{Text: r.Text}
	for _, block := range r.Blocks {
		raw, err := json.Marshal(block)
		if err != nil {
			return b, err
		}
		b.Blocks = append(b.Blocks, raw)
	}
	return b, nil
}

// storedBody reads a body that was stored.
func storedBody(wanted []byte) (body, error) {
	var b body
	if err := json.Unmarshal(wanted, &b); err != nil {
		return b, fmt.Errorf("read a stored message: %w", err)
	}
	return b, nil
}

// rawBlock is a block that was rendered before.
type rawBlock json.RawMessage

func (b rawBlock) BlockType() slack.MessageBlockType { return "raw" }
func (b rawBlock) ID() string                        { return "" }
func (b rawBlock) MarshalJSON() ([]byte, error)      { return b, nil }

// options are the body as a call's options.
func (b body) options() []slack.MsgOption {
	blocks := []slack.Block{}
	for _, raw := range b.Blocks {
		blocks = append(blocks, rawBlock(raw))
	}
	return []slack.MsgOption{slack.MsgOptionText(b.Text, false), slack.MsgOptionBlocks(blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl()}
}

// errPlain says that only the text of a message could be sent, and not the buttons that it has.
var errPlain = fmt.Errorf("Slack takes the message's text alone, without its buttons") //nolint:staticcheck // a name

// send sends the body by a call. Should Slack refuse what it shows, less of it is sent, with its buttons and the way to the whole; and as
// the last resort the text alone, which is errPlain if buttons were lost by it. refused hears of the first refusal.
func (b body) send(whole rest, do func([]slack.MsgOption) error, refused func(error)) error {
	err := do(b.options())
	if !contentRefused(err) {
		return err
	}
	refused(err)
	lesser := b.lesser(whole)
	for i, less := range lesser {
		if err = do(less.options()); !contentRefused(err) {
			if err == nil && i == len(lesser)-1 && b.hasButtons() {
				return errPlain
			}
			return err
		}
	}
	return err
}

// lesser is what is sent of a body that Slack refuses, one after the other; the last is its text alone.
func (b body) lesser(whole rest) []body {
	var out []body
	for _, most := range []int{6000, 1500, 300} {
		out = append(out, b.shortened(most, whole))
	}
	return append(out, body{Text: clip.Bytes(b.Text, maxFallback-500) + whole.sentence()})
}

// contentRefused says whether it is what a message shows that Slack does not take. A response URL says no more than 400.
func contentRefused(err error) bool {
	switch code := apiError(err); {
	case strings.HasPrefix(code, "invalid_blocks"), code == "msg_blocks_too_long", code == "invalid_attachments", code == "msg_too_long":
		return true
	case code != "":
		return false
	}
	return statusCode(err) == 400
}

// rawShape is what shortening looks at of a block.
type rawShape struct {
	Type string `json:"type"`
	Text *struct {
		Text string `json:"text"`
	} `json:"text,omitempty"`
}

func (b body) hasButtons() bool {
	for _, raw := range b.Blocks {
		var shape rawShape
		if json.Unmarshal(raw, &shape) == nil && shape.Type == string(slack.MBTAction) {
			return true
		}
	}
	return false
}

// shortened keeps the headers and the buttons, of the texts the first ones with together at most so many characters, and says that it did.
func (b body) shortened(most int, whole rest) body {
	out := body{Text: b.Text, Broadcast: b.Broadcast}
	add := func(block slack.Block) {
		if raw := encoded(block); raw != nil {
			out.Blocks = append(out.Blocks, raw)
		}
	}
	for _, raw := range b.Blocks {
		var shape rawShape
		if json.Unmarshal(raw, &shape) != nil {
			continue
		}
		switch shape.Type {
		case string(slack.MBTHeader), string(slack.MBTAction):
			out.Blocks = append(out.Blocks, raw)
		case string(slack.MBTSection):
			if shape.Text == nil || most <= 0 {
				continue
			}
			text := cutMarked(shape.Text.Text, min(most, maxSection))
			if most -= utf8.RuneCountInString(text); !nothing(text) {
				add(slack.NewSectionBlock(marked(text), nil, nil))
			}
		}
	}
	add(contextBlock("… This is shortened: Slack did not accept all of it." + whole.sentence()))
	return out
}

// cutMarked shortens mrkdwn to n characters, at the end of a line where it can, and breaks no code block, link or escape.
func cutMarked(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	const closing = "\n```"
	short := string([]rune(text)[:max(n-len(closing)-1, 0)])
	if i := strings.LastIndexAny(short, "\n"); i > len(short)/2 {
		short = short[:i]
	} else if i := strings.LastIndexAny(short, " \n"); i >= 0 {
		short = short[:i]
	}
	if open := strings.LastIndex(short, "<"); open > strings.LastIndex(short, ">") {
		short = short[:open]
	}
	if amp := strings.LastIndex(short, "&"); amp > strings.LastIndex(short, ";") {
		short = short[:amp]
	}
	short += "…"
	if strings.Count(short, "```")%2 == 1 {
		short += closing
	}
	return short
}
