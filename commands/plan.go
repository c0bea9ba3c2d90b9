package commands

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

func (s *Set) plan(ctx context.Context, r Request) (Reply, error) {
	state, rest, err := s.about(ctx, r, "show the plan of")
	if err != nil {
		return Reply{}, err
	}
	if state.Plan == nil {
		return Reply{}, noPlan(state)
	}
	if len(rest) == 1 && rest[0] != state.Plan.Hash {
		return Reply{}, &Refusal{Reason: "That plan is no longer the current one.", Try: "Look at the incident's newest plan."}
	}
	if err := s.may(r, Approve); err != nil {
		return planShown(state), nil
	}
	if state, err = s.Incidents.Review(ctx, state.ID, r.Person); err != nil {
		return Reply{}, err
	}
	if state.Plan == nil {
		return Reply{}, noPlan(state)
	}
	var checks []incident.Check
	if v := state.Reviewed; v != nil && v.By.Key() == r.Person.Key() {
		checks = v.Checks
	}
	reply := PlanReview(state, checks)
	if reply.Form != nil && !state.ApprovalValid(r.Now) && state.Open() {
		return reply, nil
	}
	reply.Form = &Form{ID: "plan", Title: "The plan"} // to be read only
	return reply, nil
}

// planShown is the plan for who may see it and not decide: it is tried out as nobody, and there is nothing to press.
func planShown(s *incident.State) Reply {
	reply := PlanReview(s, nil)
	reply.Form = &Form{ID: "plan", Title: "The plan"}
	reply.Blocks[len(reply.Blocks)-1] = Paragraph{Bold("It would: "), Text(whatHappens(s.Plan)), Text(" Who may decide upon it also sees whether it may be done.")}
	return reply
}

func noPlan(s *incident.State) error {
	reason := s.NoPlan
	if reason == "" {
		reason = "it is still being made, or was withdrawn"
	}
	return &Refusal{Reason: s.ID + " has no plan: " + sentence(reason)}
}

// PlanReview shows a plan to the person who opened it: each step with its diff, whether the server agrees, and what approving does.
// Its Form approves; without it, for a check failed, there is nothing to approve. checks are those made as that person; nil if none
// were made.
func PlanReview(s *incident.State, checks []incident.Check) Reply {
	p := s.Plan
	blocks := planBlocks(p)
	allowed := len(checks) == 0 || incident.AllOK(checks)
	if len(checks) > 0 {
		blocks = append(blocks, Divider{}, checkList("Tried out as you, changing nothing:", checks))
	}
	reply := Reply{Text: p.Title, Blocks: append(blocks, Paragraph{Bold("Approving will: "), Text(whatHappens(p))}),
		Form: &Form{ID: "plan", Title: "The plan"}, Data: map[string]any{"plan": p, "checks": full(checks)}}
	if !allowed {
		reply.Blocks[len(reply.Blocks)-1] = Paragraph{Bold("You can’t approve this: "), Text("what is marked ✗ above speaks against it.")}
		reply.Exit = ExitWrong
		return reply
	}
	reply.Form.Command = Quote("approve", s.ID, p.Hash)
	reply.Form.Submit = "Approve and run"
	return reply
}

// planBlocks show a plan and every step with its diff.
func planBlocks(p *incident.Plan) []Block {
	blocks := []Block{Paragraph{Bold(p.Title)}}
	if p.Why != "" {
		blocks[0] = Paragraph{Bold(p.Title), Text("\n" + p.Why)}
	}
	if p.Rest > 0 {
		blocks = append(blocks, Paragraph{Bold(fmt.Sprintf("Treats %s of %s. ", thousands(p.Targets()), count(p.Targets()+p.Rest, "target"))),
			Text("The rest follows in the next plan, which is made once this one has run and helped.")})
	}
	shown := map[string]bool{} // kinds of conditional steps of which one diff was shown: the others' are alike
	var alike List
	for i, step := range p.Steps {
		if step.Unless > 0 && shown[step.Kind] {
			alike = append(alike, Item{Spans: []Span{Text(fmt.Sprintf("%d. %s", i+1, step.Title))}})
			continue
		}
		line := Paragraph{Bold(fmt.Sprintf("%d. %s", i+1, step.Title)), Text("\n"), Mono(step.Target.Object.String())}
		if step.Unless > 0 {
			line = append(line, Text(fmt.Sprintf("\nonly if it is not healthy by itself within %s", duration(step.Unless))))
			shown[step.Kind] = true
		}
		blocks = append(blocks, line)
		if d := strings.TrimRight(step.Diff, "\n"); d != "" {
			blocks = append(blocks, Code{Text: d, Language: "diff"})
		}
	}
	if len(alike) > 0 {
		blocks = append(blocks, Paragraph{Text("In the same way, each only if it is not healthy by itself:")}, alike)
	}
	return append(blocks, Note{Text("Risk: " + string(p.Risk) + ". Plan "), Mono(short(p.Hash)), Text(".")})
}

// whatHappens says in words what a yes sets going.
func whatHappens(p *incident.Plan) string {
	must, may := 0, 0
	for _, s := range p.Steps {
		if s.Unless > 0 {
			may++
		} else {
			must++
		}
	}
	text := fmt.Sprintf("run %s in this order, as you", count(must, "step"))
	if must == 0 {
		text = "wait for what is ill to get well by itself"
	}
	if may > 0 {
		text += fmt.Sprintf(", and %s more only where needed", count(may, "step"))
	}
	text += ", then watch for minutes whether it helped."
	switch p.Risk {
	case incident.Disruptive:
		text += " Something that runs now is interrupted."
	case incident.Destructive:
		text += " It can’t be undone, and needs a second person."
	}
	return text
}

// checkList shows conditions with a mark for each.
func checkList(title string, checks []incident.Check) List {
	list := List{{Spans: []Span{Bold(title)}}}
	for i, c := range checks {
		if i == mostChecks {
			return append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %d more, %d of them not well", len(checks)-i, bad(checks[i:])))}})
		}
		mark := "✓ "
		if !c.OK {
			mark = "✗ "
		}
		spans := []Span{Text(mark + c.Name)}
		if c.Detail != "" {
			spans = append(spans, Text(": "+cut(c.Detail, excerptLength)))
		}
		list = append(list, Item{Depth: 1, Spans: spans})
	}
	return list
}

const mostChecks = 20

func bad(checks []incident.Check) int {
	n := 0
	for _, c := range checks {
		if !c.OK {
			n++
		}
	}
	return n
}

// duration writes 6m0s as "6 minutes", in its two greatest units.
func duration(d time.Duration) string {
	d = d.Round(time.Second)
	var parts []string
	for _, unit := range []struct {
		name string
		of   time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		if n := int(d / unit.of); n > 0 && len(parts) < 2 {
			parts = append(parts, count(n, unit.name))
			d -= time.Duration(n) * unit.of
		} else if len(parts) > 0 {
			break
		}
	}
	if len(parts) == 0 {
		return "less than a second"
	}
	return strings.Join(parts, " ")
}
