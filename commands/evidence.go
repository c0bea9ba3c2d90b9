package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	mostAsked    = 20  // ids at a time
	mostCiting   = 8   // who rests on a piece
	mostRows     = 60  // of the list; -o json has all
	rowExcerpt   = 60  // characters of an excerpt in the list
	rowCitations = 4   // ids of who rests on it, in the list
	wholeExcerpt = 900 // characters of an excerpt, which has at most incident.MaxExcerpt bytes
)

// evidence shows what ids of an incident stand for, whole; without ids it lists its evidence.
func (s *Set) evidence(ctx context.Context, r Request) (Reply, error) {
	state, ids, err := s.shown(ctx, r, "show the evidence of")
	if err != nil {
		return Reply{}, err
	}
	if len(ids) > mostAsked {
		return Reply{}, usageError(fmt.Sprintf("at most %d ids at a time", mostAsked))
	}
	for i := range ids {
		said := ids[i]
		if ids[i] = strings.ToUpper(strings.Trim(said, ",[]")); !idPattern.MatchString(ids[i]) {
			return Reply{}, usageError("“" + clip.Runes(said, 40) + "” is no id such as E3, F1, C2 or T7")
		}
	}
	if len(looks(state)) == 0 {
		return Reply{}, &Refusal{Reason: state.ID + " has no evidence yet: the cluster has not been looked at."}
	}
	if len(ids) == 0 {
		return listEvidence(state, r.Prog), nil
	}
	return evidenceReply(state, ids, r.Prog)
}

// evidenceReply shows the pieces with the ids. An id that no look had is said; if none is known there is no answer.
func evidenceReply(s *incident.State, ids []string, prog string) (Reply, error) {
	reply := Reply{Text: s.ID + ": " + strings.Join(ids, ", ")}
	found := []Piece{}
	var unknown []string
	for _, id := range ids {
		all := pieces(s, id)
		if len(all) == 0 {
			unknown = append(unknown, id)
		}
		for _, p := range all {
			if len(found) > 0 {
				reply.Blocks = append(reply.Blocks, Divider{})
			}
			found = append(found, p)
			reply.Blocks = append(reply.Blocks, pieceBlocks(s, p)...)
		}
	}
	reply.Data = found
	if len(unknown) > 0 {
		reason := fmt.Sprintf("%s has never had %s. %s evidence %s lists what it has.", s.ID, strings.Join(unknown, ", "), prog, s.ID)
		if len(found) == 0 {
			return Reply{}, &incident.NoAnswer{Reason: reason}
		}
		reply.Exit = ExitNoAnswer
		reply.Blocks = append(reply.Blocks, Divider{}, Paragraph{Text(reason)})
	}
	return reply, nil
}

func pieceBlocks(s *incident.State, p Piece) []Block {
	var blocks []Block
	switch {
	case p.Evidence != nil:
		blocks = evidenceBlocks(p.Evidence)
	case p.Finding != nil:
		blocks = findingBlocks(p.Finding)
	case p.Cause != nil:
		d := looks(s)[len(looks(s))-p.Look].diagnosis
		rank := slices.IndexFunc(d.Causes, func(c incident.Cause) bool { return c.ID == p.ID }) + 1
		blocks = append([]Block{Paragraph{Bold(p.ID), Text(" " + p.Cause.Code)}}, causeBlocks(d, rank, *p.Cause)...)
	default:
		blocks = []Block{Paragraph{Bold(p.ID), Text(" change of "), Mono(p.Change.Object.String()), Text(", seen in " + string(p.Change.Source))},
			Fields{{"When", []Span{When(p.Change.At)}}, {"By", []Span{Text(orUnknown(p.Change.By))}}}, Code{Text: p.Change.What}}
	}
	if cited := citedList(p); len(cited) > 0 {
		blocks = append(blocks, cited)
	}
	note := Note{Text("As looked at "), When(p.At)}
	if !p.Newest {
		note = append(note, Text("; since then it has changed or gone"))
	}
	return append(blocks, note)
}

func evidenceBlocks(e *incident.Evidence) []Block {
	fields := Fields{}
	if e.Field != "" {
		fields = append(fields, Field{"Where", []Span{Mono(e.Field)}})
	}
	if !e.Time.IsZero() {
		fields = append(fields, Field{"When", []Span{When(e.Time)}})
	}
	blocks := []Block{Paragraph{Bold(e.ID), Text(" " + string(e.Source) + " "), Mono(e.Object.String())}}
	if len(fields) > 0 {
		blocks = append(blocks, fields)
	}
	return append(blocks, Code{Text: clip.Runes(e.Excerpt, wholeExcerpt)})
}

