package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

// applyWithin bounds one step's act.
const applyWithin = time.Minute

// execute runs one step: the guards, the intent, the act, the result, in this order. The intent is appended to the very version of the log
// that was decided upon, so that of two processes one only acts.
func (w *worker) execute(ctx context.Context, s *incident.State, work incident.Work) error {
	step := s.Plan.Step(work.Step)
	if why, err := w.guard(ctx, s); err != nil || why != "" {
		return errors.Join(err, w.stopBefore(ctx, s, step.ID, why))
	}
	if step.Unless > 0 {
		back, detail, err := w.cameBack(ctx, s, *step)
		if err != nil {
			return err
		}
		if back {
			return w.end(ctx, s, step.ID, incident.StepSkipped, detail)
		}
	}
	return w.attempt(ctx, s, *step, 1)
}

// guard asks once more, right before the act: is the record whole and the newest, may those who approved still do so by the configuration
// as it reads at this moment, is the cluster what the plan was made for? The answer is empty if so.
func (w *worker) guard(ctx context.Context, s *incident.State) (why string, err error) {
	if err := w.awaitComparison(ctx); err != nil {
		return "", err
	}
	if why, err := mistrusted(ctx, w.ledger.store.Reader, s.ID); err != nil || why != "" {
		if err == nil && s.Running() {
			return "", inDoubt(why)
		}
		return why, err
	}
	if err := w.reload.read(ctx); err != nil {
		return "", err
	}
	if why := w.access.withdrawn(s); why != "" {
		return why, nil
	}
	if !s.Running() {
		if why, err := w.ledger.tooMuch(ctx, s.Plan, w.podsPerHour); err != nil || why != "" {
			return why, err
		}
	}
	begun := map[string]bool{}
	for _, st := range s.Steps {
		begun[st.Step] = true
	}
	same, why, err := w.recovery.Recheck(ctx, s.Plan, begun)
	if err != nil || same {
		return "", err
	}
	return why, nil
}

// inDoubt holds a run: of a step that the record says was begun nothing may be said on its word, not even that it failed.
func inDoubt(why string) error {
	return mendable{errors.New("held, for the record is in doubt: " + why)}
}

// comparedWithin is how long Slack may take to say how much it has seen of the record. Without an answer the record here counts: a recovery
// must be possible without Slack.
const comparedWithin = 10 * time.Second

func (w *worker) awaitComparison(ctx context.Context) error {
	if w.compared != nil {
		pause(ctx, comparedWithin, w.compared)
	}
	return ctx.Err()
}

// stopBefore ends a run that must not go on: nothing done yet, the plan is withdrawn and made anew; otherwise the step fails, and the way
// back is offered.
func (w *worker) stopBefore(ctx context.Context, s *incident.State, step, why string) error {
	if why == "" {
		return nil
	}
	if s.Running() {
		return w.end(ctx, s, step, incident.StepFailed, "not begun: "+why)
	}
	return w.onPlan(ctx, s, func(s *incident.State) []incident.Event {
		if s.Running() {
			return nil
		}
		return []incident.Event{incident.PlanSuperseded{PlanHash: s.Plan.Hash, Reason: why}}
	})
}

// cameBack waits for a dependant to come back by itself, as long as the plan grants it: counted from the end of the last step that was
// not conditional, for all of them together.
func (w *worker) cameBack(ctx context.Context, s *incident.State, step incident.Step) (bool, string, error) {
	until := s.Approval().At
	for _, st := range s.Steps {
		if p := s.Plan.Step(st.Step); p != nil && p.Unless == 0 {
			until = st.Ended
		}
	}
	until = until.Add(step.Unless)
	for {
		now, err := w.ledger.fold(ctx, s.ID)
		if err != nil || now.Stopped != nil {
			return false, "", err
		}
		healthy, detail, err := w.recovery.Healthy(ctx, step)
		switch {
		case err != nil:
			return false, "", err
		case healthy:
			return true, "came back by itself: " + detail, nil
		case !w.ledger.now().Before(until):
			return false, detail, nil
		}
		select {
		case <-ctx.Done():
			return false, "", ctx.Err()
		case <-time.After(w.steps):
		}
	}
}

