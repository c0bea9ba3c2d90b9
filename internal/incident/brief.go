package incident

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// MaxDiagnosis bounds what [Brief] returns, in bytes as JSON.
const MaxDiagnosis = 512 << 10

// level is how much of a diagnosis is told.
type level struct {
	causes, findings, evidence int
	alike                      int // findings of one kind that are told one by one; if there are more, they are told as one
	named                      int // of what is told as one
	cites                      int // of one finding, and half as much again of a cause
	others                     int // changes, restarts, what was not seen
	also                       int // bytes of the names of what else is ill
}

// levels are tried in this order until the diagnosis is small enough. The first leaves what people usually see as it is; the last is small
// enough whatever the texts hold.
var levels = []level{
	{causes: 50, findings: 300, evidence: 400, alike: 24, named: 8, cites: 24, others: 80, also: 96 << 10},
	{causes: 40, findings: 120, evidence: 160, alike: 8, named: 5, cites: 8, others: 40, also: 64 << 10},
	{causes: 20, findings: 60, evidence: 60, alike: 3, named: 3, cites: 4, others: 20, also: 32 << 10},
	{causes: 6, findings: 24, evidence: 24, alike: 1, named: 1, cites: 2, others: 10, also: 8 << 10},
}

// alikeFrom is how many causes must be alike to be told as one: two already where not all can be told one by one.
func (f *folding) alikeFrom() int {
	if len(f.d.Causes) > levels[0].causes {
		return 2
	}
	return 3
}

// Brief is a diagnosis as it is told and recorded: what is alike is one, with a count and the first few named, and everything is bounded,
// so that its JSON has at most [MaxDiagnosis] bytes however large the outage is. Ids stay, and each that is cited is there. Where nothing
// is alike and everything fits, it says what the whole says; otherwise Totals counts the whole. It is pure and does not change d.
func Brief(d *Diagnosis) *Diagnosis {
	if d.Totals != nil {
		return d // it is brief already
	}
	f := newFolding(d)
	var out *Diagnosis
	for _, l := range levels {
		out = f.tell(l)
		if b, err := json.Marshal(out); err == nil && len(b) <= MaxDiagnosis {
			break
		}
	}
	return out
}

// folding is a whole diagnosis, prepared to be told.
type folding struct {
	d       *Diagnosis
	finding map[string]*Finding
	groups  []group        // in order of rank
	of      map[string]int // by a cause's id
	root    map[string]int // the group of whose causes a finding is the root
	by      map[string][]int
}

// group is causes that are alike, the heaviest first.
type group struct {
	members []*Cause
	weight  float64
}

func (g group) merged() bool { return len(g.members) > 1 }

func newFolding(d *Diagnosis) *folding {
	f := &folding{d: d, finding: map[string]*Finding{}, of: map[string]int{}, root: map[string]int{}, by: map[string][]int{}}
	for i := range d.Findings {
		f.finding[d.Findings[i].ID] = &d.Findings[i]
	}
	f.gather()
	for i, g := range f.groups {
		for _, c := range g.members {
			f.of[c.ID] = i
			for j, id := range c.Explains {
				if by := f.by[id]; j == 0 {
					f.root[id] = i
				} else if len(by) == 0 || by[len(by)-1] != i {
					f.by[id] = append(by, i)
				}
			}
		}
	}
	return f
}

// gather puts causes together that are alike. Together they weigh what each of them does.
func (f *folding) gather() {
	size, keys := map[string]int{}, make([]string, len(f.d.Causes))
	for i := range f.d.Causes {
		keys[i] = f.kind(&f.d.Causes[i])
		size[keys[i]]++
	}
	at, merged, from := map[string]int{}, false, f.alikeFrom()
	for i := range f.d.Causes {
		c := &f.d.Causes[i]
		if k, ok := at[keys[i]]; ok && size[keys[i]] >= from {
			f.groups[k].members, f.groups[k].weight, merged = append(f.groups[k].members, c), f.groups[k].weight+c.Weight, true
			continue
		}
		at[keys[i]] = len(f.groups)
		f.groups = append(f.groups, group{[]*Cause{c}, c.Weight})
	}
	for _, g := range f.groups {
		// The one that speaks for all is the one that did so in the look before.
		lowestFirst(g.members, func(c *Cause) string { return c.ID })
	}
	if merged {
		place := func(g group) int {
			switch first := g.members[0]; {
			case first.Asked:
				return 0
			case first.Before:
				return 2
			}
			return 1
		}
		slices.SortStableFunc(f.groups, func(a, b group) int {
			return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(b.weight, a.weight))
		})
	}
}

// kind is the same for causes that are alike.
func (f *folding) kind(c *Cause) string {
	about, kinds := slices.Clone(c.Objects[:min(len(c.Objects), 8)]), []string{}
	for _, o := range about[:min(len(about), 1)] {
		kinds = append(kinds, o.Kind)
	}
	if len(c.Explains) > 0 {
		if r := f.finding[c.Explains[0]]; r != nil {
			about = append(about, r.Object)
		}
	}
	return fmt.Sprintf("%s\x00%s\x00%t\x00%t\x00%t\x00%s\x00%s", c.Code, c.Confidence, c.Before, c.Asked, c.Accepted.IsZero(), kinds,
		pattern(c.Title, about...))
}

