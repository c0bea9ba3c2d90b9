package redact

import (
	"regexp/syntax"
	"strings"
)

// head is what can be told about a match from its first bytes, before the regular expression runs.
type head struct {
	anchored   bool // every match begins with a keyword
	boundary   bool // a match begins at a word boundary
	assignment bool // an operator follows the name soon
	literals   []literal
}

// literal is how a match begins; lower case if fold is set.
type literal struct {
	text string
	fold bool
}

const maxLiterals = 64

func parse(expr string) (*syntax.Regexp, error) { return syntax.Parse(expr, syntax.Perl) }

func newHead(expr string, keywords []string) (head, error) {
	re, err := parse(expr)
	if err != nil {
		return head{}, err
	}
	h := head{boundary: boundary(re)}
	lits, _ := prefixes(re)
	for _, l := range lits {
		if !hasKeyword(l.text, keywords) {
			return h, nil
		}
	}
	h.anchored, h.literals = len(lits) > 0, lits
	return h, nil
}

func hasKeyword(text string, keywords []string) bool {
	low := strings.ToLower(text)
	for _, k := range keywords {
		if strings.HasPrefix(low, k) {
			return true
		}
	}
	return false
}

// may says whether a match can begin at s[at:].
func (h *head) may(s string, at int) bool {
	if h.boundary && at > 0 && isWord(s[at-1]) == isWord(s[at]) {
		return false
	}
	found := false
	for _, l := range h.literals {
		if l.fold && foldPrefix(s[at:], l.text) || !l.fold && strings.HasPrefix(s[at:], l.text) {
			found = true
			break
		}
	}
	return found && (!h.assignment || operatorFollows(s[at:]))
}

// operatorFollows says whether nothing but a name, spaces and quotes stand between here and an operator such as "=" or ":".
func operatorFollows(s string) bool {
	for i := range min(len(s), 80) {
		switch c := s[i]; {
		case isWord(c), c == '.', c == '-', c == ' ', c == '\t', c == '\n', c == '\r', c == '"', c == '\'', c == '\\':
		default:
			return strings.IndexByte("=>:|?,", c) >= 0
		}
	}
	return false
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// boundary says whether every match begins with \b.
func boundary(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpWordBoundary:
		return true
	case syntax.OpCapture, syntax.OpConcat:
		return boundary(re.Sub[0])
	}
	return false
}

// prefixes lists how matches can begin; nil if that can't be said. Exact means that they are whole matches.
func prefixes(re *syntax.Regexp) (lits []literal, exact bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpBeginText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []literal{{}}, true
	case syntax.OpLiteral:
		return literals(re), true
	case syntax.OpCharClass:
		return classLiterals(re.Rune), true
	case syntax.OpCapture:
		return prefixes(re.Sub[0])
	case syntax.OpQuest:
		lits, exact = prefixes(re.Sub[0])
		if lits == nil {
			return nil, false
		}
		return append(lits, literal{}), exact
	case syntax.OpAlternate:
		exact = true
		for _, sub := range re.Sub {
			l, e := prefixes(sub)
			if l == nil || len(lits)+len(l) > maxLiterals {
				return nil, false
			}
			lits, exact = append(lits, l...), exact && e
		}
		return lits, exact
	case syntax.OpConcat:
		return concat(re.Sub)
	}
	return nil, false
}

func concat(subs []*syntax.Regexp) ([]literal, bool) {
	lits := []literal{{}}
	for _, sub := range subs {
		more, exact := prefixes(sub)
		if more == nil || len(lits)*len(more) > maxLiterals {
			return lits, false
		}
		var cross []literal
		for _, a := range lits {
			for _, b := range more {
				l := literal{a.text + b.text, a.fold || b.fold}
				if l.fold {
					l.text = strings.ToLower(l.text)
				}
				cross = append(cross, l)
			}
		}
		lits = cross
		if !exact {
			return lits, false
		}
	}
	return lits, true
}

func literals(re *syntax.Regexp) []literal {
	if re.Flags&syntax.FoldCase != 0 {
		return []literal{{strings.ToLower(string(re.Rune)), true}}
	}
	return []literal{{string(re.Rune), false}}
}

// classLiterals spells a small class out.
func classLiterals(ranges []rune) []literal {
	var lits []literal
	for i := 0; i < len(ranges); i += 2 {
		for c := ranges[i]; c <= ranges[i+1]; c++ {
			if len(lits) == 8 {
				return nil
			}
			lits = append(lits, literal{text: string(c)})
		}
	}
	return lits
}

// foldPrefix reports whether s begins with the lower-case prefix, ASCII case aside.
func foldPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
