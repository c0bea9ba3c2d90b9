package commands

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

func (s *Set) plan(ctx context.Context, r Request) (Reply, error) {
	state, p, rest, err := s.aboutPlan(ctx, r, "show the plan of")
	if err != nil {
		return Reply{}, err
	}
	if len(rest) > 0 && rest[0] == "set" {
		all, err := settings(rest[1:])
		if err != nil {
			return Reply{}, err
		}
		if err := s.may(r, Approve); err != nil {
			return Reply{}, err
		}
		if state, p, err = s.editPlan(ctx, r, state, p, all); err != nil {
			return Reply{}, err
		}
	} else if len(rest) > 0 {
		return Reply{}, usageError("“" + clip.Runes(rest[0], 40) + "” is not understood")
	}
	if !s.has(r, Approve) {
		return planSeen(state, p), nil
	}
	hash := p.Hash
	if state, err = s.Incidents.Review(ctx, state.ID, hash, r.Person); err != nil {
		return Reply{}, err
	}
	if p = state.Offer(hash); p == nil {
		return Reply{}, noPlan(state)
	}
	return planShown(state, p, state.Reviewed, r.Now), nil
}

// page shows a plan again to a person who turns its pages, as it was tried out when they opened it.
func (s *Set) page(ctx context.Context, r Request) (Reply, error) {
	state, p, _, err := s.aboutPlan(ctx, r, "turn the pages of")
	if err != nil {
		return Reply{}, err
	}
	if !s.has(r, Approve) {
		return planSeen(state, p), nil
	}
	v := reviewBy(state, p, r.Person)
	if v == nil {
		return Reply{}, &Refusal{Reason: "You have not opened the plan of " + state.ID + " yet.",
			Try: fmt.Sprintf("Open it with %s plan %s.", r.Prog, state.ID)}
	}
	return planShown(state, p, v, r.Now), nil
}

// aboutPlan is an incident, the plan of it that is meant, and the words after that.
func (s *Set) aboutPlan(ctx context.Context, r Request, what string) (*incident.State, *incident.Plan, []string, error) {
	state, rest, err := s.shown(ctx, r, what)
	if err != nil {
		return nil, nil, nil, err
	}
	p, rest, err := picked(state, rest)
	return state, p, rest, err
}

// planShown is the plan for a person who opened it. If it can't be approved any more, it can be read.
func planShown(s *incident.State, p *incident.Plan, v *incident.PlanReviewed, now time.Time) Reply {
	reply := PlanReview(s, p, v)
	if s.ApprovalValid(now) || !s.Open() {
		reply.Form.Command, reply.Form.Submit, reply.Form.Cancel, reply.Form.Fields, reply.Form.Actions = "", "", "", nil, nil
	}
	return reply
}

// reviewBy is the person's newest review of a plan, or nil.
func reviewBy(s *incident.State, plan *incident.Plan, p incident.Person) *incident.PlanReviewed {
	is := func(v *incident.PlanReviewed) bool {
		return v != nil && v.PlanHash == plan.Hash && v.By.Key() == p.Key()
	}
	for i := len(s.Log) - 1; i >= 0; i-- {
		if v, ok := s.Log[i].Event.(incident.PlanReviewed); ok && is(&v) {
			return &v
		}
	}
	if is(s.Reviewed) {
		return s.Reviewed
	}
	return nil
}

// planSeen is the plan for who may see it and not decide: it is tried out as nobody, and there is nothing to press.
func planSeen(s *incident.State, p *incident.Plan) Reply {
	reply := PlanReview(s, p, nil)
	reply.Form.Command, reply.Form.Submit, reply.Form.Cancel, reply.Form.Fields, reply.Form.Actions = "", "", "", nil, nil
	reply.Blocks = planSummary(s, p, nil, "whoever approves it; approvers also see here whether they may")
	return reply
}

func noPlan(s *incident.State) error {
	reason := s.NoPlan
	if reason == "" {
		reason = "it is still being made, or was withdrawn"
	}
	return &Refusal{Reason: s.ID + " has no plan: " + sentence(reason)}
}

