package incident

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Numbers are the greatest numbers that were given as ids.
type Numbers struct {
	Causes   int `json:"causes,omitempty"`
	Findings int `json:"findings,omitempty"`
	Evidence int `json:"evidence,omitempty"`
	Changes  int `json:"changes,omitempty"`
}

// Number gives the facts of a new look the ids by which an incident knows them: what was there in an earlier look keeps its id, what is new
// gets a number that was never given before, what is told in [Brief] the lowest. before are the earlier looks, the oldest first; nil for
// the first, whose ids then stay unless something of it is left out. It returns the whole, with what is
// Elsewhere, and what is told of it, without; it does not change d.
//
// A fact is the same if it is seen at the same place and says the same, numbers aside: "14 restarts" of a container are "15 restarts" of
// it a minute later. A finding is the same if its code and its object are, a cause if its root is.
func Number(d *Diagnosis, before ...*Diagnosis) (whole, told *Diagnosis) {
	told = Brief(d.Here())
	var last Numbers
	for _, b := range before {
		last = last.max(b.Numbered).max(numbersOf(b))
	}
	evidence := numbering{letter: "E", last: last.Evidence}
	findings := numbering{letter: "F", last: last.Findings}
	causes := numbering{letter: "C", last: last.Causes}
	changes := numbering{letter: "T", last: last.Changes}
	ids := renames{
		evidence: evidence.give(d, told, before, evidenceOf),
		findings: findings.give(d, told, before, findingsOf),
		causes:   causes.give(d, told, before, causesOf),
		changes:  changes.give(d, told, before, changesOf),
	}
	numbered := Numbers{causes.last, findings.last, evidence.last, changes.last}
	whole = ids.apply(d)
	whole.Numbered = numbered
	return whole, Brief(whole.Here())
}

// Looks are the diagnoses of an incident, the oldest first, as they were told.
func Looks(s *State) []*Diagnosis {
	var all []*Diagnosis
	for _, r := range s.Log {
		if e, ok := r.Event.(DiagnosisMade); ok {
			all = append(all, &e.Diagnosis)
		}
	}
	return all
}

func (n Numbers) max(m Numbers) Numbers {
	return Numbers{max(n.Causes, m.Causes), max(n.Findings, m.Findings), max(n.Evidence, m.Evidence), max(n.Changes, m.Changes)}
}

func numbersOf(d *Diagnosis) Numbers {
	var n Numbers
	for i := range d.Causes {
		n.Causes = max(n.Causes, numberOf(d.Causes[i].ID))
	}
	for i := range d.Findings {
		n.Findings = max(n.Findings, numberOf(d.Findings[i].ID))
	}
	for i := range d.Evidence {
		n.Evidence = max(n.Evidence, numberOf(d.Evidence[i].ID))
	}
	for i := range d.Changes {
		n.Changes = max(n.Changes, numberOf(d.Changes[i].ID))
	}
	return n
}

func numberOf(id string) int {
	n, err := strconv.Atoi(id[min(1, len(id)):])
	if err != nil {
		return 0
	}
	return n
}

// fact is something with an id. same holds what makes it the same fact in another look, exact what it says to the letter.
type fact struct{ id, same, exact string }

// numbering gives ids of one letter.
type numbering struct {
	letter string
	last   int
}

// give says which id each fact gets: one that it had, or the next number; those that are told first.
func (n *numbering) give(d, brief *Diagnosis, before []*Diagnosis, of func(*Diagnosis) []fact) map[string]string {
	facts, told := of(d), map[string]bool{}
	for _, x := range of(brief) {
		told[x.id] = true
	}
	exact, same := map[string]string{}, map[string][]string{}
	known := map[string]bool{}
	for _, b := range before {
		for _, x := range of(b) {
			exact[x.same+"\x00"+x.exact] = x.id
			if !known[x.id] {
				known[x.id] = true
				same[x.same] = append(same[x.same], x.id)
			}
		}
	}
	ids, taken := map[string]string{}, map[string]bool{}
	take := func(x fact, id string) bool {
		if id == "" || taken[id] || ids[x.id] != "" {
			return false
		}
		ids[x.id], taken[id] = id, true
		return true
	}
	for _, x := range facts {
		take(x, exact[x.same+"\x00"+x.exact])
	}
	for _, x := range facts {
		for len(same[x.same]) > 0 && ids[x.id] == "" {
			take(x, same[x.same][0])
			same[x.same] = same[x.same][1:]
		}
	}
	for _, first := range []bool{true, false} {
		for _, x := range facts {
			if ids[x.id] == "" && told[x.id] == first {
				n.last++
				ids[x.id] = n.letter + strconv.Itoa(n.last)
			}
		}
	}
	return ids
}

