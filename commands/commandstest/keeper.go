package commandstest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Keeper keeps incidents in memory. It is safe for concurrent use. Only Approvers may approve, as the Kubernetes user named.
type Keeper struct {
	Now       func() time.Time
	Approvers map[string]string // Person.Key to Kubernetes user
	Changed   func(*incident.State)

	mu   sync.Mutex
	ids  []string
	logs map[string][]incident.Recorded
}

// NewKeeper is a Keeper with Ada as its approver. now may be nil for a clock that starts at Start and gains a second with each event.
func NewKeeper(now func() time.Time) *Keeper {
	k := &Keeper{Now: now, Approvers: map[string]string{Ada.Key(): "ada@example.com"}, logs: map[string][]incident.Recorded{}}
	if now == nil {
		n := 0
		k.Now = func() time.Time { n++; return Start.Add(56*time.Hour + time.Duration(n)*time.Second) }
	}
	return k
}

// Append adds events to an incident, which is made if it is new.
func (k *Keeper) Append(id string, events ...incident.Event) *incident.State {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.append(id, events...)
}

func (k *Keeper) append(id string, events ...incident.Event) *incident.State {
	if _, ok := k.logs[id]; !ok {
		k.ids = append(k.ids, id)
	}
	for _, e := range events {
		k.logs[id] = append(k.logs[id], incident.Recorded{Version: len(k.logs[id]) + 1, At: k.Now(), Event: e})
	}
	s := incident.Fold(id, k.logs[id])
	if k.Changed != nil {
		k.Changed(s)
	}
	return s
}

// change decides about an incident under the lock, so that of two people one comes second.
func (k *Keeper) change(id string, decide func(*incident.State) (incident.Event, error)) (*incident.State, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.get(id)
	if err != nil {
		return nil, err
	}
	e, err := decide(s)
	if err != nil {
		return nil, err
	}
	return k.append(id, e), nil
}

func (k *Keeper) get(id string) (*incident.State, error) {
	log, ok := k.logs[id]
	if !ok {
		return nil, &commands.Refusal{Reason: "There is no incident " + id + ".", Try: "List them with incidents."}
	}
	return incident.Fold(id, log), nil
}

// Get implements commands.Incidents, as do all methods below.
func (k *Keeper) Get(_ context.Context, id string) (*incident.State, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.get(id)
}

// List returns the newest first.
func (k *Keeper) List(_ context.Context, all bool) ([]*incident.State, int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []*incident.State
	for i := len(k.ids) - 1; i >= 0; i-- {
		if s := incident.Fold(k.ids[i], k.logs[k.ids[i]]); all || s.Open() {
			out = append(out, s)
		}
	}
	return out, len(out), nil
}

// Open joins by fingerprint.
func (k *Keeper) Open(_ context.Context, g incident.Signal) (*incident.State, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, id := range k.ids {
		if s := incident.Fold(id, k.logs[id]); s.Open() &&
			slices.ContainsFunc(s.Signals, func(o incident.Signal) bool { return o.Fingerprint == g.Fingerprint }) {
			return s, nil
		}
	}
	return k.append(fmt.Sprintf("INC-%d", len(k.ids)+1), incident.SignalReceived{Signal: g}), nil
}

// Review finds nothing against the plan.
func (k *Keeper) Review(_ context.Context, id, hash string, by incident.Person) (*incident.State, error) {
	return k.change(id, func(*incident.State) (incident.Event, error) {
		return incident.PlanReviewed{PlanHash: hash, By: by, As: incident.Identity{User: k.Approvers[by.Key()]}, Checks: Reviewed()}, nil
	})
}

// Edit sets the values of Inputs, whatever they are.
func (k *Keeper) Edit(_ context.Context, id, hash string, all []incident.Setting, by incident.Person) (*incident.State, error) {
	return k.change(id, func(s *incident.State) (incident.Event, error) {
		if s.Offer(hash) == nil {
			return nil, &commands.Refusal{Reason: "The plan has changed since you saw it."}
		}
		p := *s.Offer(hash)
		p.Steps, p.Inputs = slices.Clone(p.Steps), slices.Clone(p.Inputs)
		for _, set := range all {
			i := slices.IndexFunc(p.Inputs, func(in incident.Input) bool { return in.Key() == set.Key })
			if i < 0 {
				return nil, &commands.Refusal{Reason: "Nothing of the plan is called " + set.Key + "."}
			}
			p.Inputs[i].Value = set.Value
			step := p.Step(p.Inputs[i].Step)
			step.Params = maps.Clone(step.Params)
			step.Params["value"], step.Source = set.Value, "set by "+by.Name
		}
		p.Hash = p.ComputeHash()
		return incident.PlanEdited{PlanHash: hash, By: by, Changes: all, Plan: p}, nil
	})
}

