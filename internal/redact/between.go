package redact

import (
	"regexp"
	"slices"
	"strings"
)

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

// taker is given a value and where it stands, and says whether it is one to take.
type taker func(v value, start, end int) bool

// values calls take with the values that the name may point to, in order, until take says that one is.
func (n naming) values(take taker) {
	s, to := n.f.s, n.to
	rest := s[to:min(len(s), to+4096)]
	head := rest[:min(len(rest), 200)]
	if rest == "" || n.inMarkup(rest, head, take) || n.marked(head, take) || n.inserted(take) || n.assigned(head, take) ||
		n.argument(head, take) {
		return
	}
	if m := dots.FindStringIndex(onlyIf(strings.Contains(head, "..."), head)); m != nil {
		n.at(to+m[1], assigned, take)
		return
	}
	if n.option(head, take) {
		return
	}
	if m := gap.FindStringIndex(head); m != nil && (!strings.Contains(head[:m[1]], "|") || strings.Contains(s[lineStart(s, n.from):n.from],
		"|")) {
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

// The following look for one way in which a value can stand after its name. They say whether it stands so, and no other way need be tried.

// inMarkup finds the text of an element, or what an attribute names.
func (n naming) inMarkup(rest, head string, take taker) bool {
	s, to := n.f.s, n.to
	if n.from > 0 && (s[n.from-1] == '<' || s[n.from-1] == ':') {
		if m := element.FindStringSubmatchIndex(rest); m != nil &&
			(strings.HasPrefix(rest[m[1]:], "<") || strings.HasPrefix(rest[m[1]:], "]]>") || !strings.Contains(rest[m[2]:m[3]], " ")) {
			take(value{text: rest[m[2]:m[3]], quoted: true}, to+m[2], to+m[3])
			return true
		}
	}
	if m := attribute.FindStringSubmatchIndex(onlyIf(quoteBegins(head) && strings.IndexByte(head, '>') >= 0, rest)); m != nil &&
		take(value{text: rest[m[2]:m[3]], quoted: true}, to+m[2], to+m[3]) {
		return true
	}
	m := element2.FindStringSubmatchIndex(onlyIf(strings.Contains(head, "alue>"), rest))
	return m != nil && take(value{text: rest[m[2]:m[3]], quoted: true}, to+m[2], to+m[3])
}

func quoteBegins(s string) bool { return s[0] == '"' || s[0] == '\'' }

// marked finds what a name's value is marked as: by a pair of name and value, by bold type, by the type in a registry, by a tuple.
func (n naming) marked(head string, take taker) bool {
	if m := pair.FindStringIndex(onlyIf(slices.ContainsFunc([]string{"alue", "ontent", "efault", "esult"}, func(word string) bool {
		return strings.Contains(head, word)
	}), head)); m != nil && n.at(n.to+m[1], assigned, take) {
		return true
	}
	if m := bold.FindStringIndex(onlyIf(strings.IndexByte("*_:", head[0]) >= 0, head)); m != nil {
		n.at(n.to+m[1], assigned, take)
		return true
	}
	if m := typeWord.FindStringIndex(onlyIf(strings.Contains(head, "REG_"), head)); m != nil {
		n.at(n.to+m[1], assigned, take)
		return true
	}
	if m := tuple.FindStringIndex(onlyIf(head[0] == ',', head)); m != nil && n.from > 0 && n.f.s[n.from-1] == '{' {
		n.at(n.to+m[1]-1, assigned, take)
		return true
	}
	return false
}

// assigned finds what an operator assigns, or compares.
func (n naming) assigned(head string, take taker) bool {
	m := operator.FindStringIndex(head)
	if m == nil {
		return false
	}
	op := strings.TrimLeft(head[:m[1]], "\\\"'`]) \t")
	how := assigned
	if glued := head[m[1]:]; op == "==" && n.class == password && glued != "" && glued[0] != ' ' {
		m[1]--
	} else if op == "==" || op == "===" || strings.HasPrefix(op, "!") || op == "=~" {
		how = compared
	}
	if !n.at(n.to+m[1], how, take) && how == assigned && !n.said(head, take) {
		n.announced(head, take)
	}
	return true
}

// argument finds what follows in a list, or is handed to a function that is named so.
func (n naming) argument(head string, take taker) bool {
	s, to := n.f.s, n.to
	if m := list.FindStringSubmatchIndex(onlyIf(quoteBegins(head) || head[0] == '\\', head)); m != nil {
		how := listed
		if n.flag {
			how = assigned
		}
		if how != assigned || !strings.HasPrefix(s[to+m[2]+1:], "-") {
			n.at(to+m[2], how, take)
		}
		return true
	}
	if m := setter.FindStringSubmatchIndex(onlyIf(head[0] == '(', head)); m != nil && n.class >= secret {
		n.at(to+m[2], setterSign(s[n.from:to]), take)
		return true
	}
	return false
}

// option finds what follows an option of a command line, after a blank or on the next line.
func (n naming) option(head string, take taker) bool {
	if !n.flag && !requires[strings.ToLower(n.f.s[n.from:n.to])] {
		return false
	}
	if m := nextLine.FindStringIndex(head); m != nil {
		n.at(n.to+m[1], assigned, take)
		return true
	}
	if head[0] == ' ' && !strings.HasPrefix(strings.TrimLeft(head, " "), "-") {
		n.at(n.to, assigned, take)
		return true
	}
	return false
}

// setterSign is how sure it is that setPassword("x") sets one; getSecret("x") asks for one by its name.
func setterSign(name string) sign {
	low := strings.ToLower(name)
	if strings.HasPrefix(low, "get") || strings.HasPrefix(low, "find") || strings.HasPrefix(low, "read") || strings.HasPrefix(low, "fetch") ||
		strings.HasPrefix(low, "lookup") {
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

// said looks for what a sentence says that the value is.
func (n naming) said(head string, take taker) bool {
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
func (n naming) announced(head string, take taker) bool {
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
func (n naming) inserted(take taker) bool {
	s := n.f.s
	before := s[max(0, n.from-200):n.from]
	if strings.IndexByte(before, '(') < 0 || !strings.Contains(before, "into") && !strings.Contains(before, "INTO") &&
		!strings.Contains(before, "Into") {
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
var notIt = set("fingerprint id name names length path file files expires expired expiry type version age policy url hash checksum count " +
	"limit digest size format host port length, user, index")

// inTable takes the word in the next column.
func (n naming) inTable(at int, take taker) {
	s := n.f.s
	start := lineStart(s, n.from)
	end := lineEnd(s, at)
	cell := strings.TrimRight(s[at:end], " \t\r|")
	how := spoken
	if strings.EqualFold(s[n.from:n.to], "pass") {
		n.at(at, how, take)
		return
	}
	if strings.TrimSpace(strings.Trim(s[start:n.from], "|- \t")) == "" && !strings.ContainsAny(cell, " \t") &&
		(n.class == password || n.upper) {
		how = assigned
	}
	n.at(at, how, take)
}
