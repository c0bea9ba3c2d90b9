package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	mostCaughtUp = 8 // lines
	mostCaught   = 6 // incidents, a line each
)

// catchup says where an incident stands, or all that are open, in a few lines, for who comes late.
func (s *Set) catchup(ctx context.Context, r Request) (Reply, error) {
	if s.Incidents == nil {
		return Reply{}, errMissing("Keeping incidents")
	}
	if len(r.Args) > 0 {
		state, rest, err := s.shown(ctx, r, "catch up on")
		if err != nil {
			return Reply{}, err
		}
		if len(rest) > 0 {
			return Reply{}, usageError("“" + clip.Runes(rest[0], 40) + "” is not understood")
		}
		list := List{}
		for _, line := range caughtUp(state, r) {
			list = append(list, Item{Spans: line})
		}
		return Reply{Text: state.ID + ": where it stands", Blocks: []Block{list}, Data: detailOf(state, r.Now)}, nil
	}
	open, _, err := s.Incidents.List(ctx, false)
	if err != nil {
		return Reply{}, err
	}
	open, hidden, err := s.visible(ctx, r, open)
	if err != nil {
		return Reply{}, err
	}
	return caughtUpAll(open, hidden, r), nil
}

// caughtUpAll is a line for each incident that is open.
func caughtUpAll(open []*incident.State, hidden int, r Request) Reply {
	text := listReply(open, len(open), false, r.Now).Text
	list := List{{Spans: []Span{Text(text)}}}
	for i, o := range open {
		if i == mostCaught {
			list = append(list, Item{Spans: []Span{Text(fmt.Sprintf("… %d more: %s incidents", len(open)-i, r.Prog))}})
			break
		}
		phase := o.Phase(r.Now)
		line := []Span{Text(marks[phase] + " "), Bold(o.ID), Text(" " + atLength(o.Title, 100) + ": " + string(phase))}
		if o.Claimed != nil {
			line = append(line, Text("; "+o.Claimed.Name+" has it"))
		}
		list = append(list, Item{Spans: line})
	}
	if hidden > 0 && len(list) < mostCaughtUp {
		list = append(list, Item{Spans: []Span{Text(count(hidden, "more incident") + " about what you may not see")}})
	}
	return Reply{Text: text, Blocks: []Block{list}}
}

// caughtUp is where an incident stands, at most mostCaughtUp lines, the most telling first.
func caughtUp(s *incident.State, r Request) [][]Span {
	phase := s.Phase(r.Now)
	lines := [][]Span{{Text(marks[phase] + " "), Bold(s.ID), Text(" " + atLength(s.Title, 200) + ": " + string(phase))}}
	add := func(line []Span) {
		if len(line) > 0 {
			lines = append(lines, line)
		}
	}
	add([]Span{Text("It began "), When(since(s)), Text(", and was opened "), When(s.OpenedAt)})
	if d := s.Diagnosis; d != nil && len(d.Causes) > 0 {
		first := d.InOrder()[0]
		add([]Span{Bold("Cause: "), Text(briefly(first.Title, 200) + ", " + string(first.Confidence))})
		add(otherCauses(d, mostTitled))
	} else {
		add(otherCauses(d, mostTitled))
	}
	add(impactLine(s))
	add(doingLine(s, phase, rooms[1]))
	if ran := runs(s); len(ran) > 0 && s.Open() {
		add([]Span{Bold("Tried: "), Text(atLength(ran[len(ran)-1].plan.Title, mostOther) + ", " + doneOf(ran[len(ran)-1]))})
	}
	add(rootNote(s, phase, r.Now))
	add(whoLine(s, phase))
	add(hushedLine(s))
	if d := s.Diagnosis; d != nil && len(d.Unseen()) > 0 {
		var what []string
		for _, n := range d.Unseen()[:min(len(d.Unseen()), 3)] {
			what = append(what, clip.Runes(n.What, 60))
		}
		add([]Span{Bold("Not seen: "), Text(strings.Join(what, ", "))})
	}
	return lines[:min(len(lines), mostCaughtUp)]
}

// doneOf counts the steps of a run that were done.
func doneOf(r run) string {
	n := 0
	for _, st := range r.steps {
		if st.Outcome == incident.StepOK || st.Outcome == incident.StepSkipped {
			n++
		}
	}
	return fmt.Sprintf("%d of %s", n, count(len(r.plan.Steps), "step"))
}
