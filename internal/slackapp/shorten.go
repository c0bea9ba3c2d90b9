package slackapp

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/clip"
)

// shortenedTo is a document of which no block has more than about so many characters, and how many were shortened for it. Headers and
// buttons stay as they are.
func shortenedTo(doc []commands.Block, most int) (less []commands.Block, cuts int) {
	for _, b := range doc {
		short, cut := shortenedBlock(b, most)
		if cut {
			cuts++
		}
		less = append(less, short)
	}
	return less, cuts
}

func shortenedBlock(b commands.Block, most int) (commands.Block, bool) {
	switch v := b.(type) {
	case commands.Paragraph:
		spans, cut := shortenedSpans(v, most)
		return commands.Paragraph(spans), cut
	case commands.Note:
		spans, cut := shortenedSpans(v, most)
		return commands.Note(spans), cut
	case commands.Code:
		return shortenedCode(v, most)
	case commands.List:
		return shortenedList(v, most)
	case commands.Table:
		return shortenedTable(v, most)
	case commands.Fields:
		return shortenedFields(v, most)
	}
	return b, false
}

// spanLength is about how much of a text is shown of a span.
func spanLength(s commands.Span) int {
	if !s.Time.IsZero() {
		return len("2006-01-02 15:04:05 MST") + len("<!date^1759457700^|>") + len(momentFormat)
	}
	return utf8.RuneCountInString(s.Text) + len(s.URL)
}

// lengths is about how much text a document shows, and not more than that.
func lengths(doc []commands.Block) int {
	n := 0
	spans := func(all []commands.Span) {
		for _, s := range all {
			n += min(utf8.RuneCountInString(strings.TrimSpace(s.Text)), maxCell)
		}
	}
	for _, b := range doc {
		switch v := b.(type) {
		case commands.Paragraph:
			spans(v)
		case commands.Note:
			spans(v)
		case commands.Code:
			n += utf8.RuneCountInString(v.Text)
		case commands.List:
			for _, item := range v {
				spans(item.Spans)
			}
		case commands.Fields:
			for _, f := range v {
				spans(f.Value)
			}
		case commands.Table:
			for _, row := range v.Rows[:min(len(v.Rows), maxTableRows-1)] {
				spans(row[:min(len(row), len(v.Columns), maxTableColumns)])
			}
		}
	}
	return n
}

func shortenedSpans(spans []commands.Span, most int) ([]commands.Span, bool) {
	var out []commands.Span
	for _, s := range spans {
		n := spanLength(s)
		if n <= most {
			out, most = append(out, s), most-n
			continue
		}
		if s.Time.IsZero() && s.URL == "" && most > 1 {
			s.Text = clip.Runes(s.Text, most)
			return append(out, s), true
		}
		return append(out, commands.Text("…")), true
	}
	return out, false
}

// shortenedCode keeps the first lines, and counts the others.
func shortenedCode(c commands.Code, most int) (commands.Code, bool) {
	c.Text = strings.Trim(c.Text, "\n")
	if utf8.RuneCountInString(c.Text) <= most {
		return c, false
	}
	lines := strings.Split(c.Text, "\n")
	var kept []string
	for left := most; len(kept) < len(lines); {
		line := lines[len(kept)]
		if left -= utf8.RuneCountInString(line) + 1; left < 0 {
			break
		}
		kept = append(kept, line)
	}
	if len(kept) == 0 {
		kept = []string{clip.Runes(lines[0], most)}
	}
	c.Text = strings.Join(kept, "\n")
	if n := len(lines) - len(kept); n > 0 {
		c.Text += fmt.Sprintf("\n… %d more lines", n)
	}
	return c, true
}

// shortenedList keeps the first items, and counts the others.
func shortenedList(l commands.List, most int) (commands.List, bool) {
	var out commands.List
	for i, item := range l {
		n := 0
		for _, s := range item.Spans {
			n += spanLength(s)
		}
		if n > most && i > 0 {
			return append(out, commands.Item{Depth: item.Depth, Spans: []commands.Span{commands.Text(fmt.Sprintf("… %d more", len(l)-i))}}), true
		}
		spans, cut := shortenedSpans(item.Spans, most)
		out, most = append(out, commands.Item{Depth: item.Depth, Spans: spans}), most-n
		if cut && len(l) == 1 {
			return out, true
		}
	}
	return out, false
}

// shortenedTable keeps the first rows, and counts the others.
func shortenedTable(t commands.Table, most int) (commands.Table, bool) {
	for i, row := range t.Rows {
		for _, cell := range row {
			most -= min(spanLength(cell), maxCell) + 2
		}
		if most < 0 && i > 0 {
			t.More += len(t.Rows) - i
			t.Rows = t.Rows[:i]
			return t, true
		}
	}
	return t, false
}

// shortenedFields keeps every label.
func shortenedFields(fields commands.Fields, most int) (commands.Fields, bool) {
	var out commands.Fields
	any := false
	each := max(most/max(len(fields), 1), 30)
	for _, f := range fields {
		spans, cut := shortenedSpans(f.Value, each)
		f.Value, any = spans, any || cut
		out = append(out, f)
	}
	return out, any
}
