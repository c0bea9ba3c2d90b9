package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Review records what the server says to the current plan when somebody opens it: rights and dry-run, as that person.
func (i *Incidents) Review(ctx context.Context, id string, by incident.Person) (*incident.State, error) {
	s, a, err := i.mayAct(ctx, id, by, "open the plan")
	if err != nil {
		return nil, err
	}
	if err := i.offered(ctx, s, s.Plan.Hash); err != nil {
		return nil, err
	}
	checks := i.recovery.Review(ctx, s.Plan, a.as)
	hash := s.Plan.Hash
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		if s.Plan == nil || s.Plan.Hash != hash {
			return nil, changedSince(s)
		}
		return []incident.Event{incident.PlanReviewed{PlanHash: hash, By: by, As: a.as, Checks: checks}}, nil
	})
}

// Approve is a person's yes to the plan with the hash; an empty hash means the current one. Who may not, what has changed or expired, and
// what is decided already are refused, and the refusal recorded.
func (i *Incidents) Approve(ctx context.Context, id, hash string, by incident.Person) (*incident.State, error) {
	s, a, err := i.mayAct(ctx, id, by, "approve the plan")
	if err != nil {
		return nil, err
	}
	if err := i.another(ctx, s, a); err != nil {
		return nil, err
	}
	if hash == "" {
		hash = s.Plan.Hash
	}
	if err := i.offered(ctx, s, hash); err != nil {
		return nil, err
	}
	hash = s.Plan.Hash // a person may have typed its beginning
	if err := i.unchanged(ctx, s); err != nil {
		return nil, err
	}
	if err := i.withinCeiling(ctx, s, a.by); err != nil {
		return nil, err
	}
	checks := i.recovery.Review(ctx, s.Plan, a.as)
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
	if i.access.Approvers() < 2 || s.Plan.Risk == incident.Safe || !s.Asked(a.by) {
		return nil
	}
	return i.refuse(ctx, s.ID, a.by, "approve the plan",
		fmt.Sprintf("%s asked for %s to be opened, and this plan is %s: it is for another approver.", a.by.Name, s.ID, s.Plan.Risk),
		"Ask one of the others.")
}

// Stop lets no further step of the plan that is approved or running begin. What is in flight ends.
func (i *Incidents) Stop(ctx context.Context, id, reason string, by incident.Person) (*incident.State, error) {
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		switch {
		case !s.Open():
			return nil, over(s)
		case s.Stopped != nil && s.Running():
			return nil, &commands.Refusal{Reason: s.Stopped.By.Name + " has stopped it already."}
		case s.Plan == nil || len(s.Approvals) == 0 || s.RunEnded():
			return nil, &commands.Refusal{Reason: "Nothing of " + s.ID + " is approved or running."}
		}
		return []incident.Event{incident.Stopped{PlanHash: s.Plan.Hash, By: by, Reason: i.redact(reason)}}, nil
	})
}

// Reject is a person's no.
func (i *Incidents) Reject(ctx context.Context, id, hash, reason string, by incident.Person) (*incident.State, error) {
	s, a, err := i.mayAct(ctx, id, by, "reject the plan")
	if err != nil {
		return nil, err
	}
	if hash == "" {
		hash = s.Plan.Hash
	}
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		if s.Plan == nil || !strings.HasPrefix(s.Plan.Hash, hash) {
			return nil, changedSince(s)
		}
		if err := i.decided(s, s.Plan.Hash); err != nil {
			return nil, err
		}
		return []incident.Event{incident.PlanRejected{PlanHash: s.Plan.Hash, By: a.by, Reason: i.redact(reason)}}, nil
	})
}

// Decide is a person's word about a step of which nobody can tell whether it was done.
func (i *Incidents) Decide(ctx context.Context, id, step string, done bool, by incident.Person) (*incident.State, error) {
	if _, _, err := i.mayAct(ctx, id, by, "decide about a step"); err != nil {
		return nil, err
	}
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		st := s.StepState(step)
		if st == nil || st.Unclear == "" {
			return nil, &commands.Refusal{Reason: fmt.Sprintf("Nobody has to decide about step %s of %s.", step, s.ID)}
		}
		return []incident.Event{incident.StepDecided{PlanHash: s.Plan.Hash, Step: step, By: by, Done: done}}, nil
	})
}

// actor is somebody who decides about a plan, and whom they act as.
type actor struct {
	by       incident.Person
	as       incident.Identity
	terminal bool
}

