package commands

import (
	"context"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

func (s *Set) why(ctx context.Context, r Request) (Reply, error) {
	o, err := parseOptions(r.Args)
	if err != nil {
		return Reply{}, err
	}
	words, err := objectWords(o.words)
	if err != nil {
		return Reply{}, err
	}
	d, err := s.diagnose(ctx, r, incident.Asked{Namespace: o.namespace, Words: words, Hurts: true})
	if err != nil {
		return Reply{}, err
	}
	asked := d.Scope.Namespace != "" || len(d.Scope.Objects) > 0
	switch {
	case asked && !d.Wrong():
		return withTrace(noCause(d, r.Prog), d, o.trace), nil
	case len(d.Scope.Objects) > 0:
		return withTrace(s.whyObjects(d), d, o.trace), nil
	}
	var story *incident.Story
	var similar []incident.Similar
	if s.Explainer != nil && d.Wrong() {
		story, similar = s.Explainer.Explain(ctx, incident.Brief(d))
	}
	reply := WhyReply(d, story, similar)
	if s.Incidents != nil && d.Wrong() {
		reply.Blocks = append(reply.Blocks, s.foundActions(d)) // before the trace, of which a face may leave out the end
	}
	return withTrace(reply, d, o.trace), nil
}

// withTrace adds how the diagnosis came about, where that was asked for.
func withTrace(r Reply, d *incident.Diagnosis, wanted bool) Reply {
	report, ok := r.Data.(Report)
	if !wanted || !ok {
		return r
	}
	report.Trace = full(d.Trace)
	r.Data, r.Blocks = report, append(r.Blocks, traceBlock(d))
	return r
}

// whyObjects answers about what was named. The story tells the whole, so it is left out.
func (s *Set) whyObjects(d *incident.Diagnosis) Reply {
	name := d.Scope.String()
	reply := WhyReply(d, nil, nil)
	reply.Blocks[0] = Header{"Why " + name}
	reply.Text = name + ": " + d.Findings[0].Title
	if len(d.Causes) > 0 {
		reply.Text = name + ": " + d.Causes[0].Title
	}
	if s.Incidents != nil {
		reply.Blocks = append(reply.Blocks, s.foundActions(d))
	}
	return reply
}

// WhyReply says why, to people in brief and as Data the whole: the causes, each with what proves it and what follows from it, the story,
// and what was seen before.
func WhyReply(whole *incident.Diagnosis, story *incident.Story, similar []incident.Similar) Reply {
	d := incident.Brief(whole)
	head := headline(d)
	blocks := append([]Block{Header{head}}, diagnosisBlocks(d)...)
	if story != nil {
		blocks = append(blocks, Divider{})
		blocks = append(append(blocks, storyBlocks(story)...), citedBlocks(d, story)...)
	}
	if len(similar) > 0 {
		blocks = append(blocks, Divider{})
		blocks = append(blocks, similarList(similar))
	}
	blocks = append(blocks, lookedNote(d))
	reply := Reply{Text: head, Blocks: blocks, Data: NewReport(whole, story, similar), Exit: verdict(d)}
	if len(d.Causes) > 0 {
		reply.Text += ". " + sentence(d.Causes[0].Title)
	}
	return reply
}

// diagnosisBlocks are the causes, what none explains, and what was not seen.
func diagnosisBlocks(d *incident.Diagnosis) []Block {
	unknown, ruledOut := unknownBlocks(d)
	blocks := unknown
	for i, c := range d.Causes {
		if i == mostCauses {
			blocks = append(blocks, Note{Text("… " + count(d.Total().Causes-i, "more cause"))})
			break
		}
		if i > 0 {
			blocks = append(blocks, Divider{})
		}
		blocks = append(blocks, causeBlocks(d, i+1, c)...)
	}
	blocks = append(blocks, looseBlocks(d)...)
	blocks = append(blocks, suspicionBlocks(d)...)
	blocks = append(blocks, changeBlocks(d)...)
	blocks = append(blocks, ruledOut...)
	blocks = append(blocks, acceptedBlocks(d)...)
	return append(blocks, notSeenBlocks(d)...)
}

// storyBlocks tell the story, each sentence with what it cites.
func storyBlocks(s *incident.Story) []Block {
	var p Paragraph
	for i, line := range s.Sentences {
		if i > 0 {
			p = append(p, Text(" "))
		}
		p = append(p, Text(strings.TrimSpace(line.Text)))
		if len(line.Cites) > 0 {
			p = append(p, Text(" ["+strings.Join(line.Cites, ", ")+"]"))
		}
	}
	by := Note{Text("Told by " + s.By + " from the evidence above.")}
	if s.By == "template" {
		by = Note{Text("Told by a template, without a model.")}
	}
	if s.Note != "" {
		by = append(by, Text(" "+sentence(s.Note)))
	}
	if len(p) == 0 {
		return []Block{by}
	}
	return []Block{append(Paragraph{Bold("What happened"), Text("\n")}, p...), by}
}

// similarList shows what was seen before and what worked.
func similarList(similar []incident.Similar) List {
	list := List{{Spans: []Span{Bold("Seen before:")}}}
	for _, m := range similar[:min(len(similar), mostSimilar)] {
		list = append(list, similarItems(m)...)
	}
	return list
}

func similarItems(m incident.Similar) List {
	head := []Span{Bold(m.Title)}
	if m.Date != "" {
		head = append(head, Text(", "+m.Date))
	}
	if m.Outcome != "" {
		head = append(head, Text(", "+m.Outcome))
	}
	list := List{{Depth: 1, Spans: head}}
	if len(m.Worked) > 0 {
		list = append(list, Item{Depth: 2, Spans: []Span{Text("What worked: " + clip.Runes(strings.Join(m.Worked, "; "), maxLine))}})
	}
	if len(m.Shared) > 0 {
		list = append(list, Item{Depth: 2, Spans: []Span{Text("In common: " + clip.Runes(strings.Join(m.Shared, ", "), maxLine))}})
	}
	if m.ID != "" {
		list = append(list, Item{Depth: 2, Spans: []Span{Text("Postmortem "), Mono(m.ID)}})
	}
	return list
}
