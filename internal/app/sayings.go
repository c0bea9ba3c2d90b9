package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// sayings is a stream of people's words that belongs to no incident: what is accepted, what is silenced. It is safe for concurrent use.
type sayings struct {
	stream string
	reader *store.Reader
	store  *store.Store // nil: read only
	now    func() time.Time
	redact func(string) string
	lately recently
}

// recently is what was read last and found to be Paramedic's own words. It is safe for concurrent use.
type recently struct {
	mu   sync.Mutex
	mark string
	log  []incident.Recorded
}

// verifying is the part of the state that vouches for what it holds.
type verifying interface {
	VerifyStream(ctx context.Context, stream string) (store.Report, error)
	Head(ctx context.Context, stream string) (store.StreamInfo, error)
}

// markOf changes whenever the stream does, or what the record says of all streams: a purge is told there.
func markOf(ctx context.Context, r verifying, stream string) (string, error) {
	own, err := r.Head(ctx, stream)
	if err != nil {
		return "", err
	}
	system, err := r.Head(ctx, store.SystemStream)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	return fmt.Sprintf("%d %x %x, %d %x", own.Version, own.Head, own.Tip, system.Version, system.Head), nil
}

// vouched is the log, if it was Paramedic who wrote it: whoever can write the state must not be able to silence anything. The error says
// why nothing counts; what names the stream in it. It is read and verified once for each change of it: every alert and everybody who opens
// a page asks.
func (a *sayings) vouched(ctx context.Context, what string) ([]incident.Recorded, error) {
	a.lately.mu.Lock()
	defer a.lately.mu.Unlock()
	mark, err := markOf(ctx, a.reader, a.stream) // before it is read: what is appended meanwhile is read once more
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case mark == a.lately.mark:
		return a.lately.log, nil
	}
	report, err := a.reader.VerifyStream(ctx, a.stream)
	if err != nil {
		return nil, fmt.Errorf("verify what is %s: %w", what, err)
	}
	if !report.OK() {
		return nil, fmt.Errorf("what was %s does not count: %s", what, report.Why())
	}
	log, _, err := a.log(ctx)
	if err == nil {
		a.lately.mark, a.lately.log = mark, log
	}
	return log, err
}

// log is what was said, and the version of the stream that says so.
func (a *sayings) log(ctx context.Context) ([]incident.Recorded, int, error) {
	events, err := a.reader.Load(ctx, a.stream, 0)
	if err != nil {
		return nil, 0, err
	}
	var log []incident.Recorded
	version := 0
	for _, e := range events {
		if version = e.Version; e.Data == nil {
			continue // of which a purge left nothing
		}
		event, err := incident.Decode(e.Type, e.TypeVersion, e.Data)
		if err != nil {
			return nil, 0, fmt.Errorf("read %s, event %d: %w", a.stream, e.Version, err)
		}
		log = append(log, incident.Recorded{Version: e.Version, At: e.At, Event: event})
	}
	return log, version, nil
}

func (a *sayings) cleaned(text string) string {
	if a.redact == nil {
		return text
	}
	return a.redact(text)
}

// decide records what follows from what was said until now.
func (a *sayings) decide(ctx context.Context, decide func([]incident.Recorded) ([]incident.Event, error)) error {
	if a.store == nil {
		return errReadOnly
	}
	return decideAgain(func() error {
		log, version, err := a.log(ctx)
		if err != nil {
			return err
		}
		events, err := decide(log)
		if err != nil || len(events) == 0 {
			return err
		}
		w := store.Write{Stream: a.stream, Version: version}
		for _, e := range events {
			data, err := incident.Encode(e)
			if err != nil {
				return err
			}
			w.Events = append(w.Events, store.NewEvent{Type: incident.EventType(e), TypeVersion: incident.EventVersion, At: a.now().UTC(),
				Data: data})
		}
		return a.store.Append(ctx, w)
	})
}
