package redact

import (
	"regexp"
	"strings"
)

const secretRule = "kubernetes-secret"

// secretObjects finds every value under data and stringData of objects of kind Secret, in YAML and in JSON, however they are
// embedded: in a list, after other documents, in an annotation.
func secretObjects(s string) []span {
	if !strings.Contains(s, "Secret") || !strings.Contains(s, "kind") {
		return nil
	}
	return append(yamlSecrets(s), jsonSecrets(s)...)
}

var yamlKind = regexp.MustCompile(`^(?:- )*kind:[ \t]*["']?Secret["']?[ \t]*(?:#.*)?\r?$`)

// line is a line of a text: its bounds, without the line end, and the column of its first key, after any "- ".
type line struct {
	start, end int
	column     int
	item       bool // begins with "- "
	blank      bool
}

func yamlSecrets(s string) []span {
	var lines []line
	var kinds []int
	for at := 0; at < len(s); {
		end := len(s)
		if i := strings.IndexByte(s[at:], '\n'); i >= 0 {
			end = at + i
		}
		l := yamlLine(s, at, end)
		if l.end > l.start && yamlKind.MatchString(strings.TrimLeft(s[l.start:l.end], " ")) {
			kinds = append(kinds, len(lines))
		}
		lines = append(lines, l)
		at = end + 1
	}
	var spans []span
	for _, k := range kinds {
		first, last := mapping(s, lines, k)
		spans = append(spans, secretValues(s, lines[first:last], lines[k].column)...)
	}
	return spans
}

func yamlLine(s string, start, end int) line {
	l := line{start: start, end: end}
	text := s[start:end]
	rest := strings.TrimLeft(text, " ")
	for strings.HasPrefix(rest, "- ") {
		l.item = true
		rest = strings.TrimLeft(rest[2:], " ")
	}
	l.column = len(text) - len(rest)
	l.blank = strings.TrimSpace(rest) == ""
	return l
}

// maxMapping bounds how many lines of one object are looked at, in each direction.
const maxMapping = 20_000

// mapping returns the lines of the mapping that has a key on line k: those around it that are not less indented, up to a new item
// of the list it is in or a new document.
func mapping(s string, lines []line, k int) (first, last int) {
	column := lines[k].column
	inside := func(l line) bool {
		return l.blank || l.column >= column && !strings.HasPrefix(s[l.start:l.end], "---")
	}
	starts := func(l line) bool { return l.item && l.column == column }
	first = k
	for !starts(lines[first]) && first > 0 && k-first < maxMapping && inside(lines[first-1]) {
		first--
	}
	last = k + 1
	for last < len(lines) && last-k < maxMapping && inside(lines[last]) && !starts(lines[last]) {
		last++
	}
	return first, last
}

var (
	yamlData  = regexp.MustCompile(`^(?:- )*(?:data|stringData):[ \t]*(\{.*)?\r?$`)
	yamlValue = regexp.MustCompile(`^[^:\s]+:[ \t]+([^\s].*?)[ \t\r]*$`)
	yamlBlock = regexp.MustCompile(`^[|>][-+0-9]*(?:[ \t]*#.*)?$`)
)

// secretValues finds the values under the data of one Secret whose keys stand at column.
func secretValues(s string, lines []line, column int) []span {
	var spans []span
	in := false
	keys := 0 // the column of the keys under data
	add := func(start, end int) {
		if start, end = trim(s, start, end); start < end {
			spans = append(spans, span{start, end, secretRule, 0})
		}
	}
	for _, l := range lines {
		text := s[l.start:l.end]
		trimmed := strings.TrimLeft(text, " ")
		switch {
		case l.blank:
		case l.column == column:
			m := yamlData.FindStringSubmatchIndex(trimmed)
			in, keys = m != nil, 0
			if in && m[2] >= 0 && trimmed[m[2]:] != "{}" {
				add(l.start+len(text)-len(trimmed)+m[2], l.end)
			}
		case in && keys == 0, in && l.column == keys:
			keys = l.column
			if m := yamlValue.FindStringSubmatchIndex(trimmed); m != nil && !yamlBlock.MatchString(trimmed[m[2]:m[3]]) {
				at := l.start + len(text) - len(trimmed)
				add(at+m[2], at+m[3])
			}
		case in: // a block scalar's line, or a folded one's
			add(l.start, l.end)
		}
	}
	return spans
}
