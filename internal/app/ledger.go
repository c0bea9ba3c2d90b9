package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

const streamPrefix = "incident/"

// idPrefix begins every incident's id: "INC-1", "INC-2"…
const idPrefix = "INC-"

// advance does what incident.Next says about one incident. It is a hint: what is to be done follows from the log.
type advance struct {
	Incident string `json:"incident"`
}

func (advance) Kind() string { return "advance" }

// render brings an incident's messages up to date.
type render struct {
	Incident string `json:"incident"`
}

func (render) Kind() string { return "render" }

// reading is the part of the state that looks alone.
type reading interface {
	Load(ctx context.Context, stream string, after int) ([]store.Event, error)
	Streams(ctx context.Context, prefix string) ([]store.StreamInfo, error)
}

// Journal reads incidents from their streams.
type Journal struct{ reading }

// NewJournal reads incidents from a store that may be open for reading only.
func NewJournal(r *store.Reader) Journal { return Journal{r} }

// Get folds the incident's stream. An incident that does not exist is an error.
func (j Journal) Get(ctx context.Context, id string) (*incident.State, error) {
	s, err := j.fold(ctx, id)
	if err == nil && s.Version == 0 {
		return nil, fmt.Errorf("%s: no such incident", id)
	}
	return s, err
}

// List folds every incident, the newest first.
func (j Journal) List(ctx context.Context) ([]*incident.State, error) {
	streams, err := j.Streams(ctx, streamPrefix)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	out := make([]*incident.State, 0, len(streams))
	for _, info := range streams {
		s, err := j.fold(ctx, strings.TrimPrefix(info.Stream, streamPrefix))
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	sortNewestFirst(out)
	return out, nil
}

func (j Journal) fold(ctx context.Context, id string) (*incident.State, error) {
	stored, err := j.Load(ctx, streamPrefix+id, 0)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", id, err)
	}
	log := make([]incident.Recorded, 0, len(stored))
	for _, e := range stored {
		if e.Purged {
			continue
		}
		event, err := incident.Decode(e.Type, e.TypeVersion, e.Data)
		if err != nil {
			return nil, fmt.Errorf("read %s event %d: %w", id, e.Version, err)
		}
		log = append(log, incident.Recorded{Version: e.Version, At: e.At, Event: event})
	}
	s := incident.Fold(id, log)
	if n := len(stored); n > 0 {
		s.Version = stored[n-1].Version // a purged event counts
	}
	return s, nil
}

// ledger appends to incidents.
type ledger struct {
	Journal
	store *store.Store // nil: read only
	now   func() time.Time
}

var errReadOnly = errors.New("the state is open for reading only")

// conflictTries bounds how often a decision is made again because somebody else appended meanwhile.
const conflictTries = 20

// update makes a decision on an incident's newest state and appends what follows from it, atomically with the hints to act on it. If
// somebody else appends between, it decides again. No events mean that there is nothing to record. It returns the state decided upon,
// with the events folded in.
func (l *ledger) update(ctx context.Context, id string, decide func(*incident.State) ([]incident.Event, error)) (*incident.State, error) {
	for range conflictTries {
		s, err := l.fold(ctx, id)
		if err != nil {
			return nil, err
		}
		events, err := decide(s)
		if err != nil || len(events) == 0 {
			return s, err
		}
		switch err := l.append(ctx, id, s.Version, events); {
		case errors.Is(err, store.ErrConflict):
			continue
		case err != nil:
			return nil, fmt.Errorf("record in %s: %w", id, err)
		}
		return l.fold(ctx, id)
	}
	return nil, fmt.Errorf("record in %s: %w, %d times over", id, store.ErrConflict, conflictTries)
}

// append writes events at the version, with the hints to act on them.
func (l *ledger) append(ctx context.Context, id string, version int, events []incident.Event) error {
	if l.store == nil {
		return errReadOnly
	}
	at := l.now().UTC()
	stored := make([]store.NewEvent, 0, len(events))
	for _, e := range events {
		data, err := incident.Encode(e)
		if err != nil {
			return err
		}
		stored = append(stored, store.NewEvent{Type: incident.EventType(e), TypeVersion: incident.EventVersion, At: at, Data: data})
	}
	_, err := l.store.Append(ctx, streamPrefix+id, version, stored, []store.Job{advance{id}, render{id}})
	return err
}

// open starts a new incident with the next free number.
func (l *ledger) open(ctx context.Context, e incident.SignalReceived) (string, error) {
	streams, err := l.Streams(ctx, streamPrefix)
	if err != nil {
		return "", fmt.Errorf("open an incident: %w", err)
	}
	n := 0
	for _, info := range streams {
		n = max(n, number(strings.TrimPrefix(info.Stream, streamPrefix)))
	}
	for range conflictTries {
		n++
		id := idPrefix + strconv.Itoa(n)
		switch err := l.append(ctx, id, 0, []incident.Event{e}); {
		case errors.Is(err, store.ErrConflict):
			continue
		case err != nil:
			return "", fmt.Errorf("open an incident: %w", err)
		}
		return id, nil
	}
	return "", fmt.Errorf("open an incident: %w", store.ErrConflict)
}

// number is an incident id's number; 0 if it is not one.
func number(id string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(id, idPrefix))
	if err != nil {
		return 0
	}
	return n
}
