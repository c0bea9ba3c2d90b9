package recovery

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// dryRun cordons and evicts nothing. What a budget forbids now is no reason not to go on: it may allow it in a minute.
func (k drainNode) dryRun(ctx context.Context, _ *Recovery, w Writer, s incident.Step, from, to subject) (string, error) {
	was, pods, _ := withoutNotes(from)
	is, left, _ := withoutNotes(to)
	o, err := patch(ctx, w, s.Target.Object, subject{object: was}, subject{object: is}, true)
	if err != nil {
		return "", err
	}
	if s.Params[paramBack] == "true" {
		return onNode(o, left, nil).hash, nil
	}
	for _, p := range pods {
		err := w.Evict(ctx, p.object(), p.UID, true)
		if apierrors.IsTooManyRequests(err) && from.hash == s.Target.SpecHash {
			return "", fmt.Errorf("pod %s/%s may not be evicted now: %w", p.Namespace, p.Name, err)
		}
		if err != nil && !passes(err) {
			return "", err
		}
	}
	return onNode(o, nil, nil).hash, nil
}

// passes says whether what an eviction met passes by itself: the pod is gone, or its budget does not allow it for now.
func passes(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsConflict(err) || apierrors.IsTooManyRequests(err)
}

// One act drains for three quarters of the time that it is given, or for drainsFor, and looks every drainsEach. Whoever called it then
// observes how far it has come, and goes on.
const (
	drainsFor  = 45 * time.Second
	drainsEach = time.Second
)

func drainsUntil(ctx context.Context) time.Time {
	now := time.Now()
	if end, ok := ctx.Deadline(); ok {
		return now.Add(min(drainsFor, end.Sub(now)*3/4))
	}
	return now.Add(drainsFor)
}

func (k drainNode) commit(ctx context.Context, r *Recovery, w Writer, s incident.Step, from, to subject) error {
	was, _, _ := withoutNotes(from)
	is, _, _ := withoutNotes(to)
	if cordoned(was) != cordoned(is) {
		if _, err := patch(ctx, w, s.Target.Object, subject{object: was}, subject{object: is}, false); err != nil {
			return outcome(err)
		}
	}
	if s.Params[paramBack] == "true" {
		return nil
	}
	left, held, moved := k.empty(ctx, r, w, s)
	switch {
	case left == 0:
		return nil
	case moved || held == nil:
		return fmt.Errorf("%w: %d of %d pods are still there", ErrUnclear, left, len(planned(s)))
	}
	return k.giveUp(ctx, r, w, s, left, held)
}

// empty evicts what is left, again and again, until nothing is or its time is over. held is why a pod may not be evicted; moved says that a pod
// has gone or is going.
func (k drainNode) empty(ctx context.Context, r *Recovery, w Writer, s incident.Step) (left int, held error, moved bool) {
	until, asked, first := drainsUntil(ctx), map[string]bool{}, -1
	for {
		now, err := k.see(ctx, r, s)
		if err != nil {
			return max(left, 1), nil, true //nolint:nilerr // it is seen by whoever observes
		}
		if left, held = len(now.pods), nil; left == 0 {
			return 0, nil, true
		}
		if first < 0 {
			first = left
		}
		moved = moved || left < first
		for _, p := range now.pods {
			if asked[p.UID] || !slices.Contains(planned(s), p) {
				continue
			}
			switch err := w.Evict(ctx, p.object(), p.UID, false); {
			case err == nil:
				asked[p.UID], moved = true, true
			case !apierrors.IsNotFound(err):
				held = err
			}
		}
		if time.Now().After(until) || ctx.Err() != nil {
			return left, held, moved
		}
		select {
		case <-ctx.Done():
		case <-time.After(drainsEach):
		}
	}
}

// giveUp puts back what the step has changed where nothing that is left may go, so that a step which failed leaves nothing behind.
func (k drainNode) giveUp(ctx context.Context, r *Recovery, w Writer, s incident.Step, left int, held error) error {
	why := fmt.Sprintf("%d of %d pods may not be evicted", left, len(planned(s)))
	if s.Params[paramCordoned] == "true" {
		return fmt.Errorf("%s, and the node stays cordoned as it was: %w", why, held)
	}
	for i := range attempts {
		pause(ctx, i)
		now, err := k.edit.look(ctx, r, s)
		if err != nil {
			return outcome(err)
		}
		to := now.object.clone()
		to.unset("spec", "unschedulable")
		if _, err = patch(ctx, w, s.Target.Object, now, subject{object: to}, false); err == nil {
			return fmt.Errorf("%s, so the node takes new pods again: %w", why, held)
		}
		if !apierrors.IsConflict(err) {
			return outcome(err)
		}
	}
	return fmt.Errorf("%w: %s, and the node could not be uncordoned again: %w", ErrUnclear, why, held)
}
