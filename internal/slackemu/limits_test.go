package slackemu_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

func long(n int) string { return strings.Repeat("x", n) }

func many[T any](n int, one func(i int) T) []T {
	var out []T
	for i := range n {
		out = append(out, one(i))
	}
	return out
}

func withBlockID(id string) slack.Block {
	return slack.NewSectionBlock(mrkdwn("x"), nil, nil, slack.SectionBlockOptionBlockID(id))
}

func confirming(title, text, yes string) slack.Block {
	b := button("a", "b")
	b.Confirm = slack.NewConfirmationBlockObject(plain(title), plain(text), plain(yes), plain("No"))
	return slack.NewActionBlock("", b)
}

func table(rows, columns int) slack.Block {
	return &slack.TableBlock{Type: slack.MBTTable, Rows: many(rows, func(int) []slack.TableCell {
		return many(columns, func(int) slack.TableCell { return slack.NewTableRawTextCell("x") })
	})}
}

func options(n int) []*slack.OptionBlockObject {
	return many(n, func(i int) *slack.OptionBlockObject {
		return slack.NewOptionBlockObject(fmt.Sprint(i), plain(fmt.Sprint(i)), nil)
	})
}

// TestMessageLimits posts each thing at its limit, which must pass, and one beyond it, which must be refused at the place
// that is wrong.
func TestMessageLimits(t *testing.T) {
	_, api := start(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	cases := []struct {
		name  string
		limit int
		make  func(n int) []slack.Block
		at    string // the JSON pointer of the complaint; or else the error
	}{
		{"section text", 3000, func(n int) []slack.Block { return []slack.Block{slack.NewSectionBlock(mrkdwn(long(n)), nil, nil)} },
			"/blocks/0/text/text"},
		{"section field", 2000, func(n int) []slack.Block {
			return []slack.Block{slack.NewSectionBlock(nil, []*slack.TextBlockObject{mrkdwn(long(n))}, nil)}
		}, "/blocks/0/fields/0/text"},
		{"section fields", 10, func(n int) []slack.Block {
			return []slack.Block{slack.NewSectionBlock(nil, many(n, func(int) *slack.TextBlockObject { return mrkdwn("x") }), nil)}
		}, "/blocks/0/fields"},
		{"header", 150, func(n int) []slack.Block { return []slack.Block{slack.NewHeaderBlock(plain(long(n)))} },
			"/blocks/0/text/text"},
		{"characters, not bytes", 150, func(n int) []slack.Block {
			return []slack.Block{slack.NewHeaderBlock(plain(strings.Repeat("ü", n)))}
		}, "/blocks/0/text/text"},
		{"button text", 75, func(n int) []slack.Block { return []slack.Block{slack.NewActionBlock("", button("a", long(n)))} },
			"/blocks/0/elements/0/text/text"},
		{"button value", 2000, func(n int) []slack.Block {
			return []slack.Block{slack.NewActionBlock("", slack.NewButtonBlockElement("a", long(n), plain("b")))}
		}, "/blocks/0/elements/0/value"},
		{"action_id", 255, func(n int) []slack.Block { return []slack.Block{slack.NewActionBlock("", button(long(n), "b"))} },
			"/blocks/0/elements/0/action_id"},
		{"block_id", 255, func(n int) []slack.Block { return []slack.Block{withBlockID(long(n))} }, "/blocks/0/block_id"},
		{"elements of actions", 25, func(n int) []slack.Block {
			return []slack.Block{slack.NewActionBlock("", many(n, func(i int) slack.BlockElement { return button(fmt.Sprint(i), "b") })...)}
		}, "/blocks/0/elements"},
		{"elements of a context", 10, func(n int) []slack.Block {
			return []slack.Block{slack.NewContextBlock("", many(n, func(int) slack.MixedElement { return mrkdwn("x") })...)}
		}, "/blocks/0/elements"},
		{"blocks", 50, func(n int) []slack.Block { return many(n, func(int) slack.Block { return slack.NewDividerBlock() }) },
			"/blocks"},
		{"markdown", 12000, func(n int) []slack.Block { return []slack.Block{slack.NewMarkdownBlock("", long(n))} },
			"/blocks/0/text"},
		{"table rows", 100, func(n int) []slack.Block { return []slack.Block{table(n, 2)} }, "/blocks/0/rows"},
		{"table columns", 20, func(n int) []slack.Block { return []slack.Block{table(2, n)} }, "/blocks/0/rows/0"},
		{"tables", 1, func(n int) []slack.Block { return many(n, func(int) slack.Block { return table(1, 1) }) },
			"only_one_table_allowed"},
		{"confirm title", 100, func(n int) []slack.Block { return []slack.Block{confirming(long(n), "x", "Yes")} },
			"/blocks/0/elements/0/confirm/title/text"},
		{"confirm text", 300, func(n int) []slack.Block { return []slack.Block{confirming("x", long(n), "Yes")} },
			"/blocks/0/elements/0/confirm/text/text"},
		{"confirm button", 30, func(n int) []slack.Block { return []slack.Block{confirming("x", "x", long(n))} },
			"/blocks/0/elements/0/confirm/confirm/text"},
		{"options of an overflow", 5, func(n int) []slack.Block {
			return []slack.Block{slack.NewActionBlock("", slack.NewOverflowBlockElement("a", options(n)...))}
		}, "/blocks/0/elements/0/options"},
		{"options of a select", 100, func(n int) []slack.Block {
			return []slack.Block{slack.NewActionBlock("", slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("p"), "a", options(n)...))}
		}, "/blocks/0/elements/0/options"},
	}
	for _, c := range cases {
		if _, _, err := api.PostMessage(incidents, slack.MsgOptionBlocks(c.make(c.limit)...)); err != nil {
			t.Errorf("%s at %d: refused: %v %v", c.name, c.limit, err, complaints(err))
		}
		_, _, err := api.PostMessage(incidents, slack.MsgOptionBlocks(c.make(c.limit+1)...))
		if err == nil {
			t.Errorf("%s at %d: accepted", c.name, c.limit+1)
			continue
		}
		if got := err.Error() + " " + complaints(err); !strings.Contains(got, c.at+"]") && !strings.Contains(got, " "+c.at) && code(err) != c.at {
			t.Errorf("%s at %d: %s, want a complaint about %s", c.name, c.limit+1, got, c.at)
		}
	}
}

