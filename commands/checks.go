package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/commands/grammar"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// checks lists what can be found, or explains one code.
func (s *Set) checks(_ context.Context, r Request) (Reply, error) {
	if s.Codes == nil {
		return Reply{}, errMissing("The list of checks")
	}
	args := r.Args
	if len(args) > 0 && args[0] == "explain" {
		if args = args[1:]; len(args) == 0 {
			return Reply{}, usageError("explain which code?")
		}
	}
	switch len(args) {
	case 0:
		return ChecksReply(s.Codes), nil
	case 1:
		return CodeReply(s.Codes, args[0]), nil
	}
	return Reply{}, usageError("checks explains one code at a time")
}

// ChecksReply lists codes by check.
func ChecksReply(docs []incident.CodeDoc) Reply {
	reply := Reply{Text: count(len(docs), "code") + " can be found", Data: docs}
	reply.Blocks = []Block{Header{reply.Text}}
	for i := 0; i < len(docs); {
		check := docs[i].Check
		t := Table{Columns: []Column{{"Code", false}, {"Severity", false}, {"", false}, {"Meaning", false}}}
		for ; i < len(docs) && docs[i].Check == check; i++ {
			d := docs[i]
			t.Rows = append(t.Rows, []Span{Mono(d.Code), Text(string(d.Severity)), Text(rootWord(d)), Text(d.Meaning)})
		}
		reply.Blocks = append(reply.Blocks, Paragraph{Bold(check)}, t)
	}
	return reply
}

// CodeReply explains one code; for one that there is not, it names those that look like it.
func CodeReply(docs []incident.CodeDoc, code string) Reply {
	i := slices.IndexFunc(docs, func(d incident.CodeDoc) bool { return strings.EqualFold(d.Code, code) })
	if i < 0 {
		text := "There is no code “" + clip.Runes(code, 60) + "”."
		if near := nearCodes(docs, code); len(near) > 0 {
			text += " Did you mean " + strings.Join(near, ", ") + "?"
		}
		return Reply{Text: text, Exit: ExitNoAnswer}
	}
	d := docs[i]
	fields := Fields{
		{"Severity", []Span{Text(string(d.Severity))}},
		{"Kind", []Span{Text(rootWord(d))}},
		{"Check", []Span{Text(d.Check)}},
	}
	if len(d.Reads) > 0 {
		fields = append(fields, Field{"Reads", []Span{Text(strings.Join(d.Reads, ", "))}})
	}
	blocks := []Block{Header{d.Code}, Paragraph{Text(d.Meaning)}, fields, Paragraph{Bold("For example: "), Text(d.Example)}}
	if d.Next != "" {
		blocks = append(blocks, Paragraph{Bold("Next: "), Text(d.Next)})
	}
	blocks = append(blocks, linkBlocks("Explains, where there is proof", d.Explains)...)
	blocks = append(blocks, linkBlocks("Is explained by, where there is proof", d.ExplainedBy)...)
	return Reply{Text: d.Code + ": " + d.Meaning, Blocks: blocks, Data: d}
}

func rootWord(d incident.CodeDoc) string {
	if d.Root {
		return "root"
	}
	return "symptom"
}

// linkBlocks are the links as a list, those of one rule together.
func linkBlocks(heading string, links []incident.CodeLink) []Block {
	if len(links) == 0 {
		return nil
	}
	list := List{{Spans: []Span{Bold(heading + ":")}}}
	for i, l := range links {
		first := slices.IndexFunc(links, func(o incident.CodeLink) bool { return o.Rule == l.Rule })
		if first < i {
			continue
		}
		var codes []string
		for _, o := range links[i:] {
			if o.Rule == l.Rule {
				codes = append(codes, o.Code)
			}
		}
		list = append(list, Item{Depth: 1, Spans: []Span{Text(strings.Join(codes, ", ")), Text(fmt.Sprintf(" (%s: “%s”)", l.Rule, l.Says))}})
	}
	return []Block{list}
}

const nearWithin = 4 // slips

// nearCodes are at most three codes that a mistyped one may have been meant to be: a part of one another, or a few slips apart.
func nearCodes(docs []incident.CodeDoc, said string) []string {
	low := strings.ToLower(said)
	if len(low) > 60 {
		return nil
	}
	type hit struct {
		code  string
		slips int
	}
	var hits []hit
	for _, d := range docs {
		code := strings.ToLower(d.Code)
		n := grammar.Slips(low, code)
		if n <= min(nearWithin, len(low)/2) || len(low) >= 3 && strings.Contains(code, low) {
			hits = append(hits, hit{d.Code, n})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.slips - b.slips })
	var codes []string
	for _, h := range hits[:min(3, len(hits))] {
		codes = append(codes, h.code)
	}
	return codes
}
