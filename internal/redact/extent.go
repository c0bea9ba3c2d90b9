package redact

import (
	"regexp"
	"strings"
)

// at reads the value that begins at a place, after blanks.
func (n naming) at(i int, how sign, take taker) bool {
	s := n.f.s
	glued := i < len(s) && s[i] != ' ' && s[i] != '\t'
	if strings.HasPrefix(s[i:], "\\\n") {
		i += 2 // the line goes on
	}
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	if i >= len(s) {
		return false
	}
	if how == assigned {
		if m := block.FindStringIndex(s[i:min(len(s), i+80)]); m != nil {
			return n.below(i+m[1], true, how, take)
		}
		if s[i] == '\n' || s[i] == '\r' {
			return n.below(i+1+strings.IndexByte(s[i:], '\n'), false, how, take)
		}
	}
	if m := typed.FindStringIndex(s[i:min(len(s), i+40)]); m != nil && i+m[1] < len(s) &&
		(m[1] > 1 || m[1] == 1 && strings.IndexByte(`"'`, s[i+1]) >= 0) {
		i += m[1]
	}
	if m := bytesOf.FindStringSubmatchIndex(s[i:min(len(s), i+longValue)]); m != nil {
		return take(value{text: "bytes=" + s[i+m[2]:i+m[3]], quoted: true, sign: assigned}, i+m[2], i+m[3])
	}
	i, ok := afterMarks(s, i)
	if !ok {
		return false
	}
	if strings.IndexByte("[(<{", s[i]) >= 0 {
		if inner := bracketed(s[i:]); inner > 0 && (i+inner+1 == len(s) || !isWord(s[i+inner+1])) {
			return n.inBrackets(i, i+inner, how, take)
		}
	}
	return n.plain(i, how, glued, take)
}

// afterMarks is where the value goes on after tags that were closed, and after what was redacted before; not ok if it does not.
func afterMarks(s string, i int) (at int, ok bool) {
	if strings.HasPrefix(s[i:], "</") {
		i += len(tags.FindString(s[i:min(len(s), i+200)]))
		if i >= len(s) {
			return i, false
		}
	}
	if strings.HasPrefix(s[i:], markerOpen) {
		if end := len(markers.FindString(s[i:])); end > 0 {
			i += end // what follows a marker at once belongs to the value
		}
		if i >= len(s) || strings.IndexByte(" \t\r\n\"'`,;)]}<&\\", s[i]) >= 0 {
			return i, false
		}
	}
	return i, true
}

// inBrackets reads the value between two brackets.
func (n naming) inBrackets(opens, closes int, how sign, take taker) bool {
	s := n.f.s
	text := s[opens+1 : closes]
	if q := strings.Trim(text, `"'`); len(q) == len(text)-2 && text[0] == text[len(text)-1] && (s[opens] != '{' || !strings.Contains(q, `"`)) {
		return take(value{text: q, quoted: true, sign: how}, opens+2, closes-1)
	}
	if s[opens] == '{' && strings.ContainsAny(text, `:="`) {
		return false
	}
	if s[opens] == '[' && how == assigned && strings.IndexByte(text, ' ') > 0 && n.class >= session { // [Bearer x]
		return false
	}
	if how == assigned {
		how = spoken
		if n.class == password && s[opens] == '[' && !strings.ContainsAny(text, " ,") && countDigits(text) == 0 && aWord.MatchString(text) &&
			len(text) > 5 {
			how = assigned
		}
	}
	return take(value{text: text, sign: how}, opens+1, closes)
}

// plain reads the value that begins here, and the lines into which it was wrapped.
func (n naming) plain(i int, how sign, glued bool, take taker) bool {
	s := n.f.s
	start, end, quoted := valueAt(s, i)
	if start >= end {
		return false
	}
	v := value{text: s[start:end], quoted: quoted, sign: how}
	if !quoted {
		v.before = strings.HasPrefix(s[end:], " = ") || strings.HasPrefix(s[end:], " := ")
		v.prose = prose(s[end:]) && (!glued || how != assigned)
	}
	if !take(v, start, end) {
		return false
	}
	for !quoted && len(v.text) > 31 && end < len(s) && s[end] == '\n' { // a wrapped value
		next := s[end+1 : min(len(s), end+201)]
		if j := strings.IndexByte(next, '\n'); j >= 0 {
			next = next[:j]
		}
		if len(next) < 16 || len(next) == 200 || !wrapped.MatchString(next) || !looksRandom(next, true) ||
			!take(value{text: next, quoted: true, sign: how}, end+1, end+1+len(next)) {
			break
		}
		end += 1 + len(next)
	}
	return true
}

var wrapped = regexp.MustCompile(`^[A-Za-z0-9+/=_-]+$`)

