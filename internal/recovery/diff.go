package recovery

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pmezard/go-difflib/difflib"
)

const (
	maxDiff      = 8 << 10 // bytes; a plan travels in one event and is shown in a chat
	maxView      = 64 << 10
	maxShownFile = 8 << 10
)

// unified is the unified diff of two views of the thing named; it says so where it is cut.
func unified(name, before, after string) string {
	before, cutB := cut(strings.ToValidUTF8(before, "�"), maxView) // what is not UTF-8 would not survive the log, nor would the hash
	after, cutA := cut(strings.ToValidUTF8(after, "�"), maxView)
	d, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: split(before), B: split(after), FromFile: name + " (now)", ToFile: name + " (after)", Context: 3,
	})
	if err != nil { // it writes into memory
		panic(err)
	}
	if d == "" {
		return "(what differs is redacted or too long to show)\n"
	}
	d, cutD := cut(d, maxDiff)
	if cutA || cutB || cutD {
		d = strings.TrimRight(d, "\n") + "\n… cut: the rest is too long to show\n"
	}
	return d
}

// split keeps line ends, and gives the last line one, so that it is not glued to what follows in the diff.
func split(s string) []string {
	if s == "" {
		return nil
	}
	return slices.Collect(strings.Lines(strings.TrimSuffix(s, "\n") + "\n"))
}

func cut(s string, limit int) (string, bool) {
	if len(s) <= limit {
		return s, false
	}
	s = s[:limit]
	for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) {
		s = s[:len(s)-1]
	}
	return s, true
}

// words is a duration as people say it: "6 min", "30 s".
func words(d time.Duration) string {
	if d >= time.Minute && d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d.Round(time.Second)/time.Second)
}
