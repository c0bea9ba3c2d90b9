package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// What a thread tells until somebody asks for more.
const (
	mostFound = 3 // causes, what has none, or suspicions
)

// foundBlocks tell what was found in a line each: the causes in the order in which they are mended; where there is none, what is wrong all
// the same or what is suspected.
func foundBlocks(d *incident.Diagnosis, r room) []Block {
	var list List
	all := d.InOrder()
	title := func(c incident.Cause) string {
		if len(all) > 1 {
			return atLength(incident.TightTitle(c.Title), r.title) // what follows from each is the story's to tell
		}
		return atLength(c.Title, r.title)
	}
	for i, c := range all[:min(len(all), r.found)] {
		list = append(list, Item{Spans: []Span{Bold(fmt.Sprintf("%d. %s", i+1, title(c))), Text("  " + string(c.Confidence))}})
	}
	if more := d.Total().Causes - len(list); len(list) > 0 && more > 0 {
		list = append(list, Item{Spans: []Span{Text("… " + count(more, "more cause"))}})
	}
	var blocks []Block
	switch {
	case !d.Wrong():
		blocks = append(append(blocks, Paragraph{Bold(foundNothing(d, ""))}), acceptedBlocks(d)...)
	case len(d.Causes) == 0:
		blocks = append(blocks, Paragraph{Bold("I don't know the cause: "), Text("nothing that was seen explains what is wrong.")})
	case d.Causes[0].Confidence == incident.Possible:
		blocks = append(blocks, dontKnow())
	}
	if len(list) > 0 {
		blocks = append(blocks, list)
	}
	if len(d.Causes) == 0 {
		return append(blocks, oddBlocks(d)...)
	}
	return append(blocks, changeLine(d, all[0])...)
}

// changeLine is what was changed just before, on the way to a cause: the first of it.
func changeLine(d *incident.Diagnosis, c incident.Cause) []Block {
	for _, x := range d.Changes {
		if slices.Contains(c.Changes, x.ID) {
			return []Block{Paragraph{Bold("Changed just before: "), Mono(x.Object.String()), Text(" "), When(x.At),
				Text(", " + clip.Runes(x.What, mostReason))}}
		}
	}
	return nil
}

// oddBlocks are what is wrong without a known cause, and what is merely suspected, by their titles.
func oddBlocks(d *incident.Diagnosis) []Block {
	var blocks []Block
	titled := func(head string, titles []string, all int) {
		if len(titles) == 0 {
			return
		}
		list := List{{Spans: []Span{Bold(head)}}}
		for _, t := range titles {
			list = append(list, Item{Depth: 1, Spans: []Span{Text(clip.Runes(t, mostReason))}})
		}
		if all > len(titles) {
			list = append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %s more", thousands(all-len(titles))))}})
		}
		blocks = append(blocks, list)
	}
	worse := loose(d)
	var wrong, odd []string
	for _, f := range worse[:min(len(worse), mostFound)] {
		wrong = append(wrong, f.Title)
	}
	for _, x := range d.Suspicions[:min(len(d.Suspicions), mostFound)] {
		odd = append(odd, x.Title)
	}
	titled("Without a known cause:", wrong, stand(worse))
	titled("Worth a look, though it proves nothing:", odd, len(d.Suspicions))
	return blocks
}

// details tells all that was found of an incident.
func (s *Set) details(ctx context.Context, r Request) (Reply, error) {
	state, _, err := s.shown(ctx, r, "show the details of")
	if err != nil {
		return Reply{}, err
	}
	if state.Diagnosis == nil {
		return Reply{}, &Refusal{Reason: state.ID + " has not been looked at yet."}
	}
	return detailsReply(state), nil
}

// detailsReply is an incident's diagnosis, whole, to be read.
func detailsReply(s *incident.State) Reply {
	d := s.Diagnosis
	var whole []Block
	blocks := diagnosisBlocks(d)
	if s.Story != nil {
		blocks = append(blocks, citedBlocks(d, s.Story)...)
	}
	if alerts := alertList(s); len(alerts) > 0 {
		blocks = append(blocks, alerts)
	}
	for _, b := range append(blocks, lookedNote(d)) {
		if n, ok := b.(Note); ok {
			b = Paragraph(n)
		}
		whole = append(whole, b)
	}
	return Reply{Text: headline(d), Data: NewReport(d, s.Story, s.Similar), Blocks: []Block{Paragraph{Bold(headline(d))}},
		Form: &Form{ID: "details", Title: s.ID + ": what was found", Whole: whole, Again: Quote("details", s.ID)}}
}