// renames are new ids by old ones.
type renames struct{ evidence, findings, causes, changes map[string]string }

// apply is a copy of a diagnosis with the new ids, wherever there is one.
func (r renames) apply(d *Diagnosis) *Diagnosis {
	out := *d
	list := func(ids []string, by map[string]string) []string {
		ids = slices.Clone(ids)
		for i := range ids {
			ids[i] = cmp.Or(by[ids[i]], ids[i])
		}
		return ids
	}
	out.Causes, out.Findings = slices.Clone(d.Causes), slices.Clone(d.Findings)
	out.Evidence, out.Changes = slices.Clone(d.Evidence), slices.Clone(d.Changes)
	for i := range out.Evidence {
		out.Evidence[i].ID = r.evidence[out.Evidence[i].ID]
	}
	for i := range out.Changes {
		out.Changes[i].ID = r.changes[out.Changes[i].ID]
	}
	for i := range out.Findings {
		out.Findings[i].ID, out.Findings[i].Evidence = r.findings[out.Findings[i].ID], list(out.Findings[i].Evidence, r.evidence)
	}
	out.Suspicions = slices.Clone(d.Suspicions)
	for i := range out.Suspicions {
		out.Suspicions[i].Evidence = list(out.Suspicions[i].Evidence, r.evidence)
	}
	for i := range out.Causes {
		c := &out.Causes[i]
		c.ID, c.Explains = r.causes[c.ID], list(c.Explains, r.findings)
		c.Evidence, c.Changes = list(c.Evidence, r.evidence), list(c.Changes, r.changes)
		c.Blocks, c.Links = slices.Clone(c.Blocks), slices.Clone(c.Links)
		for j := range c.Blocks {
			c.Blocks[j].Cause = cmp.Or(r.causes[c.Blocks[j].Cause], c.Blocks[j].Cause)
		}
		for j := range c.Links {
			x := &c.Links[j]
			x.From, x.To = cmp.Or(r.findings[x.From], x.From), cmp.Or(r.findings[x.To], x.To)
		}
	}
	return &out
}

func evidenceOf(d *Diagnosis) []fact {
	out := make([]fact, len(d.Evidence))
	for i, e := range d.Evidence {
		place := fmt.Sprintf("%s\x00%s\x00%s\x00", e.Source, e.Object, e.Field)
		out[i] = fact{e.ID, place + noDigits(e.Excerpt), e.Excerpt + e.Time.String()}
	}
	return out
}

func findingsOf(d *Diagnosis) []fact {
	out := make([]fact, len(d.Findings))
	for i := range d.Findings {
		f := &d.Findings[i]
		out[i] = fact{f.ID, f.Code + "\x00" + f.Object.String(), pattern(f.Title, f.Object)}
	}
	return out
}

// A cause is known by its root; by what it blames where no finding of it is told.
func causesOf(d *Diagnosis) []fact {
	root := map[string]*Finding{}
	for i := range d.Findings {
		root[d.Findings[i].ID] = &d.Findings[i]
	}
	out := make([]fact, len(d.Causes))
	for i := range d.Causes {
		c := &d.Causes[i]
		out[i] = fact{c.ID, c.Code, pattern(c.Title, c.Objects...)}
		if len(c.Objects) > 0 {
			out[i].same += "\x00" + c.Objects[0].String()
		}
		if len(c.Explains) > 0 && root[c.Explains[0]] != nil {
			out[i].same += "\x00" + root[c.Explains[0]].Object.String()
		}
	}
	return out
}

func changesOf(d *Diagnosis) []fact {
	out := make([]fact, len(d.Changes))
	for i, c := range d.Changes {
		out[i] = fact{c.ID, fmt.Sprintf("%d\x00%s\x00%s", c.At.Unix(), c.Object, c.What), c.By}
	}
	return out
}

// noDigits makes every number a "#".
func noDigits(s string) string {
	before := false
	return strings.Map(func(r rune) rune {
		digit := '0' <= r && r <= '9'
		again := digit && before
		switch before = digit; {
		case again:
			return -1
		case digit:
			return '#'
		}
		return r
	}, s)
}