func findingBlocks(f *incident.Finding) []Block {
	blocks := []Block{
		Paragraph{Bold(f.ID + " " + f.Code), Text("  " + string(f.Severity) + "\n" + f.Title)},
		Fields{{"About", []Span{Mono(f.Object.String())}}, {"Since", []Span{When(f.Since)}},
			{"Evidence", []Span{Text(strings.Join(f.Evidence, ", "))}}},
	}
	if f.Next != "" {
		blocks = append(blocks, Note{Text("Next: " + f.Next)})
	}
	return blocks
}

func citedList(p Piece) List {
	if len(p.CitedBy) == 0 {
		return nil
	}
	list := List{{Spans: []Span{Bold("Cited by:")}}}
	for i, c := range p.CitedBy {
		if i == mostCiting {
			return append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %d more", len(p.CitedBy)-i))}})
		}
		list = append(list, Item{Depth: 1, Spans: []Span{Bold(c.ID), Text(": " + clip.Runes(c.Text, excerptLength))}})
	}
	return list
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// listEvidence lists the newest look's evidence: what the causes and the story cite first, in their order, then the rest.
func listEvidence(s *incident.State, prog string) Reply {
	newest := looks(s)[0]
	all := []Piece{}
	for _, id := range newest.ordered() {
		if p, ok := newest.piece(id); ok {
			p.Newest = true
			all = append(all, p)
		}
	}
	t := Table{Columns: []Column{{"Id", false}, {"Source", false}, {"About", false}, {"What was seen", false}, {"Cited by", false}}}
	for i, p := range all {
		if i == mostRows {
			t.More = len(all) - i
			break
		}
		e := p.Evidence
		t.Rows = append(t.Rows, []Span{Text(e.ID), Text(string(e.Source)), Text(clip.Runes(e.Object.String(), maxName)),
			Text(clip.Runes(strings.Join(strings.Fields(e.Excerpt), " "), rowExcerpt)), Text(citedIDs(p))})
	}
	text := fmt.Sprintf("%s: %s", s.ID, pieceCount(len(all)))
	blocks := []Block{Header{text}}
	note := Note{Text("Looked "), When(newest.diagnosis.At)}
	if len(all) > 0 {
		blocks = append(blocks, t)
		note = append(Note{Text("One whole: "), Mono(fmt.Sprintf("%s evidence %s %s", prog, s.ID, all[0].ID)), Text(". ")}, note...)
	}
	blocks = append(blocks, note)
	return Reply{Text: text, Blocks: blocks, Data: all}
}

func pieceCount(n int) string {
	if n == 1 {
		return "1 piece of evidence"
	}
	return thousands(n) + " pieces of evidence"
}

// ordered are the ids of a look's evidence in the order in which they are cited.
func (l lookMade) ordered() []string {
	var out []string
	seen := map[string]bool{}
	add := func(ids []string) {
		for _, id := range ids {
			if !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	for _, c := range l.diagnosis.Causes {
		add(c.Evidence)
	}
	if l.story != nil {
		for _, line := range l.story.Sentences {
			add(line.Cites)
		}
	}
	for _, e := range l.diagnosis.Evidence {
		add([]string{e.ID})
	}
	return slices.DeleteFunc(out, func(id string) bool { return l.diagnosis.EvidenceByID(id) == nil })
}

func citedIDs(p Piece) string {
	var ids []string
	for _, c := range p.CitedBy {
		if len(ids) == rowCitations {
			return strings.Join(ids, ", ") + " …"
		}
		if !slices.Contains(ids, c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return strings.Join(ids, ", ")
}

// evidenceAction offers what the ids of a message stand for; without ids, the list of all.
func evidenceAction(s *incident.State, ids ...string) Actions {
	ids = ids[:min(len(ids), mostAsked)]
	b := Button{ID: "evidence", Label: "The evidence", Value: Quote(append([]string{"evidence", s.ID}, ids...)...),
		Accessibility: "Show the evidence of " + s.ID}
	if len(ids) > 0 {
		b.Accessibility = "Show what the story of " + s.ID + " cites"
	}
	return Actions{b}
}
