package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

// Review records what the server says to a plan on offer when somebody opens it: rights and dry-run, as that person. An empty hash means
// the current one.
func (i *Incidents) Review(ctx context.Context, id, hash string, by incident.Person) (*incident.State, error) {
	s, a, err := i.mayAct(ctx, id, hash, by, "open the plan")
	if err != nil {
		return nil, err
	}
	if err := i.offered(ctx, s, a.plan); err != nil {
		return nil, err
	}
	checks := i.recovery.Review(ctx, a.plan, a.as)
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		if s.Offer(a.plan.Hash) == nil {
			return nil, changedSince(s)
		}
		return []incident.Event{incident.PlanReviewed{PlanHash: a.plan.Hash, By: by, As: a.as, Checks: checks}}, nil
	})
}

// Approve is a person's yes to the plan with the hash; an empty hash means the current one. Where two are on offer, it withdraws the other.
// Who may not, what has changed or expired, and what is decided already are refused, and the refusal recorded.
func (i *Incidents) Approve(ctx context.Context, id, hash string, by incident.Person) (*incident.State, error) {
	s, a, err := i.mayAct(ctx, id, hash, by, "approve the plan")
	if err != nil {
		return nil, err
	}
	if err := i.another(ctx, s, a); err != nil {
		return nil, err
	}
	if err := i.offered(ctx, s, a.plan); err != nil {
		return nil, err
	}
	hash = a.plan.Hash // a person may have typed its beginning
	if err := i.unchanged(ctx, s, a.plan); err != nil {
		return nil, err
	}
	if err := i.withinCeiling(ctx, s.ID, a.plan, a.by); err != nil {
		return nil, err
	}
	checks := i.recovery.Review(ctx, a.plan, a.as)
	if !incident.AllOK(checks) {
		return nil, i.refuse(ctx, s.ID, by, "approve the plan", "As "+a.as.User+": "+failedChecks(checks), "Ask somebody who may.")
	}
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		if err := i.decided(s, hash); err != nil {
			return nil, err
		}
		now := i.ledger.now().UTC()
		yes := incident.Approval{PlanHash: hash, By: a.by, As: a.as, At: now, Expires: now.Add(i.expires), Terminal: a.terminal}
		if slices.ContainsFunc(s.Standing(now), func(o incident.Approval) bool { return s.Plan.SamePerson(o, yes) }) {
			return nil, &commands.Refusal{Reason: a.by.Name + " has approved this plan already.", Try: "It needs another approval beside that one."}
		}
		return []incident.Event{incident.PlanApproved{Approval: yes}}, nil
	})
}

// another refuses a person who asked for the incident and would approve what interrupts: where there is more than one approver, that is for
// somebody else.
func (i *Incidents) another(ctx context.Context, s *incident.State, a actor) error {
	if i.access.Approvers() < 2 || a.plan.Risk == incident.Safe || !s.Asked(a.by) {
		return nil
	}
	return i.refuse(ctx, s.ID, a.by, "approve the plan",
		fmt.Sprintf("%s asked for %s to be opened, and this plan is %s: it is for another approver.", a.by.Name, s.ID, a.plan.Risk),
		"Ask one of the others.")
}

// Edit puts a plan with other values in the place of one on offer. What was approved of that one is approved no more.
func (i *Incidents) Edit(ctx context.Context, id, hash string, all []incident.Setting, by incident.Person) (*incident.State, error) {
	s, a, err := i.mayAct(ctx, id, hash, by, "edit the plan")
	if err != nil {
		return nil, err
	}
	if err := i.offered(ctx, s, a.plan); err != nil {
		return nil, err
	}
	for _, set := range all {
		if set.Value != i.redact(set.Value) {
			return nil, &commands.Refusal{Reason: "The value of " + set.Key + " looks like a secret, which no plan may hold."}
		}
	}
	plan, err := i.recovery.Edit(ctx, a.plan, all, a.by.Name)
	if why, ok := recovery.Unfit(err); ok {
		return nil, &commands.Refusal{Reason: "The plan stays as it is: " + why + "."}
	}
	if errors.Is(err, recovery.ErrChanged) {
		return nil, i.changed(ctx, s, a.plan, err.Error())
	}
	if err != nil {
		return nil, fmt.Errorf("edit the plan of %s: %w", s.ID, err)
	}
	i.access.Asks(plan)
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		if err := i.decided(s, a.plan.Hash); err != nil {
			return nil, err
		}
		if s.Offer(plan.Hash) != nil {
			return nil, &commands.Refusal{Reason: "That is the other plan on offer."}
		}
		return []incident.Event{incident.PlanEdited{PlanHash: a.plan.Hash, By: a.by, Changes: all, Plan: *plan}}, nil
	})
}

