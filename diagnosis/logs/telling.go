package logs

import (
	"regexp"
	"strings"
)

// tellingWords make a line worth a look; see wordy for what is made of it.
var tellingWords = []string{"error", "fatal", "panic", "exception", "traceback", "fail", "cannot", "can't", "could not", "couldn't", "unable", "denied", "refused", "no such", "not found",
	"invalid", "missing", "unknown", "killed", "uncaught", "unhandled", "abort", "emerg", "[crit", "critical", "severe", "segmentation fault", "sigsegv", "sigabrt", "terminate called",
	"not set", "required", "unexpected", "forbidden", "unauthorized", "must be", "must not", "not a directory", "is a directory", "not allowed", "too low", "mismatch", "incompatible",
	"caused by:", "panicked", "assertion", `"level":60`, `"level":50`, `"level":"e`, `"s":"f"`, `"s":"e"`, "level=err", "level=fatal", "level=panic"}

var (
	// words that complain, as whole words: not in a path, a query or an option
	complaint = regexp.MustCompile(`(?i)(?:^|[^\w./?&=-])(?:errors?|errored|fatal|panic(?:ked)?|exceptions?|traceback|failed|fails|failure|cannot|can't|could not|couldn't|unable|denied|refused|no such|not found|invalid|missing|unknown|killed|uncaught|unhandled|aborted|aborting|segmentation fault|sigsegv|sigabrt|not set|is required|are required|unexpected|forbidden|unauthorized|must be|must not|not a directory|is a directory|not allowed|too low|mismatch|incompatible|assertion)(?:[^\w/-]|$)` +
		`|\b[A-Za-z]\w*(?:Error|Exception)\b|\b[45]\d\d (?:unauthorized|forbidden|bad request|internal)|(?-i:\bE[A-Z]{4,12}\b: )`)
	// complaints denied: what programs count, configure or deny
	harmless = regexp.MustCompile(`(?i)\b(?:no|0|zero|without|without any|any|ignore|ignoring|ignored|on|handle|handles|handled) (?:errors?|failures?|failed|exceptions?|problems?|errors? found)\b` +
		`|\b(?:errors?|failures?|failed|fail|err|exceptions?|errorcount|error_count|num_errors|missing|invalid|unknown|denied|refused|skipped|retries)["']?\s*(?:[:=]|is|are|count:|rate:)\s*["']?(?:0(?:\.0+)?%?|none|null|nil|<nil>|false|no|-|\[\]|\{\}|"")(?:["',;\s)}\]]|$)` +
		`|\berror[ _-](?:log|page|handler|handling|reporting|rate|budget|level|channel|correction|template|pages|logs|handlers|boundary|middleware|tracking)\b|\b(?:exception|error|failure) (?:handler|translator|resolver|policy|detector|threshold|domain)\b|\bfail(?:ed)?[ -]?(?:over|fast|safe)\b|\bstderr\b`)
	// what comes after an error as its consequence, or would come without one
	routine = regexp.MustCompile(`(?i)\b(?:shutting down|shut ?down|exiting|exited|exit (?:status|code)|terminated|terminating|stopping|stopped|elifecycle|lifecycle script|command failed|aborting|gracefully|goodbye|complete log of this run|closing|did not exit normally|failed to boot|application run failed|error: script .* exited|failed to start component|context canceled)\b|^npm (?:err!|error)|^make(?:\[\d+\])?: \*\*\*|^error command failed|^\s*$`)
	// beginnings of what nobody caught: the program ended by it
	uncaught = regexp.MustCompile(`^(?:panic: |fatal error: |` + regexp.QuoteMeta(tracebackHead) + `|Exception in thread |Unhandled (?:[Ee]xception|[Rr]ejection)|Uncaught |thread '[^']*'(?: \(\d+\))? panicked|PHP Fatal error|Fatal error: |FATAL ERROR: |Fatal [Ee]rror|terminate called|Segmentation fault|\[?Error \[?ERR_UNHANDLED|\[?UnhandledPromiseRejection|\*\*\* |nginx: \[emerg\]|SIGSEGV|\*\* \(\w)|` +
		springHead + `|\(\w*(?:Error|Exception)\)$|^thread .* panicked`)
)

// wordy says whether a text complains in words, once what is harmless is taken away.
func wordy(text string) bool {
	if !complaint.MatchString(text) {
		return false
	}
	rest := harmless.ReplaceAllString(text, " ")
	return len(rest) == len(text) || complaint.MatchString(rest)
}

// entry is what one telling place of a log says.
type entry struct {
	from, to int
	text     string // its conclusion
	score    int
	count    int // how often it was said, going by its shape
}

// The parts of a score. A conclusion that is understood counts half a level; the log's end counts one, for what is said last is mostly why.
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
	e := entry{from: from, to: to, text: clip(strings.TrimSpace(text), maxLine), count: 1}
	l := r.level
	meant := d.means(from, to)
	switch {
	case uncaught.MatchString(r.text) || uncaught.MatchString(block[0]):
		l = fatal
	case l == unknown && len(block) > 1 && len(ownFrames(block, 1)) > 0 && wordy(text):
		l = failure
	case l == quiet || l == unknown && !meant && !wordy(text):
		return entry{}, false
	case to == from && !meant && routine.MatchString(text):
		l = warn
	}
	// warn counts less than a complaint without a level
	class := map[level]int{warn: 1, unknown: 2, failure: 3, fatal: 4}[l]
	e.score = class * perLevel
	if meant {
		e.score += understood
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

var digits = regexp.MustCompile(`[0-9]+|\b[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b`)

// shape is a text without what differs from one repetition to the next.
func shape(text string) string { return digits.ReplaceAllString(clip(text, 160), "0") }
