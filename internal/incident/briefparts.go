package incident

import (
	"cmp"
	"fmt"
	"slices"
)

// tidings are findings that are told as one.
type tidings struct {
	items []*Finding
	place int // of the first of them in the whole
	order [2]int
}

// The order in which findings are kept where not all can be.
const (
	asRoot = iota
	asConsequence
	alarming
	worthKnowing
)

// findings chooses what is told of the findings: the roots of the causes that are told, what follows from them, and what no cause
// explains. They come in this order.
func (f *folding) findings(l level, causes int) []tidings {
	type key struct {
		root       int
		by         string
		code, kind string
		severity   Severity
	}
	at := map[key]int{}
	var all []tidings
	for i := range f.d.Findings {
		x := &f.d.Findings[i]
		t := tidings{items: []*Finding{x}, place: i}
		root, isRoot := f.root[x.ID]
		k := key{-1, fmt.Sprint(f.by[x.ID]), x.Code, x.Object.Kind, x.Severity}
		switch by := f.by[x.ID]; {
		case isRoot && root >= causes, !isRoot && len(by) > 0 && by[0] >= causes:
			continue
		case isRoot:
			t.order = [2]int{asRoot, root}
			k = key{root: root}
			if !f.groups[root].merged() {
				all = append(all, t)
				continue
			}
		case len(by) > 0:
			t.order = [2]int{asConsequence, by[0]}
		case x.Severity.Rank() >= Warning.Rank():
			t.order[0] = alarming
		default:
			t.order[0] = worthKnowing
		}
		if j, ok := at[k]; ok {
			all[j].items = append(all[j].items, x)
			continue
		}
		at[k] = len(all)
		all = append(all, t)
	}
	place := map[*Finding]int{}
	for i := range f.d.Findings {
		place[&f.d.Findings[i]] = i
	}
	var out []tidings
	for _, t := range all {
		if t.order[0] == asRoot || len(t.items) > l.alike {
			lowestFirst(t.items, func(x *Finding) string { return x.ID })
			out = append(out, t)
			continue
		}
		for _, x := range t.items {
			out = append(out, tidings{items: []*Finding{x}, place: place[x], order: t.order})
		}
	}
	slices.SortStableFunc(out, func(a, b tidings) int {
		return cmp.Or(cmp.Compare(a.order[0], b.order[0]), cmp.Compare(a.order[1], b.order[1]), cmp.Compare(a.place, b.place))
	})
	return out[:min(len(out), l.findings)]
}

// tell is the one finding that stands for all.
func (t tidings) tell(l level) Finding {
	out := *t.items[0]
	out.Evidence, out.Objects = firstOf(out.Evidence, l.cites), firstOf(out.Objects, l.named)
	if len(t.items) == 1 {
		return out
	}
	out.Count, out.Title = len(t.items), moreTitle(Clip(out.Title, maxTitle), len(t.items)-1, out.Object.Kind)
	out.Objects, out.Evidence = nil, firstOf(out.Evidence, l.cites/2)
	for i, x := range t.items {
		if i < l.named {
			out.Objects = append(out.Objects, x.Object)
			if i > 0 && len(x.Evidence) > 0 && !slices.Contains(out.Evidence, x.Evidence[0]) {
				out.Evidence = append(out.Evidence, x.Evidence[0])
			}
		}
		out.Since = earliest(out.Since, x.Since)
	}
	return out
}

// cause is the one cause that stands for all of a group. names says which finding stands for which.
func (f *folding) cause(g group, l level, names map[string]string) Cause {
	out := *g.members[0]
	out.Weight = g.weight
	if g.merged() {
		f.merge(&out, g, l)
	}
	f.explain(&out, g, names)
	if n := len(out.Objects); n > l.named && !g.merged() {
		out.Count = n
	}
	cites := l.cites + l.cites/2
	out.Objects, out.Evidence = firstOf(out.Objects, max(l.named, 2)), firstOf(out.Evidence, cites)
	out.Changes, out.Against = firstOf(out.Changes, 8), firstOf(out.Against, 6)
	out.Blocks = f.blocks(g, l)
	return out
}