// Stop lets no further step of the plan that is approved or running begin. What is in flight ends.
func (i *Incidents) Stop(ctx context.Context, id, reason string, by incident.Person) (*incident.State, error) {
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		switch {
		case !s.Open():
			return nil, over(s)
		case s.Stopped != nil && s.Running():
			return nil, &commands.Refusal{Reason: s.Stopped.By.Name + " has stopped it already.", Try: "“look " + s.ID + "” looks again."}
		case s.Plan == nil || len(s.Approvals) == 0 || s.RunEnded():
			return nil, &commands.Refusal{Reason: fmt.Sprintf("Nothing of %s is approved or running: it is %s.", s.ID, s.Phase(i.ledger.now())),
				Try: "“about " + s.ID + "” tells more."}
		}
		return []incident.Event{incident.Stopped{PlanHash: s.Plan.Hash, By: by, Reason: i.redact(reason)}}, nil
	})
}

// Reject is a person's no. Where two plans are on offer, the other stays.
func (i *Incidents) Reject(ctx context.Context, id, hash, reason string, by incident.Person) (*incident.State, error) {
	_, a, err := i.mayAct(ctx, id, hash, by, "reject the plan")
	if err != nil {
		return nil, err
	}
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		if err := i.decided(s, a.plan.Hash); err != nil {
			return nil, err
		}
		no := incident.PlanRejected{PlanHash: a.plan.Hash, By: a.by, Reason: i.redact(reason)}
		for _, p := range s.Offered() {
			if p.Hash != a.plan.Hash {
				no.Leaves = p.Hash
			}
		}
		return []incident.Event{no}, nil
	})
}

// Decide is a person's word about a step of which nobody can tell whether it was done.
func (i *Incidents) Decide(ctx context.Context, id, step string, done bool, by incident.Person) (*incident.State, error) {
	if _, _, err := i.mayAct(ctx, id, "", by, "decide about a step"); err != nil {
		return nil, err
	}
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		st := s.StepState(step)
		if st == nil || st.Unclear == "" {
			return nil, &commands.Refusal{Reason: fmt.Sprintf("Nobody has to decide about step %s of %s.", step, s.ID), Try: undecided(s)}
		}
		return []incident.Event{incident.StepDecided{PlanHash: s.Plan.Hash, Step: step, By: by, Done: done}}, nil
	})
}

// actor is somebody who decides about a plan, and whom they act as.
type actor struct {
	by       incident.Person
	as       incident.Identity
	terminal bool
	plan     *incident.Plan // the one on offer that is meant
}

// mayAct returns an open incident that has a plan, and who the person is. A hash, or its beginning, says which plan is meant; an empty one
// means the current one. A person who is no approver is refused, on the record.
func (i *Incidents) mayAct(ctx context.Context, id, hash string, by incident.Person, action string) (*incident.State, actor, error) {
	s, err := i.Get(ctx, id)
	if err != nil {
		return nil, actor{}, err
	}
	plan := meant(s, hash)
	a, refusal := i.actor(plan, by)
	a.plan = plan
	switch {
	case refusal != nil:
		return nil, a, i.refused(ctx, s.ID, by, action, refusal)
	case !s.Open():
		return nil, a, over(s)
	case plan == nil:
		return nil, a, notOffered(s, hash)
	}
	if why, err := mistrusted(ctx, i.ledger.store.Reader, s.ID); err != nil || why != "" {
		return nil, a, errors.Join(err, &commands.Refusal{Reason: "Nothing may run now: " + why + ".",
			Try: "Paramedic goes on looking. Whoever runs it can say that this copy is right: “paramedic audit accept”."})
	}
	return s, a, nil
}

// meant is the plan on offer that a hash, or its beginning, names; nil if it names none, or both.
func meant(s *incident.State, hash string) *incident.Plan {
	var out *incident.Plan
	for _, p := range s.Offered() {
		switch {
		case !strings.HasPrefix(p.Hash, hash):
		case hash == "":
			return p
		case out != nil:
			return nil
		default:
			out = p
		}
	}
	return out
}

// actor is who a person is when they decide about a plan; the error is a refusal.
func (i *Incidents) actor(p *incident.Plan, by incident.Person) (actor, error) {
	if i.self != nil {
		return i.atTerminal(p, by)
	}
	as, ok := i.access.Identity(by)
	if !ok {
		return actor{}, i.access.May(by, commands.Approve)
	}
	return actor{by: by, as: as}, nil
}

