package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// choiceBlocks set the plans on offer side by side, and below them the first of what happens if nobody does anything.
func choiceBlocks(s *incident.State) []Block { return append(sideBySide(s), idleBrief(s)...) }

// sideBySide are two plans on offer with what tells them apart.
func sideBySide(s *incident.State) []Block {
	offered := s.Offered()
	if len(offered) < 2 {
		return nil
	}
	list := List{{Spans: []Span{Bold("There is a choice. The first approval of one plan withdraws the other.")}}}
	for n, p := range offered {
		list = append(list, Item{Depth: 1, Spans: []Span{Bold(planName(s, p) + ": "), Text(p.Title + ".")}})
		for _, fact := range planFacts(p) {
			list = append(list, Item{Depth: 2, Spans: []Span{Text(fact)}})
		}
		list = append(list, Item{Depth: 2, Spans: []Span{Text("See all of it with "), Mono(fmt.Sprintf("plan %s %d", s.ID, n+1))}})
	}
	return []Block{list}
}

// recordBlocks say how the runbooks of a plan that is on offer alone have fared here.
func recordBlocks(s *incident.State) []Block {
	if p := s.Plan; p != nil && s.Other == nil && len(p.Record) > 0 {
		list := List{}
		for _, fact := range recordFacts(p) {
			list = append(list, Item{Spans: []Span{Text(fact)}})
		}
		return []Block{list}
	}
	return nil
}

// idleBrief is the first of what happens if nobody does anything; whoever opens the plan reads the whole.
func idleBrief(s *incident.State) []Block {
	if len(s.Idle) == 0 {
		return nil
	}
	first := s.Idle[0]
	p := Paragraph{Bold("If nobody does anything: ")}
	if !first.At.IsZero() {
		p = append(p, When(first.At), Text(": "))
	}
	text, _, _ := strings.Cut(strings.TrimSuffix(first.Text, "."), ", ")
	return []Block{append(p, Text(capital(clip.Runes(text, mostReason))+andMore(len(s.Idle)-1)+"."))}
}

// idleBlocks say what happens if nobody does anything: that is a choice, too. What would have happened before the incident's newest event
// is left out.
func idleBlocks(s *incident.State) []Block {
	list := List{{Spans: []Span{Bold("If nobody does anything:")}}}
	for _, x := range s.Idle {
		if n := len(s.Log); !x.At.IsZero() && n > 0 && !x.At.After(s.Log[n-1].At) {
			continue
		}
		item := Item{Depth: 1}
		if !x.At.IsZero() {
			item.Spans = append(item.Spans, When(x.At), Text(": "))
		}
		list = append(list, Item{Depth: 1, Spans: append(item.Spans, Text(sentence(x.Text)))})
	}
	if len(list) == 1 {
		return nil
	}
	return []Block{list}
}

// planName tells a plan from the one beside it: "Plan 2".
func planName(s *incident.State, p *incident.Plan) string {
	if s.Other == nil {
		return "The plan"
	}
	return fmt.Sprintf("Plan %d", 1+slices.Index(s.Offered(), p))
}

// planFacts are what tells plans apart: risk, size and what is known to have worked here.
func planFacts(p *incident.Plan) []string {
	return append([]string{fmt.Sprintf("Risk: %s. %s on %s.", p.Risk, capital(count(len(p.Steps), "step")), count(p.Targets(), "object"))},
		recordFacts(p)...)
}

// recordFacts are how the runbooks of a plan have fared here.
func recordFacts(p *incident.Plan) []string {
	var out []string
	for _, r := range p.Record {
		out = append(out, fmt.Sprintf("%s for %s: %s.", r.Runbook, r.Code, r.String()))
	}
	return out
}

// picked is the plan on offer that words name: by its place, its hash or the beginning of it; the current one by none.
func picked(s *incident.State, rest []string) (*incident.Plan, []string, error) {
	if s.Plan == nil {
		return nil, rest, noPlan(s)
	}
	if len(rest) == 0 || rest[0] == "set" {
		return s.Plan, rest, nil
	}
	offered := s.Offered()
	if n, err := strconv.Atoi(rest[0]); err == nil && len(rest[0]) == 1 {
		if n < 1 || n > len(offered) {
			return nil, rest, &Refusal{Reason: fmt.Sprintf("%s has no plan %d: %s on offer.", s.ID, n, map[bool]string{true: "two are",
				false: "one is"}[len(offered) > 1])}
		}
		return offered[n-1], rest[1:], nil
	}
	if len(rest[0]) >= shortHash {
		for _, p := range offered {
			if strings.HasPrefix(p.Hash, strings.ToLower(rest[0])) {
				return p, rest[1:], nil
			}
		}
	}
	if len(rest[0]) < shortHash || strings.Trim(strings.ToLower(rest[0]), "0123456789abcdef") != "" {
		return nil, rest, usageError("“" + clip.Runes(rest[0], 40) + "” is neither 1 or 2, nor a plan’s hash, nor “set”")
	}
	return nil, rest, &Refusal{Reason: fmt.Sprintf("The plan %s of %s is not on offer.", short(rest[0]), s.ID),
		Try: fmt.Sprintf("On offer is “%s”: open it with “plan %s”.", offered[0].Title, s.ID)}
}

