package commands

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// How much of each list is shown; the rest is counted.
const (
	mostCauses    = 5
	mostFolded    = 4
	mostEvidence  = 5
	mostRestarts  = 15
	mostNotSeen   = 6
	mostSimilar   = 3
	mostLoose     = 6
	mostObjects   = 4
	mostChanges   = 6
	mostTraced    = 200
	mostSignals   = 5
	mostCited     = 24 // sentences of a story are few, and so are their citations
	excerptLength = 300
	citedLength   = 120
)

// causeBlocks shows a cause: what it is, why it is believed, by which evidence, and what follows from it, folded.
func causeBlocks(d *incident.Diagnosis, n int, c incident.Cause) []Block {
	head := Paragraph{Bold(fmt.Sprintf("%d. %s", n, c.Title)), Text("  " + string(c.Confidence))}
	if names := objects(c.Objects, c.Faults()); len(names) > 0 {
		head = append(append(head, Text("\nin ")), names...)
	}
	if !c.Since.IsZero() {
		head = append(head, Text("\nsince "), When(c.Since))
	}
	if c.Before {
		head = append(head, Text("\n"+wasThere))
	}
	head = append(head, acceptedRoot(c)...)
	if note := normalNote(c.Normal, c.NormalUntil, d.At); note != "" {
		head = append(head, Text("\n"+note))
	}
	if c.Reason != "" {
		head = append(head, Text("\n"+c.Reason))
	}
	for _, b := range c.Blocks {
		head = append(head, Text("\n"), Bold("Blocks "+causeName(d, b.Cause)+": "), Text(b.Reason))
	}
	for _, a := range c.Against {
		head = append(head, Text("\nAgainst it: "+a))
	}
	blocks := []Block{head}
	if l := evidenceList(d, c.Evidence); len(l) > 0 {
		blocks = append(blocks, l)
	}
	if folded := foldedUnder(d, c); len(folded) > 0 {
		blocks = append(blocks, folded)
	}
	if c.Next != "" {
		blocks = append(blocks, Note{Text("Next: " + c.Next)})
	}
	return blocks
}

// wasThere is said of a cause that is set apart.
const wasThere = "It was there long before, and explains none of the rest."

// changeBlocks tell what changed just before, on the way to the causes.
func changeBlocks(d *incident.Diagnosis) []Block {
	cited := map[string]bool{}
	for _, c := range d.Causes {
		for _, id := range c.Changes {
			cited[id] = true
		}
	}
	list := List{{Spans: []Span{Bold("What changed just before:")}}}
	for _, c := range d.Changes {
		if !cited[c.ID] {
			continue
		}
		if len(list) > mostChanges {
			list = append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %d more", len(cited)-mostChanges))}})
			break
		}
		spans := []Span{When(c.At), Text(" "), Mono(c.Object.String()), Text(" " + clip.Runes(c.What, excerptLength))}
		if c.By != "" {
			spans = append(spans, Text(", by "+c.By))
		}
		list = append(list, Item{Depth: 1, Spans: spans})
	}
	if len(list) == 1 {
		return nil
	}
	return []Block{list}
}

// unknownBlocks admit that the root is not known, and say where it need not be sought.
func unknownBlocks(d *incident.Diagnosis) (unknown, ruledOut []Block) {
	if !d.Wrong() || len(d.Causes) > 0 && d.Causes[0].Confidence != incident.Possible {
		return nil, nil
	}
	if len(d.RuledOut) > 0 {
		ruledOut = []Block{ruledOutList("Ruled out:", d.RuledOut)}
	}
	return []Block{dontKnow()}, ruledOut
}

func dontKnow() Paragraph {
	return Paragraph{Bold("I don't know the root cause: "), Text("what is named first is a symptom, and nothing that was seen explains it.")}
}

// traceBlock lists how a diagnosis came about.
func traceBlock(d *incident.Diagnosis) Block {
	list := List{{Spans: []Span{Bold("How this came about: findings, rules, weights")}}}
	for i, line := range d.Trace {
		if i == mostTraced {
			list = append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %d more; -o json has them all", len(d.Trace)-i))}})
			break
		}
		list = append(list, Item{Depth: 1, Spans: []Span{Text(line)}})
	}
	return list
}

// causeName is "the remedy of 2. title" for the cause with the id.
func causeName(d *incident.Diagnosis, id string) string {
	i := slices.IndexFunc(d.Causes, func(c incident.Cause) bool { return c.ID == id })
	if i < 0 {
		return "another remedy" // the diagnosis was narrowed, and that cause lies outside
	}
	return fmt.Sprintf("the remedy of %d. %s", i+1, d.Causes[i].Title)
}

// evidenceList shows evidence with its ids.
func evidenceList(d *incident.Diagnosis, ids []string) List {
	var list List
	for i, id := range ids {
		if i == mostEvidence {
			return append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %d more pieces of evidence", len(ids)-i))}})
		}
		if e := d.EvidenceByID(id); e != nil {
			list = append(list, Item{Depth: 1, Spans: evidence(e)})
		}
	}
	return list
}

