package slackapp

import (
	"testing"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
)

// Texts of which nothing would be seen are left out, or something stands for them: Slack shows, or refuses, what looks empty.
func TestOfNothingNothingIsShown(t *testing.T) {
	for _, text := range []string{"", " \n\t", "\u200b\u200d\u2060\ufeff", "\u00ad\u3164\u180e", "\u2800"} {
		r := commands.Reply{Text: text, Blocks: []commands.Block{commands.Header{Text: text}, commands.Note{commands.Text(text)},
			commands.Paragraph{commands.Text(text)}, commands.Code{Text: text}}}
		if m := render(r, rest{}); m.Text != "Paramedic" || len(m.Blocks) > 0 {
			t.Errorf("%q: a notice %q and %d blocks", text, m.Text, len(m.Blocks))
		}
		if v := modal(r, origin{}, maxModalText, ""); len(v.Blocks.BlockSet) != 1 || texts(v.Blocks.BlockSet)[0] != "Nothing to show." {
			t.Errorf("%q: a window of %v", text, texts(v.Blocks.BlockSet))
		}
		if cell, _ := textCell(text, nil); cell.(*slack.TableRawTextCell).Text != "–" {
			t.Errorf("%q: a cell of %+v", text, cell)
		}
	}
	for _, text := range []string{"a", "é", "🚑", "ไทย", "–", "\u200ba"} {
		if nothing(text) {
			t.Errorf("%q is taken for nothing", text)
		}
	}
}

// A link's text opens no fence that nobody closes.
func TestALinkOpensNoFence(t *testing.T) {
	if got := mrkdwn([]commands.Span{{Text: "```x", URL: "https://example.com"}}, 100); got != "<https://example.com|ˋˋˋx>" {
		t.Error(got)
	}
}

// Of two buttons that call for being pressed, the second does no longer.
func TestOneButtonIsPrimary(t *testing.T) {
	m := render(commands.Reply{Blocks: []commands.Block{commands.Actions{{ID: "a", Label: "a", Value: "help", Style: commands.Primary}},
		commands.Actions{{ID: "b", Label: "b", Value: "help", Style: commands.Primary}}}}, rest{})
	var styles []slack.Style
	for _, b := range m.Blocks {
		styles = append(styles, b.(*slack.ActionBlock).Elements.ElementSet[0].(*slack.ButtonBlockElement).Style)
	}
	if len(styles) != 2 || styles[0] != slack.StylePrimary || styles[1] != "" {
		t.Errorf("%q", styles)
	}
}
