package recovery

import (
	"fmt"
	"strings"
	"time"

	"github.com/pmezard/go-difflib/difflib"
)

const (
	maxDiff      = 8 << 10 // bytes; a plan travels in one event and is shown in a chat
	maxView      = 64 << 10
	maxShownFile = 8 << 10
	maxShownLine = 200 // characters; what is longer goes on in the next line
)

// unified is the unified diff of two views of the thing named, all of it: nobody approves what was not shown, so what is too long to show
// is an error, and no step. Lines are compared as they are and shown as redact has them: a change within what is redacted is a change.
// What could not be seen is made visible, see reveal.
func unified(name, before, after string, redact func(string) string) (string, error) {
	if len(before) > maxView || len(after) > maxView {
		return "", unfit("%s is too long for its change to be shown; it has to be made by hand", name)
	}
	a, aShown := lines(before, redact)
	b, bShown := lines(after, redact)
	if len(a) > 0 && len(b) > 0 && strings.HasSuffix(before, "\n") != strings.HasSuffix(after, "\n") {
		last, shown := &a[len(a)-1], &aShown[len(a)-1] // of the one that has an end of line there
		if strings.HasSuffix(after, "\n") {
			last, shown = &b[len(b)-1], &bShown[len(b)-1]
		}
		*last, *shown = *last+"\n", *shown+"\n" // reveal shows it
	}
	groups := difflib.NewMatcher(a, b).GetGroupedOpCodes(3)
	if len(groups) == 0 {
		return "(what differs is redacted)\n", nil
	}
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s (now)\n+++ %s (after)\n", reveal(name), reveal(name))
	for _, group := range groups {
		first, last := group[0], group[len(group)-1]
		fmt.Fprintf(&out, "@@ -%s +%s @@\n", span(first.I1, last.I2), span(first.J1, last.J2))
		for _, c := range group {
			if c.Tag == 'e' {
				write(&out, ' ', aShown[c.I1:c.I2])
				continue
			}
			write(&out, '-', aShown[c.I1:c.I2])
			write(&out, '+', bShown[c.J1:c.J2])
		}
	}
	if out.Len() > maxDiff {
		return "", unfit("the change of %s has %d bytes, too many to be shown; it has to be made by hand", name, out.Len())
	}
	return out.String(), nil
}

// lines are those of a text, as they are and as they are shown, which are as many. Of what is redacted over several lines each is hidden.
func lines(text string, redact func(string) string) (is, shown []string) {
	is, shown = split(text), split(redact(text))
	if len(is) == len(shown) {
		return is, shown
	}
	open := map[string]bool{}
	for _, line := range shown {
		open[line] = true
	}
	shown = nil
	for _, line := range is {
		if !open[line] {
			line = "[REDACTED]"
		}
		shown = append(shown, line)
	}
	return is, shown
}

// split is a text's lines without their ends. What is not UTF-8 would not survive the log, nor would the hash.
func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(strings.ToValidUTF8(text, "\ufffd"), "\n"), "\n")
}

// span is a range of lines as unified diffs write it.
func span(from, to int) string {
	switch to - from {
	case 0:
		return fmt.Sprintf("%d,0", from)
	case 1:
		return fmt.Sprint(from + 1)
	}
	return fmt.Sprintf("%d,%d", from+1, to-from)
}

// write writes lines of one kind. One that is too long to be read goes on below, with its mark again.
func write(out *strings.Builder, mark byte, all []string) {
	for _, line := range all {
		rest := []rune(reveal(line))
		for more := ""; ; more = "⟨↪⟩" {
			n := min(len(rest), maxShownLine)
			out.WriteByte(mark)
			out.WriteString(more + string(rest[:n]) + "\n")
			if rest = rest[n:]; len(rest) == 0 {
				break
			}
		}
	}
}

// counted is "1 pod", "2 pods".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// words is a duration as people say it: "6 min", "30 s".
func words(d time.Duration) string {
	if d >= time.Minute && d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d.Round(time.Second)/time.Second)
}
