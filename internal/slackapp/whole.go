package slackapp

import (
	"strings"

	"github.com/paramedic-bot/paramedic/commands"
)

// allOfIt is the action_id of the button under an answer that a message has no room for: it opens all of it, in pages.
const allOfIt = "all-of-it"

// withPages offers an answer that is too long for a message as a window; not ok where it changes something, or can't be asked again.
func (a *App) withPages(r commands.Reply, line string) (commands.Reply, bool) {
	if r.Form != nil || strings.TrimSpace(line) == "" || len(line) > maxValue || a.commands.Acts(first(line)) {
		return r, false
	}
	open := commands.Button{ID: allOfIt, Label: "Read all of it", Value: line, Accessibility: "Read all of the answer, in pages"}
	r.Blocks = append(r.Blocks[:len(r.Blocks):len(r.Blocks)], commands.Actions{open})
	return r, true
}

// paged is an answer as the pages of a window. One that has a Form of its own stays as it is.
func paged(r commands.Reply, line string) commands.Reply {
	if r.Form != nil {
		return r
	}
	title := commands.Paragraph{commands.Bold(oneLine(r.Text))}
	var whole []commands.Block
	for _, b := range r.Blocks {
		if told := asText(b); told != nil {
			whole = append(whole, told)
		}
	}
	if len(whole) == 0 {
		whole = []commands.Block{title}
	}
	r.Form = &commands.Form{ID: allOfIt, Title: "All of it", Whole: whole, Again: line}
	r.Blocks = []commands.Block{title}
	return r
}

// asText is a block as one of those that are never shortened; nil for buttons, which stand under the message.
func asText(b commands.Block) commands.Block {
	unlinked := func(all []commands.Span) []commands.Span {
		var out []commands.Span
		for _, s := range all {
			if s.URL != "" {
				s.Text, s.URL = s.Text+" ("+s.URL+")", ""
			}
			out = append(out, s)
		}
		return out
	}
	switch v := b.(type) {
	case commands.Actions:
		return nil
	case commands.Header:
		return commands.Paragraph{commands.Bold(v.Text)}
	case commands.Note:
		return commands.Paragraph(unlinked(v))
	case commands.Paragraph:
		return commands.Paragraph(unlinked(v))
	case commands.List:
		var out commands.List
		for _, i := range v {
			out = append(out, commands.Item{Depth: i.Depth, Spans: unlinked(i.Spans)})
		}
		return out
	case commands.Table, commands.Fields:
		text := strings.TrimRight(commands.Plain(commands.Reply{Blocks: []commands.Block{v}}), "\n")
		return commands.Code{Text: text}
	}
	return b
}
