package app

import (
	"context"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/internal/backoff"
	"github.com/paramedic-bot/paramedic/internal/guard"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// drawing is the key under which an incident's messages are drawn.
const drawing = "draw"

// afterFailures is how long work that failed is left alone.
var afterFailures = backoff.Backoff{First: time.Second, Most: time.Minute}

// leastApart keeps work that leaves nothing to record from being done over and over.
const leastApart = 100 * time.Millisecond

// atOnce bounds how much work of a kind runs at a time, over all incidents. A look reads a whole cluster, and a model tells one story at a
// time; a step of an approved plan waits for nobody.
var atOnce = map[incident.WorkKind]int{incident.Investigate: 2, incident.Verify: 4, incident.Tell: 1, incident.Recall: 4,
	incident.Propose: 4, incident.Picture: 2, incident.Share: 2, "": 8}

// shift is one piece of work on one incident.
type shift struct {
	incident, key string
	kind          incident.WorkKind
	every         time.Duration // the least time between two goes
	version       int           // of what it is about, where it need be done once for each; 0: it is done whenever it is asked for
}

// shifts runs work, each piece beside the others and never beside itself. It is safe for concurrent use.
type shifts struct {
	now    func() time.Time
	ctx    context.Context // of all work; ends at stop
	cancel context.CancelFunc
	wg     sync.WaitGroup
	slots  map[incident.WorkKind]chan struct{}
	wake   func() // is called when a piece of work has ended

	mu      sync.Mutex
	goes    map[string]map[string]*goes // by incident and key
	waiting map[string]bool             // incidents of which work has ended since ended was asked
	stopped bool
}

// goes counts the goes at one piece of work.
type goes struct {
	running  bool
	version  int       // done
	last     time.Time // end of the last go
	failures int       // in a row
}

func newShifts(now func() time.Time, wake func()) *shifts {
	ctx, cancel := context.WithCancel(context.Background())
	s := &shifts{now: now, ctx: ctx, cancel: cancel, wake: wake, slots: map[incident.WorkKind]chan struct{}{},
		goes:    map[string]map[string]*goes{},
		waiting: map[string]bool{}}
	for kind, n := range atOnce {
		s.slots[kind] = make(chan struct{}, n)
	}
	return s
}

// start starts the work unless it runs already, was done in that version, or must wait: for the time between two goes, or after failures.
// It says when to ask again; not ok if there is no need to.
func (s *shifts) start(w shift, do func(context.Context) error) (again time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	g := s.of(w.incident, w.key)
	switch at := g.due(w.every); {
	case g.running || s.stopped:
		return now.Add(lease), true
	case w.version > 0 && g.version == w.version && g.failures == 0:
		return time.Time{}, false
	case at.After(now):
		return at, true
	}
	slot := s.slots[w.kind]
	if slot != nil {
		select {
		case slot <- struct{}{}:
		default:
			return now.Add(leastApart), true // so many run already
		}
	}
	g.running = true
	s.wg.Go(func() {
		s.run(w, g, do)
		if slot != nil {
			<-slot
		}
	})
	return now.Add(lease), true
}

func (s *shifts) of(id, key string) *goes {
	if s.goes[id] == nil {
		s.goes[id] = map[string]*goes{}
	}
	g := s.goes[id][key]
	if g == nil {
		g = &goes{}
		s.goes[id][key] = g
	}
	return g
}

// due is when the next go may begin: not too soon after the last one, later and later after failures.
func (g *goes) due(every time.Duration) time.Time {
	if g.last.IsZero() {
		return time.Time{}
	}
	return g.last.Add(max(every, leastApart, afterFailures.After(g.failures)))
}

func (s *shifts) run(w shift, g *goes, do func(context.Context) error) {
	err := s.ctx.Err()
	if err == nil {
		err = guard.Do(w.key+" of "+w.incident, func() error { return do(s.ctx) })
	}
	s.mu.Lock()
	g.running, g.last = false, s.now()
	if err != nil {
		g.failures++
	} else {
		g.failures, g.version = 0, w.version
	}
	s.waiting[w.incident] = true
	s.mu.Unlock()
	s.wake()
}

// failures is how often the work has failed in a row.
func (s *shifts) failures(id, key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of(id, key).failures
}

// ended lists the incidents of which work has ended since it was last asked.
func (s *shifts) ended() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id := range s.waiting {
		ids = append(ids, id)
	}
	clear(s.waiting)
	return ids
}

// forget drops what is known of the goes at an incident's work, unless some of it runs.
func (s *shifts) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.goes[id] {
		if g.running {
			return
		}
	}
	delete(s.goes, id)
}

// stopWork is how long stop waits for work that does not end when its context does, such as a read from a disk that hangs.
const stopWork = 15 * time.Second

// stop ends all work and waits for it, but not for what hangs.
func (s *shifts) stop() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.cancel()
	ended := make(chan struct{})
	go func() { s.wg.Wait(); close(ended) }()
	pause(context.Background(), stopWork, ended)
}
