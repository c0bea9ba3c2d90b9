package commands

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Plain renders a Reply as text with times in UTC. Control characters, which could move a terminal's cursor or fake its output, are
// left out; lines are not wrapped.
func Plain(r Reply) string { return PlainIn(r, time.UTC) }

// PlainIn is Plain with times in a zone.
func PlainIn(r Reply, zone *time.Location) string {
	var b strings.Builder
	if len(r.Blocks) == 0 && r.Text != "" {
		b.WriteString(visible(r.Text) + "\n")
	}
	blocks := r.Blocks
	if r.Form != nil {
		blocks = slices.Concat(blocks, r.Form.Whole)
	}
	for i, block := range blocks {
		text := plainBlock(block, zone)
		if text == "" {
			continue
		}
		if _, note := block.(Note); i > 0 && !note {
			b.WriteString("\n")
		}
		b.WriteString(text + "\n")
	}
	if f := r.Form; f != nil {
		for _, field := range f.Fields {
			fmt.Fprintf(&b, "\n%s:\n%s\n", field.Label, indent(visible(field.Value), "  "))
		}
		if f.Submit != "" && len(f.Fields) == 0 {
			fmt.Fprintf(&b, "\n→ %s: %s\n", f.Submit, visible(f.Command))
		}
		if text := plainBlock(f.Actions, zone); text != "" {
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}

func plainBlock(block Block, zone *time.Location) string {
	switch v := block.(type) {
	case Header:
		return visible(v.Text) + "\n" + strings.Repeat("=", min(utf8.RuneCountInString(visible(v.Text)), 72))
	case Paragraph:
		return plainSpans(v, zone)
	case Note:
		return plainSpans(v, zone)
	case Fields:
		var lines []string
		for _, f := range v {
			lines = append(lines, visible(f.Label)+": "+plainSpans(f.Value, zone))
		}
		return strings.Join(lines, "\n")
	case List:
		var lines []string
		for _, item := range v {
			lines = append(lines, indent(plainSpans(item.Spans, zone), strings.Repeat("  ", item.Depth)+bullet(item.Depth)))
		}
		return strings.Join(lines, "\n")
	case Code:
		return indent(visible(v.Text), "    ")
	case Table:
		return plainTable(v, zone)
	case Actions:
		var lines []string
		for _, button := range v {
			lines = append(lines, "→ "+visible(button.Label)+": "+visible(button.Value))
		}
		return strings.Join(lines, "\n")
	case Divider:
		return "---"
	}
	return ""
}

// bullet of an item; the outermost are lines of their own.
func bullet(depth int) string {
	if depth == 0 {
		return ""
	}
	return "- "
}

// indent puts first before the first line, and blanks before the others.
func indent(s, first string) string {
	blanks := "\n" + strings.Repeat(" ", utf8.RuneCountInString(first))
	return first + strings.ReplaceAll(s, "\n", blanks)
}

func plainSpans(spans []Span, zone *time.Location) string {
	var b strings.Builder
	if zone != time.UTC { // of which texts speak themselves
		var apart []Span
		for _, s := range spans {
			apart = append(apart, Moments(s)...)
		}
		spans = apart
	}
	for _, s := range spans {
		switch {
		case !s.Time.IsZero():
			b.WriteString(s.Time.In(zone).Format("2006-01-02 15:04:05 MST"))
		case s.URL != "":
			b.WriteString(visible(s.Text) + " <" + visible(s.URL) + ">")
		default:
			b.WriteString(visible(s.Text))
		}
	}
	return b.String()
}

// TableText is a table as lines of fixed width, with times in UTC.
func TableText(t Table) string { return plainTable(t, time.UTC) }

func plainTable(t Table, zone *time.Location) string {
	var head []string
	for _, c := range t.Columns {
		head = append(head, strings.ToUpper(c.Title))
	}
	rows := [][]string{head}
	for _, r := range t.Rows {
		var row []string
		for _, cell := range r {
			row = append(row, strings.ReplaceAll(plainSpans([]Span{cell}, zone), "\n", " "))
		}
		rows = append(rows, row)
	}
	lines := columns(rows, t.Columns)
	if t.More > 0 {
		lines = append(lines, fmt.Sprintf("… %d more", t.More))
	}
	return strings.Join(lines, "\n")
}

// columns aligns rows.
func columns(rows [][]string, cols []Column) []string {
	widths := make([]int, len(cols))
	for _, r := range rows {
		for i := range min(len(r), len(cols)) {
			widths[i] = max(widths[i], utf8.RuneCountInString(r[i]))
		}
	}
	var lines []string
	for _, r := range rows {
		var b strings.Builder
		for i := range min(len(r), len(cols)) {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(r[i]))
			if cols[i].Right {
				b.WriteString(pad + r[i] + "  ")
			} else {
				b.WriteString(r[i] + pad + "  ")
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// visible leaves out what a terminal would obey rather than show.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