// prose says that a sentence goes on.
func prose(s string) bool {
	s = s[:min(len(s), 40)]
	if !strings.HasPrefix(s, " ") {
		return false
	}
	w := s[1:]
	if i := strings.IndexAny(w, " \n"); i >= 0 {
		w = w[:i]
	}
	return len(w) > 1 && aWord.MatchString(w)
}

// bracketed is where the bracket closes that s begins with, on the same line; 0 if it is not the value's own.
func bracketed(s string) int {
	closing := map[byte]byte{'[': ']', '(': ')', '<': '>', '{': '}'}[s[0]]
	for i := 1; i < min(len(s), 400); i++ {
		switch s[i] {
		case closing:
			return i
		case '\n', s[0]:
			return 0
		}
	}
	return 0
}

// below reads the value in the lines below a name: of a block all that are indented more, otherwise the next.
func (n naming) below(at int, whole bool, how sign, take taker) bool {
	s := n.f.s
	indent := indentation(s[lineStart(s, n.from):])
	found := false
	for lines := 0; at < len(s) && lines < 200; lines++ {
		end := at + len(s[at:])
		if i := strings.IndexByte(s[at:], '\n'); i >= 0 {
			end = at + i
		}
		text := strings.TrimRight(s[at:end], " \t\r")
		in := indentation(text)
		if len(text) == in {
			if at = end + 1; whole || lines == 0 {
				continue
			}
			return found
		}
		if in < indent || in == indent && whole {
			return found
		}
		start, stop := at+in, at+len(text)
		if whole {
			found = take(value{text: s[start:stop], quoted: true, sign: how}, start, stop) || found
			at = end + 1
			continue
		}
		if strings.HasPrefix(s[start:], "- ") {
			a, b, quoted := valueAt(s, start+2)
			if a >= b || !quoted && strings.HasPrefix(s[b:], ":") || strings.HasSuffix(s[a:b], ":") ||
				!take(value{text: s[a:b], quoted: quoted, sign: how}, a, b) {
				return found
			}
			found = true
			at = end + 1
			continue
		}
		if found {
			return true
		}
		if in == indent && text[in] != '"' && how != spoken && (in != 0 || strings.ContainsAny(text, " :=")) {
			return false
		}
		if how == assigned && in == indent && text[in] != '"' && lines == 0 {
			how = spoken
		}
		a, b, quoted := valueAt(s, start)
		if a >= b || !quoted && (strings.HasSuffix(s[a:b], ":") || b < stop || strings.HasPrefix(s[b:], ":")) || quoted &&
			strings.HasPrefix(strings.TrimLeft(s[min(b+1, len(s)):], " "), ":") {
			return false
		}
		return take(value{text: s[a:b], quoted: quoted, sign: how}, a, b)
	}
	return found
}

func indentation(s string) int { return len(s) - len(strings.TrimLeft(s, " \t")) }

var cuts = regexp.MustCompile(`&(?:amp;)?[\w.\[\]-]+=|[,;] ?[\w.-]+[=:]|\)\(|\],? ?\w+[:=]|[})\]]+[,;]|</|\\[nrt"']|\[REDACTED:`)

// valueAt bounds the value that begins at i: a text in quotes without them, or up to the next blank or what ends it.
func valueAt(s string, i int) (start, end int, quoted bool) {
	q := s[i]
	switch q {
	case '"', '\'', '`':
		if strings.HasPrefix(s[i:], `"""`) {
			i += 2
		}
		i++
		for j := i; j < len(s) && j < i+longValue; j++ {
			switch {
			case s[j] == '\\':
				j++
			case s[j] == q && q == '\'' && j+1 < len(s) && s[j+1] == q && j > i:
				j++
			case s[j] == q:
				return i, j, true
			case s[j] == '\n':
				return i, j, false
			}
		}
		return i, min(len(s), i+longValue), true
	case '\\':
		if i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\'') {
			return i, i, false // as it reads unescaped
		}
	case ',', ';', '}', ')', ']':
		return i, i, false
	}
	j := i
	for j < len(s) && j < i+longValue && strings.IndexByte(" \t\r\n\"", s[j]) < 0 {
		if s[j] == '\'' && (j+1 == len(s) || !isWord(s[j+1])) {
			break
		}
		j++
	}
	if m := cuts.FindStringIndex(s[i:j]); m != nil && m[0] > 0 {
		j = i + m[0]
	}
	t := strings.TrimRight(s[i:j], ",;)}]>`'\\")
	if n := len(t); n > 1 && strings.HasSuffix(t, ".") && !strings.HasSuffix(t, "..") {
		t = t[:n-1]
	}
	return i, i + len(t), false
}
