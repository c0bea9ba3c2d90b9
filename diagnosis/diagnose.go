package diagnosis

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/cause"
	"github.com/paramedic-bot/paramedic/diagnosis/change"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Diagnose finds what is wrong in the Snapshot, and why. It is deterministic: the same Snapshot gives the same Diagnosis, byte for byte,
// in whatever order its objects came. Its Trace lists every finding, every rule that said what explains what, with its reason, and every
// cause's weight. It is safe for concurrent use.
func Diagnose(s *snapshot.Snapshot, scope Scope) *incident.Diagnosis {
	return Examine(s).Diagnose(scope)
}

// Diagnose says of the scope what [Diagnose] does, from what the checks have found already. It is safe for concurrent use.
func (x *Examination) Diagnose(scope Scope) *incident.Diagnosis {
	s, found, in := x.s, x.findings(scope), scope.view(x.s)
	d := &incident.Diagnosis{At: s.At.UTC(), Cluster: s.Cluster, Scope: scope.told(s), Findings: []incident.Finding{},
		NotSeen: slices.Clone(s.NotSeen), Looked: in.looked(s)}
	d.Failures = slices.Clone(s.Failures)
	failed(d, x.checked.Failures...)
	var changes []change.Change
	guarded(d, "what probes saw", func() { seeProbed(s, found) })
	guarded(d, "what changed", func() { changes = change.Timeline(s); attach(s, found, changes) })
	silencing, asked := scope.Accepted.acceptedIn(s), cause.Asked{Onset: scope.Onset, Without: x.without.Rules}
	if silencing != nil {
		asked.Accepted = silencing.has
	}
	guarded(d, "the circumstances of what fails", func() { found, asked.Linked = circumstances(s, scope, found, changes, asked) })
	d.Evidence = number(found)
	for _, f := range found {
		d.Trace = append(d.Trace, fmt.Sprintf("%s %s %s %s: %s", f.ID, f.Severity, f.Code, f.Object, f.Title))
	}
	r := cause.Result{Causes: []incident.Cause{}}
	guarded(d, "the ranking of causes", func() {
		asked.Ill, asked.Told = scope.ill(s, d), scope.toldOf(s, in, d)
		r = cause.Rank(s, found, asked)
	})
	failed(d, r.Failures...)
	d.Causes, d.Restarts = r.Causes, []incident.Restarts{}
	told := silencing.told(d, found, r.Silent, &in)
	tell(d, told, r.Suspicions)
	if !scope.Ill.none() || len(r.Silent) > 0 {
		prune(d)
	}
	guarded(d, "the sums of restarts", func() { d.Restarts = restarts(s, in.holds) })
	var well []string
	guarded(d, "what is ruled out", func() { d.RuledOut, well = ruledOut(s, scope.Namespace, x.checked, found) })
	d.Changes, d.Trace = shown(told, changes), append(d.Trace, r.Trace...)
	if d.NotSeen == nil {
		d.NotSeen = []incident.NotSeen{}
	}
	if in.whole {
		scope.acceptedThere(s, d)
		scope.aim(s, d, found)
	} else {
		there, touched := in.seenThere(d), scope.touched(s, found, in.holds)
		d = within(d, func(f *incident.Finding) bool { return in.concerns(f, there) || touched[f.ID] }, in.holds)
	}
	d.Settling = x.settling(scope, in)
	guarded(d, "what stands near before what fails", func() { beforehand(s, d, found, r.Suspicions, changes) })
	guarded(d, "what was looked at closely", func() { lookedClosely(s, scope, d, changes, well) })
	return d
}

// number orders findings and evidence by content and gives both their ids; it returns the evidence, each piece once.
func number(found []*finding.Finding) []incident.Evidence {
	slices.SortStableFunc(found, func(a, b *finding.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), cmp.Compare(a.Code, b.Code), a.Object.Compare(b.Object),
			cmp.Compare(a.Title, b.Title), a.Since.Compare(b.Since), slices.CompareFunc(a.Seen, b.Seen, compareEvidence))
	})
	all := []incident.Evidence{}
	for i, f := range found {
		f.ID = fmt.Sprintf("F%d", i+1)
		if !f.Since.IsZero() {
			f.Since = f.Since.UTC()
		}
		all = append(all, f.Seen...)
	}
	slices.SortFunc(all, compareEvidence)
	all = slices.CompactFunc(all, func(a, b incident.Evidence) bool { return compareEvidence(a, b) == 0 })
	for i := range all {
		all[i].ID = fmt.Sprintf("E%d", i+1)
	}
	for _, f := range found {
		f.Evidence = []string{}
		for _, e := range f.Seen {
			i, _ := slices.BinarySearchFunc(all, e, compareEvidence)
			if !slices.Contains(f.Evidence, all[i].ID) {
				f.Evidence = append(f.Evidence, all[i].ID)
			}
		}
	}
	return all
}

func compareEvidence(a, b incident.Evidence) int {
	return cmp.Or(a.Object.Compare(b.Object), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Field, b.Field), a.Time.Compare(b.Time),
		cmp.Compare(a.Excerpt, b.Excerpt))
}
