package logs

import (
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// Bounds on what is read and what comes of it.
const (
	maxBytes   = 1 << 20 // of the text, its end
	maxLines   = 20000
	maxLooked  = 2000 // places with a telling word that are looked at, the newest first, those that look alike once
	maxMeant   = 400  // lines whose meaning is tried
	maxFacts   = 16
	maxEntries = 64
	maxTelling = 8   // lines
	maxTold    = 760 // bytes, in all
	frames     = 3
	maxCauses  = 2   // between an error's head and its innermost cause
	maxShapes  = 256 // of errors that are counted, each alike
	maxRepeats = 8
	maxGlad    = 200 // lines that say what has gone well, the newest
	maxListens = 32  // lines that may say where the program listens, the newest
)

// Reading is what a log says. The zero value is that of an empty log.
type Reading struct {
	Telling []string // the lines that tell why, in their order, at most 8 and some hundred bytes; the last ones if none stands out
	Last    string   // the one of them for a title, without stamp and level; empty for an empty log
	Quiet   bool     // nothing in the log complains: Telling is merely its end
	Facts   []Fact   // each once; those that tell why come first, then the newest

	Repeats []Repeat   // the errors that it says again and again, the most frequent first
	Once    []Repeat   // those that it says once or twice, the newest first, by their level or for nobody caught them
	Waits   string     // its last line, where that says what the program waits for
	Listens []Listener // where the program says that it listens, each once, in the log's order
}

// Read finds in a log's tail what tells why its program ended. It never fails, and takes some milliseconds at most, whatever the text.
func Read(text string) Reading {
	d := newDocument(text)
	if len(d.lines) == 0 {
		return Reading{}
	}
	entries := d.entries()
	repeats, once := d.repeats()
	listens, waits := d.listeners(), d.waitsFor()
	best := -1
	for i, e := range entries { // the newest first
		if best < 0 || e.score > entries[best].score {
			best = i
		}
	}
	if best < 0 || entries[best].score < enoughToTell-1 {
		r := d.end()
		r.Repeats, r.Once, r.Listens, r.Waits = repeats, once, listens, waits
		return r
	}
	r := Reading{Repeats: repeats, Once: once, Listens: listens, Waits: waits, Last: entries[best].text, Telling: d.tell(entries, best)}
	r.Facts = d.collect(entries[best].from, entries[best].to)
	return r
}

// tellsFrom is how many lines before the telling place can still belong to it: many programs complain first and then give up.
const tellsFrom = 5

// end is the reading of a log that does not complain.
func (d *document) end() Reading {
	last := d.lines[max(0, len(d.lines)-4):]
	r := Reading{Quiet: true, Last: clip.Middle(strings.TrimSpace(parse(last[len(last)-1]).text), maxLine),
		Facts: d.collect(len(d.lines)-endLines, len(d.lines)-1)}
	for _, line := range last {
		r.Telling = append(r.Telling, clip.Middle(line, maxLine))
	}
	if r.Last == "" {
		r.Last = clip.Middle(strings.TrimSpace(last[len(last)-1]), maxLine)
	}
	return r
}

// document is a text on the way to its reading.
type document struct {
	lines []string // without empty ones
	marks []bool   // by line: it has a telling word, or a form's
	facts map[int][]Fact
	grave map[int]bool // of facts: their line is an error by its own level

	glad    []int    // lines that may say that something has gone well, the newest first
	listens []int    // lines that may say where the program listens, the newest first
	errors  counting // of errors
}

func newDocument(text string) *document {
	if len(text) > maxBytes {
		text = text[len(text)-maxBytes:]
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			text = text[i+1:]
		}
	}
	raw := lastLines(strings.ToValidUTF8(text, "?"), maxLines)
	d := &document{lines: make([]string, 0, len(raw)), facts: map[int][]Fact{}, grave: map[int]bool{}}
	prefixed := len(raw) > 0 && runtimePrefix.MatchString(raw[0]) && runtimePrefix.MatchString(raw[len(raw)-1])
	for _, line := range raw {
		if line = plain(line, prefixed); line != "" {
			d.lines = append(d.lines, line)
		}
	}
	d.understand()
	return d
}

// lastLines are a text's last n lines that are not empty, in order.
func lastLines(text string, n int) []string {
	var lines []string
	for len(text) > 0 && len(lines) < n {
		i := strings.LastIndexByte(text, '\n')
		if line := text[i+1:]; line != "" && line != "\r" {
			lines = append(lines, line)
		}
		text = text[:max(i, 0)]
	}
	slices.Reverse(lines)
	return lines
}

func (d *document) level(i int) level { return parse(d.lines[i]).level }

// understand marks the lines that have a word that matters, and reads the newest of those that may have a known form.
func (d *document) understand() {
	m := theMatcher()
	d.marks = make([]bool, len(d.lines))
	var (
		mayBe []int // forms
		at    int
	)
	glad, listens := false, false
	found := func(word, _ int) {
		d.marks[at] = d.marks[at] || m.telling[word] || len(m.forms[word]) > 0
		glad, listens = glad || m.glad[word], listens || m.listens[word]
		for _, f := range m.forms[word] {
			if !slices.Contains(mayBe, f) {
				mayBe = append(mayBe, f)
			}
		}
	}
	tried := 0
	for i := len(d.lines) - 1; i >= 0; i-- {
		at, mayBe = i, mayBe[:0]
		glad, listens = false, false
		d.marks[i] = klogGrave(d.lines[i])
		m.set.Scan(clip.Bytes(d.lines[i], maxRecord), found)
		if glad && len(d.glad) < maxGlad {
			d.glad = append(d.glad, i)
		}
		if listens && len(d.listens) < maxListens {
			d.listens = append(d.listens, i)
		}
		if len(mayBe) > 0 && tried < maxMeant {
			tried++
			slices.Sort(mayBe)
			d.readForms(m, i, mayBe)
		}
	}
}