// merge says of one cause what is so of several that are alike.
func (f *folding) merge(out *Cause, g group, l level) {
	seen := map[Object]bool{}
	out.Objects, out.Evidence, out.Changes = nil, firstOf(out.Evidence, l.cites/2), slices.Clone(out.Changes)
	for i, c := range g.members {
		for _, o := range c.Objects[:min(len(c.Objects), 1)] {
			if !seen[o] {
				seen[o] = true
				out.Objects = append(out.Objects, o)
			}
		}
		if i > 0 && i < l.named && len(c.Evidence) > 0 && !slices.Contains(out.Evidence, c.Evidence[0]) {
			out.Evidence = append(out.Evidence, c.Evidence[0])
		}
		for _, id := range c.Changes {
			if len(out.Changes) < 8 && !slices.Contains(out.Changes, id) {
				out.Changes = append(out.Changes, id)
			}
		}
		out.Since = earliest(out.Since, c.Since)
	}
	out.Count = len(out.Objects)
	if len(out.Objects) == 0 {
		return
	}
	kind := out.Objects[0].Kind
	out.Title = moreTitle(Clip(out.Title, maxTitle), len(g.members)-1, kind)
	out.Reason = fmt.Sprintf("The same is found of %d %s. Of %s: %s", len(g.members), plural(kind), out.Objects[0], out.Reason)
}

// explain lists what follows from a cause: each finding that is told once, and in all how many there are.
func (f *folding) explain(out *Cause, g group, names map[string]string) {
	var explains []string
	listed, counted, n := map[string]bool{}, map[string]bool{}, 0
	roots := map[string]bool{}
	for _, c := range g.members {
		for _, id := range c.Explains[:min(len(c.Explains), 1)] {
			roots[id] = true
		}
	}
	linked := map[string]bool{}
	var links []Link
	for i, c := range g.members {
		for j, id := range c.Explains {
			if i > 0 && roots[id] {
				continue
			}
			if j > 0 && !counted[id] {
				counted[id] = true
				n++
			}
			if name := names[id]; name != "" && !listed[name] {
				listed[name] = true
				explains = append(explains, name)
			}
		}
		for _, x := range c.Links {
			from, to := names[x.From], names[x.To]
			if from != "" && to != "" && from != to && !linked[to] {
				linked[to] = true
				x.From, x.To = from, to
				links = append(links, x)
			}
		}
	}
	out.Explains, out.Links, out.Explained = explains, links, 0
	if out.Explains == nil {
		out.Explains = []string{}
	}
	if n != len(explains)-1 && len(explains) > 0 {
		out.Explained = n
	}
}

// mostBlocks bounds the remedies that a cause is said to block.
const mostBlocks = 8

func (f *folding) blocks(g group, l level) []Block {
	var out []Block
	self := f.of[g.members[0].ID]
	told := map[int]bool{self: true}
	for _, c := range g.members {
		for _, b := range c.Blocks {
			k, known := f.of[b.Cause]
			switch {
			case len(out) == mostBlocks || known && (told[k] || k >= l.causes):
			case known:
				told[k] = true
				out = append(out, Block{f.groups[k].members[0].ID, b.Reason})
			default: // d was narrowed, and what is blocked lies outside
				out = append(out, b)
			}
		}
	}
	return out
}

// prove keeps the evidence of what is told: that of the causes, then one piece of each finding, then a second…
func (f *folding) prove(out *Diagnosis, l level, told []tidings) {
	keep := map[string]bool{}
	add := func(id string) {
		if len(keep) < l.evidence {
			keep[id] = true
		}
	}
	for i := range out.Causes {
		for _, id := range out.Causes[i].Evidence {
			add(id)
		}
	}
	out.Suspicions = firstOf(out.Suspicions, MostSuspicions)
	for i := range out.Suspicions {
		x := &out.Suspicions[i]
		x.Objects, x.Evidence = firstOf(x.Objects, l.named), firstOf(x.Evidence, l.cites)
		for _, id := range x.Evidence {
			add(id)
		}
	}
	for k := range l.cites + l.named { // as many as a finding has at most
		for i := range out.Findings {
			if k < len(out.Findings[i].Evidence) {
				add(out.Findings[i].Evidence[k])
			}
		}
	}
	out.Evidence = make([]Evidence, 0, min(len(f.d.Evidence), l.evidence))
	there := map[string]bool{}
	for _, e := range f.d.Evidence {
		if keep[e.ID] && !there[e.ID] {
			there[e.ID] = true
			out.Evidence = append(out.Evidence, e)
		}
	}
	for i := range out.Causes {
		out.Causes[i].Evidence = only(out.Causes[i].Evidence, there)
	}
	for i := range out.Suspicions {
		out.Suspicions[i].Evidence = only(out.Suspicions[i].Evidence, there)
	}
	for i := range out.Findings {
		out.Findings[i].Evidence = only(out.Findings[i].Evidence, there)
	}
}
