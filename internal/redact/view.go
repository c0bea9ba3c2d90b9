package redact

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// view is a text as it is looked at: without what hides a secret from a reader of rules, and with the way back to the text itself.
type view struct {
	s          string
	start, end []int32 // by byte of s: the bounds of what it stands for; nil: s is the text itself
}

// levels bounds how often escapes are undone: JSON in JSON in JSON is as deep as logs go.
const levels = 4

// views calls look with the text as it reads, then once more for each level of escapes that it has.
func views(s string, look func(view)) {
	v := rewrite(view{s: s}, plainly)
	look(v)
	for range levels {
		lines := v.escapedLines()
		next := rewrite(lines, unescaped)
		if len(next.s) == len(lines.s) {
			return
		}
		v = rewrite(next, plainly)
		look(v)
	}
}

// escapedLines is the view without the lines that have no escapes: they have been looked at.
func (v view) escapedLines() view {
	var b strings.Builder
	var out view
	for at := 0; at < len(v.s); {
		end := len(v.s)
		if i := strings.IndexByte(v.s[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if strings.ContainsAny(v.s[at:end], `\%&`) {
			if out.start == nil {
				out.start, out.end = make([]int32, 0, len(v.s)-at), make([]int32, 0, len(v.s)-at)
			}
			b.WriteString(v.s[at:end])
			for i := at; i < end; i++ {
				out.add(v, i, i+1)
			}
		}
		at = end
	}
	out.s = b.String()
	return out
}

// span maps a place in the view to one in the text.
func (v view) span(p span) span {
	if v.start != nil && p.start < p.end {
		p.start, p.end = int(v.start[p.start]), int(v.end[p.end-1])
	}
	return p
}

// rewrite replaces what step finds. step returns what the text at i becomes and how many bytes of it are used, 0 if it stays.
func rewrite(v view, step func(s string, i int) (with string, used int)) view {
	var b []byte
	var out view
	copied := 0
	keep := func(to int) {
		for i := copied; i < to; i++ {
			out.add(v, i, i+1)
		}
		b = append(b, v.s[copied:to]...)
		copied = to
	}
	for i := 0; i < len(v.s); {
		with, used := step(v.s, i)
		if used == 0 {
			i++
			continue
		}
		if b == nil {
			b = make([]byte, 0, len(v.s))
			out.start, out.end = make([]int32, 0, len(v.s)), make([]int32, 0, len(v.s))
		}
		keep(i)
		for range len(with) {
			out.add(v, i, i+used)
		}
		b = append(b, with...)
		i += used
		copied = i
	}
	if b == nil {
		return v
	}
	keep(len(v.s))
	out.s = string(b)
	return out
}

func (v *view) add(of view, from, to int) {
	if of.start != nil {
		v.start, v.end = append(v.start, of.start[from]), append(v.end, of.end[to-1])
		return
	}
	v.start, v.end = append(v.start, int32(from)), append(v.end, int32(to))
}

// plainly drops what nobody sees, colours and characters without width, and makes wide characters and blanks plain ones.
func plainly(s string, i int) (string, int) {
	c := s[i]
	if c == 0 {
		return " ", 1
	}
	if c == 0x1b {
		return "", escapeSequence(s[i:])
	}
	if c < utf8.RuneSelf {
		return "", 0
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	switch {
	case r == 0x00AD, r == 0x034F, r == 0x061C, r == 0x180E, 0x200B <= r && r <= 0x200F, 0x202A <= r && r <= 0x202E, 0x2060 <= r &&
		r <= 0x206F, r == 0xFEFF, 0xFE00 <= r && r <= 0xFE0F:
		return "", n
	case r == 0x00A0, 0x2000 <= r && r <= 0x200A, r == 0x202F, r == 0x3000:
		return " ", n
	case 0xFF01 <= r && r <= 0xFF5E:
		return string(r - 0xFEE0), n
	case r == '“', r == '”', r == '„', r == '«', r == '»', r == '「', r == '」':
		return `"`, n
	}
	return "", 0
}

// escapeSequence is the length of a terminal's escape sequence.
func escapeSequence(s string) int {
	if len(s) < 2 {
		return 1
	}
	switch s[1] {
	case '[':
		for i := 2; i < len(s) && i < 40; i++ {
			if 0x40 <= s[i] && s[i] <= 0x7e {
				return i + 1
			}
			if s[i] < 0x20 || s[i] > 0x3f {
				return i
			}
		}
		return 2
	case ']':
		for i := 2; i < len(s) && i < 200; i++ {
			if s[i] == 7 {
				return i + 1
			}
			if s[i] == 0x1b {
				return i + min(2, len(s)-i)
			}
		}
		return 2
	}
	return 1
}

var entities = map[string]string{"quot": `"`, "amp": "&", "apos": "'", "lt": "<", "gt": ">", "nbsp": " "}

// unescaped undoes one level of the escapes of JSON and YAML, of HTML and of URLs.
func unescaped(s string, i int) (string, int) {
	switch s[i] {
	case '\\':
		return backslash(s[i:])
	case '&':
		end := strings.IndexByte(s[i:min(i+10, len(s))], ';')
		if end < 2 {
			return "", 0
		}
		name := s[i+1 : i+end]
		if with, ok := entities[name]; ok {
			return with, end + 1
		}
		if name[0] == '#' {
			base, digits := 10, name[1:]
			if strings.HasPrefix(digits, "x") || strings.HasPrefix(digits, "X") {
				base, digits = 16, digits[1:]
			}
			if n, err := strconv.ParseUint(digits, base, 21); err == nil {
				return string(rune(n)), end + 1
			}
		}
	case '%':
		if i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			if n, _ := strconv.ParseUint(s[i+1:i+3], 16, 8); n == '\n' || 0x20 <= n && n < 0x7f {
				return string(rune(n)), 3
			}
		}
	}
	return "", 0
}

func backslash(s string) (string, int) {
	if len(s) < 2 {
		return "", 0
	}
	switch s[1] {
	case 'n', 'r':
		return "\n", 2
	case 't':
		return "\t", 2
	case 'e':
		if len(s) > 2 && s[2] == '[' {
			return "\x1b", 2
		}
	case '"', '\'', '/', '\\', '`':
		return s[1:2], 2
	case 'u':
		if n, ok := hexRune(s, 2, 4); ok {
			return string(n), 6
		}
	case 'x':
		if n, ok := hexRune(s, 2, 2); ok && n < 0x80 { // also \x00, the end of a string of C
			return string(n), 4
		}
	case '0':
		if strings.HasPrefix(s, `\033[`) {
			return "\x1b", 4
		}
	}
	return "", 0
}

func hexRune(s string, at, n int) (rune, bool) {
	if len(s) < at+n {
		return 0, false
	}
	v, err := strconv.ParseUint(s[at:at+n], 16, 32)
	return rune(v), err == nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
