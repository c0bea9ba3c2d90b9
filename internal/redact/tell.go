package redact

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	passwordID = "password"
	secretID   = "secret-assignment"

	byName    = 1 << 20 // the rank of what a name tells: a rule knows better what it is
	longValue = 8 << 10 // more of a value is not read; all of it goes
)

// tell looks at a telling word: what name it is in, and what value that points to.
func (f *finder) tell(word string, at int) {
	if at < f.covered || at < f.named && strings.IndexByte(word, ' ') < 0 {
		return // in a name that was looked at already
	}
	from, to := f.name(word, at)
	if from >= to || strings.HasSuffix(f.s[:from], markerOpen) {
		return
	}
	name := f.s[from:to]
	f.named = max(f.named, to)
	c, ok := f.classes[name]
	if !ok {
		if c = classify(name); f.classes == nil {
			f.classes = map[string]class{}
		}
		f.classes[name] = c
	}
	if c == silent || f.aboutSomething(from) || c == perhaps && keyFor[f.wordBefore(from)] {
		return
	}
	if c == perhaps && from > 0 && strings.IndexByte("?&", f.s[from-1]) >= 0 {
		c = session // in the query of a URL
	}
	n := naming{f: f, class: c, from: from, to: to, flag: from > 1 && f.s[from-1] == '-', upper: strings.ToUpper(name) == name &&
		len(name) > 3}
	f.table(name, c, from)
	n.values(func(v value, start, end int) bool {
		v.name, v.upper = name, n.upper
		if !v.tells(c) {
			return false
		}
		id := secretID
		if c == password {
			id = passwordID
		}
		if end-start >= longValue {
			end += wordEnd(f.s[end:])
		}
		f.spans = append(f.spans, span{start, end, id, byName})
		f.covered = max(f.covered, end)
		if m := becomes.FindStringIndex(f.s[end:min(len(f.s), end+20)]); m != nil { // a value and what it changes to
			if a, b, _ := valueAt(f.s, end+m[1]); a < b {
				f.spans = append(f.spans, span{a, b, id, byName})
			}
		}
		return true
	})
}

// name is the name that a word at a place belongs to.
func (f *finder) name(word string, at int) (from, to int) {
	s := f.s
	from, to = at, at+len(word)
	if r, _ := utf8.DecodeRuneInString(word); r >= 0x2E80 {
		return from, to // no blanks between words there
	}
	if strings.IndexByte(word, ' ') >= 0 {
		if next, _ := utf8.DecodeRuneInString(s[to:]); unicode.IsLetter(next) {
			return to, to
		}
		return from, to
	}
	for n := 0; from > 0 && n < 64; n++ {
		r, size := utf8.DecodeLastRuneInString(s[:from])
		if !inName(r) || r >= 0x2E80 {
			break
		}
		from -= size
	}
	for n := 0; to < len(s) && n < 64; n++ {
		r, size := utf8.DecodeRuneInString(s[to:])
		if !inName(r) || r >= 0x2E80 || r == '.' && strings.HasPrefix(s[to+1:], ".") || r == '-' &&
			(strings.HasPrefix(s[to+1:], ">") || strings.HasPrefix(s[to+1:], "-")) {
			break
		}
		to += size
	}
	for from < to && strings.IndexByte("-._", s[from]) >= 0 {
		from++
	}
	for to > from && strings.IndexByte("-.", s[to-1]) >= 0 {
		to--
	}
	return from, to
}

func inName(r rune) bool {
	return r == '_' || r == '-' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

var sums = regexp.MustCompile(`(?i)(?:(?:checksum|hash|sha\d*|digest|version|secretKeyRef|configMapKeyRef)[/:.]?\s?\{?|arn:aws[\w:-]*)$`)

// aboutSomething says that what stands before a name makes its value something else.
func (f *finder) aboutSomething(from int) bool {
	return from > 0 && strings.IndexByte("/:.{", f.s[from-1]) >= 0 && sums.MatchString(f.s[max(0, from-80):from])
}

var becomes = regexp.MustCompile(`^["']? (?:->|=>|→|to) `)

// wordBefore is the word before a name, if one blank is between them.
func (f *finder) wordBefore(from int) string {
	s := f.s[max(0, from-30):from]
	s, ok := strings.CutSuffix(s, " ")
	if !ok {
		return ""
	}
	return strings.ToLower(s[strings.LastIndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })+1:])
}

func (f *finder) cjk(at int) bool {
	r, _ := utf8.DecodeRuneInString(f.s[at:])
	return r >= 0x2E80
}
