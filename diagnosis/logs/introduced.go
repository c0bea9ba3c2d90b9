package logs

import (
	"regexp"
	"slices"
	"strings"
)

// Many programs say on one line that something went wrong, and what on the next: "could not load the configuration:". What follows a colon
// belongs to it, as far as it has no head of its own.

// maxIntroduced bounds the lines after a colon that are looked at.
const maxIntroduced = 3

// rule is a line that only parts others.
var rule = regexp.MustCompile(`^\s*[-=*_~#.]{3,}\s*$`)

// introduces says whether a line complains and leaves it to the next to say what.
func (d *document) introduces(i int) bool {
	line := d.lines[i]
	for below := i; below < len(d.lines) && below <= i+maxIntroduced; below++ {
		if d.noticed(below) {
			return false // a notice has a form of its own
		}
	}
	return d.marks[i] && strings.HasSuffix(line, ":") && !strings.HasPrefix(line, tracebackHead) && !strings.HasPrefix(line, "{") &&
		(wordy(line) || d.level(i) >= failure) && d.level(i) != quiet
}

// noticed says whether a line is the head of a notice.
func (d *document) noticed(i int) bool {
	return slices.ContainsFunc(notices, func(n noticed) bool { return strings.Contains(d.lines[i], n.head) })
}

// introduced says whether a line is what one before it ends in a colon for.
func (d *document) introduced(i int) bool {
	for above := i - 1; above >= 0 && i-above <= maxIntroduced; above-- {
		if d.introduces(above) {
			return above+1 == i || !slices.ContainsFunc(d.lines[above+1:i], func(line string) bool { return !rule.MatchString(line) })
		}
		if !rule.MatchString(d.lines[above]) {
			return false
		}
	}
	return false
}

// ownHead says whether a line begins with a stamp or a level: it is another one's beginning.
func ownHead(line string) bool {
	if strings.HasPrefix(line, "{") {
		return true
	}
	l, rest := head(line)
	return l != unknown || rest != line || !stampOf(line).IsZero()
}

// afterColon is a block's line with what follows it, where it ends in a colon.
func afterColon(block []string, says string) string {
	if !strings.HasSuffix(says, ":") {
		return says
	}
	at := slices.IndexFunc(block, func(line string) bool { return strings.HasSuffix(line, says) })
	if at < 0 {
		return says
	}
	for _, line := range block[at+1 : min(len(block), at+1+maxIntroduced)] {
		if text := strings.TrimSpace(line); text != "" && !rule.MatchString(line) && !frame.MatchString(line) {
			return says + " " + text
		}
	}
	return says
}

// erlangReason are the lines of an Erlang crash report, or of a behaviour that ends, that say why.
var erlangReason = regexp.MustCompile(`^\s*(?:exception (?:exit|error|throw)|\*\* \(?(?:[Rr]eason|stop)\b.*?==?|errorContext: .*reason):\s*`)

// beamSays is the line of a block by which Elixir or Erlang says why: the innermost "** (Exception)", or a crash report's exception.
func beamSays(block []string) string {
	for _, line := range slices.Backward(block) {
		text := strings.TrimSpace(line)
		if strings.HasPrefix(text, "** (") && !strings.HasPrefix(text, "** (EXIT)") || erlangReason.MatchString(line) {
			return text
		}
	}
	return ""
}

// beamHeads are beginnings of what Erlang and Elixir write when a process ends: what follows is a part of it.
var beamHeads = []string{"=CRASH REPORT====", "=ERROR REPORT====", "=SUPERVISOR REPORT====", "Last message", "State:", "Client #PID"}