// offered says whether a plan can still be decided upon. One that has been on offer for too long is withdrawn, so that a new one is made
// from what is.
func (i *Incidents) offered(ctx context.Context, s *incident.State, p *incident.Plan) error {
	if err := i.decided(s, p.Hash); err != nil {
		return err
	}
	if i.ledger.now().Before(s.PlanAt.Add(i.expires)) {
		return nil
	}
	const why = "it was not decided upon in time"
	if err := i.withdraw(ctx, s, p, why); err != nil {
		return err
	}
	return &commands.Refusal{Reason: "This plan has expired: " + why + ".", Try: "A new one is being made from how the cluster is now."}
}

// decided says whether the plan with the hash is past deciding.
func (i *Incidents) decided(s *incident.State, hash string) error {
	switch {
	case s.Offer(hash) == nil:
		return notOffered(s, hash)
	case s.Rejected != nil:
		return &commands.Refusal{Reason: fmt.Sprintf("%s has rejected this plan.", s.Rejected.By.Name), Try: "“look " + s.ID +
			"” makes a new one."}
	case s.RunEnded():
		return &commands.Refusal{Reason: fmt.Sprintf("This plan has run already, approved by %s; %s is %s.", s.Approval().By.Name, s.ID,
			s.Phase(i.ledger.now())), Try: "“about " + s.ID + " now” tells how it ended, “look " + s.ID + "” looks again."}
	case s.Running():
		return &commands.Refusal{Reason: fmt.Sprintf("%s has approved this plan; it has begun.", s.Approval().By.Name), Try: "“stop " + s.ID +
			"” lets no further step begin."}
	case s.ApprovalValid(i.ledger.now()):
		return &commands.Refusal{Reason: fmt.Sprintf("%s has approved this plan already.", s.Approval().By.Name),
			Try: "It begins by itself; “stop " + s.ID + "” takes it back."}
	}
	return nil
}

// unchanged withdraws the plan if its targets are not what they were.
func (i *Incidents) unchanged(ctx context.Context, s *incident.State, p *incident.Plan) error {
	same, why, err := i.recovery.Recheck(ctx, p, nil)
	if err != nil {
		return fmt.Errorf("compare the plan of %s with the cluster: %w", s.ID, err)
	}
	if same {
		return nil
	}
	return i.changed(ctx, s, p, why)
}

// changed withdraws a plan because the cluster is not what it was made from, and says so.
func (i *Incidents) changed(ctx context.Context, s *incident.State, p *incident.Plan, why string) error {
	if err := i.withdraw(ctx, s, p, why); err != nil {
		return err
	}
	return &commands.Refusal{Reason: "The cluster has changed since the plan was made: " + why + ".",
		Try: "Nothing was done; a new plan is being made."}
}

// withdraw takes what is on offer back: with a plan the one beside it, which was made from the same look.
func (i *Incidents) withdraw(ctx context.Context, s *incident.State, p *incident.Plan, why string) error {
	_, err := i.decide(ctx, s.ID, func(s *incident.State) ([]incident.Event, error) {
		if s.Offer(p.Hash) == nil || s.Running() {
			return nil, changedSince(s)
		}
		return []incident.Event{incident.PlanSuperseded{PlanHash: p.Hash, Reason: why}}, nil
	})
	return err
}

// refuse records a refusal and returns it.
func (i *Incidents) refuse(ctx context.Context, id string, by incident.Person, action, reason, try string) error {
	return errors.Join(&commands.Refusal{Reason: reason, Try: try}, i.Refuse(ctx, id, by, action, reason))
}

// Refuse records a refusal, once for each person, action and reason.
func (i *Incidents) Refuse(ctx context.Context, id string, by incident.Person, action, reason string) error {
	_, err := i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		for _, r := range s.Refusals {
			if r.By.Key() == by.Key() && r.Action == action && r.Reason == reason {
				return nil, nil
			}
		}
		return []incident.Event{incident.Refused{By: by, Action: action, Reason: reason}}, nil
	})
	return err
}

// refused records a refusal that was made elsewhere.
func (i *Incidents) refused(ctx context.Context, id string, by incident.Person, action string, err error) error {
	var r *commands.Refusal
	if !errors.As(err, &r) {
		return err
	}
	return i.refuse(ctx, id, by, action, r.Reason, r.Try)
}

func failedChecks(checks []incident.Check) string {
	var out []string
	for _, c := range checks {
		if !c.OK {
			out = append(out, c.Name+": "+c.Detail)
		}
	}
	return strings.Join(out, "; ")
}
