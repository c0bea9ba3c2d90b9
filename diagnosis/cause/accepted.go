package cause

import (
	"fmt"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// silence takes the findings that are accepted out of what is ranked, with their edges. One that explains something wrong which is not
// accepted, be it by others, stays: what was accepted must not hide what was not.
func silence(findings []*finding.Finding, edges []Edge, accepted func(*finding.Finding) bool) (told []*finding.Finding, left []Edge,
	silent []*finding.Finding) {
	if accepted == nil {
		return findings, edges, nil
	}
	g := newGraph(findings, edges)
	bears := make([]bool, len(findings))
	var queue []int
	for i, f := range findings {
		if f.Alarms() && !accepted(f) {
			bears[i], queue = true, append(queue, i)
		}
	}
	for n := 0; n < len(queue); n++ {
		for _, e := range g.in[queue[n]] {
			if !bears[e.From] {
				bears[e.From], queue = true, append(queue, e.From)
			}
		}
	}
	at := make([]int, len(findings)) // where a finding that is told comes to stand; -1: nowhere
	for i, f := range findings {
		if at[i] = len(told); bears[i] || !accepted(f) {
			told = append(told, f)
		} else {
			at[i], silent = -1, append(silent, f)
		}
	}
	for _, e := range edges {
		if e.From, e.To = at[e.From], at[e.To]; e.From >= 0 && e.To >= 0 {
			left = append(left, e)
		}
	}
	return told, left, silent
}

// silenced is how a finding that is silent is traced.
func silenced(f *finding.Finding) string {
	return fmt.Sprintf("%s %s %s is accepted, and explains nothing that is not: it is silent", f.ID, f.Code, f.Object)
}
