package logs

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// Repeat is an error that a log says again and again, in lines that are alike but for their numbers, names with numbers and times.
type Repeat struct {
	Says  string // what the newest of them says, without stamp and level
	Line  string // the newest of them, as it stands
	Whole string // the newest of them with all lines that belong to it, at most maxWhole bytes
	Times int    // in what was read of the log
	// When the oldest and the newest of what was read were said, by the lines' own stamps, taken for UTC where they name no zone: zero where
	// they have none, of the year 0 where they name none.
	First, Last time.Time
	Over, After int    // how many lines there are from the oldest to the newest, and after the newest
	Facts       []Fact // what the newest means
}

// repeated is from how often on an error counts as repeated.
const repeated = 3

// counting counts errors that are alike.
type counting struct {
	all    []tally
	byLine map[uint64]int // by the shape of a whole line
	alike  map[uint64]int // by the shape of what it says
}

type tally struct {
	newest, oldest int // the lines where they begin
	to             int // where the newest ends
	text           string
	level          level
	times          int
}

// count takes an entry for an error, if it is one: by its level, for nobody caught it, or, without a level of its own or as a warning, for
// what it means is known.
func (d *document) count(e entry, line uint64) {
	if d.errors.byLine == nil {
		d.errors.byLine, d.errors.alike = map[uint64]int{}, map[uint64]int{}
	}
	if e.level < failure && !pythonError.MatchString(e.text) && !exceptionLine.MatchString(e.text) &&
		(e.level == quiet || !d.means(e.from, e.to)) || passing.MatchString(e.text) {
		return
	}
	k := alike(e.text)
	i, again := d.errors.alike[k]
	if !again {
		if i = len(d.errors.all); i >= maxShapes {
			return
		}
		d.errors.alike[k] = i
		d.errors.all = append(d.errors.all, tally{newest: e.from, oldest: e.from, to: e.to, text: e.text, level: e.level})
	}
	d.errors.all[i].times++
	d.errors.all[i].oldest = e.from
	if e.from == e.to {
		d.errors.byLine[line] = i
	}
}

// again counts a line of a shape that was taken for an error before.
func (c *counting) again(line uint64, at int) {
	if i, ok := c.byLine[line]; ok {
		c.all[i].times++
		c.all[i].oldest = at
	}
}

// passing is what servers and controllers say, as errors or warnings, of what is nobody's trouble: a caller that went away, a scan of the
// port, two who wrote the same object and of whom one tries again (the API server's words).
var passing = regexp.MustCompile(`(?i)the object has been modified|tls handshake error from|\bcontext canceled\b|broken pipe|` +
	`client (?:has )?(?:disconnected|closed)|closed (?:by|the connection by) (?:the )?client|use of closed network connection|` +
	`while waiting for request|invalid (?:http )?request (?:line|received)|bad request (?:version|syntax)|` +
	`connection reset by peer.*(?:reading|read) (?:client|request)|client prematurely closed`)

// repeats lists the errors that nothing has ended since: those that are repeated, the most frequent first, and those that are not, by their
// level or for nobody caught them, the newest first.
func (d *document) repeats() (again, once []Repeat) {
	var successes []success
	for _, c := range d.errors.all {
		if c.times < repeated && (c.level < failure || len(once) == maxRepeats) {
			continue
		}
		if successes == nil {
			successes = append(d.successes(), success{at: -1})
		}
		switch {
		case c.ended(successes):
		case c.times < repeated:
			once = append(once, d.repeat(c))
		default:
			again = append(again, d.repeat(c))
		}
	}
	slices.SortStableFunc(again, func(a, b Repeat) int { return cmp.Compare(b.Times, a.Times) })
	return again[:min(len(again), maxRepeats)], once
}

// maxWhole bounds an error with all its lines, in bytes.
const maxWhole = 4 << 10

// mostBehind is how many lines without a head of their own may belong to the error before them.
const mostBehind = 12

// goesOnTo is the last line that belongs to the newest of an error: where it has a stamp, what has no head of its own does.
func (d *document) goesOnTo(c tally) int {
	to := c.to
	if stampOf(d.lines[c.newest]).IsZero() {
		return to
	}
	for to+1 < len(d.lines) && to-c.to < mostBehind && !ownHead(d.lines[to+1]) {
		to++
	}
	return to
}

