package commands

import (
	"fmt"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// suspicionBlocks tell what was seen that proves nothing, behind every cause and marked as such.
func suspicionBlocks(d *incident.Diagnosis) []Block {
	if len(d.Suspicions) == 0 {
		return nil
	}
	list := List{{Spans: []Span{Bold("Worth a look, though it proves nothing:")}}}
	for _, x := range d.Suspicions {
		spans := []Span{Text(x.Title)}
		if names := objects(x.Objects, len(x.Objects)); len(names) > 0 {
			spans = append(append(append(spans, Text(" (")), names...), Text(")"))
		}
		if note := normalNote(x.Normal, x.NormalUntil, d.At); note != "" {
			spans = append(spans, Text(". "+note))
		}
		list = append(list, Item{Depth: 1, Spans: spans})
		for i, id := range x.Evidence {
			if e := d.EvidenceByID(id); e != nil && i < mostHinted {
				list = append(list, Item{Depth: 2, Spans: evidence(e)})
			}
		}
		if x.Next != "" {
			list = append(list, Item{Depth: 2, Spans: []Span{Text("Next: " + x.Next)}})
		}
	}
	return []Block{list}
}

// mostHinted bounds the evidence that is shown with a suspicion.
const mostHinted = 2

// normalNote says until when something may still be normal: "It may still be starting: 40 s left."; "" if that time is over.
func normalNote(may string, until, now time.Time) string {
	left := until.Sub(now)
	if left <= 0 || may == "" {
		return ""
	}
	return fmt.Sprintf("It %s: %s left.", may, left.Round(time.Second))
}

// noCause answers a question about a part of the cluster with which nothing is wrong as far as was seen: what was looked at there, what is
// odd, and what to ask next.
func noCause(d *incident.Diagnosis, prog string) Reply {
	d = incident.Brief(d)
	name, known := d.Scope.String(), "Nothing is known to be wrong with "
	if len(d.Accepted) > 0 {
		known = "Apart from what is accepted, nothing is known to be wrong with "
	}
	if len(d.Scope.Unseen) > 0 {
		known = "Nothing was seen to be wrong with "
	}
	blocks := append([]Block{Paragraph{Text(known), Mono(name), Text(unseenNote(d) + ".")}}, acceptedBlocks(d)...)
	blocks = append(blocks, suspicionBlocks(d)...)
	if len(d.RuledOut) > 0 {
		blocks = append(blocks, ruledOutList("Looked at and ruled out:", d.RuledOut))
	}
	blocks = append(append(blocks, askNext(d, prog)), notSeenBlocks(d)...)
	return Reply{Text: known + name + unseenNote(d) + ".", Blocks: append(blocks, lookedNote(d)), Data: NewReport(d, nil, nil),
		Exit: verdict(d)}
}

// ruledOutList says where the cause need not be sought.
func ruledOutList(title string, out []incident.RuledOut) List {
	list := List{{Spans: []Span{Bold(title)}}}
	for _, r := range out {
		list = append(list, Item{Depth: 1, Spans: []Span{Text(r.What + ": " + r.Why)}})
	}
	return list
}

// askNext says what to ask where no cause was found.
func askNext(d *incident.Diagnosis, prog string) List {
	list := List{{Spans: []Span{Bold("If it still hurts, ask next:")}}}
	for i, o := range d.Depends {
		if i == mostNext {
			break
		}
		words := prog + " why " + strings.ToLower(o.Kind) + "/" + o.Name
		if o.Namespace != "" {
			words += " -n " + o.Namespace
		}
		list = append(list, Item{Depth: 1, Spans: []Span{Mono(words), Text(", which it depends on")}})
	}
	return append(list, Item{Depth: 1, Spans: []Span{Mono(prog + " why"), Text(", about the whole cluster")}},
		Item{Depth: 1, Spans: []Span{Text("whoever calls it: what do they see, since when, and do all of them?")}})
}

// mostNext bounds what is proposed to be asked next.
const mostNext = 4
