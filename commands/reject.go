package commands

import (
	"context"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

func (s *Set) reject(ctx context.Context, r Request) (Reply, error) {
	state, rest, err := s.aboutIncident(ctx, r, "reject")
	if err != nil {
		return Reply{}, err
	}
	if state.Plan == nil {
		return Reply{}, &Refusal{Reason: state.ID + " has no plan to reject."}
	}
	hash := state.Plan.Hash
	if len(rest) > 1 && rest[0] == "--plan" { // a form rejects the plan that it was opened for
		hash, rest = rest[1], rest[2:]
	} else if state.Other != nil {
		if len(rest) == 0 || rest[0] != "1" && rest[0] != "2" {
			return Reply{}, &Refusal{Reason: state.ID + " has two plans on offer.", Try: "Say which is rejected: reject " + state.ID + " 1, or 2."}
		}
		hash, rest = state.Offered()[rest[0][0]-'1'].Hash, rest[1:]
	}
	reason := strings.Join(rest, " ")
	if said := strings.Join(strings.Fields(r.Values["reason"]), " "); said != "" {
		reason = said
	}
	if state, err = s.Incidents.Reject(ctx, state.ID, hash, clip.Runes(reason, maxLine), r.Person); err != nil {
		return Reply{}, err
	}
	return done(state, state.ID+": the plan is rejected."), nil
}

// rejectButton asks why a plan is rejected.
func rejectButton(s *incident.State, p *incident.Plan) Button {
	name := strings.ToLower(planName(s, p))
	return Button{ID: "reject", Label: "Reject " + name, Style: Danger, Value: Quote("rejection", s.ID, p.Hash),
		Accessibility: "Reject " + name + " of " + s.ID}
}

// rejectForm asks for the reason, which the thread shows to everybody.
func (s *Set) rejectForm(ctx context.Context, r Request) (Reply, error) {
	state, p, _, err := s.aboutPlan(ctx, r, "reject the plan of")
	if err != nil {
		return Reply{}, err
	}
	name, left := strings.ToLower(planName(state, p)), "Looking again makes a new plan."
	if state.Other != nil {
		left = "The other plan stays on offer."
	}
	form := &Form{ID: "reject", Command: Quote("reject", state.ID, "--plan", p.Hash), Title: state.ID + ": reject", Submit: "Reject " + name,
		Cancel: "Cancel", Fields: []FormField{{ID: "reason", Label: "Why?", Hint: "It is shown in the incident’s thread.", Multiline: true,
			Max: maxLine}}}
	return Reply{Text: "Reject " + name + " of " + state.ID, Form: form,
		Blocks: []Block{Paragraph{Bold(p.Title)}, Paragraph{Text("Nothing will be changed. " + left)}}}, nil
}
