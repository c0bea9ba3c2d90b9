package commands

import (
	"fmt"
	"slices"
	"strings"

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
	excerptLength = 300
)

// causeBlocks shows a cause: what it is, why it is believed, by which evidence, and what follows from it, folded.
func causeBlocks(d *incident.Diagnosis, n int, c incident.Cause) []Block {
	head := Paragraph{Bold(fmt.Sprintf("%d. %s", n, c.Title)), Text("  " + string(c.Confidence))}
	if names := objects(c.Objects); len(names) > 0 {
		head = append(append(head, Text("\nin ")), names...)
	}
	if !c.Since.IsZero() {
		head = append(head, Text("\nsince "), When(c.Since))
	}
	if c.Before {
		head = append(head, Text("\n"+wasThere))
	}
	if c.Reason != "" {
		head = append(head, Text("\n"+c.Reason))
	}
	for _, b := range c.Blocks {
		head = append(head, Text("\n"), Bold("Blocks the remedy of "+causeName(d, b.Cause)+": "), Text(b.Reason))
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
const wasThere = "It was there long before, and explains nothing of the rest."

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
		spans := []Span{When(c.At), Text(" "), Mono(c.Object.String()), Text(" " + cut(c.What, excerptLength))}
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
func unknownBlocks(d *incident.Diagnosis) []Block {
	if !d.Wrong() || len(d.Causes) > 0 && d.Causes[0].Confidence != incident.Possible {
		return nil
	}
	blocks := []Block{Paragraph{Bold("I don't know the root of it: "), Text("what is named first is a symptom, and nothing that was seen explains it.")}}
	if len(d.RuledOut) == 0 {
		return blocks
	}
	list := List{{Spans: []Span{Bold("Ruled out:")}}}
	for _, r := range d.RuledOut {
		list = append(list, Item{Depth: 1, Spans: []Span{Text(r.What + ": " + r.Why)}})
	}
	return append(blocks, list)
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

// causeName is "2. title" of the cause with the id.
func causeName(d *incident.Diagnosis, id string) string {
	i := slices.IndexFunc(d.Causes, func(c incident.Cause) bool { return c.ID == id })
	if i < 0 {
		return id
	}
	return fmt.Sprintf("%d. %s", i+1, d.Causes[i].Title)
}

func objects(all []incident.Object) []Span {
	var spans []Span
	for i, o := range all {
		if i == mostObjects {
			return append(spans, Text(fmt.Sprintf(" and %d more", len(all)-i)))
		}
		if i > 0 {
			spans = append(spans, Text(", "))
		}
		spans = append(spans, Mono(o.String()))
	}
	return spans
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
	return cut(strings.Join(strings.Fields(s), " "), excerptLength)
}

// foldedUnder counts what a cause explains besides its own root, by kind of finding.
func foldedUnder(d *incident.Diagnosis, c incident.Cause) List {
	if len(c.Explains) < 2 {
		return nil
	}
	var codes []string
	of := map[string][]incident.Finding{}
	for _, id := range c.Explains[1:] {
		f := d.Finding(id)
		if f == nil {
			continue
		}
		if of[f.Code] == nil {
			codes = append(codes, f.Code)
		}
		of[f.Code] = append(of[f.Code], *f)
	}
	list := List{{Spans: []Span{Bold(fmt.Sprintf("Explains %s:", count(len(c.Explains)-1, "consequence")))}}}
	for _, code := range codes {
		spans := []Span{Text(fmt.Sprintf("%s ×%d: ", code, len(of[code])))}
		for i, f := range of[code] {
			if i == mostFolded {
				spans = append(spans, Text(fmt.Sprintf(" and %d more", len(of[code])-i)))
				break
			}
			if i > 0 {
				spans = append(spans, Text(", "))
			}
			spans = append(spans, Mono(f.Object.String()))
		}
		list = append(list, Item{Depth: 1, Spans: spans})
	}
	return list
}

// loose are the findings of severity warning or more that no cause explains, and the number of the milder ones.
func loose(d *incident.Diagnosis) (worse []incident.Finding, mild int) {
	explained := map[string]bool{}
	for _, c := range d.Causes {
		for _, id := range c.Explains {
			explained[id] = true
		}
	}
	for _, f := range d.Findings {
		switch {
		case explained[f.ID]:
		case f.Severity == incident.Info:
			mild++
		default:
			worse = append(worse, f)
		}
	}
	return worse, mild
}

// looseBlocks shows what stands beside the causes.
func looseBlocks(d *incident.Diagnosis) []Block {
	var blocks []Block
	worse, mild := loose(d)
	if len(worse) > 0 {
		list := List{{Spans: []Span{Bold("Without a known cause:")}}}
		for i, f := range worse {
			if i == mostLoose {
				list = append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %d more", len(worse)-i))}})
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
	if len(d.NotSeen) == 0 {
		return nil
	}
	list := List{{Spans: []Span{Bold("Not seen:")}}}
	for i, n := range d.NotSeen {
		if i == mostNotSeen {
			list = append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %d more", len(d.NotSeen)-i))}})
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
		worse, _ := loose(d)
		return fmt.Sprintf("%s: %s wrong, cause unknown", where, count(len(worse), "thing"))
	}
	return fmt.Sprintf("%s: %s, %s", where, count(len(d.Causes), "cause"), count(consequences(d), "consequence"))
}

// consequences is how many findings are explained by another.
func consequences(d *incident.Diagnosis) int {
	seen := map[string]bool{}
	for _, c := range d.Causes {
		for i, id := range c.Explains {
			if i > 0 {
				seen[id] = true
			}
		}
	}
	return len(seen)
}

// worst is the greatest severity among the findings.
func worst(d *incident.Diagnosis) incident.Severity {
	w := incident.Info
	for _, f := range d.Findings {
		if f.Severity.Rank() > w.Rank() {
			w = f.Severity
		}
	}
	return w
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