// citedBlocks show the evidence that a story cites and that is not shown with the causes: whoever reads an id finds what it stands for.
func citedBlocks(d *incident.Diagnosis, s *incident.Story) []Block {
	if d == nil {
		return nil
	}
	shown := map[string]bool{}
	for _, c := range d.Causes[:min(len(d.Causes), mostCauses)] {
		for _, id := range c.Evidence[:min(len(c.Evidence), mostEvidence)] {
			shown[id] = true
		}
	}
	list := List{{Spans: []Span{Bold("Also cited:")}}}
	for _, line := range s.Sentences {
		for _, id := range line.Cites {
			e := d.EvidenceByID(id)
			if e == nil || shown[id] || len(list) > mostCited {
				continue
			}
			shown[id] = true
			cited := *e
			cited.Excerpt = clip.Runes(e.Excerpt, citedLength)
			list = append(list, Item{Depth: 1, Spans: evidence(&cited)})
		}
	}
	if len(list) == 1 {
		return nil
	}
	return []Block{list}
}

func evidence(e *incident.Evidence) []Span {
	spans := []Span{Bold(e.ID), Text(" " + string(e.Source) + " "), Mono(e.Object.String())}
	if e.Field != "" {
		spans = append(spans, Text(" "+e.Field))
	}
	if !e.Time.IsZero() {
		spans = append(spans, Text(", "), When(e.Time))
	}
	return append(spans, Text(": "), Mono(excerpt(e.Excerpt)))
}

// excerpt is the telling end of an excerpt, on one line.
func excerpt(s string) string {
	return clip.Runes(strings.Join(strings.Fields(s), " "), excerptLength)
}

// loose are the findings of severity warning or more that no cause explains.
func loose(d *incident.Diagnosis) []incident.Finding {
	explained := map[string]bool{}
	for _, c := range d.Causes {
		for _, id := range c.Explains {
			explained[id] = true
		}
	}
	var worse []incident.Finding
	for _, f := range d.Findings {
		if !explained[f.ID] && f.Severity != incident.Info {
			worse = append(worse, f)
		}
	}
	return worse
}

// looseBlocks shows what stands beside the causes.
func looseBlocks(d *incident.Diagnosis) []Block {
	var blocks []Block
	worse, mild := loose(d), d.Total().Mild
	if len(worse) > 0 {
		list := List{{Spans: []Span{Bold("Without a known cause:")}}}
		for i, f := range worse {
			if i == mostLoose {
				list = append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %s more", thousands(stand(worse[i:]))))}})
				break
			}
			list = append(list, Item{Depth: 1, Spans: []Span{Text(string(f.Severity) + ": " + f.Title + " ("), Mono(f.Object.String()), Text(")")}})
		}
		blocks = append(blocks, list)
	}
	if mild > 0 {
		blocks = append(blocks, Note{Text(fmt.Sprintf("%s worth knowing, nothing to do.", count(mild, "thing")))})
	}
	return blocks
}

// notSeenBlocks says what could not be looked at.
func notSeenBlocks(d *incident.Diagnosis) []Block {
	unseen := d.Unseen()
	if len(unseen) == 0 {
		return nil
	}
	list := List{{Spans: []Span{Bold("Not seen:")}}}
	for i, n := range unseen {
		if i == mostNotSeen {
			more := len(unseen) - i + d.Total().NotSeen - len(d.NotSeen)
			list = append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %d more", more))}})
			break
		}
		list = append(list, Item{Depth: 1, Spans: []Span{Text(n.What + ": " + n.Why)}})
	}
	return []Block{list}
}

// lookedNote says what was looked at, and when.
func lookedNote(d *incident.Diagnosis) Note {
	note := Note{Text("Looked ")}
	switch {
	case len(d.Looked) > 0:
		note = Note{Text("Looked at " + strings.Join(d.Looked, ", ") + ", ")}
	case len(d.Scope.Objects) > 0:
		note = Note{Text("Looked at " + d.Scope.String() + ", ")}
	case d.Scope.Namespace != "":
		note = Note{Text("Nothing runs in " + d.Scope.String() + ". Looked ")}
	}
	return append(note, When(d.At))
}

// headline says a diagnosis in a line.
func headline(d *incident.Diagnosis) string {
	where := d.Cluster
	if where == "" {
		where = "The cluster"
	}
	if scope := d.Scope.String(); scope != "" {
		where += ", " + scope
	}
	if !d.Wrong() {
		return where + ": " + wellSaid(d)
	}
	if len(d.Causes) == 0 {
		return fmt.Sprintf("%s: %s wrong, cause unknown", where, count(stand(loose(d)), "thing"))
	}
	all := d.Total()
	return fmt.Sprintf("%s: %s, %s", where, count(all.Causes, "cause"), count(all.Consequences, "consequence"))
}

// stand is how many findings the given ones stand for.
func stand(findings []incident.Finding) int {
	n := 0
	for i := range findings {
		n += findings[i].Stands()
	}
	return n
}

// count is "1 cause", "2 causes".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%s %ss", thousands(n), what)
}

// thousands writes 6812 as 6,812.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