// readForms reads line i by the forms whose words it has; the first of each kind that fits counts. What a line says that is not meant as a
// complaint is taken for one only where it is about the network: many programs try again there and say so quietly.
func (d *document) readForms(m *matcher, i int, mayBe []int) {
	line := d.lines[i]
	r := parse(line)
	if len(line) != len(r.text) && (strings.HasPrefix(line, "{") || r.level != unknown) {
		line = r.text
	}
	before := ""
	if i > 0 {
		before = d.lines[i-1]
	}
	var seen []Kind
	for _, f := range mayBe {
		kind := forms[f].kind
		if r.level == quiet && !kind.Network() || slices.Contains(seen, kind) || kind.Network() && slices.ContainsFunc(seen, Kind.Network) {
			continue
		}
		fact, ok := m.read(f, before, line)
		if !ok {
			continue
		}
		seen = append(seen, kind)
		fact.Says = clip.Middle(strings.TrimSpace(r.text), maxLine)
		if said := d.show(i, line); said != line {
			fact.Line = strings.Replace(fact.Line, clip.Middle(line, maxFact), clip.Middle(said, maxFact), 1)
		}
		if kind.Network() {
			if (kind == ConnectionTimeout || kind == ConnectionRefused) && lookedUp.MatchString(line) {
				fact.Kind = NameUnresolved
			}
			if fact.Host == "" && !d.whom(&fact, i, line) {
				continue
			}
		}
		d.facts[i] = append(d.facts[i], fact)
		d.grave[i] = r.level >= failure
	}
}

// whom finds the host that a complaint is about: on its line, or on the two above, for many programs say whom they called on one line and
// why it failed on the next.
func (d *document) whom(f *Fact, i int, line string) bool {
	if f.Host, f.Port = hostIn(line, f.Kind); f.Host != "" {
		return true
	}
	for k := i - 1; k >= 0 && k >= i-2; k-- {
		if f.Host, f.Port = hostIn(d.lines[k], f.Kind); f.Host != "" {
			f.Line = clip.Bytes(d.lines[k], maxLine) + "\n" + f.Line
			return true
		}
	}
	return false
}

// entries are what tells something, the newest first, each shape once.
func (d *document) entries() []entry {
	var (
		found  []entry
		shapes = map[uint64]int{} // of lines and of texts: the entry, or -1 for what tells nothing
		limit  = len(d.lines)
		looked = 0
	)
	for i := len(d.lines) - 1; i >= 0 && looked < maxLooked; i-- {
		if !d.marks[i] || i >= limit {
			continue
		}
		from, to := d.block(i, limit)
		limit = from
		line := shape(d.lines[to])
		if k, again := shapes[line]; again && from == to {
			if k >= 0 {
				found[k].count++
			}
			d.errors.again(line, from)
			continue
		}
		looked++
		e, ok := d.judge(from, to)
		if !ok {
			if from == to {
				shapes[line] = -1
			}
			continue
		}
		d.count(e, line)
		s := shape(e.text)
		if k, again := shapes[s]; again && k >= 0 {
			found[k].count++
			continue
		}
		if len(found) < maxEntries {
			if from == to {
				shapes[line] = len(found)
			}
			shapes[s] = len(found)
			found = append(found, e)
		}
	}
	return found
}

// collect lists the facts, each once, those that tell why first, then the newest. Those of the telling place do; and what is said around it
// or after it as an error, or of others that the program needs. A warning beside it need not.
func (d *document) collect(from, to int) []Fact {
	var telling, others []Fact
	for i := len(d.lines) - 1; i >= 0; i-- {
		for _, f := range d.facts[i] {
			if slices.ContainsFunc(telling, f.Same) {
				continue
			}
			f.Telling = i >= from && i <= to || i >= from-tellsFrom && (d.grave[i] || f.Kind.Network() || f.Kind == Forbidden)
			again := slices.ContainsFunc(others, f.Same)
			switch {
			case f.Telling:
				telling = append(telling, f)
				if again { // it was said after the telling place as well
					others = slices.DeleteFunc(others, f.Same)
				}
			case !again:
				others = append(others, f)
			}
		}
	}
	all := precise(append(telling, others...))
	return all[:min(len(all), maxFacts)]
}

// precise leaves out what is vague beside what says the same with a name.
func precise(all []Fact) []Fact {
	type said struct {
		kind    Kind
		telling bool
	}
	named := map[said]bool{}
	for _, f := range all {
		if !f.vague() {
			named[said{f.Kind, f.Telling}] = true
		}
	}
	return slices.DeleteFunc(all, func(f Fact) bool { return f.vague() && named[said{f.Kind, f.Telling}] })
}
