package cause

import (
	"cmp"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Linked is findings, and what of them explains what. It is made before they are numbered, so that what is found once it is known what nothing
// explains can be numbered with the rest.
type Linked struct {
	s        *snapshot.Snapshot
	findings []*finding.Finding
	edges    []Edge
	failures []incident.Failure
}

// Connect applies the rules, but for those of the names given.
func Connect(s *snapshot.Snapshot, findings []*finding.Finding, without ...string) *Linked {
	edges, failures := Edges(s, findings, without...)
	return &Linked{s, slices.Clone(findings), edges, failures}
}

// Unexplained are the findings that would be causes, for nothing explains them.
func (l *Linked) Unexplained() []*finding.Finding {
	var out []*finding.Finding
	for _, i := range newGraph(l.findings, l.edges).roots() {
		out = append(out, l.findings[i])
	}
	return out
}

// Bare are those of them that do not name what is at fault: causes that are merely possible.
func (l *Linked) Bare() []*finding.Finding {
	return slices.DeleteFunc(l.Unexplained(), func(f *finding.Finding) bool { return f.Root || !slices.Contains(symptoms, f.Code) })
}

// Reached are the findings that can be explained from one, itself first.
func (l *Linked) Reached(from *finding.Finding) []*finding.Finding {
	g := newGraph(l.findings, l.edges)
	var out []*finding.Finding
	if i := slices.Index(l.findings, from); i >= 0 {
		for _, j := range g.reach(i) {
			out = append(out, l.findings[j])
		}
	}
	return out
}

// Add takes up findings of circumstances, and what they may have brought about.
func (l *Linked) Add(more ...*finding.Finding) {
	l.findings = append(l.findings, more...)
	from := len(l.findings) - len(more)
	edges, failures := edgesBy(circumstanceRules, nil, l.s, l.findings)
	l.edges = append(l.edges, slices.DeleteFunc(edges, func(e Edge) bool { return e.From < from })...)
	l.failures = append(l.failures, failures...)
}

// over gives the edges by the places of the findings in another order, as Edges does.
func (l *Linked) over(findings []*finding.Finding) ([]Edge, []incident.Failure) {
	at := make(map[*finding.Finding]int, len(findings))
	for i, f := range findings {
		at[f] = i
	}
	edges := slices.Clone(l.edges)
	for i := range edges {
		edges[i].From, edges[i].To = at[l.findings[edges[i].From]], at[l.findings[edges[i].To]]
	}
	slices.SortStableFunc(edges, func(a, b Edge) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return edges, l.failures
}

// linked are the edges between the findings.
func (a Asked) linked(s *snapshot.Snapshot, findings []*finding.Finding) ([]Edge, []incident.Failure) {
	if a.Linked == nil {
		return Edges(s, findings, a.Without...)
	}
	return a.Linked.over(findings)
}

// About is a finding about an object, or that names it as at fault, that the given one does not explain; nil if there is none.
func (l *Linked) About(o incident.Object, of *finding.Finding) *finding.Finding {
	for _, f := range l.findings {
		if f != of && (f.Alarms() || f.Suspect) && (f.Object == o || slices.Contains(f.Fault, o)) && !slices.Contains(l.Reached(of), f) {
			return f
		}
	}
	return nil
}

// Name notes that the words of a finding name what another one is about.
func (l *Linked) Name(about, by *finding.Finding) {
	from, to := slices.Index(l.findings, about), slices.Index(l.findings, by)
	i := slices.IndexFunc(circumstanceRules, func(r Rule) bool { return r.Name == nameRule })
	if from < 0 || to < 0 || slices.ContainsFunc(l.edges, func(e Edge) bool { return e.From == from && e.To == to }) {
		return
	}
	l.edges = append(l.edges, Edge{nameRule, from, to, "its own words name it", true, circumstanceRules[i].One})
}
