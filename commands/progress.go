package commands

import (
	"fmt"
	"slices"

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
	for _, r := range runs(s) {
		list := List{{Spans: []Span{Bold(r.plan.Title), Text(" ("), Mono(short(r.plan.Hash)), Text(")")}}}
		failed := slices.ContainsFunc(r.steps, func(st incident.StepState) bool { return st.Outcome == incident.StepFailed })
		for i, step := range r.plan.Steps {
			j := slices.IndexFunc(r.steps, func(st incident.StepState) bool { return st.Step == step.ID })
			item := []Span{Text(fmt.Sprintf("○ %d. %s", i+1, step.Title))}
			switch {
			case j >= 0:
				item = stepLine(i+1, step, r.steps[j])
			case r.stopped != nil:
				item = []Span{Text(fmt.Sprintf("– %d. %s: not begun, stopped by %s", i+1, step.Title, r.stopped.By.Name))}
			case failed:
				item = []Span{Text(fmt.Sprintf("– %d. %s: not begun", i+1, step.Title))}
			}
			list = append(list, Item{Depth: 1, Spans: item})
		}
		blocks = append(blocks, list)
	}
	return blocks
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
	spans := []Span{Text(fmt.Sprintf("%s %d. %s, ", mark, n, step.Title)), When(at)}
	detail := st.Detail
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
