package slackapp

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
)

// texts are the section and context texts of blocks, in order.
func texts(blocks []slack.Block) []string {
	var out []string
	for _, b := range blocks {
		switch v := b.(type) {
		case *slack.SectionBlock:
			if v.Text != nil {
				out = append(out, v.Text.Text)
			}
			for _, f := range v.Fields {
				out = append(out, f.Text)
			}
		case *slack.ContextBlock:
			out = append(out, v.ContextElements.Elements[0].(*slack.TextBlockObject).Text)
		case *slack.HeaderBlock:
			out = append(out, v.Text.Text)
		}
	}
	return out
}

func TestSpans(t *testing.T) {
	at := time.Date(2025, 10, 3, 2, 15, 0, 0, time.UTC)
	cases := []struct {
		name string
		span commands.Span
		want string
	}{
		{"markup is escaped", commands.Text("<!channel> & <@U1> a<b"), "&lt;!channel&gt; &amp; &lt;@U1&gt; a&lt;b"},
		{"styles are not read into text", commands.Text("*.svc _x_ ~/y `z` my_pod_name 2*3"), "∗.svc ˍx_ ∼/y ˋz` my_pod_name 2*3"},
		{"bold", commands.Bold("2. a *title*\n"), "*2. a ∗title∗*"},
		{"blanks stay outside of bold", commands.Bold(" Cause: "), " *Cause:* "},
		{"code keeps everything but its own mark", commands.Mono("a*b_c <x> `y`"), "`a*b_c &lt;x&gt; 'y'`"},
		{"nothing is no mark", commands.Mono(" \n"), ""},
		{"a moment in the reader's zone", commands.When(at), "<!date^1759457700^{time_secs} ({date_short_pretty})|2025-10-03 02:15:00 UTC>"},
		{"an unknown moment", commands.When(time.Time{}), "unknown"},
		{"a link", commands.Span{Text: "a|b", URL: "https://example.com/?a=1&b=2"}, "<https://example.com/?a=1&amp;b=2|a¦b>"},
		{"a link to nowhere good", commands.Span{Text: "x", URL: "javascript:alert(1)"}, "x"},
		{"controls", commands.Text("a\x1b[31mb\u202ec\x00\xff"), "a[31mbc\ufffd"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(pieces([]commands.Span{c.span}), ""); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestLongTextIsSplitWithoutLoss(t *testing.T) {
	long := strings.Repeat("a <line> of words & more\n", 300)
	r := Render(commands.Reply{Text: "x", Blocks: []commands.Block{commands.Paragraph{commands.Text(long)}}})
	got := strings.Join(texts(r.Blocks), "\n")
	if want := strings.TrimSpace(escaper.Replace(long)); got != want || len(r.Blocks) < 3 {
		t.Errorf("%d blocks, %d characters of %d", len(r.Blocks), len(got), len(want))
	}
}

// weight is what Slack counts of a message: all its text, and 125 for each block after the first.
func weight(blocks []slack.Block) int {
	n := 125 * max(len(blocks)-1, 0)
	for _, text := range texts(blocks) {
		n += utf8.RuneCountInString(text)
	}
	return n
}

func paragraphs(n, length int) []commands.Block {
	var doc []commands.Block
	for i := range n {
		doc = append(doc, commands.Paragraph{commands.Text(fmt.Sprintf("%03d ", i) + strings.Repeat("x", length-4))})
	}
	return doc
}

// What is too much for a message is put together, then shortened, then left out from the end; the buttons stay, and a line says how much is
// missing and where it is.
func TestWhatDoesNotFit(t *testing.T) {
	buttons := commands.Actions{{ID: "go", Label: "Go", Value: "look INC-1"}}
	cases := []struct {
		name   string
		doc    []commands.Block
		blocks int
		ends   string
	}{
		{"many short ones are put together", paragraphs(80, 100), 3 + 1, ""},
		{"long ones are shortened", paragraphs(20, 2000), 0,
			"… 20 parts are shortened here. All of it: `/medic plan INC-1`, or `paramedic incidents INC-1` in a terminal."},
		{"far too many are left out", paragraphs(1000, 200), 0, "… 1019 parts are shortened or left out here. All of it: "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := render(commands.Reply{Text: "x", Blocks: append(c.doc, buttons)}, rest{slack: "plan INC-1"})
			if c.blocks > 0 && len(r.Blocks) != c.blocks {
				t.Errorf("%d blocks", len(r.Blocks))
			}
			if n := weight(r.Blocks); n > maxText || n < maxText*3/5 {
				t.Errorf("it weighs %d", n)
			}
			all := texts(r.Blocks)
			if c.ends != "" && !strings.HasPrefix(all[len(all)-1], c.ends) {
				t.Errorf("it ends with %q", all[len(all)-1])
			}
			if !slices.ContainsFunc(r.Blocks, func(b slack.Block) bool { return b.BlockType() == slack.MBTAction }) {
				t.Error("the buttons are gone")
			}
			if !strings.HasPrefix(all[0], "000 ") {
				t.Errorf("it begins with %.20q", all[0])
			}
		})
	}
}

func TestButtons(t *testing.T) {
	r := Render(commands.Reply{Text: "x", Blocks: []commands.Block{commands.Actions{
		{ID: "a", Label: "A", Value: "look 1", Style: commands.Primary}, {ID: "a", Label: "", Value: "look 2"},
		{ID: "b", Label: "half a command is another", Value: "approve " + strings.Repeat("x", maxValue)}}}})
	buttons := r.Blocks[0].(*slack.ActionBlock).Elements.ElementSet
	var ids []string
	for _, b := range buttons {
		ids = append(ids, b.(*slack.ButtonBlockElement).ActionID)
	}
	if diff := cmp.Diff([]string{"a", "a-2"}, ids); diff != "" {
		t.Error(diff)
	}
}

func TestFallbackIsBounded(t *testing.T) {
	if r := Render(commands.Reply{Text: strings.Repeat("<é>", 5000)}); len(r.Text) > 4000 || !strings.HasSuffix(r.Text, "…") {
		t.Errorf("%d bytes", len(r.Text))
	}
	if r := Render(commands.Reply{}); r.Text == "" {
		t.Error("no fallback")
	}
}

func TestBlockIDsFollowContent(t *testing.T) {
	render := func(s string) string {
		return Render(commands.Reply{Blocks: []commands.Block{commands.Paragraph{commands.Text(s)}}}).Blocks[0].(*slack.SectionBlock).BlockID
	}
	first, again, other := render("a"), render("a"), render("b")
	if first != again || first == other {
		t.Error("a block's id must change with its content, and with nothing else")
	}
}

// words are what replies are made of in the tests below: harmless, hostile, long and empty ones.
var words = []string{"", " ", "\n", "ok", "*", "```", "<@U1>", "&&&&", "\x00", "\xff", "é", "🚑", strings.Repeat("&", 4000),
	strings.Repeat("wide ", 900),
	strings.Repeat("line\n", 500), strings.Repeat("🚑", 2500), "a|b", "https://example.com", strings.Repeat("`", 50)}

// arbitrary makes any Reply, from a source of randomness.
func arbitrary(r *rand.Rand) commands.Reply {
	word := func() string { return words[r.IntN(len(words))] }
	spans := func() []commands.Span {
		var out []commands.Span
		for range r.IntN(6) {
			s := commands.Span{Text: word(), Style: commands.Style(r.IntN(4))}
			switch r.IntN(5) {
			case 0:
				s.Time = time.Unix(r.Int64N(4e9)-1e9, 0)
			case 1:
				s.URL = word()
			}
			out = append(out, s)
		}
		return out
	}
	reply := commands.Reply{Text: word()}
	for range r.IntN(40) {
		var b commands.Block
		switch r.IntN(9) {
		case 0:
			b = commands.Header{Text: word()}
		case 1:
			b = commands.Paragraph(spans())
		case 2:
			var l commands.List
			for range r.IntN(20) {
				l = append(l, commands.Item{Depth: r.IntN(7) - 1, Spans: spans()})
			}
			b = l
		case 3:
			var f commands.Fields
			for range r.IntN(25) {
				f = append(f, commands.Field{Label: word(), Value: spans()})
			}
			b = f
		case 4:
			b = commands.Code{Text: word() + word(), Language: "diff"}
		case 5:
			t := commands.Table{More: r.IntN(3)}
			for range r.IntN(25) {
				t.Columns = append(t.Columns, commands.Column{Title: word(), Right: r.IntN(2) == 0})
			}
			for range r.IntN(150) {
				t.Rows = append(t.Rows, spans())
			}
			b = t
		case 6:
			b = commands.Note(spans())
		case 7:
			var a commands.Actions
			for range r.IntN(30) {
				button := commands.Button{ID: word(), Label: word(), Value: word(), Accessibility: word(),
					Style: commands.ButtonStyle([]string{"", "primary", "danger", "odd"}[r.IntN(4)])}
				if r.IntN(2) == 0 {
					button.Confirm = &commands.Confirm{Title: word(), Text: word(), Yes: word(), No: word()}
				}
				a = append(a, button)
			}
			b = a
		case 8:
			b = commands.Divider{}
		}
		reply.Blocks = append(reply.Blocks, b)
	}
	if r.IntN(2) == 0 {
		f := &commands.Form{ID: word(), Command: word(), Title: word(), Submit: "Go", Cancel: word()}
		for i := range r.IntN(10) {
			f.Fields = append(f.Fields, commands.FormField{ID: string(rune('a' + i)), Label: word(), Hint: word(), Value: word(), Multiline: true,
				Max: r.IntN(4000)})
		}
		reply.Form = f
	}
	return reply
}

func TestAnAnswerSurvivesStorage(t *testing.T) {
	r := Render(arbitrary(rand.New(rand.NewPCG(1, 2))))
	sent, err := newBody(r)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	var b body
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	now, _ := json.Marshal(r.Blocks)
	then, _ := json.Marshal(b.Blocks)
	if string(now) != string(then) || b.Text != r.Text {
		t.Error("what is stored is not what was rendered")
	}
}

func TestSpoken(t *testing.T) {
	for text, want := range map[string]string{
		"<@U0BOT> why pod/a":                         "why pod/a",
		" <@U0BOT|medic>: check":                     "check",
		"why <http://coredns.svc|coredns.svc> -n a":  "why coredns.svc -n a",
		"search &lt;loop&gt; &amp; <mailto:a@b|a@b>": "search <loop> & a@b",
		"/medic help":                                "help",
		"<@U0BOT>":                                   "",
	} {
		if got := spoken(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