// settings reads KEY=VALUE words.
func settings(words []string) ([]incident.Setting, error) {
	var out []incident.Setting
	for _, w := range words {
		key, value, ok := strings.Cut(w, "=")
		if !ok || key == "" || value == "" {
			return nil, usageError("“" + clip.Runes(w, 60) + "” is not STEP.NAME=VALUE")
		}
		out = append(out, incident.Setting{Key: key, Value: value})
	}
	if len(out) == 0 {
		return nil, usageError("set what? Name it as STEP.NAME=VALUE")
	}
	return out, nil
}

// editPlan sets values of a plan and returns the incident, and the plan that came of it.
func (s *Set) editPlan(ctx context.Context, r Request, state *incident.State, p *incident.Plan, all []incident.Setting) (*incident.State,
	*incident.Plan, error) {
	state, err := s.Incidents.Edit(ctx, state.ID, p.Hash, all, r.Person)
	if err != nil {
		return nil, nil, err
	}
	for i := len(state.Log) - 1; i >= 0; i-- {
		if e, ok := state.Log[i].Event.(incident.PlanEdited); ok {
			if made := state.Offer(e.Plan.Hash); made != nil {
				return state, made, nil
			}
			break
		}
	}
	return nil, nil, noPlan(state)
}

// editForm asks for the values of a plan that a person may set otherwise.
func (s *Set) editForm(ctx context.Context, r Request) (Reply, error) {
	state, rest, err := s.shown(ctx, r, "edit the plan of")
	if err != nil {
		return Reply{}, err
	}
	p, _, err := picked(state, rest)
	if err != nil {
		return Reply{}, err
	}
	if len(p.Inputs) == 0 {
		return Reply{}, &Refusal{Reason: "The plan of " + state.ID + " has no value that could be changed within bounds."}
	}
	form := &Form{ID: "edit", Command: Quote("set", state.ID, p.Hash), Title: state.ID + ": edit",
		Submit: "Make the plan", Cancel: "Cancel"}
	for _, in := range p.Inputs[:min(len(p.Inputs), mostInputs)] {
		form.Fields = append(form.Fields, FormField{ID: in.Key(), Label: "Step " + in.Step + ": " + in.Label, Hint: capital(in.Bounds) + ".",
			Value: in.Value, Max: 60})
	}
	blocks := []Block{Paragraph{Bold(p.Title)}, Paragraph{Text("Your values make a new plan, which is tried out and has " +
		"to be approved again. " +
		"Earlier approvals no longer count.")}}
	return Reply{Text: "Edit the plan of " + state.ID, Blocks: blocks, Form: form}, nil
}

// mostInputs is how many values a form asks for; others are set by typing.
const mostInputs = 20

// set takes the form's values.
func (s *Set) set(ctx context.Context, r Request) (Reply, error) {
	state, rest, err := s.shown(ctx, r, "edit the plan of")
	if err != nil {
		return Reply{}, err
	}
	p, rest, err := picked(state, rest)
	if err != nil {
		return Reply{}, err
	}
	var all []incident.Setting
	if len(rest) > 0 {
		if all, err = settings(rest); err != nil {
			return Reply{}, err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Values)) {
		i := slices.IndexFunc(p.Inputs, func(in incident.Input) bool { return in.Key() == key })
		if value := strings.TrimSpace(r.Values[key]); i < 0 || value != p.Inputs[i].Value {
			all = append(all, incident.Setting{Key: key, Value: value})
		}
	}
	if len(all) == 0 {
		return Reply{}, &Refusal{Reason: "That is what the plan has already."}
	}
	state, p, err = s.editPlan(ctx, r, state, p, all)
	if err != nil {
		return Reply{}, err
	}
	return done(state, fmt.Sprintf("%s: %s sets %s; it has to be approved again.", state.ID, strings.ToLower(planName(state, p)),
		count(len(all), "value"))), nil
}