// mayAct returns an open incident that has a plan, and who the person is. A person who is no approver is refused, on the record.
func (i *Incidents) mayAct(ctx context.Context, id string, by incident.Person, action string) (*incident.State, actor, error) {
	s, err := i.Get(ctx, id)
	if err != nil {
		return nil, actor{}, err
	}
	a, refusal := i.actor(s, by)
	switch {
	case refusal != nil:
		return nil, a, i.refused(ctx, s.ID, by, action, refusal)
	case !s.Open():
		return nil, a, over(s)
	case s.Plan == nil:
		return nil, a, changedSince(s)
	}
	if why, err := mistrusted(ctx, i.ledger.store.Reader, s.ID); err != nil || why != "" {
		return nil, a, errors.Join(err, &commands.Refusal{Reason: "Nothing may run now: " + why + ".",
			Try: "Paramedic goes on looking. Whoever runs it can say that this copy is right: “paramedic audit accept”."})
	}
	return s, a, nil
}

// actor is who a person is when they decide about an incident's plan; the error is a refusal.
func (i *Incidents) actor(s *incident.State, by incident.Person) (actor, error) {
	if i.self != nil {
		return i.atTerminal(s, by)
	}
	as, ok := i.access.Identity(by)
	if !ok {
		return actor{}, i.access.May(by, commands.Approve)
	}
	return actor{by: by, as: as}, nil
}

// offered says whether the plan with the hash can still be decided upon. One that has been on offer for too long is withdrawn, so that a
// new one is made from what is.
func (i *Incidents) offered(ctx context.Context, s *incident.State, hash string) error {
	if !strings.HasPrefix(s.Plan.Hash, hash) {
		return changedSince(s)
	}
	if err := i.decided(s, s.Plan.Hash); err != nil {
		return err
	}
	if i.ledger.now().Before(s.PlanAt.Add(i.expires)) {
		return nil
	}
	const why = "it was not decided upon in time"
	if err := i.withdraw(ctx, s, why); err != nil {
		return err
	}
	return &commands.Refusal{Reason: "This plan has expired: " + why + ".", Try: "A new one is being made from how the cluster is now."}
}

// decided says whether the current plan, which must have the hash, is past deciding.
func (i *Incidents) decided(s *incident.State, hash string) error {
	switch {
	case s.Plan == nil || s.Plan.Hash != hash:
		return changedSince(s)
	case s.Rejected != nil:
		return &commands.Refusal{Reason: fmt.Sprintf("%s has rejected this plan.", s.Rejected.By.Name), Try: "“look " + s.ID +
			"” makes a new one."}
	case s.Running():
		return &commands.Refusal{Reason: fmt.Sprintf("%s has approved this plan; it has begun.", s.Approval().By.Name), Try: "“stop " + s.ID +
			"” lets no further step begin."}
	case s.ApprovalValid(i.ledger.now()):
		return &commands.Refusal{Reason: fmt.Sprintf("%s has approved this plan already.", s.Approval().By.Name)}
	}
	return nil
}

// unchanged withdraws the plan if its targets are not what they were.
func (i *Incidents) unchanged(ctx context.Context, s *incident.State) error {
	same, why, err := i.recovery.Recheck(ctx, s.Plan, nil)
	if err != nil {
		return fmt.Errorf("compare the plan of %s with the cluster: %w", s.ID, err)
	}
	if same {
		return nil
	}
	if err := i.withdraw(ctx, s, why); err != nil {
		return err
	}
	return &commands.Refusal{Reason: "The cluster has changed since the plan was made: " + why + ".",
		Try: "Nothing was done; a new plan is being made."}
}

func (i *Incidents) withdraw(ctx context.Context, s *incident.State, why string) error {
	hash := s.Plan.Hash
	_, err := i.decide(ctx, s.ID, func(s *incident.State) ([]incident.Event, error) {
		if s.Plan == nil || s.Plan.Hash != hash || s.Running() {
			return nil, changedSince(s)
		}
		return []incident.Event{incident.PlanSuperseded{PlanHash: hash, Reason: why}}, nil
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

func changedSince(s *incident.State) error {
	if s.Plan == nil {
		return &commands.Refusal{Reason: s.ID + " has no plan to decide upon right now.",
			Try: "If one is made, it appears in the incident's thread."}
	}
	return &commands.Refusal{Reason: "That plan has been replaced by a newer one.", Try: "Open the newer one in the incident's thread."}
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