// tell makes the diagnosis of one level.
func (f *folding) tell(l level) *Diagnosis {
	out := *f.d
	kept := f.groups[:min(len(f.groups), l.causes)]
	told := f.findings(l, len(kept))
	names := map[string]string{} // a finding's id → that of the one which stands for it
	for _, t := range told {
		for _, x := range t.items {
			names[x.ID] = t.items[0].ID
		}
	}
	out.Causes = make([]Cause, 0, len(kept))
	for _, g := range kept {
		out.Causes = append(out.Causes, f.cause(g, l, names))
	}
	slices.SortStableFunc(told, func(a, b tidings) int { return cmp.Compare(a.place, b.place) })
	out.Findings = make([]Finding, 0, len(told))
	for _, t := range told {
		out.Findings = append(out.Findings, t.tell(l))
	}
	f.prove(&out, l, told)
	f.others(&out, l)
	if cut := clipDiagnosis(&out); cut || f.partial(&out) {
		t := f.d.Total()
		t.Causes = len(f.groups)
		out.Totals, out.Also = &t, f.also(&out, l.also)
	}
	return &out
}

// partial says whether something of the whole is not in out.
func (f *folding) partial(out *Diagnosis) bool {
	d := f.d
	if len(out.Causes) != len(d.Causes) || len(out.Findings) != len(d.Findings) || len(out.Evidence) != len(d.Evidence) ||
		len(out.Changes) != len(d.Changes) || noted(out.NotSeen, d.NotSeen) || noted(out.Scope.Unseen, d.Scope.Unseen) ||
		len(out.Scope.Objects) != len(d.Scope.Objects) || len(out.Restarts) != len(d.Restarts) ||
		len(out.RuledOut) != len(d.RuledOut) || len(out.Looked) != len(d.Looked) || len(out.Accepted) != len(d.Accepted) {
		return true
	}
	for i := range out.Causes {
		a, b := &out.Causes[i], &d.Causes[i]
		if len(a.Explains) != len(b.Explains) || len(a.Objects) != len(b.Objects) || len(a.Evidence) != len(b.Evidence) ||
			len(a.Links) != len(b.Links) ||
			len(a.Blocks) != len(b.Blocks) || len(a.Changes) != len(b.Changes) || len(a.Against) != len(b.Against) {
			return true
		}
	}
	for i := range out.Findings {
		if len(out.Findings[i].Evidence) != len(d.Findings[i].Evidence) {
			return true
		}
	}
	return false
}

// others are the lists beside causes and findings: the first of each, of changes those that are cited and the newest others.
func (f *folding) others(out *Diagnosis, l level) {
	cited := map[string]bool{}
	for i := range out.Causes {
		for _, id := range out.Causes[i].Changes {
			cited[id] = true
		}
	}
	keep, room := make([]bool, len(f.d.Changes)), l.others
	for _, wanted := range []bool{true, false} {
		for i := len(keep) - 1; i >= 0 && room > 0; i-- {
			if cited[f.d.Changes[i].ID] == wanted {
				keep[i], room = true, room-1
			}
		}
	}
	out.Changes = f.d.Changes[:0:0] // as empty as they are
	for i, c := range f.d.Changes {
		if keep[i] {
			out.Changes = append(out.Changes, c)
		}
	}
	has := map[string]bool{}
	for i := range out.Changes {
		has[out.Changes[i].ID] = true
	}
	for i := range out.Causes {
		out.Causes[i].Changes = only(out.Causes[i].Changes, has)
	}
	out.NotSeen, out.Restarts = notes(out.NotSeen, l.others), firstOf(out.Restarts, l.others)
	out.Scope.Objects, out.Scope.Unseen = firstOf(out.Scope.Objects, mostScope), notes(out.Scope.Unseen, mostScope)
	out.RuledOut, out.Looked, out.Depends = firstOf(out.RuledOut, 20), firstOf(out.Looked, 20), firstOf(out.Depends, mostScope)
	out.Accepted = firstOf(out.Accepted, l.others)
}

// The most that is told of what was asked about, and of what one note is about.
const (
	mostScope = 10
	mostNoted = 20
)

// notes are the first of what was not seen, each about no more than is told.
func notes(all []NotSeen, n int) []NotSeen {
	all = firstOf(all, n)
	for i := range all {
		all[i].Resources, all[i].Besides = firstOf(all[i].Resources, mostNoted), firstOf(all[i].Besides, mostNoted)
		all[i].Of = firstOf(all[i].Of, min(n, MostOf))
	}
	return all
}

// noted says whether notes are about less than the whole's.
func noted(out, d []NotSeen) bool {
	for i := range out {
		if len(out[i].Resources) != len(d[i].Resources) || len(out[i].Besides) != len(d[i].Besides) {
			return true
		}
	}
	return len(out) != len(d)
}

// moreTitle is how a title goes on that tells of several that are alike.
func moreTitle(title string, n int, kind string) string {
	if n == 1 {
		return fmt.Sprintf("%s, and 1 more %s alike", strings.TrimSuffix(title, "."), cmp.Or(kind, "object"))
	}
	return fmt.Sprintf("%s, and %d more %s alike", strings.TrimSuffix(title, "."), n, plural(kind))
}

// lowestFirst moves what has the lowest number as its id to the front.
func lowestFirst[T any](list []T, id func(T) string) {
	at := 0
	for i := range list {
		if numberOf(id(list[i])) < numberOf(id(list[at])) {
			at = i
		}
	}
	lowest := list[at]
	copy(list[1:at+1], list[:at])
	list[0] = lowest
}

// only keeps the ids that are there; it changes ids only in a copy.
func only(ids []string, there map[string]bool) []string {
	if !slices.ContainsFunc(ids, func(id string) bool { return !there[id] }) {
		return ids
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !there[id] })
}

// firstOf is the first n of a list, in memory of its own: the whole must not be held by its beginning.
func firstOf[T any](list []T, n int) []T {
	if len(list) <= n {
		return slices.Clone(list)
	}
	return slices.Clone(list[:n])
}
