package redact

import (
	"regexp"
	"strings"
)

var (
	rulers   = regexp.MustCompile(`^[\s|+:=-]*$`)
	columnOf = regexp.MustCompile(`^[\p{L}\d_. -]{1,30}$`)
)

// maxRows bounds the rows of a table that are looked at.
const maxRows = 2000

// table looks at the rows below a line of column names, one of which tells: CSV, Markdown, what database clients print.
func (f *finder) table(name string, c class, from int) {
	s := f.s
	start, end := lineStart(s, from), lineEnd(s, from)
	if end == len(s) {
		return
	}
	for _, sep := range []string{"|", ",", ";", "\t"} {
		heads := strings.Split(strings.Trim(s[start:end], " \t\r|"), sep)
		if len(heads) < 2 || !strings.Contains(s[start:end], sep) || !names(heads) {
			continue
		}
		column := -1
		for i, h := range heads {
			if strings.TrimSpace(h) == name {
				column = i
			}
		}
		if column >= 0 {
			f.rows(end+1, sep, column, len(heads), c, name)
		}
		return
	}
}

func names(heads []string) bool {
	for _, h := range heads {
		if !columnOf.MatchString(h) {
			return false
		}
	}
	return true
}

// rows takes the cells of one column.
func (f *finder) rows(at int, sep string, column, columns int, c class, name string) {
	s := f.s
	for n := 0; at < len(s) && n < maxRows; n++ {
		end := len(s)
		if i := strings.IndexByte(s[at:], '\n'); i >= 0 {
			end = at + i
		}
		line := strings.TrimRight(s[at:end], " \t\r")
		next := end + 1
		if rulers.MatchString(line) && line != "" {
			at = next
			continue
		}
		row, from := line, at
		if sep == "|" {
			row = strings.Trim(line, " |")
			from += strings.Index(line, row)
		}
		cells := strings.Split(row, sep)
		if len(cells) != columns {
			return
		}
		for _, cell := range cells[:column] {
			from += len(cell) + len(sep)
		}
		cell := cells[column]
		text := strings.Trim(cell, " \t\"'`")
		if v := (value{text: text, name: name, sign: assigned}); text != "" && v.tells(c) {
			i := from + strings.Index(cell, text)
			f.spans = append(f.spans, span{i, i + len(text), secretID, byName})
		}
		at = next
	}
}
