package commands

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// run is one plan being carried out, as the log tells it.
type run struct {
	plan    incident.Plan
	steps   []incident.StepState
	stopped *incident.Stopped // nil: nobody did
}

// runs are the plans of which a step was begun, in order. They come from the log, for the state knows the current plan alone.
func runs(s *incident.State) []run {
	plans := map[string]incident.Plan{}
	var all []run
	step := func(hash, id string) *incident.StepState {
		p, ok := plans[hash]
		if !ok {
			return nil
		}
		if len(all) == 0 || all[len(all)-1].plan.Hash != hash {
			all = append(all, run{plan: p})
		}
		r := &all[len(all)-1]
		i := slices.IndexFunc(r.steps, func(st incident.StepState) bool { return st.Step == id })
		if i < 0 {
			i = len(r.steps)
			r.steps = append(r.steps, incident.StepState{Step: id})
		}
		return &r.steps[i]
	}
	for _, rec := range s.Log {
		switch e := rec.Event.(type) {
		case incident.PlanProposed:
			plans[e.Plan.Hash] = e.Plan
			if e.Other != nil {
				plans[e.Other.Hash] = *e.Other
			}
		case incident.PlanEdited:
			plans[e.Plan.Hash] = e.Plan
		case incident.Stopped:
			if n := len(all); n > 0 && all[n-1].plan.Hash == e.PlanHash {
				all[n-1].stopped = &e
			}
		case incident.StepIntended:
			if st := step(e.PlanHash, e.Step); st != nil {
				*st = incident.StepState{Step: e.Step, Attempt: e.Attempt, Intended: rec.At}
			}
		case incident.StepDone:
			if st := step(e.PlanHash, e.Step); st != nil {
				st.Ended, st.Outcome, st.Detail, st.Unclear = rec.At, e.Outcome, e.Detail, ""
			}
		case incident.StepUnclear:
			if st := step(e.PlanHash, e.Step); st != nil {
				st.Unclear = e.Detail
			}
		case incident.StepDecided:
			if st := step(e.PlanHash, e.Step); st != nil {
				st.Ended, st.Outcome, st.Unclear, st.Detail = rec.At, incident.StepFailed, "", "not done, says "+e.By.Name
				if e.Done {
					st.Outcome, st.Detail = incident.StepOK, "done, says "+e.By.Name
				}
			}
		}
	}
	return all
}

// progressBlocks show each run and the state of its steps.
func progressBlocks(s *incident.State) []Block {
	var blocks []Block
	all := runs(s)
	for _, r := range all {
		head := []Span{Bold("Plan "), Mono(short(r.plan.Hash))}
		if len(all) > 1 { // its title tells the way back from the way there
			head = append(head, Text(": "+r.plan.Title))
		}
		list := List{{Spans: head}}
		for i := 0; i < len(r.plan.Steps); {
			n, item := r.line(i)
			list = append(list, Item{Depth: 1, Spans: item})
			i += n
		}
		blocks = append(blocks, list)
	}
	return blocks
}

// of is the state of a step; nil where it was not begun.
func (r *run) of(step incident.Step) *incident.StepState {
	if j := slices.IndexFunc(r.steps, func(st incident.StepState) bool { return st.Step == step.ID }); j >= 0 {
		return &r.steps[j]
	}
	return nil
}

// line is a step and how far it has come, or several conditional ones in a row of which there is the same to say, and how many these are.
func (r *run) line(i int) (int, []Span) {
	step := r.plan.Steps[i]
	failed := slices.ContainsFunc(r.steps, func(st incident.StepState) bool { return st.Outcome == incident.StepFailed })
	st := r.of(step)
	switch {
	case r.stopped != nil && st == nil:
		return 1, []Span{Text(fmt.Sprintf("– %d. %s: not begun, stopped by %s", i+1, briefTitle(step), r.stopped.By.Name))}
	case failed && st == nil:
		return 1, []Span{Text(fmt.Sprintf("– %d. %s: not begun", i+1, briefTitle(step)))}
	case st != nil && st.Outcome != incident.StepSkipped:
		return 1, stepLine(i+1, step, *st)
	}
	n := i
	for n < len(r.plan.Steps) && r.plan.Steps[n].Unless > 0 {
		if is := r.of(r.plan.Steps[n]); (is == nil) != (st == nil) || is != nil && is.Outcome != incident.StepSkipped {
			break
		}
		n++
	}
	switch {
	case n-i > 1 && st != nil:
		return n - i, []Span{Text(fmt.Sprintf("↷ %d to %d: not needed", i+1, n))}
	case n-i > 1:
		return n - i, []Span{Text(fmt.Sprintf("○ %d to %d: only if needed", i+1, n))}
	case st != nil:
		return 1, stepLine(i+1, step, *st)
	}
	return 1, []Span{Text(fmt.Sprintf("○ %d. %s", i+1, briefTitle(step)))}
}

// stepLine is a step that was begun.
func stepLine(n int, step incident.Step, st incident.StepState) []Span {
	mark, at := "…", st.Intended
	switch {
	case st.Unclear != "":
		mark = "?"
	case st.Outcome == incident.StepOK:
		mark, at = "✓", st.Ended
	case st.Outcome == incident.StepSkipped:
		mark, at = "↷", st.Ended
	case st.Outcome == incident.StepFailed:
		mark, at = "✗", st.Ended
	}
	spans := []Span{Text(fmt.Sprintf("%s %d. %s, ", mark, n, briefTitle(step))), When(at)}
	detail := strings.TrimPrefix(st.Detail, step.Target.Object.String()+" ")
	switch {
	case st.Unclear != "":
		detail = "unclear: " + st.Unclear
	case st.Outcome == incident.StepSkipped && detail == "":
		detail = "not needed"
	}
	if detail != "" {
		spans = append(spans, Text(": "+clip.Runes(detail, excerptLength)))
	}
	if st.Attempt > 1 {
		spans = append(spans, Text(fmt.Sprintf(" (attempt %d)", st.Attempt)))
	}
	return spans
}
