package cause

import (
	"cmp"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Linked is findings, and what of them explains what. It is made before they are numbered, so that what is found once it is known what
// nothing explains can be numbered with the rest.
type Linked struct {
	s        *snapshot.Snapshot
	findings []*finding.Finding
	edges    []Edge
	failures []incident.Failure
	accepted func(*finding.Finding) bool
}

// Connect applies the rules, but for those that are to be left out.
func Connect(s *snapshot.Snapshot, findings []*finding.Finding, asked Asked) *Linked {
	edges, failures := Edges(s, findings, asked.Without...)
	return &Linked{s, slices.Clone(findings), edges, failures, asked.Accepted}
}

// Unexplained are the symptoms that would be causes, for nothing explains them and nobody has accepted them.
func (l *Linked) Unexplained() []*finding.Finding {
	var out []*finding.Finding
	for _, i := range newGraph(l.findings, l.edges).roots() {
		if f := l.findings[i]; slices.Contains(symptoms, f.Code) && (l.accepted == nil || !l.accepted(f)) {
			out = append(out, f)
		}
	}
	return out
}

// Bare are those of them that do not name what is at fault: causes that are merely possible.
func (l *Linked) Bare() []*finding.Finding {
	return slices.DeleteFunc(l.Unexplained(), func(f *finding.Finding) bool { return f.Root })
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

// About are the findings about each object, or that name it as at fault.
func (l *Linked) About() map[incident.Object][]*finding.Finding {
	out := map[incident.Object][]*finding.Finding{}
	for _, f := range l.findings {
		if !f.Alarms() && !f.Suspect {
			continue
		}
		for _, o := range f.AtFault() {
			out[o] = append(out[o], f)
		}
		if !slices.Contains(f.Fault, f.Object) && len(f.Fault) > 0 {
			out[f.Object] = append(out[f.Object], f)
		}
	}
	return out
}

// Explains says whether a finding explains another, by however many steps.
func (l *Linked) Explains(from, to *finding.Finding) bool {
	i, j := slices.Index(l.findings, from), slices.Index(l.findings, to)
	return i >= 0 && j >= 0 && slices.Contains(newGraph(l.findings, l.edges).reach(i), j)
}

// Name notes that the words of a finding name what another one is about.
func (l *Linked) Name(told, by *finding.Finding) {
	from, to := slices.Index(l.findings, told), slices.Index(l.findings, by)
	i := slices.IndexFunc(circumstanceRules, func(r Rule) bool { return r.Name == nameRule })
	if from < 0 || to < 0 || slices.ContainsFunc(l.edges, func(e Edge) bool { return e.From == from && e.To == to }) {
		return
	}
	l.edges = append(l.edges, Edge{nameRule, from, to, "its own words name it", true, circumstanceRules[i].One})
}
