package diagnosis

import (
	"slices"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Keep narrows a diagnosis to what was found about the objects wanted: the causes that explain it, all that these explain of it, and the
// evidence cited. Ids stay as they are, so that links into the whole diagnosis hold.
func Keep(d *incident.Diagnosis, wanted func(incident.Object) bool) *incident.Diagnosis {
	return within(d, func(f *incident.Finding) bool { return wanted(f.Object) }, func(incident.Object) bool { return false })
}

// within keeps the findings wanted, the causes that explain one of them or lie in an object that holds says, each cause's own finding, and
// the evidence of all.
func within(d *incident.Diagnosis, wanted func(*incident.Finding) bool, holds func(incident.Object) bool) *incident.Diagnosis {
	out := *d
	keep := map[string]bool{}
	for i := range d.Findings {
		if wanted(&d.Findings[i]) {
			keep[d.Findings[i].ID] = true
		}
	}
	out.Causes = []incident.Cause{}
	for _, c := range d.Causes {
		if !slices.ContainsFunc(c.Explains, func(id string) bool { return keep[id] }) && !slices.ContainsFunc(c.Objects, holds) {
			continue
		}
		out.Causes = append(out.Causes, c)
	}
	for _, c := range out.Causes {
		keep[c.Explains[0]] = true
	}
	evidence := map[string]bool{}
	out.Findings = []incident.Finding{}
	for _, f := range d.Findings {
		if keep[f.ID] {
			out.Findings = append(out.Findings, f)
			for _, id := range f.Evidence {
				evidence[id] = true
			}
		}
	}
	changes := map[string]bool{}
	for i := range out.Causes {
		c := &out.Causes[i]
		c.Explains = slices.DeleteFunc(slices.Clone(c.Explains), func(id string) bool { return !keep[id] })
		c.Blocks = slices.DeleteFunc(slices.Clone(c.Blocks), func(b incident.Block) bool {
			return !slices.ContainsFunc(out.Causes, func(c incident.Cause) bool { return c.ID == b.Cause })
		})
		c.Links = slices.DeleteFunc(slices.Clone(c.Links), func(l incident.Link) bool { return !keep[l.From] || !keep[l.To] })
		if len(c.Links) == 0 {
			c.Links = nil
		}
		for _, id := range c.Evidence {
			evidence[id] = true
		}
		for _, id := range c.Changes {
			changes[id] = true
		}
	}
	for i := range out.Suspicions {
		for _, id := range out.Suspicions[i].Evidence {
			evidence[id] = true
		}
	}
	out.Changes = slices.DeleteFunc(slices.Clone(d.Changes), func(c incident.Change) bool { return !changes[c.ID] })
	out.Evidence = slices.DeleteFunc(slices.Clone(d.Evidence), func(e incident.Evidence) bool { return !evidence[e.ID] })
	return &out
}
