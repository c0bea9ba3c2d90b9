package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/utils/lru"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/store"
)

const streamPrefix = "incident/"

// idPrefix begins every incident's id: "INC-1", "INC-2"…
const idPrefix = "INC-"

// reading is the part of the state that looks alone.
type reading interface {
	Load(ctx context.Context, stream string, after int) ([]store.Event, error)
	Streams(ctx context.Context, prefix string) ([]store.StreamInfo, error)
	OpenStreams(ctx context.Context) ([]string, error)
	Aside(ctx context.Context) ([]store.Projection, error)
	Projection(ctx context.Context, stream string) (store.Projection, error)
}

// Journal reads incidents from their streams. It remembers those read last, so that reading one again costs what is new.
type Journal struct {
	reading
	memory *memory
}

// NewJournal reads incidents from a store that may be open for reading only.
func NewJournal(r *store.Reader) Journal { return Journal{r, newMemory()} }

// UnreadableError says that an incident's stream holds what this program can't read.
type UnreadableError struct {
	ID     string
	Reason error
}

func (e *UnreadableError) Error() string { return fmt.Sprintf("read %s: %v", e.ID, e.Reason) }

// Unwrap returns the reason.
func (e *UnreadableError) Unwrap() error { return e.Reason }

// Get folds the incident's stream. An incident that does not exist is an error.
func (j Journal) Get(ctx context.Context, id string) (*incident.State, error) {
	s, err := j.fold(ctx, id)
	if err == nil && s.Version == 0 {
		return nil, fmt.Errorf("%s: no such incident", id)
	}
	return s, err
}

// Open folds every incident that is open, the newest first. One that can't be read comes as a State that says so.
func (j Journal) Open(ctx context.Context) ([]*incident.State, error) {
	streams, err := j.OpenStreams(ctx)
	if err != nil {
		return nil, err
	}
	aside, err := j.Aside(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range aside {
		streams = append(streams, p.Stream)
	}
	return j.foldAll(ctx, streams)
}

// List folds the newest incidents, at most so many, and says how many there are in all.
func (j Journal) List(ctx context.Context, most int) (newest []*incident.State, total int, err error) {
	infos, err := j.Streams(ctx, streamPrefix)
	if err != nil {
		return nil, 0, fmt.Errorf("list incidents: %w", err)
	}
	sortNewestFirst(infos)
	var streams []string
	for _, info := range infos[:min(most, len(infos))] {
		streams = append(streams, info.Stream)
	}
	newest, err = j.foldAll(ctx, streams)
	return newest, len(infos), err
}

func (j Journal) foldAll(ctx context.Context, streams []string) ([]*incident.State, error) {
	out := make([]*incident.State, 0, len(streams))
	for _, stream := range streams {
		s, err := j.fold(ctx, strings.TrimPrefix(stream, streamPrefix))
		var unreadable *UnreadableError
		if errors.As(err, &unreadable) {
			s, err = &incident.State{ID: unreadable.ID, Title: "This incident's record can't be read", Unreadable: unreadable.Reason.Error()}, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// fold reads what is new of an incident's stream. An incident that does not exist is a State of version 0.
func (j Journal) fold(ctx context.Context, id string) (*incident.State, error) {
	c := j.memory.of(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.state
	if s == nil {
		s = &incident.State{ID: id}
	}
	log, version, err := j.load(ctx, id, s.Version)
	if err != nil || version == s.Version {
		return s, err
	}
	if s.Version > 0 && slices.ContainsFunc(log, func(r incident.Recorded) bool { _, ok := r.Event.(incident.Purged); return ok }) {
		s = &incident.State{ID: id} // what was read before holds what was removed
		if log, version, err = j.load(ctx, id, 0); err != nil {
			return s, err
		}
	}
	s = s.With(log)
	s.Version = version
	c.state = s
	return s, nil
}

// load reads an incident's events after a version; those of which nothing was left by a purge leave no more than the version that
// they count for.
func (j Journal) load(ctx context.Context, id string, after int) (log []incident.Recorded, version int, err error) {
	stored, err := j.Load(ctx, streamPrefix+id, after)
	if err != nil {
		return nil, 0, fmt.Errorf("read %s: %w", id, err)
	}
	log = make([]incident.Recorded, 0, len(stored))
	for _, e := range stored {
		if after = e.Version; e.Data == nil {
			continue
		}
		event, err := incident.Decode(e.Type, e.TypeVersion, e.Data)
		if err != nil {
			return nil, 0, &UnreadableError{id, fmt.Errorf("event %d: %w", e.Version, err)}
		}
		log = append(log, incident.Recorded{Version: e.Version, At: e.At, Event: event})
	}
	return log, after, nil
}

// read reads an incident's whole log, and folds it.
func (j Journal) read(ctx context.Context, id string) (*incident.State, []incident.Recorded, error) {
	log, version, err := j.load(ctx, id, 0)
	if err != nil {
		return nil, nil, err
	}
	s := incident.Fold(id, log)
	s.Version = version
	return s, log, nil
}

// mostRemembered bounds the states that are kept in memory.
const mostRemembered = 256

// memory holds the states of the incidents read last. It is safe for concurrent use.
type memory struct {
	mu    sync.Mutex
	cells *lru.Cache
}

// cell is one incident's newest state that was read.
type cell struct {
	mu    sync.Mutex
	state *incident.State
}

func newMemory() *memory { return &memory{cells: lru.New(mostRemembered)} }

func (m *memory) of(id string) *cell {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.cells.Get(id); ok {
		return c.(*cell)
	}
	c := &cell{}
	m.cells.Add(id, c)
	return c
}

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
func (l *ledger) update(ctx context.Context, id string, decide func(*incident.State) ([]incident.Event, error)) (s *incident.State, err error) {
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

// redacted is the last door before the record: no event's words are written as they came. Signals were redacted when they came in; of a plan
// the words are, not what runs, for its hash is approved.
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
			e.Plan.Title, e.Plan.Why = w.String(e.Plan.Title), w.String(e.Plan.Why)
			out[i] = e
		default:
			out[i] = redact.Values(w, e)
		}
	}
	return out
}

// withFreed adds that incidents are looked at again that waited for a plan which the entries take out of the way.
func (l *ledger) withFreed(ctx context.Context, entries []entry) ([]entry, error) {
	var names []string
	for _, e := range entries {
		if frees(e.events) {
			names = append(names, key(waitsKey, e.state.ID, "").Name)
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
		if slices.ContainsFunc(entries, func(e entry) bool { return e.state.ID == id }) {
			continue
		}
		s, err := l.fold(ctx, id)
		if err != nil {
			continue // it is set aside when its own turn comes
		}
		if s.Open() && !s.Running() {
			entries = append(slices.Clip(entries), entry{s, []incident.Event{incident.LookAgainRequested{Freed: strings.TrimPrefix(h.Name, waitsKey)}}})
		}
	}
	return entries, nil
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
	streams, err := l.Streams(ctx, streamPrefix)
	if err != nil {
		return 0, fmt.Errorf("number a new incident: %w", err)
	}
	last := 0
	for _, info := range streams {
		last = max(last, number(info.Stream))
	}
	return last, nil
}

// number is the number in an incident's id or stream; 0 if there is none.
func number(id string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimPrefix(id, streamPrefix), idPrefix))
	if err != nil {
		return 0
	}
	return n
}

// sortNewestFirst goes by number, which is the order in which incidents were opened.
func sortNewestFirst(infos []store.StreamInfo) {
	slices.SortFunc(infos, func(a, b store.StreamInfo) int { return cmp.Compare(number(b.Stream), number(a.Stream)) })
}