func complaints(err error) string {
	var e slack.SlackErrorResponse
	if !errors.As(err, &e) {
		return ""
	}
	return strings.Join(e.ResponseMetadata.Messages, "; ")
}

// TestInvalidBlocks are wrong in ways that are not lengths; they are sent as the JSON that Slack would see.
func TestInvalidBlocks(t *testing.T) {
	_, api := start(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	cases := []struct{ name, json, want string }{
		{"a type that is not", `{"type":"sections"}`, "unsupported type: sections [json-pointer:/blocks/0/type]"},
		{"a section of nothing", `{"type":"section"}`, "missing required field: text"},
		{"an empty text", `{"type":"section","text":{"type":"mrkdwn","text":""}}`, "must be more than 0 characters"},
		{"a text that is a string", `{"type":"section","text":"hi"}`, "must provide an object [json-pointer:/blocks/0/text]"},
		{"mrkdwn in a header", `{"type":"header","text":{"type":"mrkdwn","text":"hi"}}`, "must be plain_text"},
		{"an emoji flag in mrkdwn", `{"type":"section","text":{"type":"mrkdwn","text":"hi","emoji":true}}`,
			"invalid additional property: emoji"},
		{"an image without alt text", `{"type":"image","image_url":"https://x/y.png"}`, "missing required field: alt_text"},
		{"no elements", `{"type":"actions","elements":[]}`, "must have at least 1 items"},
		{"a style that is not", `{"type":"actions","elements":[{"type":"button","style":"good","text":{"type":"plain_text","text":"b"}}]}`,
			"must be a valid enum value [json-pointer:/blocks/0/elements/0/style]"},
		{"an input among actions", `{"type":"actions","elements":[{"type":"plain_text_input","action_id":"a"}]}`,
			"unsupported type: plain_text_input"},
		{"a number for a text", `{"type":"markdown","text":7}`, "must be a string"},
		{"rich text of nonsense", `{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"shout"}]}]}`,
			"unsupported type: shout"},
	}
	for _, c := range cases {
		block, err := slack.BlockFromJSON(c.json)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = api.PostMessage(incidents, slack.MsgOptionBlocks(block))
		if code(err) != "invalid_blocks" || !strings.Contains(complaints(err), c.want) {
			t.Errorf("%s: %v: %s; want %q", c.name, err, complaints(err), c.want)
		}
	}
	_, _, err := api.PostMessage(incidents, slack.MsgOptionBlocks(withBlockID("same"), withBlockID("same")))
	if !strings.Contains(complaints(err), "already exists") {
		t.Errorf("one block_id twice: %v %s", err, complaints(err))
	}
	_, _, err = api.PostMessage(incidents, slack.MsgOptionBlocks(slack.NewActionBlock("", button("a", "b"), button("a", "c"))))
	if !strings.Contains(complaints(err), "already exists") {
		t.Errorf("one action_id twice in a block: %v %s", err, complaints(err))
	}
}
