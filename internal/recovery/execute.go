package recovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Outcome is what Observe found.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	NotDone Outcome = "not done"
	Unknown Outcome = "unknown" // somebody else changed the target; a person decides
)

// Observation is whether a step was done, and by what that shows.
type Observation struct {
	Outcome Outcome
	Detail  string
}

// Observe looks whether a step was done, with quorum. It needs no record of the act, so that it holds after a crash between act and
// record. An error means that nobody could look; look again.
func (r *Recovery) Observe(ctx context.Context, s incident.Step) (Observation, error) {
	k, err := kindOf(s)
	if err != nil {
		return Observation{}, err
	}
	now, err := k.look(ctx, r, s)
	if apierrors.IsNotFound(err) {
		return Observation{Unknown, s.Target.Object.String() + " is gone"}, nil
	}
	if err != nil {
		return Observation{}, fmt.Errorf("observe step %s: %w", s.ID, err)
	}
	o, _, err := r.judge(ctx, k, s, now)
	return o, err
}

// judge says how far a step has come, given its target as it is, and what the target becomes by it.
func (r *Recovery) judge(ctx context.Context, k kind, s incident.Step, now subject) (Observation, subject, error) {
	load := r.loader(ctx)
	to, err := k.change(s, load, now)
	if err != nil {
		return Observation{}, to, fmt.Errorf("observe step %s: %w", s.ID, err)
	}
	name := s.Target.Object.String()
	other := s.Target.UID != "" && now.uid != s.Target.UID
	switch {
	case k.ends(s) && (now.gone || other):
		return Observation{Done, name + " is gone"}, to, nil
	case other:
		return Observation{Unknown, name + " is another object of that name than the one planned for"}, to, nil
	case to.hash == now.hash:
		return Observation{Done, name + " is as the step makes it"}, to, nil
	case now.hash == s.Target.SpecHash:
		return Observation{NotDone, name + " is as it was when the plan was made"}, to, nil
	}
	if detail, ok := k.between(s, load, now); ok {
		return Observation{NotDone, name + ": " + detail}, to, nil
	}
	return Observation{Unknown, name + " is neither as it was when the plan was made nor as the step makes it: somebody else changed it"}, to,
		nil
}

// attempts bounds the writes that are lost to a status update that came in between: a rollout writes several within its first second.
const attempts = 8

// pause is what lies between two attempts.
func pause(ctx context.Context, attempt int) {
	if attempt == 0 {
		return
	}
	t := time.NewTimer(time.Duration(attempt) * 50 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Apply does one step as the person: rights, dry-run, write. It returns what happened in words and the step that undoes it, nil where
// nothing does. A step that is done already is not done twice. Record the intent before. On [ErrChanged] withdraw the plan, on
// [ErrUnclear] call Observe; after any other error nothing was changed.
func (r *Recovery) Apply(ctx context.Context, p *incident.Plan, s incident.Step, as incident.Identity) (detail string,
	inverse *incident.Step, err error) {
	detail, err = r.apply(ctx, p, s, as)
	if err != nil {
		return "", nil, fmt.Errorf("step %s (%s): %w", s.ID, s.Title, err)
	}
	inverse, err = r.Undo(ctx, s)
	if err != nil {
		return detail + "; it cannot be undone by Paramedic: " + err.Error(), nil, nil //nolint:nilerr // the act is done
	}
	return detail, inverse, nil
}

func (r *Recovery) apply(ctx context.Context, p *incident.Plan, s incident.Step, as incident.Identity) (string, error) {
	if own := p.Step(s.ID); own == nil || !reflect.DeepEqual(*own, s) || p.ComputeHash() != p.Hash {
		return "", fmt.Errorf("the step is not one of plan %.12s: %w", p.Hash, ErrChanged)
	}
	k, err := kindOf(s)
	if err != nil {
		return "", err
	}
	w, err := r.o.WriterFor(as)
	if err != nil {
		return "", err
	}
	for _, c := range r.rights(ctx, w, s) {
		if !c.OK {
			return "", errors.New(c.Detail)
		}
	}
	for i := range attempts {
		pause(ctx, i)
		var now, to subject
		var o Observation
		if now, err = k.look(ctx, r, s); err != nil {
			return "", changedIfGone(err)
		}
		if o, to, err = r.judge(ctx, k, s, now); err != nil {
			return "", err
		}
		switch o.Outcome {
		case Done:
			return o.Detail + " already", nil
		case Unknown:
			return "", fmt.Errorf("%s: %w", o.Detail, ErrChanged)
		}
		if err = r.tryOut(ctx, k, w, s, now, to); err == nil {
			err = k.commit(ctx, r, w, s, now, to)
		}
		if err == nil {
			return s.Target.Object.String() + " changed, as " + as.User, nil
		}
		if !apierrors.IsConflict(err) {
			return "", changedIfGone(err)
		}
	}
	return "", fmt.Errorf("its target changes faster than it can be written, tried %d times: %w", attempts, err)
}

// tryOut is the dry-run: nothing changes, and what would change must be what the plan showed.
func (r *Recovery) tryOut(ctx context.Context, k kind, w Writer, s incident.Step, now, to subject) error {
	hash, err := k.dryRun(ctx, r, w, s, now, to)
	if err != nil {
		return err
	}
	if hash != s.Params[paramAfter] {
		return fmt.Errorf("the API server would make something else of %s than the plan shows (an admission webhook, perhaps): %w",
			s.Target.Object, ErrChanged)
	}
	return nil
}

func changedIfGone(err error) error {
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return err
}

// Recheck makes the steps that have not begun again, from their parameters and the world as it is now: each must come out as it
// is in the plan, or the plan is to be withdrawn for the reason given. begun holds ids of steps.
func (r *Recovery) Recheck(ctx context.Context, p *incident.Plan, begun map[string]bool) (ok bool, why string, err error) {
	if p.ComputeHash() != p.Hash {
		return false, "the plan is not what was hashed", nil
	}
	for _, s := range p.Steps {
		if begun[s.ID] {
			continue
		}
		again, err := r.Bind(ctx, incident.Step{ID: s.ID, Kind: s.Kind, Target: incident.Target{Object: s.Target.Object},
			Params: maps.Clone(s.Params), Source: s.Source, Unless: s.Unless})
		// Words, which the plan's hash holds fast.
		again.Source, again.Unmentioned, again.Owner, again.Instead = s.Source, s.Unmentioned, s.Owner, s.Instead
		again.Reversible = s.Reversible
		if s.Target.UID == "" { // there was no such object when the step was written down
			again.Target.UID = ""
		}
		switch {
		case unboundable(err):
			return false, fmt.Sprintf("step %s (%s): %v", s.ID, s.Title, err), nil
		case err != nil:
			return false, "", fmt.Errorf("check step %s (%s) again: %w", s.ID, s.Title, err)
		case again.Target.UID != s.Target.UID:
			return false, fmt.Sprintf("%s was replaced by another object of that name since the plan was made", s.Target.Object), nil
		case !reflect.DeepEqual(again, s):
			return false, fmt.Sprintf("%s was changed since the plan was made", s.Target.Object), nil
		}
	}
	return true, "", nil
}
