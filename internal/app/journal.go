package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/utils/lru"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

const streamPrefix = "incident/"

// idPrefix begins every incident's id: "INC-1", "INC-2"…
const idPrefix = "INC-"

// reading is the part of the state that looks alone.
type reading interface {
	Load(ctx context.Context, stream string, after int) ([]store.Event, error)
	Streams(ctx context.Context, prefix string) ([]store.StreamInfo, error)
	LastStreams(ctx context.Context, prefix string, limit int) (last []store.StreamInfo, total int, err error)
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

// Error says which incident, and why.
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
	infos, total, err := j.LastStreams(ctx, streamPrefix+idPrefix, most)
	if err != nil {
		return nil, 0, fmt.Errorf("list incidents: %w", err)
	}
	streams := make([]string, len(infos))
	for i, info := range infos {
		streams[i] = info.Stream
	}
	newest, err = j.foldAll(ctx, streams)
	return newest, total, err
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
		log = append(log, incident.Recorded{Version: e.Version, At: e.At, Event: event, Written: e.TypeVersion})
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

// mostRemembered bounds the states that are kept in memory: those of some hundred open incidents, and the newest of those that are over.
const mostRemembered = 512

// memory holds the states of the incidents read last, and what was counted beside them. It is safe for concurrent use.
type memory struct {
	mu      sync.Mutex
	cells   *lru.Cache
	counted map[string]*recently // by stream
}

// cell is one incident's newest state that was read.
type cell struct {
	mu    sync.Mutex
	state *incident.State
}

func newMemory() *memory {
	return &memory{cells: lru.New(mostRemembered), counted: map[string]*recently{}}
}

// countedOf is what was read last of a stream in which something is counted.
func (m *memory) countedOf(stream string) *recently {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counted[stream] == nil {
		m.counted[stream] = &recently{}
	}
	return m.counted[stream]
}

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

// number is the number in an incident's id or stream; 0 if there is none.
func number(id string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimPrefix(id, streamPrefix), idPrefix))
	if err != nil {
		return 0
	}
	return n
}
