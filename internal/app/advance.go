package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/guard"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// doer does one kind of work on an incident in the state given, and records what happened. It decides anew from the newest state when
// it records, for the state may have moved on while it worked.
type doer func(ctx context.Context, s *incident.State, w incident.Work) error

const (
	// lease is how long a stream that was claimed is left alone: who dies leaves it to be claimed again after that.
	lease = 30 * time.Second
	// lookEvery is how often the store is asked what is due: another process may have appended.
	lookEvery = time.Second
	// roundsApart is the least time between two rounds, so that a flood of appends costs few of them. A person does not notice it.
	roundsApart = 50 * time.Millisecond
	// drawsApart is the least time between two drawings of one incident; the first is at once.
	drawsApart = 300 * time.Millisecond
	// claimMost bounds what is claimed at once.
	claimMost = 64
)

// runner does what incident.Next says of the incidents that are due. Work runs beside other work, never beside itself: the story may take
// minutes, and an approval does not wait for it. What it does is a function of the log alone, so that a process that dies at any point is
// followed by one that goes on.
type runner struct {
	ledger *ledger
	policy incident.Policy
	do     map[incident.WorkKind]doer
	draw   func(ctx context.Context, s *incident.State) error // brings an incident's messages up to date
	redact func(string) string
	logger *slog.Logger

	shifts *shifts
	woken  chan struct{}
	pulse  *pulse
}

func newRunner(r runner) *runner {
	l := r.ledger
	r.woken, r.pulse = make(chan struct{}, 1), &pulse{}
	r.shifts = newShifts(l.now, r.wake)
	l.wake = r.wake
	return &r
}

// wake makes the runner look at once.
func (r *runner) wake() {
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

// run advances what is due until ctx ends, and then lets nothing new begin. Errors of the store are logged, and tried again.
func (r *runner) run(ctx context.Context) {
	for ctx.Err() == nil {
		r.pulse.beat()
		var more bool
		var next time.Time
		err := guard.Do("look what is due", func() (err error) { more, next, err = r.round(ctx); return err })
		if err != nil && ctx.Err() == nil {
			r.logger.Error("cannot look what is due; it is tried again", "error", err)
		}
		if more {
			continue
		}
		wait := lookEvery
		if !next.IsZero() {
			wait = max(0, min(wait, next.Sub(r.ledger.now())))
		}
		pause(ctx, wait, r.woken)
		pause(ctx, roundsApart, nil)
	}
}

// pause waits, or less if ctx ends or something comes in.
func pause(ctx context.Context, d time.Duration, until <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-until:
	case <-timer.C:
	}
}

// round advances what is due now. It says whether there may be more, and when the next is due.
func (r *runner) round(ctx context.Context) (more bool, next time.Time, err error) {
	now := r.ledger.now()
	claimed, err := r.ledger.store.Claim(ctx, now, now.Add(lease), claimMost)
	if err != nil {
		return false, time.Time{}, err
	}
	more = len(claimed) == claimMost
	for _, id := range r.shifts.ended() {
		if stream := streamPrefix + id; !slices.Contains(claimed, stream) {
			claimed = append(claimed, stream)
		}
	}
	var settled []store.Settled
	for _, stream := range claimed {
		var s *incident.State
		var due time.Time
		err := guard.Do("advance "+stream, func() (err error) {
			s, due, err = r.advance(ctx, strings.TrimPrefix(stream, streamPrefix))
			return err
		})
		if err != nil {
			if ctx.Err() == nil {
				r.logger.Error("cannot look at an incident; it is tried again", "stream", stream, "error", err)
			}
			continue // its lease runs out
		}
		settled = append(settled, store.Settled{Stream: stream, Version: s.Version, Due: due})
	}
	if err := r.ledger.store.Settle(ctx, settled...); err != nil {
		return more, time.Time{}, err
	}
	next, err = r.ledger.store.NextDue(ctx)
	return more, next, err
}

// advance draws the incident, starts all work on it that is due, and says when to look again; zero: when something is appended.
func (r *runner) advance(ctx context.Context, id string) (*incident.State, time.Time, error) {
	s, err := r.ledger.fold(ctx, id)
	if aside, failed := r.ledger.setAside(ctx, err); aside {
		r.logger.Error("an incident's record can't be read; it is set aside", "incident", id, "error", err, "try", "paramedic doctor")
		return &incident.State{ID: id}, time.Time{}, failed
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	now := r.ledger.now()
	var due time.Time
	sooner := func(t time.Time) {
		if due.IsZero() || t.Before(due) {
			due = t
		}
	}
	version := 8 * s.Version // and the approvals that have expired
	if !s.Running() {        // that an approval expires shows, and is no event
		standing := s.Standing(now)
		for _, a := range standing {
			sooner(a.Expires)
		}
		version += min(len(s.Approvals)-len(standing), 7)
	}
	if at, ok := r.shifts.start(shift{incident: id, key: drawing, version: version, every: drawsApart},
		func(ctx context.Context) error { return r.draw(ctx, s) }); ok {
		sooner(at)
	}
	for _, w := range incident.Next(s, r.policy, now) {
		if w.Due.After(now) {
			sooner(w.Due)
			continue
		}
		at, _ := r.shifts.start(shift{incident: id, key: w.Key(), kind: w.Kind, every: w.Every},
			func(ctx context.Context) error { return r.work(ctx, s, w) })
		sooner(at)
	}
	if due.IsZero() {
		r.shifts.forget(id)
	}
	return s, due, nil
}

// work does one piece of work. What fails is tried again, and what fails again and again people see.
func (r *runner) work(ctx context.Context, s *incident.State, w incident.Work) error {
	do := r.do[w.Kind]
	if do == nil {
		return fmt.Errorf("%s: nobody does this kind of work", w.Kind)
	}
	err := guard.Do(w.Key()+" of "+s.ID, func() error { return do(ctx, s, w) })
	if err == nil || ctx.Err() != nil {
		return err
	}
	failures := r.shifts.failures(s.ID, w.Key()) + 1
	r.logger.Warn("work failed and will be tried again", "incident", s.ID, "work", w.Key(), "failures", failures, "error", err)
	if caught := new(guard.Error); errors.As(err, &caught) {
		guard.Log(r.logger, err)
	}
	if failures%failuresShown != 0 && (failures != 1 || !errors.Is(err, store.ErrTooLarge)) && !errors.As(err, new(mendable)) {
		return err
	}
	failed := incident.WorkFailed{Work: w.Key(), Error: incident.Clip(r.redact(err.Error()), incident.MaxExcerpt)}
	_, told := r.ledger.update(ctx, s.ID, func(s *incident.State) ([]incident.Event, error) {
		if slices.Contains(s.Failing, failed) {
			return nil, nil
		}
		return []incident.Event{failed}, nil
	})
	return errors.Join(err, told)
}

// failuresShown is after how many failures in a row people are told, and told again if it is something else by then.
const failuresShown = 3

// mendable is an error that people can do something about: they are told at once, and of each one that is another.
type mendable struct{ error }

// Unwrap returns the error.
func (e mendable) Unwrap() error { return e.error }

// stop ends all work and waits for it, but not for ever. A step that is being applied is cut short; the next process observes how far it
// came.
func (r *runner) stop() { r.shifts.stop() }
