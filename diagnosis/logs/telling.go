package logs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/keyword"
)

// tellingWords make a line worth a look; see wordy for what is made of it.
var tellingWords = []string{"error", "fatal", "panic", "exception", "traceback", "fail", "cannot", "can't", "could not", "couldn't",
	"unable", "denied", "refused", "no such", "not found",
	"invalid", "missing", "unknown", "killed", "uncaught", "unhandled", "abort", "emerg", "[crit", "critical", "severe", "segmentation fault",
	"sigsegv", "sigabrt", "terminate called", "crash report", "** (", "terminating",
	"not set", "required", "unexpected", "forbidden", "unauthorized", "must be", "must not", "not a directory", "is a directory",
	"not allowed", "too low", "mismatch", "incompatible", "or greater", "or newer", "or higher",
	"caused by:", "panicked", "assertion", `"level":60`, `"level":50`, `"level":"e`, `"s":"f"`, `"s":"e"`, "level=err", "level=fatal",
	"level=panic"}

var (
	// complaints denied: what programs count, configure or deny
	harmless = regexp.MustCompile(`(?i)\b(?:no|0|zero|without|without any|any|ignore|ignoring|ignored|on|handle|handles|handled) (?:errors?|failures?|failed|exceptions?|problems?|errors? found)\b` +
		`|\b(?:errors?|failures?|failed|fail|err|exceptions?|errorcount|error_count|num_errors|missing|invalid|unknown|denied|refused|skipped|retries)["']?\s*(?:[:=]|is|are|count:|rate:)\s*["']?(?:0(?:\.0+)?%?|none|null|nil|<nil>|false|no|-|\[\]|\{\}|"")(?:["',;\s)}\]]|$)` +
		`|\berror[ _-](?:log|page|handler|handling|reporting|rate|budget|level|channel|correction|template|pages|logs|handlers|boundary|middleware|tracking)\b|\b(?:exception|error|failure) (?:handler|translator|resolver|policy|detector|threshold|domain)\b|\bfail(?:ed)?[ -]?(?:over|fast|safe)\b|\bstderr\b`)
	// what comes after an error as its consequence, or would come without one
	unclosed = regexp.MustCompile(`(?i)\b(?:missing|expected|unexpected|without|no) closing\b`) // of a bracket, where routine means the end
	routine  = regexp.MustCompile(`(?i)\b(?:shutting down|shut ?down|exiting|exited|exit (?:status|code)|terminated|terminating|stopping|stopped|elifecycle|lifecycle script|command failed|aborting|gracefully|goodbye|complete log of this run|closing|crash dump|runtime terminating|did not exit normally|failed to boot|application run failed|error: script .* exited|failed to start component|context canceled|(?:printed|logged|shown|listed|reported|described|see|errors?) above)\b|^npm (?:err!|error)|^make(?:\[\d+\])?: \*\*\*|^error command failed|^\s*$`)
)

// follows is what a controller says in the end when it could not list something, which it has said before (client-go, controller-runtime).
var follows = regexp.MustCompile(`(?i)\bcaches? to (?:be )?sync`)

// complaints are words that complain where they stand as whole words: not in a path, a query or an option.
var complaints = []string{"error", "errors", "errored", "fatal", "panic", "panicked", "exception", "exceptions", "traceback", "failed",
	"fails", "failure", "cannot", "can't", "could not", "couldn't", "unable",
	"denied", "refused", "no such", "not found", "invalid", "missing", "unknown", "killed", "uncaught", "unhandled", "aborted", "aborting",
	"segmentation fault", "sigsegv", "sigabrt", "not set",
	"is required", "are required", "unexpected", "forbidden", "unauthorized", "must be", "must not", "not a directory", "is a directory",
	"not allowed", "too low", "mismatch", "incompatible", "or greater", "or newer", "or higher", "assertion"}

var complaintSet = sync.OnceValue(func() *keyword.Set { return keyword.New(complaints) })

