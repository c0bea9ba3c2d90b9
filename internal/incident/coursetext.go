package incident

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// The columns of a course as text: a name, the lane, and the count, 64 in all.
const (
	nameColumns = 24
	laneColumns = 30
)

// Text is the course as lines of fixed width: for each workload a line from the first restart that is known to the last, with a dot for
// each. It is at most 64 columns wide.
func (c Course) Text() string {
	from, to := c.Span()
	at := func(t time.Time) int {
		if !to.After(from) {
			return 0
		}
		return int(float64(laneColumns-1) * float64(t.Sub(from)) / float64(to.Sub(from)))
	}
	var b strings.Builder
	first, last := moment(from), moment(to)
	fmt.Fprintf(&b, "%-*s %s%*s UTC\n", nameColumns, "", first, max(1, laneColumns-len(first)), last)
	for _, l := range c.Lanes {
		cells := []rune(strings.Repeat(" ", laneColumns))
		if !c.Onset.IsZero() {
			cells[at(c.Onset)] = '┆'
		}
		if n := len(l.Seen); n > 0 {
			for i := at(l.Seen[0]); i <= at(l.Seen[n-1]); i++ {
				cells[i] = '─'
			}
		}
		for _, t := range l.Seen {
			cells[at(t)] = '●'
		}
		name := Label(strings.TrimPrefix(l.Workload.Namespace+"/"+l.Workload.Name, "/"), nameColumns)
		fmt.Fprintf(&b, "%s%s %s %7d\n", name, strings.Repeat(" ", nameColumns-utf8.RuneCountInString(name)), string(cells), l.Count)
	}
	if c.More > 0 {
		fmt.Fprintf(&b, "… and %s\n", many(c.More, "more workload"))
	}
	if !c.Onset.IsZero() {
		fmt.Fprintf(&b, "┆ the onset, %s UTC\n", moment(c.Onset))
	}
	return b.String()
}

func moment(t time.Time) string { return t.UTC().Format("2 Jan 15:04") }
