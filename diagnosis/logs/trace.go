package logs

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// maxTrace bounds how many lines of one trace are looked at, each way.
const maxTrace = 200

// continues are beginnings of lines that belong to the line before.
var continues = []string{"Caused by:", "Suppressed:", "at ", "... ", "--->", "goroutine ", "created by ", "[signal ", "#0 ", "#1 ", "#2 ",
	"#3 ", "#4 ", "#5 ", "#6 ", "#7 ", "#8 ", "#9 ",
	"Emitted 'error' event", "Node.js v", "stack backtrace:", "Stack trace:", "note: run with `RUST_BACKTRACE",
	"note: Some details are omitted", "During handling of the above exception", "The above exception was the direct cause", "Location:"}

const (
	tracebackHead = "Traceback (most recent call last):"
	springHead    = "APPLICATION FAILED TO START"
	redisHead     = "FATAL CONFIG FILE ERROR"
)

// noticed is a line after which a program explains itself on the next ones, and how many these are at most.
type noticed struct {
	head  string
	lines int
}

var notices = []noticed{{springHead, 5}, {redisHead, 3}, {"bootstrap checks failed", 4}, {"validation errors for ", 4},
	{"validation error for ", 2}}

var (
	exceptionLine = regexp.MustCompile(`^(?:Exception in thread "[^"]*" )?(?:[a-zA-Z_$][\w$]*\.)+[\w$]*(?:Exception|Error|Throwable)[\w$]*(?::|$)`)
	goFrame       = regexp.MustCompile(`^[\w./*()\[\]{}-]+(?:\(.*\)|\.[\w.\])]+)$`) // zap writes them without their arguments
	indexed       = regexp.MustCompile(`^\s*\d+: `)
)

func indented(line string) bool { return line != "" && (line[0] == ' ' || line[0] == '\t') }

// continuesAt says whether a line belongs to the one before, going by its own form and its neighbours'.
func (d *document) continuesAt(i int) bool {
	if i <= 0 || i >= len(d.lines) {
		return false
	}
	line := d.lines[i]
	switch {
	case indented(line), line == "}", line == "})", line == "]":
		return true
	case strings.HasPrefix(line, tracebackHead):
		before := d.lines[i-1]
		return strings.HasPrefix(before, "During handling") || strings.HasPrefix(before, "The above exception") || d.level(i-1) >= failure
	case i+1 < len(d.lines) && strings.HasPrefix(d.lines[i+1], "\t"):
		next := d.lines[i+1]
		if strings.HasPrefix(next, "\t/") && goFrame.MatchString(line) {
			return true
		}
		if strings.HasPrefix(next, "\tat ") && exceptionLine.MatchString(line) {
			return !indented(d.lines[i-1]) && d.level(i-1) >= failure
		}
	}
	for _, c := range continues {
		if strings.HasPrefix(line, c) {
			return true
		}
	}
	if d.withinCause(i) || d.introduced(i) && !ownHead(line) || d.listed(i) {
		return true
	}
	if strings.HasPrefix(line, "** (") || hasPrefix(beamHeads[3:], line) {
		return d.level(i-1) >= failure || indented(d.lines[i-1])
	}
	return strings.Contains(d.lines[i-1], " panicked at ") && strings.HasSuffix(d.lines[i-1], ":")
}

// withinCause says whether a line is one of the further lines of a Java cause's message: between "Caused by:" and the frames.
func (d *document) withinCause(i int) bool {
	const most = 6 // lines of a message
	above := i - 1
	for above >= 0 && i-above <= most && !indented(d.lines[above]) && !strings.HasPrefix(d.lines[above], "Caused by:") {
		above--
	}
	if above < 0 || !strings.HasPrefix(d.lines[above], "Caused by:") {
		return false
	}
	for below := i + 1; below < len(d.lines) && below-i <= most; below++ {
		if indented(d.lines[below]) {
			return strings.HasPrefix(d.lines[below], "\tat ")
		}
	}
	return false
}

// block is the first and the last line of what line i belongs to; no line from limit on is.
func (d *document) block(i, limit int) (from, to int) {
	from, to = i, i
	for i-from < maxTrace && from > 0 {
		if d.continuesAt(from) {
			from--
			continue
		}
		top, ok := d.traceback(from)
		if !ok {
			top = d.notice(from)
		}
		if top == from {
			break
		}
		from = top
	}
	for to+1 < limit && to-i < maxTrace && d.continuesAt(to+1) {
		to++
	}
	for {
		// a Python trace ends with the first line that is not indented
		end := to
		if strings.Contains(d.lastHead(from, to), tracebackHead) && to+1 < limit && indented(d.lines[to]) {
			end++
			for end+1 < limit && end-i < maxTrace && d.continuesAt(end+1) {
				end++
			}
		}
		if end == to {
			break
		}
		to = end
	}
	for _, n := range notices {
		if strings.Contains(d.lines[from], n.head) {
			to = max(to, min(from+n.lines, limit-1))
		}
	}
	return from, to
}

// lastHead is the last line of a block that is not indented.
func (d *document) lastHead(from, to int) string {
	for i := to; i > from; i-- {
		if !indented(d.lines[i]) {
			return d.lines[i]
		}
	}
	return d.lines[from]
}