func (d *document) repeat(c tally) Repeat {
	r := Repeat{Says: c.text, Line: clip.Middle(d.show(c.newest, d.lines[c.newest]), maxLine), Times: c.times,
		Whole: clip.Middle(strings.Join(d.lines[c.newest:d.goesOnTo(c)+1], "\n"), maxWhole),
		First: stampOf(d.lines[c.oldest]), Last: stampOf(d.lines[c.newest]), Over: c.to - c.oldest, After: len(d.lines) - 1 - c.to}
	if !strings.Contains(r.Line, r.Says) {
		r.Line = clip.Middle(d.show(c.newest, c.text), maxLine)
	}
	for i := c.newest; i <= c.to; i++ {
		for _, f := range d.facts[i] {
			if !slices.ContainsFunc(r.Facts, f.Same) && len(r.Facts) < maxFacts {
				r.Facts = append(r.Facts, f)
			}
		}
	}
	return r
}

// alike is a hash of a text without its numbers and without the words that have a number in them: ids, addresses, names of pods.
func alike(text string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	dropped := false
	for word := range wordsIn(clip.Bytes(text, maxLine)) {
		if strings.ContainsAny(word, "0123456789") {
			if !dropped {
				h = (h ^ '#') * 1099511628211
			}
			dropped = true
			continue
		}
		dropped = false
		for i := range len(word) {
			h = (h ^ uint64(word[i])) * 1099511628211
		}
		h = (h ^ ' ') * 1099511628211
	}
	return h
}

// wordsIn are what of a text is letters and digits; hyphens, dots and underscores hold names together.
func wordsIn(text string) func(yield func(string) bool) {
	inside := func(c byte) bool { return isWord(c) || c == '-' || c == '.' || c >= 0x80 }
	return func(yield func(string) bool) {
		for i := 0; i < len(text); i++ {
			if !inside(text[i]) {
				continue
			}
			end := i + 1
			for end < len(text) && inside(text[end]) {
				end++
			}
			if !yield(strings.Trim(text[i:end], ".-")) {
				return
			}
			i = end
		}
	}
}

// gladWords mark the lines that may say that something has gone well.
var gladWords = []string{"success", "succeeded", "connected", "established", "recovered", "restored", "started", "ready", "synced",
	"available", "acquired", "joined", "resolved", "reloaded", "completed", "healthy"}

// glad is a word that says so as a whole, and not that it is not so.
var glad = regexp.MustCompile(`(?i)(?:^|[^\w-])(?:success(?:ful|fully)?|succeeded|(?:re)?connected|established|recovered|restored|started|ready|` +
	`synced|available|acquired|joined|resolved|reloaded|completed|healthy)\b`)

var notGlad = regexp.MustCompile(`(?i)\b(?:not|no|never|un\w+|until|when|waiting|isn't|wasn't|aren't|if|yet|0)\b`)

// success is a line that says that something has gone well.
type success struct {
	at            int
	verb, matters []string // the stems of what it says at all, and of what it says beside the words that it went well
}

// successes are the lines that say so, of no bad level and without a but, the newest first.
func (d *document) successes() []success {
	var out []success
	for _, i := range d.glad {
		r := parse(d.lines[i])
		if r.level >= warn || !glad.MatchString(r.text) || notGlad.MatchString(r.text) || wordy(r.text) {
			continue
		}
		out = append(out, success{i, stems(r.text), stems(glad.ReplaceAllString(r.text, " "))})
	}
	return out
}

// ended says whether what failed has gone well since: a later line says so of the same. Where the log has such lines between its errors
// too, it goes wrong again and again.
func (c tally) ended(successes []success) bool {
	after, problem := false, stems(c.text)
	for _, x := range successes { // the newest first
		if x.at < c.oldest {
			break
		}
		if x.at >= c.newest && x.at <= c.to || !x.about(problem) {
			continue
		}
		if x.at < c.newest {
			return false
		}
		after = true
	}
	return after
}

// about says whether a line that something has gone well is about what an error is about: they share a word beside the verb; or the verb,
// where the line has no other.
func (x success) about(problem []string) bool {
	shares := func(s string) bool { return slices.Contains(problem, s) }
	if len(x.matters) == 0 {
		return slices.ContainsFunc(x.verb, shares)
	}
	return slices.ContainsFunc(x.matters, shares)
}

// plainWords say nothing of what a line is about.
var plainWords = []string{"error", "failed", "failu", "canno", "could", "unabl", "with", "from", "after", "while", "server", "serve",
	"servi", "port", "clien", "appli", "info", "that", "this", "have", "been", "again", "retry", "retri", "attem",
	"the", "now", "into", "time", "secon"}

// stems are the beginnings of a text's words that mean something.
func stems(text string) []string {
	var out []string
	for w := range wordsIn(strings.ToLower(clip.Bytes(text, maxLine))) {
		if len(w) < 4 || strings.Trim(w, "0123456789.-_") == "" {
			continue
		}
		w = w[:min(len(w), 5)]
		if !slices.Contains(plainWords, w) && len(out) < 64 {
			out = append(out, w)
		}
	}
	return out
}
