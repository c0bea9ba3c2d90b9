package redact

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/paramedic-bot/paramedic/internal/keyword"
)

// Redactor replaces secrets. Make one with [New] and share it: it is safe for concurrent use.
type Redactor struct {
	rules    *ruleSet
	keywords *keyword.Set
	byWord   [][]*rule // the rules of each keyword
	words    []string  // the keywords
	telling  []bool    // the keywords that tell of what follows them: see tell.go
	count    atomic.Int64
}

// shared is what all redactors have in common: nothing in it changes but which regular expressions are compiled already.
var shared = sync.OnceValue(func() *Redactor {
	set, err := loadRules()
	if err != nil {
		panic("redact: " + err.Error()) // the rules are embedded; a test loads them
	}
	r := &Redactor{rules: set}
	numbers := map[string]int{}
	number := func(k string) int {
		i, ok := numbers[k]
		if !ok {
			i = len(r.words)
			numbers[k] = i
			r.words, r.byWord, r.telling = append(r.words, k), append(r.byWord, nil), append(r.telling, false)
		}
		return i
	}
	for _, rule := range set.rules {
		for _, k := range rule.keywords {
			i := number(k)
			r.byWord[i] = append(r.byWord[i], rule)
		}
	}
	for _, w := range tellingWords() {
		r.telling[number(w)] = true
	}
	r.keywords = keyword.New(r.words)
	return r
})

// New returns a Redactor. The first one loads the rules, which takes some milliseconds.
func New() *Redactor {
	s := shared()
	return &Redactor{rules: s.rules, keywords: s.keywords, byWord: s.byWord, words: s.words, telling: s.telling}
}

const (
	// passes bounds how often a text is looked at again after a change: a secret that hid another one shows it. Two are usual.
	passes = 6
	// window is how much of the text a rule sees at first; a match that reaches its end is given more, up to maxWindow.
	window    = 512
	maxWindow = 64 << 10
	// around is how far back a rule that isn't anchored at its keyword looks.
	around = 256
)

// Count is how many secrets this Redactor has replaced so far.
func (r *Redactor) Count() int { return int(r.count.Load()) }

// String returns s with each secret replaced by "[REDACTED:rule-id]". As many lines come out as went in.
func (r *Redactor) String(s string) string {
	for range passes {
		spans := r.find(s)
		if len(spans) == 0 {
			break
		}
		r.count.Add(int64(len(spans)))
		s = replace(s, spans)
	}
	return s
}

// Bytes is String for bytes. The result may be b itself if nothing was found; b is never changed.
func (r *Redactor) Bytes(b []byte) []byte {
	s := string(b)
	if t := r.String(s); t != s {
		return []byte(t)
	}
	return b
}

// Value redacts a value whose name is known, such as an environment variable's or a log attribute's: the name tells more than the
// value does.
func (r *Redactor) Value(name, value string) string {
	value = r.String(value)
	if !valueOf(name, rewrite(view{s: value}, plainly).s).tells(classify(name)) {
		return value
	}
	r.count.Add(1)
	return marker("named-secret") + strings.Repeat("\n", strings.Count(value, "\n"))
}

// span is a secret's place.
type span struct {
	start, end int
	id         string
	rank       int // of the rule; the lower names what overlaps
}

// find returns the secrets' places, in order and without overlap.
func (r *Redactor) find(s string) []span {
	var spans []span
	views(s, func(v view) {
		f := finder{r: r, s: v.s}
		r.keywords.Scan(v.s, f.keyword)
		f.spans = append(f.spans, secretObjects(v.s)...)
		for _, p := range f.spans {
			p = v.span(p)
			p.start, p.end = outsideMarkers(s, p.start, p.end)
			if p.start, p.end = trim(s, p.start, p.end); p.start < p.end {
				spans = append(spans, p)
			}
		}
	})
	return merge(s, spans)
}

// finder looks at one text.
type finder struct {
	r       *Redactor
	s       string
	spans   []span
	covered int              // the end of what is found so far
	classes map[string]class // of the names met so far
	named   int              // the end of the last name that was looked at
	looked  map[*rule]int    // by rules that aren't anchored: how far they have looked
}

