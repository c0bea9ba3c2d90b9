package incident

import "slices"

// Others counts what is wrong outside of what a diagnosis is about; alike causes count once.
type Others struct {
	Causes int `json:"causes,omitempty"`
	Things int `json:"things,omitempty"` // that no cause explains
}

// SetApart marks as Elsewhere every finding that is not wanted, unless it is the own one of a cause that stays, and every
// cause that explains
// none of those wanted and does not lie in an object that holds says. It changes d.
func (d *Diagnosis) SetApart(wanted func(*Finding) bool, holds func(Object) bool) {
	there := map[string]bool{}
	for i := range d.Findings {
		there[d.Findings[i].ID] = wanted(&d.Findings[i])
	}
	for i := range d.Causes {
		c := &d.Causes[i]
		c.Elsewhere = !slices.ContainsFunc(c.Explains, func(id string) bool { return there[id] }) && !slices.ContainsFunc(c.Objects, holds)
	}
	for i := range d.Findings {
		d.Findings[i].Elsewhere = !there[d.Findings[i].ID]
	}
	d.rootsStay()
}

// KeepBlockers lets the causes stay that block the remedy of one which stays. It changes d.
func (d *Diagnosis) KeepBlockers() {
	here := map[string]bool{}
	for i := range d.Causes {
		here[d.Causes[i].ID] = !d.Causes[i].Elsewhere
	}
	for again := true; again; {
		again = false
		for i := range d.Causes {
			if c := &d.Causes[i]; c.Elsewhere && slices.ContainsFunc(c.Blocks, func(b Block) bool { return here[b.Cause] }) {
				c.Elsewhere, here[c.ID], again = false, true, true
			}
		}
	}
	d.rootsStay()
}

// rootsStay lets the own finding of each cause stay that does.
func (d *Diagnosis) rootsStay() {
	roots := map[string]bool{}
	for i := range d.Causes {
		if c := &d.Causes[i]; !c.Elsewhere && len(c.Explains) > 0 {
			roots[c.Explains[0]] = true
		}
	}
	for i := range d.Findings {
		if roots[d.Findings[i].ID] {
			d.Findings[i].Elsewhere = false
		}
	}
}

// Here is a diagnosis without what is Elsewhere, which Others counts: the causes that are left explain nothing but what is left, with the
// evidence and the changes that they cite. It is d itself where nothing is Elsewhere, and does not change d.
func (d *Diagnosis) Here() *Diagnosis {
	if !slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Elsewhere }) &&
		!slices.ContainsFunc(d.Causes, func(c Cause) bool { return c.Elsewhere }) {
		return d
	}
	out, apart := *d, Diagnosis{}
	there := map[string]bool{}
	out.Findings, out.Causes = []Finding{}, []Cause{}
	for _, f := range d.Findings {
		if f.Elsewhere {
			apart.Findings = append(apart.Findings, f)
			continue
		}
		there[f.ID], out.Findings = true, append(out.Findings, f)
	}
	for _, c := range d.Causes {
		if c.Elsewhere {
			apart.Causes = append(apart.Causes, c)
			continue
		}
		out.Causes = append(out.Causes, c)
	}
	out.Others = apart.others()
	out.bounded(there)
	return &out
}

// bounded narrows a diagnosis to what its causes and its findings, which are there, cite.
func (d *Diagnosis) bounded(there map[string]bool) {
	cited, changed, named := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range d.Causes {
		named[d.Causes[i].ID] = true
	}
	cite := func(ids []string, into map[string]bool) {
		for _, id := range ids {
			into[id] = true
		}
	}
	for i := range d.Findings {
		cite(d.Findings[i].Evidence, cited)
	}
	for i := range d.Suspicions {
		cite(d.Suspicions[i].Evidence, cited)
	}
	for i := range d.Causes {
		c := &d.Causes[i]
		c.Explains = only(c.Explains, there)
		c.Blocks = slices.DeleteFunc(slices.Clone(c.Blocks), func(b Block) bool { return !named[b.Cause] })
		c.Links = slices.DeleteFunc(slices.Clone(c.Links), func(l Link) bool { return !there[l.From] || !there[l.To] })
		if len(c.Links) == 0 {
			c.Links = nil
		}
		cite(c.Evidence, cited)
		cite(c.Changes, changed)
	}
	d.Changes = slices.DeleteFunc(slices.Clone(d.Changes), func(c Change) bool { return !changed[c.ID] })
	d.Evidence = slices.DeleteFunc(slices.Clone(d.Evidence), func(e Evidence) bool { return !cited[e.ID] })
}

// others counts what is wrong: causes, and things that none explains.
func (d *Diagnosis) others() Others {
	o := Others{Causes: len(newFolding(d).groups)}
	explained := map[string]bool{}
	for i := range d.Causes {
		for _, id := range d.Causes[i].Explains {
			explained[id] = true
		}
	}
	for i := range d.Findings {
		if f := &d.Findings[i]; f.Severity.Rank() >= Warning.Rank() && !explained[f.ID] {
			o.Things += f.Stands()
		}
	}
	return o
}
