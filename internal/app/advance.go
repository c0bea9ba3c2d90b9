package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// doer does one kind of work on an incident in the state given, and records what happened. It decides anew from the newest state when
// it records, for the state may have moved on while it worked.
type doer func(ctx context.Context, s *incident.State, w incident.Work) error

// runner does what incident.Next says. Work runs beside other work, never beside itself: the story may take minutes, and an approval does
// not wait for it. What it does is a function of the log alone, so that a process that dies at any point is followed by one that goes on.
type runner struct {
	ledger *ledger
	policy incident.Policy
	do     map[incident.WorkKind]doer
	logger *slog.Logger

	ctx    context.Context // of all work; ends at stop
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu    sync.Mutex
	goes  map[string]*goes // by incident and key of work
	ended bool
}

// goes counts the goes at one piece of work.
type goes struct {
	running  bool
	last     time.Time // end of the last go
	failures int       // in a row
}

const (
	failFirst = time.Second
	failMost  = time.Minute
)

func newRunner(l *ledger, policy incident.Policy, do map[incident.WorkKind]doer, logger *slog.Logger) *runner {
	ctx, cancel := context.WithCancel(context.Background())
	return &runner{ledger: l, policy: policy, do: do, logger: logger, ctx: ctx, cancel: cancel, goes: map[string]*goes{}}
}

// advance starts all work that is due for the incident, and asks to be called again when the next is.
func (r *runner) advance(ctx context.Context, job advance) error {
	s, err := r.ledger.Get(ctx, job.Incident)
	if err != nil {
		return err
	}
	now := r.ledger.now()
	for _, w := range incident.Next(s, r.policy, now) {
		if at := r.due(s.ID, w); at.After(now) {
			if err := r.ledger.store.EnqueueAt(ctx, at, job); err != nil {
				return err
			}
			continue
		}
		r.start(s, w)
	}
	return nil
}

// due is when the work may be started: no sooner than it says, not too soon after the last go, later and later after failures.
func (r *runner) due(id string, w incident.Work) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := w.Due
	g := r.goes[id+"/"+w.Key()]
	if g == nil {
		return at
	}
	if next := g.last.Add(w.Every); next.After(at) {
		at = next
	}
	if g.failures > 0 {
		wait := failMost
		if g.failures < 8 {
			wait = min(failMost, failFirst<<(g.failures-1))
		}
		if next := g.last.Add(wait); next.After(at) {
			at = next
		}
	}
	return at
}

func (r *runner) start(s *incident.State, w incident.Work) {
	key := s.ID + "/" + w.Key()
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.goes[key]
	if g == nil {
		g = &goes{}
		r.goes[key] = g
	}
	if g.running || r.ended {
		return
	}
	g.running = true
	r.wg.Go(func() {
		err := r.run(s, w)
		r.mu.Lock()
		g.running, g.last = false, r.ledger.now()
		switch {
		case err != nil:
			g.failures++
		case w.Every == 0:
			delete(r.goes, key)
		default:
			g.failures = 0
		}
		r.mu.Unlock()
		if r.ctx.Err() != nil {
			return
		}
		if err != nil {
			r.logger.Warn("work failed and will be tried again", "incident", s.ID, "work", w.Key(), "error", err)
		}
		if err := r.ledger.store.Enqueue(r.ctx, advance{s.ID}); err != nil && r.ctx.Err() == nil {
			r.logger.Error("cannot queue what follows; the ticker will", "incident", s.ID, "error", err)
		}
	})
}

// run does the work; a panic in it is an error, for one incident's oddity must not end the care for the others.
func (r *runner) run(s *incident.State, w incident.Work) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: panic: %v", w.Key(), p)
		}
	}()
	do := r.do[w.Kind]
	if do == nil {
		return fmt.Errorf("%s: nobody does this kind of work", w.Kind)
	}
	return do(r.ctx, s, w)
}

// sweep queues every incident that has work, for hints may be lost. It is called at the start and now and then.
func (r *runner) sweep(ctx context.Context) error {
	all, err := r.ledger.List(ctx)
	if err != nil {
		return err
	}
	var jobs []store.Job
	for _, s := range all {
		if len(incident.Next(s, r.policy, r.ledger.now())) > 0 {
			jobs = append(jobs, advance{s.ID})
		}
	}
	for len(jobs) > 0 {
		n := min(len(jobs), store.MaxJobs)
		if err := r.ledger.store.Enqueue(ctx, jobs[:n]...); err != nil {
			return err
		}
		jobs = jobs[n:]
	}
	return nil
}

// stop ends all work and waits for it. A step that is being applied is cut short; the next process observes how far it came.
func (r *runner) stop() {
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	r.cancel()
	r.wg.Wait()
}