func (f *finder) keyword(word, at int) {
	if f.r.telling[word] {
		f.tell(f.r.words[word], at)
	}
	for _, r := range f.r.byWord[word] {
		switch {
		case !r.head.anchored:
			f.search(r, at)
		case at+window <= f.covered: // inside of something long that goes away anyway
		case r.head.may(f.s, at):
			f.match(r, at)
		}
	}
}

// match tries a rule whose matches begin at its keyword. It sees one byte more, for the word boundary.
func (f *finder) match(r *rule, at int) {
	from := max(at-1, 0)
	for size := window; ; size *= 8 {
		to := min(from+size, len(f.s))
		m := r.re().FindStringSubmatchIndex(f.s[from:to])
		if m == nil {
			return
		}
		m = m[2:] // without the byte before
		if from+m[1] < to || to == len(f.s) {
			f.accept(r, from, m)
			return
		}
		if size >= maxWindow { // longer than any rule needs: all of the word goes
			f.accept(r, from, []int{m[2*group(r, m)], m[1] + wordEnd(f.s[to:])})
			return
		}
	}
}

// wordEnd is where the first white space or quote stands.
func wordEnd(s string) int {
	if i := strings.IndexAny(s, " \t\r\n\"'"); i >= 0 {
		return i
	}
	return len(s)
}

// search tries a rule around a keyword that may stand anywhere in a match.
func (f *finder) search(r *rule, at int) {
	from, to := max(at-around, 0), min(at+4*window, len(f.s))
	if looked := f.looked[r]; from < looked {
		from = min(looked, at)
	}
	for from < to {
		m := r.re().FindStringSubmatchIndex(f.s[from:to])
		if m == nil || m[1] == 0 {
			break
		}
		f.accept(r, from, m)
		from += m[1]
	}
	if f.looked == nil {
		f.looked = map[*rule]int{}
	}
	f.looked[r] = max(f.looked[r], from, at)
}

// group is the number of the group that holds the secret, 0 for all of the match.
func group(r *rule, m []int) int {
	if r.group > 0 && 2*r.group+1 < len(m) && m[2*r.group] >= 0 {
		return r.group
	}
	for g := 1; 2*g < len(m); g++ {
		if m[2*g+1] > m[2*g] {
			return g
		}
	}
	return 0
}

// accept adds the secret of a match at offset from, unless it is none after all.
func (f *finder) accept(r *rule, from int, m []int) {
	g := group(r, m)
	start, end := trim(f.s, from+m[2*g], from+m[2*g+1])
	if end-start > 2 && f.s[start] == f.s[end-1] && strings.IndexByte("\"'`", f.s[start]) >= 0 {
		start, end = start+1, end-1
	}
	if start >= end {
		return
	}
	secret := f.s[start:end]
	if r.entropy > 0 && entropy(secret) <= r.entropy {
		return
	}
	if r.looks && (isNothing(secret, false) || !looksSecret(secret) && !looksRandom(secret, true)) {
		return
	}
	first := from + m[0]
	if r.head.assignment { // win back the name's beginning
		for n := 0; first > 0 && n < 50 && (isWord(f.s[first-1]) || f.s[first-1] == '.' || f.s[first-1] == '-'); n++ {
			first--
		}
	}
	match := f.s[first : from+m[1]]
	line := f.s[lineStart(f.s, first):lineEnd(f.s, from+m[1])]
	if f.r.rules.allow.allows(secret, match, line) {
		return
	}
	for _, a := range r.allow {
		if a.allows(secret, match, line) {
			return
		}
	}
	f.spans = append(f.spans, span{start, end, r.id, r.rank})
	f.covered = max(f.covered, end)
}

// lineStart and lineEnd bound the line around a place, or a good part of a very long one.
func lineStart(s string, at int) int {
	low := max(at-window, 0)
	return low + strings.LastIndexByte(s[low:at], '\n') + 1
}

func lineEnd(s string, at int) int {
	high := min(at+window, len(s))
	if i := strings.IndexByte(s[at:high], '\n'); i >= 0 {
		return at + i
	}
	return high
}
