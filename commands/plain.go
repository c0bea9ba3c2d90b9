package commands

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Mark is a part of a text that a terminal may set off.
type Mark int

// The marks.
const (
	Title Mark = iota
	StrongText
	FixedText
	Aside  // a note, or a heading of a table
	Choice // what can be typed next
)

// Look is how a Reply is shown as text. The zero value shows times in UTC, wraps nothing and sets nothing off.
type Look struct {
	// Moment is a time as it is read; nil: in UTC.
	Moment func(time.Time) string
	// Short is a time in a table; nil: as Moment.
	Short func(time.Time) string
	// Marked is a text that is set off; nil: as it is. It may put in only what has no width.
	Marked func(m Mark, text string) string
	// Width is how many columns there are, which lines and tables are wrapped to by Wrap; 0: any number.
	Width int
	// Wrap breaks text into lines of at most so many columns, between words where it can; Measure is how many a text takes. Both are needed
	// with Width.
	Wrap    func(text string, columns int) string
	Measure func(text string) int
}

func (l Look) marked(m Mark, text string) string {
	if l.Marked == nil || text == "" {
		return text
	}
	return l.Marked(m, text)
}

// wrapped is text in the columns that are left beside blanks.
func (l Look) wrapped(text string, blanks int) string {
	if l.Width == 0 {
		return text
	}
	return l.Wrap(text, max(l.Width-blanks, 20))
}

func (l Look) measure(text string) int {
	if l.Measure == nil {
		return utf8.RuneCountInString(text)
	}
	return l.Measure(text)
}

// Plain renders a Reply as text with times in UTC. Control characters, which could move a terminal's cursor or fake its output, are
// left out; lines are not wrapped.
func Plain(r Reply) string { return PlainAs(r, Look{}) }

// PlainAs is Plain with another look.
func PlainAs(r Reply, l Look) string {
	var b strings.Builder
	if len(r.Blocks) == 0 && r.Text != "" {
		b.WriteString(l.wrapped(visible(r.Text), 0) + "\n")
	}
	blocks := r.Blocks
	if r.Form != nil {
		blocks = slices.Concat(blocks, r.Form.Whole)
	}
	for i, block := range blocks {
		text := l.block(block)
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
			fmt.Fprintf(&b, "\n%s:\n%s\n", field.Label, indent(l.wrapped(visible(field.Value), 2), "  "))
		}
		if f.Submit != "" && len(f.Fields) == 0 {
			fmt.Fprintf(&b, "\n→ %s: %s\n", f.Submit, l.marked(Choice, visible(f.Command)))
		}
		if text := l.block(f.Actions); text != "" {
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}

func (l Look) block(block Block) string {
	switch v := block.(type) {
	case Header:
		title := l.wrapped(visible(v.Text), 0)
		if l.Marked != nil {
			return l.marked(Title, title)
		}
		return title + "\n" + strings.Repeat("=", min(utf8.RuneCountInString(title), 72))
	case Paragraph:
		return l.wrapped(l.spans(v), 0)
	case Note:
		return l.marked(Aside, l.wrapped(l.spans(v), 0))
	case Fields:
		var lines []string
		for _, f := range v {
			lines = append(lines, l.wrapped(visible(f.Label)+": "+l.spans(f.Value), 0))
		}
		return strings.Join(lines, "\n")
	case List:
		var lines []string
		for _, item := range v {
			first := strings.Repeat("  ", item.Depth) + bullet(item.Depth)
			lines = append(lines, indent(l.wrapped(l.spans(item.Spans), len(first)), first))
		}
		return strings.Join(lines, "\n")
	case Code:
		return indent(visible(v.Text), "    ")
	case Table:
		return l.table(v)
	case Actions:
		var lines []string
		for _, button := range v {
			lines = append(lines, "→ "+visible(button.Label)+": "+l.marked(Choice, visible(button.Value)))
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

func (l Look) spans(spans []Span) string {
	var b strings.Builder
	if l.Moment != nil { // of which texts speak themselves
		var apart []Span
		for _, s := range spans {
			apart = append(apart, Moments(s)...)
		}
		spans = apart
	}
	for _, s := range spans {
		switch text := visible(s.Text); {
		case !s.Time.IsZero():
			b.WriteString(l.moment(s.Time))
		case s.URL != "":
			b.WriteString(text + " <" + visible(s.URL) + ">")
		case s.Style == Strong:
			b.WriteString(l.marked(StrongText, text))
		case s.Style == Fixed:
			b.WriteString(l.marked(FixedText, text))
		default:
			b.WriteString(text)
		}
	}
	return b.String()
}

func (l Look) moment(t time.Time) string {
	if l.Moment == nil {
		return t.UTC().Format("2006-01-02 15:04:05 MST")
	}
	return l.Moment(t)
}

// TableText is a table as lines of fixed width, with times in UTC.
func TableText(t Table) string { return Look{}.table(t) }

func (l Look) table(t Table) string {
	var head []string
	for _, c := range t.Columns {
		head = append(head, strings.ToUpper(c.Title))
	}
	rows := [][]string{head}
	if l.Short != nil {
		l.Moment = l.Short
	}
	for _, r := range t.Rows {
		var row []string
		for _, cell := range r {
			row = append(row, strings.ReplaceAll(l.spans([]Span{cell}), "\n", " "))
		}
		rows = append(rows, row)
	}
	lines := l.columns(rows, t.Columns)
	lines[0] = l.marked(Aside, lines[0])
	if t.More > 0 {
		lines = append(lines, fmt.Sprintf("… %d more", t.More))
	}
	return strings.Join(lines, "\n")
}

// columns aligns rows. Cells too wide for the look are wrapped.
func (l Look) columns(rows [][]string, cols []Column) []string {
	widths, least := make([]int, len(cols)), make([]int, len(cols))
	for _, r := range rows {
		for i := range min(len(r), len(cols)) {
			widths[i] = max(widths[i], l.measure(r[i]))
			for word := range strings.FieldsSeq(r[i]) {
				least[i] = max(least[i], l.measure(word))
			}
		}
	}
	l.narrow(widths, least)
	var lines []string
	for _, r := range rows {
		cells, height := make([][]string, min(len(r), len(cols))), 1
		for i := range cells {
			cells[i] = []string{r[i]}
			if l.measure(r[i]) > widths[i] {
				cells[i] = strings.Split(l.Wrap(r[i], widths[i]), "\n")
			}
			height = max(height, len(cells[i]))
		}
		for n := range height {
			lines = append(lines, l.line(cells, n, widths, cols))
		}
	}
	return lines
}

// line is the nth line of a row's cells.
func (l Look) line(cells [][]string, n int, widths []int, cols []Column) string {
	var b strings.Builder
	for i, cell := range cells {
		text := ""
		if n < len(cell) {
			text = cell[n]
		}
		pad := strings.Repeat(" ", max(0, widths[i]-l.measure(text)))
		if cols[i].Right {
			b.WriteString(pad + text + "  ")
		} else {
			b.WriteString(text + pad + "  ")
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// narrow takes from the widest columns until a table fits, but breaks no word: a name can be copied.
func (l Look) narrow(widths, least []int) {
	for l.Width > 0 {
		sum, widest := 2*(len(widths)-1), -1
		for i, w := range widths {
			sum += w
			if w > least[i] && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if sum <= l.Width || widest < 0 {
			return
		}
		widths[widest] = max(least[widest], widths[widest]-(sum-l.Width+1)/2) // half of what is too much, so that several share it
	}
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