// PlanReview shows a plan on offer to the person who opened it: in a few lines what approving it means, and below that, whole, each step
// with its diff. Its Form approves; if a check failed, there is nothing to approve. v is what was found when it was tried out as that
// person, nil if it was not.
func PlanReview(s *incident.State, p *incident.Plan, v *incident.PlanReviewed) Reply {
	checks, rights := []incident.Check(nil), "yours"
	if v != nil {
		checks = v.Checks
		if v.As.User != "" {
			rights = v.As.User
		}
	}
	if a := s.Approval(); p.Terminal && a != nil && !a.Terminal {
		rights = a.As.User
	}
	name := strings.ToLower(planName(s, p))
	reply := Reply{Text: p.Title, Data: map[string]any{"plan": p, "checks": full(checks), "offered": s.Offered(), "idle": full(s.Idle)},
		Form: &Form{ID: "plan", Title: s.ID + ": " + name, Open: "Open " + name, Cancel: "Cancel", Whole: planWhole(s, p, checks),
			Again: Quote("page", s.ID, p.Hash)}}
	if s.Open() && s.Offer(p.Hash) != nil && s.Rejected == nil && !s.Running() {
		reply.Form.Actions = Actions{rejectButton(s, p)}
	}
	if len(checks) > 0 && !incident.AllOK(checks) {
		reply.Exit = ExitWrong
	} else {
		reply.Form.Command, reply.Form.Submit, reply.Form.Fields = Quote("approve", s.ID, p.Hash), "Approve", wordFields(p)
	}
	reply.Blocks = planSummary(s, p, checks, rights)
	return reply
}

// planWhole is all of a plan, to its hash, which stands at the end: who can name it has seen all.
func planWhole(s *incident.State, p *incident.Plan, checks []incident.Check) []Block {
	blocks := append(stepBlocks(p), Divider{})
	if p.Why != "" {
		blocks = append(blocks, Paragraph{Bold("Why so: "), Text(p.Why)})
	}
	if len(p.Impact) > 0 {
		list := List{{Spans: []Span{Bold("What it touches:")}}}
		for _, says := range p.Impact {
			list = append(list, Item{Depth: 1, Spans: []Span{Text(sentence(says))}})
		}
		blocks = append(blocks, list)
	}
	blocks = append(append(blocks, sideBySide(s)...), recordBlocks(s)...)
	blocks = append(blocks, idleBlocks(s)...)
	if len(checks) > 0 {
		blocks = append(blocks, checkList("Tried out as you, changing nothing:", checks))
	}
	return append(blocks, Paragraph{Text("This is all of plan "), Mono(short(p.Hash)), Text(".")})
}

// cautions say before all else which steps act on, or set, what no evidence speaks of.
func cautions(p *incident.Plan) []Block {
	var list List
	more := 0
	for i := range p.Steps {
		switch says := p.Steps[i].Unmentioned; {
		case says != "" && len(list) < mostCautions:
			list = append(list, Item{Depth: 1, Spans: []Span{Text(clip.Runes(fmt.Sprintf("step %d: %s", i+1, says), maxAgainst))}})
		case says != "":
			more++
		}
	}
	if more > 0 {
		list = append(list, Item{Depth: 1, Spans: []Span{Text("… " + count(more, "more step"))}})
	}
	if len(list) == 0 {
		return nil
	}
	return []Block{append(List{{Spans: []Span{Bold("Look twice, because no evidence mentions it:")}}}, list...)}
}

func restOf(p *incident.Plan) Paragraph {
	return Paragraph{Bold(fmt.Sprintf("Treats %s of %s. ", thousands(p.Targets()), count(p.Targets()+p.Rest, "target"))),
		Text("The rest follows in the next plan, which is made once this one has run and helped.")}
}

func stepTitle(p *incident.Plan, i int) string { return fmt.Sprintf("%d. %s", i+1, p.Steps[i].Title) }

// stepBlocks are every step with its diff.
func stepBlocks(p *incident.Plan) []Block {
	var blocks []Block
	for i, step := range p.Steps {
		line := Paragraph{Bold(stepTitle(p, i)), Text("\n"), Mono(step.Target.Object.String())}
		if step.Unless > 0 {
			line = append(line, Text(fmt.Sprintf("\nonly if it is not healthy by itself within %s", Duration(step.Unless))))
		}
		for _, x := range []struct{ what, says string }{{"Not in the evidence: ", step.Unmentioned}, {"Where it comes from: ", step.Source},
			{"Its owner will undo it: ", step.Owner}, {"What lasts: ", step.Instead}} {
			if x.says != "" && !strings.Contains(step.Title, x.says) {
				line = append(line, Text("\n"+x.what+strings.TrimSuffix(x.says, ".")+"."))
			}
		}
		blocks = append(blocks, line)
		if d := strings.TrimRight(step.Diff, "\n"); d != "" {
			blocks = append(blocks, Code{Text: d, Language: "diff"})
		}
	}
	return blocks
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
			spans = append(spans, Text(": "+clip.Runes(c.Detail, excerptLength)))
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

// Duration writes 6m0s as "6 minutes", in its two greatest units.
func Duration(d time.Duration) string {
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