// similarBrief names what was seen before: of the most similar what worked, of others where it is written.
func similarBrief(similar []incident.Similar, note string) []Block {
	var blocks []Block
	if len(similar) > 0 {
		list := List{{Spans: []Span{Bold("Seen before:")}}}
		for i, m := range similar[:min(len(similar), mostSimilar)] {
			if i > 0 && m.ID != "" {
				list = append(list, Item{Depth: 1, Spans: []Span{Text("Also "), Mono(m.ID)}})
				continue
			}
			line := []Span{Text(incident.TightTitle(m.Title))}
			if m.Date != "" {
				line = append(line, Text(", "+m.Date))
			}
			if len(m.Worked) > 0 {
				line = append(line, Text(". What worked: "+clip.Runes(m.Worked[0], mostReason)+andMore(len(m.Worked)-1)))
			}
			if m.ID != "" {
				line = append(line, Text(". Postmortem "), Mono(m.ID))
			}
			list = append(list, Item{Depth: 1, Spans: line})
		}
		blocks = append(blocks, list)
	}
	if note != "" {
		blocks = append(blocks, Note{Text(sentence(note))})
	}
	return blocks
}

// andMore counts what a thread leaves out.
func andMore(n int) string {
	if n < 1 {
		return ""
	}
	return fmt.Sprintf("; and %s more", thousands(n))
}

// unconfigured says whether a note tells what nobody has configured, which App Home and doctor say once for all incidents.
func unconfigured(note string) bool { return strings.HasSuffix(note, " is configured") }

// planBrief is a plan in a few lines: its steps by their titles, and what it risks. Whoever opens it sees the whole. Once it runs, its
// steps are told with how far they have come.
func planBrief(p *incident.Plan, running bool, r room) []Block {
	if running {
		return nil
	}
	blocks := append(cautions(p), Paragraph{Bold(clip.Phrase(p.Title, 2*r.title))})
	if p.Rest > 0 {
		blocks = append(blocks, restOf(p))
	}
	if steps := stepList(p, r.found+2); len(steps) > 0 {
		blocks = append(blocks, steps)
	}
	return append(blocks, Note{Text("Risk: " + string(p.Risk) + "." + clip.Phrase(impactBrief(p), 2*r.why))})
}

// briefTitle is a step's title without where what it writes comes from.
func briefTitle(step incident.Step) string {
	if step.Source == "" {
		return step.Title
	}
	return strings.TrimSuffix(step.Title, " to "+step.Source)
}

// stepList names the first of a plan's steps, and counts the others.
func stepList(p *incident.Plan, most int) List {
	var list List
	say := func(text string) { list = append(list, Item{Depth: 1, Spans: []Span{Text(text)}}) }
	for i, step := range p.Steps {
		left := len(p.Steps) - i
		always := slices.ContainsFunc(p.Steps[i:], func(s incident.Step) bool { return s.Unless == 0 })
		switch line := fmt.Sprintf("%d. %s", i+1, briefTitle(step)); {
		case !always && left > 1:
			say("… " + thousands(left) + " more, only if needed")
			return list
		case i == most-1 && left > 1:
			say("… " + count(left, "more step"))
			return list
		case step.Unless > 0:
			say(line + ", only if needed")
		default:
			say(line)
		}
	}
	return list
}

// impactBrief is what a plan interrupts: of one thing what happens to it, of more their number.
func impactBrief(p *incident.Plan) string {
	if len(p.Impact) == 1 {
		return " " + sentence(p.Impact[0])
	}
	if len(p.Impact) > 1 {
		first, _, _ := strings.Cut(strings.TrimSuffix(p.Impact[0], "."), "; ")
		return " " + clip.Runes(first, mostReason) + andMore(len(p.Impact)-1) + "."
	}
	return ""
}

// editedNote says who set which values of a plan.
func editedNote(s *incident.State, p *incident.Plan) []Block {
	for i := len(s.Log) - 1; i >= 0; i-- {
		e, ok := s.Log[i].Event.(incident.PlanEdited)
		if !ok || e.Plan.Hash != p.Hash {
			continue
		}
		var set []string
		for _, c := range e.Changes {
			set = append(set, clip.Runes(c.Key+" to "+c.Value, mostOther))
		}
		return []Block{Note{Text("Set by " + e.By.Name + ": " + clip.Runes(strings.Join(set, ", "), mostReason) + ".")}}
	}
	return nil
}

// checksBrief shows the conditions that are not met, and counts the others.
func checksBrief(title string, checks []incident.Check, r room) List {
	var not []incident.Check
	for _, c := range checks {
		if !c.OK {
			c.Detail = clip.Phrase(c.Detail, r.detail)
			not = append(not, c)
		}
	}
	list := checkList(title, not)
	if good := len(checks) - len(not); good > 0 {
		list = append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("✓ %d of %s met", good, count(len(checks), "condition")))}})
	}
	return list
}