// Approve refuses those who may not, what has changed, and what is decided.
func (k *Keeper) Approve(_ context.Context, id, hash string, by incident.Person) (*incident.State, error) {
	return k.change(id, func(s *incident.State) (incident.Event, error) {
		user, may := k.Approvers[by.Key()]
		switch {
		case !may:
			return nil, &commands.Refusal{Reason: by.Name + " is not among those who may approve.", Try: "Ask one of them."}
		case s.Offer(hash) == nil:
			return nil, &commands.Refusal{Reason: "The plan has changed since you saw it.", Try: "Open the new one."}
		case len(s.Approvals) > 0:
			return nil, &commands.Refusal{Reason: "It was approved already, by " + s.Approvals[0].By.Name + "."}
		}
		now := k.Now()
		return incident.PlanApproved{Approval: incident.Approval{PlanHash: hash, By: by, As: incident.Identity{User: user}, At: now,
			Expires: now.Add(time.Hour)}}, nil
	})
}

// Stop stops what is approved or running.
func (k *Keeper) Stop(_ context.Context, id, reason string, by incident.Person) (*incident.State, error) {
	return k.change(id, func(s *incident.State) (incident.Event, error) {
		if s.Plan == nil || len(s.Approvals) == 0 || s.RunEnded() {
			return nil, &commands.Refusal{Reason: s.ID + " has nothing to stop."}
		}
		return incident.Stopped{PlanHash: s.Plan.Hash, By: by, Reason: reason}, nil
	})
}

// Reject takes anyone's no.
func (k *Keeper) Reject(_ context.Context, id, hash, reason string, by incident.Person) (*incident.State, error) {
	return k.change(id, func(*incident.State) (incident.Event, error) {
		return incident.PlanRejected{PlanHash: hash, By: by, Reason: reason}, nil
	})
}

// Decide records what a person says.
func (k *Keeper) Decide(_ context.Context, id, step string, done bool, by incident.Person) (*incident.State, error) {
	return k.change(id, func(s *incident.State) (incident.Event, error) {
		if s.Plan == nil {
			return nil, &commands.Refusal{Reason: s.ID + " has no plan."}
		}
		return incident.StepDecided{PlanHash: s.Plan.Hash, Step: step, By: by, Done: done}, nil
	})
}

// LookAgain records the wish.
func (k *Keeper) LookAgain(_ context.Context, id string, by incident.Person) (*incident.State, error) {
	return k.change(id, func(*incident.State) (incident.Event, error) { return incident.LookAgainRequested{By: by}, nil })
}

// Claim gives the incident to anyone.
func (k *Keeper) Claim(_ context.Context, id string, back bool, by incident.Person) (*incident.State, error) {
	return k.change(id, func(*incident.State) (incident.Event, error) { return incident.Claimed{By: by, Back: back}, nil })
}

// Grade records a grade of what was found.
func (k *Keeper) Grade(_ context.Context, id string, g incident.Grade, what string, by incident.Person) (*incident.State, error) {
	return k.change(id, func(s *incident.State) (incident.Event, error) {
		if !s.Gradable() {
			return nil, &commands.Refusal{Reason: s.ID + " is not over yet."}
		}
		c := s.GradedCause()
		return incident.Graded{Incident: id, By: by, Grade: g, Code: c.Code, Confidence: c.Confidence, What: what}, nil
	})
}

// Close closes.
func (k *Keeper) Close(_ context.Context, id, reason string, by incident.Person) (*incident.State, error) {
	return k.change(id, func(*incident.State) (incident.Event, error) { return incident.Closed{By: by, Reason: reason}, nil })
}

// EditPostmortem replaces the draft, or what could not be written.
func (k *Keeper) EditPostmortem(_ context.Context, id string, pm incident.Postmortem, by incident.Person) (*incident.State, error) {
	return k.change(id, func(s *incident.State) (incident.Event, error) {
		if !s.Editable() {
			return nil, &commands.Refusal{Reason: "The postmortem is published already."}
		}
		return incident.PostmortemEdited{By: by, Postmortem: pm}, nil
	})
}

// Publish publishes once.
func (k *Keeper) Publish(_ context.Context, id string, by incident.Person) (*incident.State, error) {
	return k.change(id, func(s *incident.State) (incident.Event, error) {
		if s.Published != nil {
			return nil, &commands.Refusal{Reason: "It was published already, by " + s.Published.By.Name + "."}
		}
		return incident.PostmortemPublished{By: by}, nil
	})
}

// Refuse records each refusal.
func (k *Keeper) Refuse(_ context.Context, id string, by incident.Person, action, reason string) error {
	_, err := k.change(id, func(*incident.State) (incident.Event, error) {
		return incident.Refused{By: by, Action: action, Reason: reason}, nil
	})
	return err
}

// Cluster is a Looker, an Explainer and a Searcher who see Founding, or what they are given.
type Cluster struct {
	Diagnosis *incident.Diagnosis
	Err       error
}

// LookAt returns the diagnosis, whatever is asked.
func (c Cluster) LookAt(context.Context, incident.Asked) (*incident.Diagnosis, error) {
	return c.Diagnosis, c.Err
}

// Explain tells the founding incident.
func (c Cluster) Explain(context.Context, *incident.Diagnosis) (*incident.Story, []incident.Similar) {
	return Story(), Seen()
}

// Search finds the founding incident.
func (c Cluster) Search(context.Context, string, int) ([]incident.Similar, string, error) {
	return Seen(), "words alone, for no embedder answers", nil
}