// complains says whether a text has a word that complains. The name of an exception ("KeyError") is one.
func complains(text string) bool {
	found := false
	complaintSet().Scan(text, func(word, start int) {
		end := start + len(complaints[word])
		after := end == len(text) || !isWord(text[end]) && text[end] != '/' && text[end] != '-'
		before := start == 0 || !isWord(text[start-1]) && !strings.ContainsRune("./?&=-", rune(text[start-1]))
		name := start > 0 && isWord(text[start-1]) && text[start] == 'E'
		found = found || after && (before || name)
	})
	return found
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// wordy says whether a text complains in words, once what is harmless is taken away.
func wordy(text string) bool {
	text = clip.Bytes(text, maxRecord)
	if !complains(text) {
		return false
	}
	rest := harmless.ReplaceAllString(text, " ")
	return len(rest) == len(text) || complains(rest)
}

// lastWords are beginnings of what nobody caught: the program ended by it.
var lastWords = []string{"panic: ", "fatal error: ", "Fatal error", "Fatal Error", "FATAL ERROR:", tracebackHead, "Exception in thread ",
	"Unhandled exception", "Unhandled Exception", "Unhandled Rejection",
	"Uncaught ", "thread '", "PHP Fatal error", "terminate called", "Segmentation fault", "[UnhandledPromiseRejection", "*** ",
	"nginx: [emerg]", "SIGSEGV", "** (", "=CRASH REPORT===="}

// uncaught says whether a block's head is what nobody caught.
func uncaught(top string) bool {
	return hasPrefix(lastWords, top) || strings.Contains(top, springHead) || strings.HasSuffix(top, "Error)") && !strings.HasPrefix(top, "(")
}

// entry is what one telling place of a log says.
type entry struct {
	from, to int
	text     string // its conclusion
	level    level
	score    int
	count    int // how often it was said, going by its shape
}

// The parts of a score. A conclusion that is understood counts half a level; the log's end counts one, for what is said last is mostly
// why.
const (
	perLevel     = 2
	understood   = 1
	whole        = 1 // a trace says more than a line
	atEnd        = 2
	endLines     = 6
	farAway      = 3
	farLines     = 300
	enoughToTell = 2 * perLevel
)

// place is where in a program's files something was said, at the end of what it said.
var place = regexp.MustCompile(` (?:in|at) \(?/\S+(?::\d+| on line \d+)\)?$`)

// judge makes an entry of a block; ok is false if it tells nothing.
func (d *document) judge(from, to int) (entry, bool) {
	block := d.lines[from : to+1]
	r := parse(block[0])
	if len(r.stack) > 0 {
		block = append([]string{r.text}, r.stack...)
	}
	says := conclusion(block)
	text := r.text
	if says != block[0] {
		text = parse(says).text
	}
	if len(text) > maxLine {
		text = place.ReplaceAllString(text, "") // what it says matters more than where in the program
	}
	e := entry{from: from, to: to, text: clip.Middle(strings.TrimSpace(text), maxLine), count: 1}
	l := r.level
	meant := d.means(from, to)
	switch {
	case uncaught(r.text) || uncaught(block[0]) || strings.HasPrefix(says, "** ("):
		l = fatal
	case l == unknown && len(block) > 1 && len(ownFrames(block, 1)) > 0 && wordy(text):
		l = failure
	case l == quiet || l == unknown && !meant && !wordy(text):
		return entry{}, false
	case to == from && !meant && routine.MatchString(text) && !unclosed.MatchString(text) || follows.MatchString(text):
		l = warn
	}
	e.level = l
	// warn counts less than a complaint without a level
	class := map[level]int{warn: 1, unknown: 2, failure: 3, fatal: 4}[l]
	e.score = class * perLevel
	switch {
	case meant:
		e.score += understood
	case to == from && l >= failure && !wordy(text):
		e.score -= understood // it is an error by its mark alone
	}
	if to > from && l >= failure {
		e.score += whole
	}
	switch last := len(d.lines) - 1; {
	case last-to < endLines:
		e.score += atEnd
	case last-to > farLines && l != fatal:
		e.score -= farAway
	}
	return e, e.text != ""
}

// means says whether a line of the block has a known form.
func (d *document) means(from, to int) bool {
	for i := from; i <= to; i++ {
		if len(d.facts[i]) > 0 {
			return true
		}
	}
	return false
}

// shape is a hash of a text without what differs from one repetition to the next: its numbers.
func shape(text string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	inNumber := false
	for i := range min(len(text), maxLine) {
		c := text[i]
		if c >= '0' && c <= '9' {
			if inNumber {
				continue
			}
			inNumber, c = true, '0'
		} else {
			inNumber = false
		}
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// tell makes the lines to show: the best entry with its trace, then what else complained, the newest first, while there is room; all in
// the order of the log.
func (d *document) tell(entries []entry, best int) []string {
	type told struct {
		at    int
		lines []string
	}
	out := []told{{entries[best].from, append(d.ledTo(entries[best].from), d.excerpt(entries[best])...)}}
	lines, bytes := 0, 0
	for _, line := range out[0].lines {
		lines, bytes = lines+1, bytes+len(line)+1
	}
	for i, e := range entries {
		if i == best || e.score < enoughToTell-farAway {
			continue
		}
		line := counted(clip.Middle(d.show(e.from, e.text), 160), e.count)
		if lines+1 > maxTelling || bytes+len(line)+1 > maxTold || lines > 5 {
			break
		}
		out = append(out, told{e.from, []string{line}})
		lines, bytes = lines+1, bytes+len(line)+1
	}
	slices.SortStableFunc(out, func(a, b told) int { return a.at - b.at })
	var all []string
	for _, t := range out {
		all = append(all, t.lines...)
	}
	return all
}

// ledTo are the lines right above a telling place that complain without meaning to: what a program has tried, and why it could not, which
// it takes for an error only in what it says next.
func (d *document) ledTo(from int) []string {
	const near, most = 3, 2
	var out []string
	for i := max(0, from-near); i < from; i++ {
		if r := parse(d.lines[i]); d.marks[i] && r.level == quiet && wordy(r.text) && !passing.MatchString(r.text) {
			out = append(out, clip.Middle(d.show(i, r.text), maxLine))
		}
	}
	return out[max(0, len(out)-most):]
}

// show is a line as it stands, or what it says where it is a record that buries that.
func (d *document) show(i int, text string) string {
	if line := d.lines[i]; !strings.HasPrefix(line, "{") && strings.Contains(line, text) {
		return line
	}
	return text
}

func counted(line string, n int) string {
	if n < 2 {
		return line
	}
	return fmt.Sprintf("%s (%d times)", line, n)
}

// excerpt is an entry's head, its conclusion and the frames of the program's own.
func (d *document) excerpt(e entry) []string {
	block := d.lines[e.from : e.to+1]
	r := parse(block[0])
	top := block[0]
	if strings.HasPrefix(top, "{") || !strings.Contains(top, r.text) {
		top = r.text
	}
	if len(top) > maxLine && strings.Contains(top, e.text) {
		top = e.text // what comes before it would cut it off
	}
	if len(r.stack) > 0 {
		block = r.stack
	}
	out := []string{clip.Middle(top, maxLine)}
	for i := e.from + 1; i <= e.to && len(out) < 1+maxCauses; i++ { // what is understood on the way to the conclusion
		for _, f := range d.facts[i] {
			if line := strings.TrimSpace(d.lines[i]); !f.vague() && !strings.Contains(line, e.text) && !strings.Contains(e.text, line) &&
				!slices.ContainsFunc(d.facts[e.from], f.Same) {
				out = append(out, strings.Split(f.Line, "\n")...)
				break
			}
		}
	}
	if !strings.Contains(clip.Middle(top, maxLine), e.text) {
		out = append(out, e.text)
	}
	out[len(out)-1] = counted(out[len(out)-1], e.count)
	bytes := len(strings.Join(out, "\n"))
	for _, f := range ownFrames(block, frames) {
		f = clip.Middle(f, 120)
		if bytes += len(f) + 1; bytes > maxTold {
			break
		}
		out = append(out, f)
	}
	return out
}
