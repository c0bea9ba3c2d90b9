package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// ledger appends to incidents.
type ledger struct {
	Journal
	store *store.Store // nil: read only
	now   func() time.Time
	wake  func()                                        // is called after each append; nil: nobody waits for it
	aside func(ctx context.Context, e *UnreadableError) // says that an incident was set aside; nil: nobody is told
	// redact is applied to the words of every event before it is recorded; nil: they are as they are.
	redact func(string) string
}

var errReadOnly = errors.New("the state is open for reading only")

// conflictTries bounds how often a decision is made again because somebody else appended meanwhile.
const conflictTries = 20

// update makes a decision on an incident's newest state and appends what follows from it. If somebody else appends between, it decides
// again. No events mean that there is nothing to record. It returns the state decided upon, with the events folded in.
func (l *ledger) update(ctx context.Context, id string, decide func(*incident.State) ([]incident.Event, error)) (s *incident.State,
	err error) {
	err = decideAgain(func() (err error) {
		if s, err = l.fold(ctx, id); err != nil {
			return err
		}
		events, err := decide(s)
		if err != nil || len(events) == 0 {
			return err
		}
		if err := l.append(ctx, entry{s, events}); err != nil {
			return fmt.Errorf("record in %s: %w", id, err)
		}
		s, err = l.fold(ctx, id)
		return err
	})
	return s, err
}

// decideAgain decides and records, and does so again while somebody else appended meanwhile.
func decideAgain(decide func() error) error {
	for range conflictTries {
		if err := decide(); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("%w, %d times over", store.ErrConflict, conflictTries)
}

// entry is what is to be recorded of one incident in the state decided upon.
type entry struct {
	state  *incident.State
	events []incident.Event
}

// append writes events to incidents, all or none, each to the version that was decided upon, with what follows for their projections.
func (l *ledger) append(ctx context.Context, entries ...entry) error {
	if l.store == nil {
		return errReadOnly
	}
	entries, err := l.withFreed(ctx, entries)
	if err != nil {
		return err
	}
	writes, err := l.writes(entries...)
	if err != nil {
		return err
	}
	if writes, err = l.count(ctx, entries, writes); err != nil {
		return err
	}
	if err := l.store.Append(ctx, writes...); err != nil {
		return err
	}
	if l.wake != nil {
		l.wake()
	}
	return nil
}

// writes is what append writes.
func (l *ledger) writes(entries ...entry) ([]store.Write, error) {
	at := l.now().UTC()
	writes := make([]store.Write, 0, len(entries))
	for _, e := range entries {
		e.events = l.redacted(e.events)
		w := store.Write{Stream: streamPrefix + e.state.ID, Version: e.state.Version}
		for _, event := range e.events {
			data, err := incident.Encode(event)
			if err != nil {
				return nil, err
			}
			w.Events = append(w.Events, store.NewEvent{Type: incident.EventType(event), TypeVersion: incident.EventVersion, At: at, Data: data})
		}
		w.Change = project(e.state, at, e.events)
		writes = append(writes, w)
	}
	return writes, nil
}

// redacted is the last door before the record: no event's words are written as they came. Signals were redacted when they came in; of a
// plan the words are, not what runs, for its hash is approved.
func (l *ledger) redacted(events []incident.Event) []incident.Event {
	if l.redact == nil {
		return events
	}
	w := &redact.Walker{Text: redact.Remembering(l.redact)}
	out := make([]incident.Event, len(events))
	for i, e := range events {
		switch e := e.(type) {
		case incident.SignalReceived, incident.StepIntended:
			out[i] = e
		case incident.PlanProposed:
			e.Plan = redactedWords(w, e.Plan)
			if e.Other != nil {
				other := redactedWords(w, *e.Other)
				e.Other = &other
			}
			e.Idle = redact.Values(w, e.Idle)
			out[i] = e
		case incident.PlanEdited: // its values were looked at when they were set
			e.Plan = redactedWords(w, e.Plan)
			out[i] = e
		default:
			out[i] = redact.Values(w, e)
		}
	}
	return out
}

// redactedWords is a plan with the words around what runs redacted.
func redactedWords(w *redact.Walker, p incident.Plan) incident.Plan {
	p.Title, p.Why = w.String(p.Title), w.String(p.Why)
	return p
}

// withFreed adds that incidents are looked at again that waited for a plan which the entries take out of the way.
func (l *ledger) withFreed(ctx context.Context, entries []entry) ([]entry, error) {
	var names []string
	for _, e := range entries {
		if frees(e.events) {
			names = append(names, keyOf(waitsKey, e.state.ID, "").Name)
		}
	}
	if len(names) == 0 {
		return entries, nil
	}
	hits, err := l.store.Find(ctx, names, l.now())
	if err != nil {
		return nil, err
	}
	for _, h := range hits {
		id := strings.TrimPrefix(h.Stream, streamPrefix)
		again := incident.LookAgainRequested{Freed: strings.TrimPrefix(h.Name, waitsKey)}
		if i := slices.IndexFunc(entries, func(e entry) bool { return e.state.ID == id }); i >= 0 {
			// It takes in what the other one leaves: it is looked at again, unless it ends here, too.
			if s := entries[i].state; s.Open() && !s.Running() && !closesIn(entries[i].events) {
				entries = slices.Clone(entries)
				entries[i].events = append(slices.Clip(entries[i].events), again)
			}
			continue
		}
		s, err := l.fold(ctx, id)
		if err != nil {
			continue // it is set aside when its own turn comes
		}
		if s.Open() && !s.Running() {
			entries = append(slices.Clip(entries), entry{s, []incident.Event{again}})
		}
	}
	return entries, nil
}

// closesIn says whether events close their incident.
func closesIn(events []incident.Event) bool {
	return slices.ContainsFunc(events, func(e incident.Event) bool {
		_, closed := e.(incident.Closed)
		return closed
	})
}

// setAside takes an incident out of the way of the others, where err is that it can't be read, and says whether that was so.
func (l *ledger) setAside(ctx context.Context, err error) (bool, error) {
	var unreadable *UnreadableError
	if !errors.As(err, &unreadable) {
		return false, nil
	}
	if l.store == nil {
		return true, errReadOnly
	}
	if err := l.store.SetAside(ctx, streamPrefix+unreadable.ID, incident.Clip(unreadable.Reason.Error(), store.MaxKey)); err != nil {
		return true, err
	}
	if l.aside != nil {
		l.aside(ctx, unreadable)
	}
	return true, nil
}

// lastNumber is the greatest number that an incident has.
func (l *ledger) lastNumber(ctx context.Context) (int, error) {
	last, _, err := l.LastStreams(ctx, streamPrefix+idPrefix, 1)
	if err != nil {
		return 0, fmt.Errorf("number a new incident: %w", err)
	}
	if len(last) == 0 {
		return 0, nil
	}
	return number(last[0].Stream), nil
}
