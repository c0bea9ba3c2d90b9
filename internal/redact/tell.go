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
	n := naming{f: f, class: c, from: from, to: to, flag: from > 1 && f.s[from-1] == '-', upper: strings.ToUpper(name) == name && len(name) > 3}
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
		if !inName(r) || r >= 0x2E80 || r == '.' && strings.HasPrefix(s[to+1:], ".") || r == '-' && (strings.HasPrefix(s[to+1:], ">") || strings.HasPrefix(s[to+1:], "-")) {
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

// naming is a name in a text that points to a value.
type naming struct {
	f        *finder
	class    class
	from, to int
	flag     bool // begins with "-"
	upper    bool
}

var (
	element   = regexp.MustCompile(`^(?:\s+[\w:.-]+="[^"<>]*"){0,4}\s*>\s*(?:<!\[CDATA\[)?([^<\n\]]{1,1000})`)
	attribute = regexp.MustCompile(`^["']\s*>\s*(?:<!\[CDATA\[)?([^<\n\]]{1,1000})<`)
	pair      = regexp.MustCompile(`^["']?[\s,;:{]*(?:"[\w.-]+"\s*\{\s*)?(?:["']?[\w.-]{1,30}["']?\s*[:=]\s*["']?[\w./:-]{0,40}["']?[\s,;]+){0,3}["']?(?:value|content|default|result|values)["']?\s*[:=]\s*`)
	operator  = regexp.MustCompile(`^(?:\\?["'\x60])?[\])]{0,2}[ \t]{0,60}(?:=>|→|:=|->|~>|<-|\?=|\+=|={1,3}|!={1,2}|=~|::|:|—|–|=)`)
	element2  = regexp.MustCompile(`(?i)^[^<>\n]{0,80}>\s*<value>([^<\n]{1,1000})<`)
	list      = regexp.MustCompile(`^\\?["']\)?\s{0,40},\s{0,40}\\?(["'])`)
	particles = regexp.MustCompile(`^[\p{Han}\p{Hiragana}\p{Hangul}]{0,6}[ :=]*`)
	dots      = regexp.MustCompile(`^[ \t]?\.{3,}[ \t]?(?:[:=][ \t]*)?`)
	lastWord  = regexp.MustCompile(`^[^\n]{0,120}:[ \t]+(["']?)[^\s"']+["']?[ \t]*$`)
	colonEnd  = regexp.MustCompile(`^[^\n]{0,90}:[ \t]*\n`)
	typeWord  = regexp.MustCompile(`^[ \t]+REG_(?:SZ|EXPAND_SZ|MULTI_SZ|BINARY)[ \t]+`)
	tuple     = regexp.MustCompile(`^,\s?(?:<<)?["']`)
	gap       = regexp.MustCompile(`^(?:[ \t]*\|[ \t]+|(?:  +|[ \t]*\t[ \t]*)(?:\| *)?)`)
	nextLine  = regexp.MustCompile(`^["']?,?[ \t]*\n[ \t]*(?:- )?["']?`)
	says      = regexp.MustCompile(`^["']?(?: [\p{L}\d._'-]{1,20}){0,5}?(?:: ?| [=—–→]| (?:by|is|set|from|c'est|was|are|to|now|lautet|ist|war|es|est|è|jest|å|är|er|on|=>|->|:=|has value|value|changed to))(?: (?:now|set|to|as|the|following|jetzt|nun|ahora|maintenant))*(?: ?[:=])?[ \t]+`)
	typed     = regexp.MustCompile(`^(?:(?:\[\]byte\(|Some\(|Ok\(|Just |Optional\[|String\(|<<|\((?:string|interface \{\}|\*string|\[\]uint8|\[\]string)\)|\(len=\d+\)|string\(\d+\)|&?string|[bruf]|\[\]string|!!\w+)[ ({]?)?(?:\(len=\d+\) )?`)
	bytesOf   = regexp.MustCompile(`^(?:\[\](?:u?int8|byte))?[\[{(] ?((?:0x[0-9a-fA-F]{1,2}|\d{1,3})(?:(?:, ?| )(?:0x[0-9a-fA-F]{1,2}|\d{1,3})){3,}) ?[\]})]?`)
	bold      = regexp.MustCompile(`^(?:\*{1,2}|_{1,2}):?[ \t]+|^:\*{1,2}[ \t]*`)
	setter    = regexp.MustCompile(`^\(\s*(["'])`)
	tags      = regexp.MustCompile(`^</\w+>\s*(?:<\w+[^<>]*>\s*)?`)
	block     = regexp.MustCompile(`^[|>][-+0-9]*[ \t]*(?:#[^\n]*)?\n`)
)

// values calls take with the values that the name may point to, in order, until take says that one is.
func (n naming) values(take func(v value, start, end int) bool) {
	s, to := n.f.s, n.to
	rest := s[to:min(len(s), to+4096)]
	head := rest[:min(len(rest), 200)]
	if rest == "" {
		return
	}
	if n.from > 0 && (s[n.from-1] == '<' || s[n.from-1] == ':') {
		if m := element.FindStringSubmatchIndex(rest); m != nil && (strings.HasPrefix(rest[m[1]:], "<") || strings.HasPrefix(rest[m[1]:], "]]>") || !strings.Contains(rest[m[2]:m[3]], " ")) {
			take(value{text: rest[m[2]:m[3]], quoted: true}, to+m[2], to+m[3])
			return
		}
	}
	quote := head[0] == '"' || head[0] == '\''
	if m := attribute.FindStringSubmatchIndex(onlyIf(quote && strings.IndexByte(head, '>') >= 0, rest)); m != nil && take(value{text: rest[m[2]:m[3]], quoted: true}, to+m[2], to+m[3]) {
		return
	}
	if m := element2.FindStringSubmatchIndex(onlyIf(strings.Contains(head, "alue>"), rest)); m != nil && take(value{text: rest[m[2]:m[3]], quoted: true}, to+m[2], to+m[3]) {
		return
	}
	if m := pair.FindStringIndex(onlyIf(strings.Contains(head, "alue") || strings.Contains(head, "ontent") || strings.Contains(head, "efault") || strings.Contains(head, "esult"), head)); m != nil {
		if n.at(to+m[1], assigned, take) {
			return
		}
	}
	if m := bold.FindStringIndex(onlyIf(strings.IndexByte("*_:", head[0]) >= 0, head)); m != nil {
		n.at(to+m[1], assigned, take)
		return
	}
	if m := typeWord.FindStringIndex(onlyIf(strings.Contains(head, "REG_"), head)); m != nil {
		n.at(to+m[1], assigned, take)
		return
	}
	if m := tuple.FindStringIndex(onlyIf(head[0] == ',', head)); m != nil && n.from > 0 && s[n.from-1] == '{' {
		n.at(to+m[1]-1, assigned, take)
		return
	}
	if n.inserted(take) {
		return
	}
	if m := operator.FindStringIndex(head); m != nil {
		op := strings.TrimLeft(head[:m[1]], "\\\"'`]) \t")
		how := assigned
		if glued := head[m[1]:]; op == "==" && n.class == password && glued != "" && glued[0] != ' ' {
			m[1]--
		} else if op == "==" || op == "===" || strings.HasPrefix(op, "!") || op == "=~" {
			how = compared
		}
		if n.at(to+m[1], how, take) {
			return
		}
		if how == assigned && !n.said(head, take) {
			n.announced(head, take)
		}
		return
	}
	if m := list.FindStringSubmatchIndex(onlyIf(quote || head[0] == '\\', head)); m != nil {
		how := listed
		if n.flag {
			how = assigned
		}
		if how == assigned && strings.HasPrefix(s[to+m[2]+1:], "-") {
			return
		}
		n.at(to+m[2], how, take)
		return
	}
	if m := setter.FindStringSubmatchIndex(onlyIf(head[0] == '(', head)); m != nil && n.class >= secret {
		n.at(to+m[2], setterSign(s[n.from:to]), take)
		return
	}
	if m := dots.FindStringIndex(onlyIf(strings.Contains(head, "..."), head)); m != nil {
		n.at(to+m[1], assigned, take)
		return
	}
	if n.flag || requires[strings.ToLower(s[n.from:to])] {
		if m := nextLine.FindStringIndex(head); m != nil {
			n.at(to+m[1], assigned, take)
			return
		}
		if head[0] == ' ' && !strings.HasPrefix(strings.TrimLeft(head, " "), "-") {
			n.at(to, assigned, take)
			return
		}
	}
	if m := gap.FindStringIndex(head); m != nil && (!strings.Contains(head[:m[1]], "|") || strings.Contains(s[lineStart(s, n.from):n.from], "|")) {
		n.inTable(to+m[1], take)
		return
	}
	if n.said(head, take) || n.announced(head, take) {
		return
	}
	if n.from > 0 && strings.IndexByte("/+", s[n.from-1]) >= 0 {
		return // in a path
	}
	if head[0] == ' ' || strings.HasPrefix(head, `" `) || strings.HasPrefix(head, `' `) {
		n.at(to+strings.IndexByte(head, ' '), spoken, take)
	} else if strings.IndexByte("([<{`", head[0]) >= 0 {
		n.at(to, spoken, take)
	} else if m := particles.FindStringIndex(head); m != nil && n.f.cjk(n.from) {
		n.at(to+m[1], spoken, take)
	}
}

// setterSign is how sure it is that setPassword("x") sets one; getSecret("x") asks for one by its name.
func setterSign(name string) sign {
	low := strings.ToLower(name)
	if strings.HasPrefix(low, "get") || strings.HasPrefix(low, "find") || strings.HasPrefix(low, "read") || strings.HasPrefix(low, "fetch") || strings.HasPrefix(low, "lookup") {
		return compared
	}
	return spoken
}

// onlyIf spares an expression texts that it can't match.
func onlyIf(maybe bool, s string) string {
	if maybe {
		return s
	}
	return ""
}

// requires are names whose argument follows after a blank.
var requires = set("rootpw bindpw requirepass masterauth storepass keypass insecure-password passin passout")

func (f *finder) cjk(at int) bool {
	r, _ := utf8.DecodeRuneInString(f.s[at:])
	return r >= 0x2E80
}

// said looks for what a sentence says that the value is.
func (n naming) said(head string, take func(v value, start, end int) bool) bool {
	line := head
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	if line = line[:min(len(line), 120)]; strings.IndexByte(line, ' ') < 0 {
		return false
	}
	m := says.FindStringIndex(line)
	if m == nil || n.from > 0 && strings.IndexByte("/+", n.f.s[n.from-1]) >= 0 {
		return false
	}
	for _, w := range strings.Fields(line[:m[1]]) {
		if notIt[strings.ToLower(strings.Trim(w, `:"'`))] {
			return false
		}
	}
	return n.at(n.to+m[1], spoken, take)
}

// announced looks at the end of the line, and below a line that ends in a colon: "the password for admin (change it!): x".
func (n naming) announced(head string, take func(v value, start, end int) bool) bool {
	line := head
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	if strings.IndexByte(line, ':') < 0 {
		return false
	}
	if m := lastWord.FindStringSubmatchIndex(onlyIf(n.class == password && len(line) < 199, line)); m != nil {
		return n.at(n.to+m[2], spoken, take)
	}
	if m := colonEnd.FindStringIndex(onlyIf(n.class >= secret, head)); m != nil {
		return n.below(n.to+m[1], false, spoken, take)
	}
	return false
}

var inserts = regexp.MustCompile(`(?i)insert\s+into\s+\S+\s*\(([^()]*)$`)

// inserted finds the value of a column in an INSERT.
func (n naming) inserted(take func(v value, start, end int) bool) bool {
	s := n.f.s
	before := s[max(0, n.from-200):n.from]
	if strings.IndexByte(before, '(') < 0 || !strings.Contains(before, "into") && !strings.Contains(before, "INTO") && !strings.Contains(before, "Into") {
		return false
	}
	m := inserts.FindStringSubmatch(before)
	if m == nil {
		return false
	}
	column := strings.Count(m[1], ",")
	i := strings.Index(s[n.to:], "(")
	if i < 0 {
		return false
	}
	for at := n.to + i + 1; at < len(s); {
		for at < len(s) && (s[at] == ' ' || s[at] == ',') {
			at++
		}
		if at >= len(s) {
			return false
		}
		start, end, quoted := valueAt(s, at)
		if column == 0 {
			return take(value{text: s[start:end], quoted: quoted}, start, end)
		}
		column--
		next := strings.IndexByte(s[max(end, at):], ',')
		if next < 0 {
			return false
		}
		at = max(end, at) + next
	}
	return false
}

// notIt says in a sentence that it speaks of something else than the secret itself.
var notIt = set("fingerprint id name names length path file files expires expired expiry type version age policy url hash checksum count limit digest size format host port length, user, index")

// inTable takes the word in the next column.
func (n naming) inTable(at int, take func(v value, start, end int) bool) {
	s := n.f.s
	start := lineStart(s, n.from)
	end := lineEnd(s, at)
	cell := strings.TrimRight(s[at:end], " \t\r|")
	how := spoken
	if strings.EqualFold(s[n.from:n.to], "pass") {
		n.at(at, how, take)
		return
	}
	if strings.TrimSpace(strings.Trim(s[start:n.from], "|- \t")) == "" && !strings.ContainsAny(cell, " \t") && (n.class == password || n.upper) {
		how = assigned
	}
	n.at(at, how, take)
}

// at reads the value that begins at a place, after blanks.
func (n naming) at(i int, how sign, take func(v value, start, end int) bool) bool {
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
	if m := typed.FindStringIndex(s[i:min(len(s), i+40)]); m != nil && i+m[1] < len(s) && (m[1] > 1 || m[1] == 1 && strings.IndexByte(`"'`, s[i+1]) >= 0) {
		i += m[1]
	}
	if m := bytesOf.FindStringSubmatchIndex(s[i:min(len(s), i+longValue)]); m != nil {
		return take(value{text: "bytes=" + s[i+m[2]:i+m[3]], quoted: true, sign: assigned}, i+m[2], i+m[3])
	}
	if strings.HasPrefix(s[i:], "</") {
		i += len(tags.FindString(s[i:min(len(s), i+200)]))
		if i >= len(s) {
			return false
		}
	}
	if strings.HasPrefix(s[i:], markerOpen) {
		if end := len(markers.FindString(s[i:])); end > 0 {
			i += end // what follows a marker at once belongs to the value
		}
		if i >= len(s) || strings.IndexByte(" \t\r\n\"'`,;)]}<&\\", s[i]) >= 0 {
			return false
		}
	}
	if strings.IndexByte("[(<{", s[i]) >= 0 {
		if inner := bracketed(s[i:]); inner > 0 && (i+inner+1 == len(s) || !isWord(s[i+inner+1])) {
			text := s[i+1 : i+inner]
			if q := strings.Trim(text, `"'`); len(q) == len(text)-2 && text[0] == text[len(text)-1] && (s[i] != '{' || !strings.Contains(q, `"`)) {
				return take(value{text: q, quoted: true, sign: how}, i+2, i+inner-1)
			}
			if s[i] == '{' && strings.ContainsAny(text, `:="`) {
				return false
			}
			if s[i] == '[' && how == assigned && strings.IndexByte(text, ' ') > 0 && n.class >= session { // [Bearer x]
				return false
			}
			if how == assigned {
				how = spoken
				if n.class == password && s[i] != '<' && s[i] != '{' && !strings.ContainsAny(text, " ,") && countDigits(text) == 0 && aWord.MatchString(text) && len(text) > 5 && s[i] == '[' {
					how = assigned
				}
			}
			return take(value{text: text, sign: how}, i+1, i+inner)
		}
	}
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
		if len(next) < 16 || len(next) == 200 || !wrapped.MatchString(next) || !looksRandom(next, true) || !take(value{text: next, quoted: true, sign: how}, end+1, end+1+len(next)) {
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
func (n naming) below(at int, whole bool, how sign, take func(v value, start, end int) bool) bool {
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
			if a >= b || !quoted && strings.HasPrefix(s[b:], ":") || strings.HasSuffix(s[a:b], ":") || !take(value{text: s[a:b], quoted: quoted, sign: how}, a, b) {
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
		if a >= b || !quoted && (strings.HasSuffix(s[a:b], ":") || b < stop || strings.HasPrefix(s[b:], ":")) || quoted && strings.HasPrefix(strings.TrimLeft(s[min(b+1, len(s)):], " "), ":") {
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
