package logs

import (
	"regexp"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// About is the newest line of a log that complains and names something, as it stands and bounded; "" if there is none.
func About(text, name string) string {
	if name == "" {
		return ""
	}
	for looked := 0; looked < maxLooked; looked++ {
		at := strings.LastIndex(text, name)
		if at < 0 {
			return ""
		}
		from := strings.LastIndexByte(text[:at], '\n') + 1
		line, _, _ := strings.Cut(text[from:], "\n")
		text = text[:from]
		if line = plain(line, true); !namesWhole(line, name) {
			continue
		}
		if r := parse(line); r.level >= failure || r.level != quiet && wordy(r.text) {
			if len(line) > 2*maxLine {
				line = r.text // what is said rather than where
			}
			return clip.Middle(line, 2*maxLine)
		}
	}
	return ""
}

// Names says whether a name stands in a text by itself, not as a part of a longer one.
func Names(text, name string) bool { return name != "" && namesWhole(text, name) }

// slow is how programs say that something took too long, at whatever level they think that it matters.
var slow = regexp.MustCompile(`(?i)\b(?:timed[ -]?out|time-?outs?|deadline exceeded|took too long)\b`)

// Murmurs is the newest line of a log that names one of the names and complains, or says that it took too long, at whatever level, and how
// many lines there are like it; "" without one. Who asks why something hurts is told what a program took for no error, too.
func Murmurs(text string, names ...string) (line string, times int) {
	var like uint64
	lines := lastLines(text[max(0, len(text)-maxBytes):], comparedEnd)
	for _, l := range slices.Backward(lines) {
		if !slices.ContainsFunc(names, func(name string) bool { return Names(l, name) }) {
			continue
		}
		l = plain(l, true)
		said := parse(l).text
		switch {
		case line != "" && alike(said) == like:
			times++
		case line == "" && (wordy(said) || slow.MatchString(said)) && !passing.MatchString(said):
			line, times, like = clip.Middle(l, 2*maxLine), 1, alike(said)
		}
	}
	return line, times
}

// namesWhole says whether a name stands in a line by itself, not as a part of a longer one.
func namesWhole(line, name string) bool {
	part := func(c byte) bool { return isWord(c) || c == '-' }
	for from := 0; ; {
		i := strings.Index(line[from:], name)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(name)
		if (i == 0 || !part(line[i-1])) && (end == len(line) || !part(line[end])) {
			return true
		}
		from = end
	}
}

// bare ends words that only say that a program which was called has failed: what it says itself stands before.
var bare = regexp.MustCompile(`(?i)\b(exit(ed)?( with)?|non-?zero)( exit)?( status| code)*:? ?(-?\d+)?[.)"]*$`)

// Bare says whether words end in nothing but a program's exit code.
func Bare(says string) bool { return bare.MatchString(strings.TrimSpace(says)) }

// linesAbove is how many lines stand, at most, between what a program says and the line of who has called it.
const linesAbove = 6

// Before is the complaint that stands just before a line of a log, at whatever level it was passed on: the words of a program that was
// called. It is "" if there is none.
func Before(text, line string) string {
	at := strings.LastIndex(text, strings.TrimSpace(line))
	if at < 0 || line == "" {
		return ""
	}
	above := strings.Split(strings.TrimRight(text[:at], "\n"), "\n")
	for i := len(above) - 1; i >= max(0, len(above)-linesAbove); i-- {
		words := plain(above[i], true)
		if r := parse(words); wordy(r.text) && !Bare(r.text) {
			return clip.Middle(words, 2*maxLine)
		}
	}
	return ""
}
