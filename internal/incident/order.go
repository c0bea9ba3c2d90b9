package incident

import "slices"

// InOrder are the causes in the order in which they have to be mended: those that block others' remedies before those; otherwise the rank
// stays. A circle is cut where it closes.
func (d *Diagnosis) InOrder() []Cause {
	var out, blockers []Cause
	for _, c := range d.Causes {
		if len(c.Blocks) > 0 {
			blockers = append(blockers, c)
		}
	}
	placed, visiting := map[string]bool{}, map[string]bool{}
	var place func(Cause)
	place = func(c Cause) {
		if placed[c.ID] || visiting[c.ID] {
			return
		}
		visiting[c.ID] = true
		for _, blocker := range blockers {
			if blocker.BlocksRemedyOf(c.ID) {
				place(blocker)
			}
		}
		placed[c.ID] = true
		out = append(out, c)
	}
	for _, c := range d.Causes {
		place(c)
	}
	return out
}

// BlocksRemedyOf says whether the cause blocks the remedy of the one with the id.
func (c *Cause) BlocksRemedyOf(id string) bool {
	return c.ID != id && slices.ContainsFunc(c.Blocks, func(b Block) bool { return b.Cause == id })
}