// traceback is where the Python trace begins that line i concludes.
func (d *document) traceback(i int) (int, bool) {
	if indented(d.lines[i]) || i == 0 || !indented(d.lines[i-1]) {
		return 0, false
	}
	for k := i - 1; k >= 0 && i-k < maxTrace; k-- {
		if !indented(d.lines[k]) {
			return k, strings.Contains(d.lines[k], tracebackHead)
		}
	}
	return 0, false
}

// notice moves a block's beginning up to the head of the notice that it is a part of.
func (d *document) notice(from int) int {
	for _, n := range notices {
		for k := from; k >= 0 && from-k <= n.lines; k-- {
			if strings.Contains(d.lines[k], n.head) {
				return k
			}
		}
	}
	return from
}

// conclusion finds the line of a block that says why: the innermost cause, or what a trace ends with; the head if nothing else does.
func conclusion(block []string) string {
	if says := beamSays(block); says != "" {
		return afterColon(block, says)
	}
	says := concluded(block)
	if listing := withItems(block, says); listing != says {
		return listing
	}
	return afterColon(block, says)
}

// concluded is the conclusion as the languages have it that write traces.
func concluded(block []string) string {
	top, last := block[0], block[0]
	for i := len(block) - 1; i > 0; i-- {
		line := strings.TrimSpace(block[i])
		if rest, ok := strings.CutPrefix(line, "Caused by:"); ok {
			if rest != "" {
				return strings.TrimSpace(rest)
			}
			return deepest(block[i+1:], line)
		}
		if rest, ok := strings.CutPrefix(line, "---> "); ok {
			return rest
		}
		if !indented(block[i]) && last == top && !hasPrefix(continues, block[i]) {
			last = block[i]
		}
	}
	switch {
	case strings.Contains(top, springHead):
		for i, line := range block[:len(block)-1] {
			if strings.HasPrefix(line, "Description:") {
				return block[i+1]
			}
		}
	case strings.Contains(top, redisHead) && len(block) > 3:
		return block[3] + " " + block[2]
	case strings.Contains(top, tracebackHead), len(block) > 1 && strings.HasPrefix(block[1], tracebackHead):
		return raised(block, last)
	case strings.Contains(top, " panicked at ") && strings.HasSuffix(top, ":") && len(block) > 1:
		return block[1]
	case len(block) > 1 && exceptionLine.MatchString(block[1]):
		return block[1]
	}
	for _, line := range block[1:] {
		if strings.HasPrefix(line, "bootstrap check failure") {
			return line
		}
	}
	return strings.TrimSuffix(top, " {")
}

// raised is the last exception that a Python trace names at the beginning of a line; its message can have lines of its own. One that says
// no more than that something ended leaves it to the one that it was raised from.
func raised(block []string, otherwise string) string {
	ended := ""
	for i := len(block) - 1; i > 0; i-- {
		switch {
		case !pythonError.MatchString(block[i]):
		case ended == "" && endedOnly.MatchString(block[i]):
			ended = block[i]
		default:
			return block[i]
		}
	}
	return cmp.Or(ended, otherwise)
}

// endedOnly is an exception that says of a process no more than that it ended.
var endedOnly = regexp.MustCompile(`^[\w.]+: .*\b(?:exited|terminated|died|stopped|ended) (?:unexpectedly|abruptly|abnormally|prematurely)\b`)

var pythonError = regexp.MustCompile(`^(?:[\w]+\.)*[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt|Configured|Failed|NotFound|Invalid|Value)(?::|$)`)

// deepest is the last of the indented lines under an empty "Caused by:", as Rust's anyhow and eyre write them.
func deepest(lines []string, otherwise string) string {
	for _, line := range lines {
		if !indented(line) {
			break
		}
		if text := strings.TrimSpace(indexed.ReplaceAllString(line, "")); text != "" {
			otherwise = text
		}
	}
	return otherwise
}

func hasPrefix(prefixes []string, line string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(line, p) {
			return true
		}
	}
	return false
}

var frame = regexp.MustCompile(`^\s+(?:at |File ")|^\tfrom |^\t/|^#\d+ |^\s+at$`)

// foreign are frames of languages, their libraries and packages: not the program's own.
var foreign = []string{"node_modules", "node:", "internal/modules", "site-packages", "dist-packages", "/usr/lib", "/usr/local/lib",
	"/usr/local/go/", "/pkg/mod/", "/vendor/", "/gems/", "/rustc/", "<frozen ",
	"at java.", "at javax.", "at jdk.", "at sun.", "at com.sun.", "at jakarta.", "at kotlin.", "at scala.", "at org.springframework.",
	"at org.apache.", "at org.hibernate.", "at org.eclipse.", "at org.postgresql.",
	"at org.elasticsearch.", "at org.flywaydb.", "at org.jboss.", "at com.zaxxer.", "at com.mysql.", "at com.fasterxml.", "at com.mongodb.",
	"at io.netty.", "at io.lettuce.", "at reactor.", "at System.",
	"at Microsoft.", "at Npgsql.", "{main}", "std::", "core::", "__libc"}

// ownFrames are the program's own frames nearest to where it failed, at most n.
func ownFrames(block []string, n int) []string {
	var own []string
	for _, line := range block {
		if frame.MatchString(line) && !isForeign(line) {
			own = append(own, line)
		}
	}
	if len(own) > n {
		if strings.HasPrefix(strings.TrimSpace(own[0]), "File ") { // Python's last call is its last frame
			return own[len(own)-n:]
		}
		return own[:n]
	}
	return own
}

func isForeign(line string) bool {
	return slices.ContainsFunc(foreign, func(f string) bool { return strings.Contains(line, f) })
}
