package slackapp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/clip"
)

// Rendered is a Reply as Slack takes it.
type Rendered struct {
	cut    bool          // something was shortened or left out
	Text   string        // fallback and notification, escaped; never empty
	Blocks []slack.Block // nil: Text alone
}

// render makes a message of a Reply within all of Slack's limits. What does not fit is shortened where it is longest, then left out from
// the end, and a line says so, and where the whole is shown; buttons always stay.
func render(r commands.Reply, whole rest) Rendered {
	f := fitter{blocks: maxBlocks, text: maxText, perBlock: perBlock, message: true, rest: whole}
	blocks := f.fit(r.Blocks)
	return Rendered{Text: orElse(fallback(r.Text), "Paramedic"), Blocks: blocks, cut: f.cut}
}

// fallback is a line of text for notifications.
func fallback(s string) string { return clip.Bytes(escaper.Replace(oneLine(s)), maxFallback) }

// identified gives each block an id that changes with its content, so that what was entered or pressed in an old one is not shown in
// a new one.
func identified(blocks []slack.Block) []slack.Block {
	for i, b := range blocks {
		raw, err := json.Marshal(b)
		if err != nil { // plain strings always encode
			panic(err)
		}
		sum := sha256.Sum256(raw)
		id := fmt.Sprintf("%d-%s", i, hex.EncodeToString(sum[:4]))
		switch v := b.(type) {
		case *slack.HeaderBlock:
			v.BlockID = id
		case *slack.SectionBlock:
			v.BlockID = id
		case *slack.ContextBlock:
			v.BlockID = id
		case *slack.ActionBlock:
			v.BlockID = id
		case *slack.DividerBlock:
			v.BlockID = id
		case *slack.TableBlock:
			v.BlockID = id
		}
	}
	return blocks
}

// render makes parts of one block; none, if there would be nothing to see.
func (f *fitter) render(b commands.Block) []part {
	switch v := b.(type) {
	case commands.Header:
		if text := clip.Runes(oneLine(v.Text), maxHeader); !nothing(text) {
			return []part{{block: slack.NewHeaderBlock(plain(text)), text: utf8.RuneCountInString(text)}}
		}
	case commands.Paragraph:
		return sections(pack(pieces(v), maxSection))
	case commands.List:
		return sections(pack(listPieces(v), maxSection))
	case commands.Fields:
		return fieldParts(v)
	case commands.Code:
		return sections(fenced(v.Text))
	case commands.Table:
		return f.table(v)
	case commands.Note:
		if text := mrkdwn(v, maxContext); !nothing(text) {
			return []part{{block: contextBlock(text), text: utf8.RuneCountInString(text)}}
		}
	case commands.Actions:
		return f.actions(v)
	case commands.Divider:
		return []part{{block: slack.NewDividerBlock()}}
	}
	return nil
}

func plain(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
}

func marked(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, true) // verbatim: no links or mentions are made of words
}

func contextBlock(text string) *slack.ContextBlock { return slack.NewContextBlock("", marked(text)) }

func sections(texts []string) []part {
	var parts []part
	for _, t := range texts {
		parts = append(parts, textPart(t))
	}
	return parts
}

// bullets by depth; the outermost items are lines of their own.
var bullets = []string{"", "• ", "      ◦ ", "            ▪ "}

func listPieces(l commands.List) []string {
	var out []string
	for i, item := range l {
		if i > 0 {
			out = append(out, "\n")
		}
		out = append(out, bullets[max(0, min(item.Depth, len(bullets)-1))])
		out = append(out, pieces(item.Spans)...)
	}
	return out
}

func fieldParts(fields commands.Fields) []part {
	var parts []part
	for len(fields) > 0 {
		n := min(len(fields), maxFields)
		var objects []*slack.TextBlockObject
		size := 0
		for _, f := range fields[:n] {
			text := mrkdwn([]commands.Span{commands.Bold(f.Label)}, maxLabel) + "\n" + mrkdwn(f.Value, maxFieldText-maxLabel-600)
			if !nothing(text) {
				objects = append(objects, marked(text))
				size += utf8.RuneCountInString(text)
			}
		}
		if len(objects) > 0 {
			parts = append(parts, part{block: slack.NewSectionBlock(nil, objects, nil), text: size})
		}
		fields = fields[n:]
	}
	return parts
}

// fenced is text as it is, in one code block or several.
func fenced(text string) []string {
	text = strings.ReplaceAll(strings.Trim(clip.Bytes(text, maxTaken), "\n"), "```", "ˋˋˋ")
	if nothing(clean(text)) {
		return nil
	}
	var out []string
	for _, c := range chunks(text, escaper.Replace, maxSection-10) {
		if !nothing(c) {
			out = append(out, "```\n"+strings.TrimSuffix(c, "\n")+"\n```")
		}
	}
	return out
}
