package cause

import (
	"cmp"
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// shown says whether a candidate whose root is a suspicion is a cause all the same: something that is wrong follows from it, or another
// suspicion does by proof, for two that were seen apart and fit are more than each. What suspicions alone show is likely at most. Two that
// merely are not done yet are no more than one: pods that start, and the workload that waits for them. What lies beside what somebody asks
// about, and nothing there follows from, stays one: told says what an answer tells of.
func (c *candidate) shown(now time.Time, told func(*finding.Finding) bool) bool {
	if told != nil && !slices.ContainsFunc(c.explained, told) {
		return false
	}
	bears := slices.ContainsFunc(c.explained[1:], func(f *finding.Finding) bool { return f.Alarms() })
	waits := !slices.ContainsFunc(c.explained, func(f *finding.Finding) bool { return !f.Early(now) })
	if !bears && (waits || !slices.ContainsFunc(c.links, func(e Edge) bool { return !e.Inferred })) {
		return false
	}
	if !bears {
		c.root.AtMost = weaker(incident.Likely, c.root.AtMost)
	}
	c.root.Shown()
	return true
}

// weaker is the lesser of two confidences; an empty one is none.
func weaker(a, b incident.Confidence) incident.Confidence {
	if b == "" || confidenceWeight[a] <= confidenceWeight[b] {
		return a
	}
	return b
}

// strongest orders suspicions: what may still pass before what was there for long, for it is what is happening; then what names what is at
// fault in itself; then the newest first.
func strongest(s *snapshot.Snapshot, all []*finding.Finding) []*finding.Finding {
	slices.SortStableFunc(all, func(a, b *finding.Finding) int {
		root := func(f *finding.Finding) int { return map[bool]int{true: 0, false: 1}[f.Root] }
		early := func(f *finding.Finding) int { return map[bool]int{true: 0, false: 1}[f.Early(s.At)] }
		return cmp.Or(cmp.Compare(early(a), early(b)), cmp.Compare(root(a), root(b)), b.Since.Compare(a.Since))
	})
	return all
}
