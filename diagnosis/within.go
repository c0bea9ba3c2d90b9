package diagnosis

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
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
	out.Findings, out.Causes = slices.Clone(d.Findings), slices.Clone(d.Causes)
	out.SetApart(wanted, holds)
	narrow := out.Here()
	narrow.Others = incident.Others{} // who asked about a part is told of that part
	return narrow
}

// concerning says of a finding whether it concerns what is presumed to be ill, and of an object whether it lies there.
func (sc Scope) concerning(s *snapshot.Snapshot, d *incident.Diagnosis, found []*finding.Finding) (wanted func(*incident.Finding) bool,
	holds func(incident.Object) bool) {
	views := sc.Ill.views(s)
	holds = func(o incident.Object) bool {
		return slices.ContainsFunc(views, func(v view) bool { return v.holds(o) })
	}
	there := make([]map[string]bool, len(views))
	for i := range views {
		there[i] = views[i].seenThere(d)
	}
	touched := sc.touched(s, found, holds)
	return func(f *incident.Finding) bool {
		if touched[f.ID] {
			return true
		}
		for i := range views {
			if views[i].concerns(f, there[i]) {
				return true
			}
		}
		return false
	}, holds
}

// aim puts the causes first that explain what is presumed to be ill, and, where that is all that the question is about, sets apart what has
// nothing to do with it.
func (sc Scope) aim(s *snapshot.Snapshot, d *incident.Diagnosis, found []*finding.Finding) {
	if sc.Ill.none() {
		return
	}
	wanted, holds := sc.concerning(s, d, found)
	d.SetApart(wanted, holds)
	for i := range d.Causes {
		d.Causes[i].Asked = !d.Causes[i].Elsewhere
	}
	slices.SortStableFunc(d.Causes, func(a, b incident.Cause) int {
		switch {
		case a.Asked == b.Asked:
			return 0
		case a.Asked:
			return -1
		}
		return 1
	})
	if sc.Only {
		d.KeepBlockers()
		d.Scope = sc.Ill.scope().told(s)
		d.Restarts = slices.DeleteFunc(d.Restarts, func(r incident.Restarts) bool { return !holds(r.Workload) })
		return
	}
	for i := range d.Causes {
		d.Causes[i].Elsewhere = false
	}
	for i := range d.Findings {
		d.Findings[i].Elsewhere = false
	}
}

// scope is what is presumed to be ill as a question's scope.
func (p Presumption) scope() Scope {
	if len(p.Objects) == 0 && len(p.Namespaces) == 1 {
		return Scope{Namespace: p.Namespaces[0]}
	}
	sc := Scope{Objects: slices.Clone(p.Objects)}
	for _, n := range p.Namespaces {
		sc.Objects = append(sc.Objects, snapshot.ObjectOf("Namespace", "", n))
	}
	return sc
}
