package redact

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync"
)

// rule is one kind of secret.
type rule struct {
	id       string
	rank     int // its place in the list, from 1
	group    int // the group that holds the secret; 0: the first that is not empty, or else all of the match
	entropy  float64
	looks    bool // what is found has to look like a secret
	allow    []allowlist
	keywords []string
	head     head
	re       func() *regexp.Regexp // compiled when first asked for
}

// allowlist holds what looks like a secret and is none.
type allowlist struct {
	target  string // "", "match" or "line"
	regexes func() []*regexp.Regexp
	stops   []string // lower case; a secret that contains one is none
}

func (a allowlist) allows(secret, match, line string) bool {
	target := secret
	switch a.target {
	case "match":
		target = match
	case "line":
		target = line
	}
	for _, re := range a.regexes() {
		if re.MatchString(target) {
			return true
		}
	}
	low := strings.ToLower(secret)
	for _, w := range a.stops {
		if strings.Contains(low, w) {
			return true
		}
	}
	return false
}

// identifier is how gitleaks' rules for assignments begin: with the rest of the name before the keyword. It finds no other secrets
// and costs most of the time, so that it is cut off; match wins it back for allow lists.
var identifier = regexp.MustCompile(`^(\(\?i\))?\[\\w\.-\]\{0,50\}\?`)

func newRule(t tomlRule) (*rule, error) {
	r := &rule{id: t.ID, group: t.SecretGroup, entropy: t.Entropy, looks: t.Looks}
	for _, k := range t.Keywords {
		r.keywords = append(r.keywords, strings.ToLower(k))
	}
	if len(r.keywords) == 0 {
		return nil, fmt.Errorf("rule %q has no keywords; without one it would run everywhere", t.ID)
	}
	for _, l := range t.Allowlists {
		a, ok, err := newAllowlist(l)
		if err != nil {
			return nil, fmt.Errorf("rule %q: %w", t.ID, err)
		}
		if ok {
			r.allow = append(r.allow, a)
		}
	}
	expr := t.Regex
	assignment := identifier.MatchString(expr)
	if assignment {
		expr = identifier.ReplaceAllString(expr, "$1")
	}
	var err error
	if r.head, err = newHead(expr, r.keywords); err != nil {
		return nil, fmt.Errorf("rule %q: %w", t.ID, err)
	}
	r.head.assignment = assignment
	if r.head.anchored {
		expr = `\A[\s\S]?(` + expr + `)` // the byte before is there for \b
	}
	r.re = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
	return r, nil
}

func newAllowlist(t tomlAllowlist) (a allowlist, ok bool, err error) {
	if strings.EqualFold(t.Condition, "AND") && len(t.Paths)+len(t.Commits) > 0 {
		return a, false, nil // there are no paths here, so that it never allows
	}
	if a.regexes, err = lazily(t.Regexes); err != nil {
		return a, false, err
	}
	a.target = t.RegexTarget
	for _, w := range t.StopWords {
		a.stops = append(a.stops, strings.ToLower(w))
	}
	return a, len(t.Regexes)+len(a.stops) > 0, nil
}

// lazily compiles expressions when they are first asked for, having checked that they are.
func lazily(exprs []string) (func() []*regexp.Regexp, error) {
	for _, e := range exprs {
		if _, err := parse(e); err != nil {
			return nil, err
		}
	}
	return sync.OnceValue(func() []*regexp.Regexp {
		res := make([]*regexp.Regexp, len(exprs))
		for i, e := range exprs {
			res[i] = regexp.MustCompile(e)
		}
		return res
	}), nil
}

// entropy is Shannon's, in bits for a byte, as gitleaks measures it.
func entropy(s string) float64 {
	if s == "" {
		return 0
	}
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	h := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(s))
			h -= p * math.Log2(p)
		}
	}
	return h
}
