package slackapp_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// longWinded answers at length, of every kind of block.
type longWinded struct{ lines int }

func (l longWinded) Dispatch(_ context.Context, r commands.Request) commands.Reply {
	list, table := commands.List{}, commands.Table{Columns: []commands.Column{{Title: "Name"}}}
	for i := range l.lines {
		list = append(list, commands.Item{Spans: []commands.Span{commands.Text(fmt.Sprintf("line %d of it, asked in %s.", i, r.Incident)),
			{Text: "more", URL: "https://example.com"}}})
		table.Rows = append(table.Rows, []commands.Span{commands.Text(fmt.Sprintf("row-%d", i))})
	}
	return commands.Reply{Text: "It is long", Blocks: []commands.Block{commands.Header{Text: "It is long"}, list, table,
		commands.Fields{{Label: "Where", Value: []commands.Span{commands.Mono("here")}}}, commands.Note{commands.Text("the end of it")}}}
}
func (longWinded) Opens(string) bool { return false }
func (longWinded) Acts(string) bool  { return false }

// What a message has no room for is one press away: all of it, in pages, the last line too. What fits has no such button.
func TestALongAnswerIsReadInPages(t *testing.T) {
	for _, lines := range []int{3, 3000} {
		t.Run(fmt.Sprint(lines), func(t *testing.T) { readsAll(t, lines) })
	}
}

func readsAll(t *testing.T, lines int) {
	b := newBed(t, slackemu.Options{})
	b.listen(t, longWinded{lines})
	if _, err := b.slack.Mention(t.Context(), ada, channel, "", "tell me all"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return len(n.Ephemerals(ada)) > 0 })
	m := b.slack.Ephemerals(ada)[0]
	if got := can(slackemu.View{Blocks: m.Blocks}, "all-of-it"); got != (lines > 100) {
		t.Fatalf("%d lines: a button %v:\n%.500s", lines, got, m.Plain())
	}
	if lines < 100 {
		return
	}
	if err := b.slack.Press(t.Context(), ada, channel, m.TS, "all-of-it"); err != nil {
		t.Fatal(err)
	}
	pages := b.turnThrough(t)
	all := told(pages)
	for _, want := range []string{"line 0 of", fmt.Sprintf("line %d of", lines-1), "row-0", fmt.Sprintf("row-%d", lines-1), "the end of it"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in %d pages", want, len(pages))
		}
	}
	if len(pages) < 2 {
		t.Errorf("%d pages", len(pages))
	}
	b.unharmed(t)
}