// attempt records the intent, acts, and records what came of it.
func (w *worker) attempt(ctx context.Context, s *incident.State, step incident.Step, n int) error {
	inverse, err := w.recovery.Undo(ctx, step)
	if err != nil {
		return fmt.Errorf("prepare the way back of step %s: %w", step.ID, err)
	}
	intended := false
	after, err := w.ledger.update(ctx, s.ID, func(s *incident.State) ([]incident.Event, error) {
		intended = mayBegin(s, step.ID, n, w.policy, w.ledger.now())
		if !intended {
			return nil, nil
		}
		return []incident.Event{incident.StepIntended{PlanHash: s.Plan.Hash, Step: step.ID, Attempt: n, As: s.Approval().As, Inverse: inverse}},
			nil
	})
	if err != nil || !intended {
		return err
	}
	act, cancel := context.WithTimeout(ctx, applyWithin)
	defer cancel()
	detail, _, err := w.recovery.Apply(act, after.Plan, step, after.Approval().As)
	switch {
	case err == nil:
		return w.end(ctx, after, step.ID, incident.StepOK, detail)
	case errors.Is(err, recovery.ErrUnclear), ctx.Err() != nil, act.Err() != nil:
		return err // in flight as far as the log knows: the next go observes
	}
	return w.end(ctx, after, step.ID, incident.StepFailed, w.eyes.redact(err.Error()))
}

// mayBegin says whether the nth attempt at the step is what comes next, by the newest state. Of a run that was stopped nothing begins.
func mayBegin(s *incident.State, step string, n int, p incident.Policy, now time.Time) bool {
	if s.Stopped != nil {
		return false
	}
	for _, work := range incident.Next(s, p, now) {
		if work.Step != step {
			continue
		}
		if work.Kind == incident.Execute {
			return n == 1
		}
		st := s.StepState(step)
		return work.Kind == incident.Observe && st != nil && st.Attempt == n-1
	}
	return false
}

// observe finds out what came of a step that was intended by somebody who did not live to tell.
func (w *worker) observe(ctx context.Context, s *incident.State, work incident.Work) error {
	if why, err := mistrusted(ctx, w.ledger.store.Reader, s.ID); err != nil {
		return err
	} else if why != "" {
		return inDoubt(why)
	}
	step, st := s.Plan.Step(work.Step), s.StepState(work.Step)
	o, err := w.recovery.Observe(ctx, *step)
	if err != nil {
		return err
	}
	switch o.Outcome {
	case recovery.Done:
		return w.end(ctx, s, step.ID, incident.StepOK, "observed: "+o.Detail)
	case recovery.NotDone:
		return w.again(ctx, s, *step, st.Attempt+1, o.Detail)
	}
	return w.onPlan(ctx, s, func(s *incident.State) []incident.Event {
		if st := s.StepState(step.ID); st == nil || !st.Ended.IsZero() || st.Unclear != "" {
			return nil
		}
		return []incident.Event{incident.StepUnclear{PlanHash: s.Plan.Hash, Step: step.ID, Detail: o.Detail}}
	})
}

// again attempts a step that was observed not to have been done, under the same guards as the first time.
func (w *worker) again(ctx context.Context, s *incident.State, step incident.Step, n int, seen string) error {
	if s.Stopped != nil {
		return w.end(ctx, s, step.ID, incident.StepFailed, "not done, and stopped before it was tried again: "+seen)
	}
	if why, err := w.guard(ctx, s); err != nil || why != "" {
		return errors.Join(err, w.stopBefore(ctx, s, step.ID, why))
	}
	return w.attempt(ctx, s, step, n)
}

// end records a step's result. It is a fact: it is recorded whatever else has happened to the incident meanwhile, but once.
func (w *worker) end(ctx context.Context, s *incident.State, step string, outcome incident.StepOutcome, detail string) error {
	ctx = context.WithoutCancel(ctx) // what was done must be written down, also while stopping
	return w.onPlan(ctx, s, func(s *incident.State) []incident.Event {
		if st := s.StepState(step); st != nil && !st.Ended.IsZero() {
			return nil
		}
		return []incident.Event{incident.StepDone{PlanHash: s.Plan.Hash, Step: step, Outcome: outcome, Detail: detail}}
	})
}

// onPlan records something about the plan of before, unless it is no longer the current one.
func (w *worker) onPlan(ctx context.Context, before *incident.State, events func(*incident.State) []incident.Event) error {
	_, err := w.ledger.update(ctx, before.ID, func(s *incident.State) ([]incident.Event, error) {
		if planHash(s.Plan) != planHash(before.Plan) {
			return nil, nil
		}
		return events(s), nil
	})
	return err
}

func planHash(p *incident.Plan) string {
	if p == nil {
		return ""
	}
	return p.Hash
}
