package app

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/guard"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/watch"
)

const (
	// gather is how long changes are waited for that belong together, before their namespace is examined.
	gather = 200 * time.Millisecond
	// idleFor is how many times as long as an examination took the next one waits at least, so that a cluster in which everything changes all
	// the time takes a quarter of a processor.
	idleFor = 3
	// lookApart is the least time between two looks at everything.
	lookApart = 2 * time.Second
	// lookIdle is idleFor of the looks at everything, which read logs, too.
	lookIdle = 10
)

// watchman sees by itself what goes wrong. Where something changes it runs the checks on that namespace alone, at once; what that finds, or
// finds no more, has it look at everything, and so does time: what is no longer taken to be normal, and the interval. What a look finds
// becomes an incident as the policy has it.
type watchman struct {
	watch   *cluster.Watch
	look    func(context.Context) (*incident.Diagnosis, error)
	receive func(context.Context, []incident.Signal) error
	firing  func(context.Context) ([]incident.Signal, error) // the watch's signals in open incidents
	now     func() time.Time
	every   time.Duration // between looks at everything, though nothing changes
	policy  watch.Policy
	logger  *slog.Logger
	found   func(time.Duration) // is told how long a change took from its receipt to what it led to; nil: nobody is

	mu    sync.Mutex
	stats watchStats
	pulse pulse

	areas   map[string]*area
	watched *watch.Watched
	listed  bool      // everything was, once
	wanted  bool      // a look at everything
	due     time.Time // when one is, at the latest
	notYet  time.Time // and not before
}

// watchStats is what the watchman has done, for whoever asks how it goes.
type watchStats struct {
	Examined int           // namespaces
	Looks    int           // at everything
	Took     time.Duration // of the last look at everything
	Failed   string        // why the last look at everything failed; empty: it did not
	At       time.Time     // of the last look that did not
	Listed   bool          // everything was, once
}

// area is what was last found in a namespace.
type area struct {
	alarms map[diagnosis.Alarm]bool
	next   time.Time // when something there is no longer taken to be normal
}

// openWatch prepares to watch; who looks at the cluster looks at what is watched from then on.
func (s *Server) openWatch(eyes *Eyes) *watchman {
	eyes.Watch = eyes.Reader.NewWatch(time.Now)
	return &watchman{watch: eyes.Watch, now: time.Now, every: s.config.Watch.Every.Duration, logger: s.options.Logger,
		policy: s.config.Watch.policy(func(string, string, ...any) {}), // it was validated
		look: func(ctx context.Context) (*incident.Diagnosis, error) {
			d, err := eyes.Look(ctx, "")
			if err != nil {
				return eyes.withoutTheCluster(ctx, err, diagnosis.Scope{})
			}
			return d, nil
		},
		receive: s.incidents.Receive, firing: s.incidents.watched}
}

// watched lists the signals of the watch that open incidents hold to be so.
func (i *Incidents) watched(ctx context.Context) ([]incident.Signal, error) {
	open, err := i.ledger.Open(ctx)
	if err != nil {
		return nil, err
	}
	var out []incident.Signal
	for _, s := range open {
		for _, g := range s.Signals {
			if g.Kind == incident.WatchSignal && g.Status == incident.Firing {
				out = append(out, g)
			}
		}
	}
	return out, nil
}

// run watches until the context ends.
func (m *watchman) run(ctx context.Context) error {
	held, err := m.firing(ctx)
	if err != nil {
		return err
	}
	m.watched, m.areas, m.wanted = watch.New(m.policy, held), map[string]*area{}, true
	var g sync.WaitGroup
	g.Go(func() { m.watch.Run(ctx) })
	defer g.Wait()
	for ctx.Err() == nil {
		m.pulse.beat()
		m.examine(ctx)
		if m.isDue() {
			m.lookAtAll(ctx)
		}
		m.rest(ctx)
	}
	return nil
}

// isDue says whether everything is to be looked at now.
func (m *watchman) isDue() bool {
	now := m.now()
	return !now.Before(m.notYet) && (m.wanted || !now.Before(m.due)) && m.ready(now)
}

// ready says whether a look is worth it: before everything was listed for the first time, one would list it beside. Not for ever.
func (m *watchman) ready(now time.Time) bool {
	st := m.watch.State()
	m.listed = m.listed || st.Current
	m.mu.Lock()
	m.stats.Listed = m.listed
	m.mu.Unlock()
	return m.listed || now.Sub(st.Lost) > lookWithin
}

// rest waits until something changes, or is due.
func (m *watchman) rest(ctx context.Context) {
	next := m.due
	if m.wanted {
		next = m.notYet
	}
	for _, a := range m.areas {
		if !a.next.IsZero() && a.next.Before(next) {
			next = a.next
		}
	}
	timer := time.NewTimer(max(gather, next.Sub(m.now())))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-m.watch.Changed():
		pause(ctx, gather, nil)
	}
}

// examine runs the checks on every namespace in which something changed, or is no longer taken to be normal.
func (m *watchman) examine(ctx context.Context) {
	changed, now := m.watch.Take(), m.now()
	for namespace, a := range m.areas {
		if _, there := changed[namespace]; !there && !a.next.IsZero() && !a.next.After(now) {
			changed[namespace] = time.Time{}
		}
	}
	if _, wide := changed[""]; wide {
		m.wanted = true
		delete(changed, "")
	}
	for namespace, received := range changed {
		if ctx.Err() != nil {
			return
		}
		began := time.Now()
		if err := guard.Do("examine namespace "+namespace, func() error { m.examineOne(namespace, received); return nil }); err != nil {
			guard.Log(m.logger, err)
		}
		pause(ctx, min(idleFor*time.Since(began), gather), nil)
	}
}

func (m *watchman) examineOne(namespace string, received time.Time) {
	s, ok := m.watch.Namespace(namespace)
	if !ok {
		return // a look at everything says what is the matter
	}
	alarms, next := diagnosis.Examine(s).Alarms()
	was := m.areas[namespace]
	if was == nil {
		was = &area{}
		m.areas[namespace] = was
	}
	news := !maps.Equal(was.alarms, alarms)
	was.alarms, was.next = alarms, next
	if len(alarms) == 0 && next.IsZero() {
		delete(m.areas, namespace)
	}
	m.wanted = m.wanted || news
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Examined++
	if !received.IsZero() && m.found != nil {
		m.found(m.now().Sub(received))
	}
}

// lookAtAll looks at everything, and passes on what the policy makes of it.
func (m *watchman) lookAtAll(ctx context.Context) {
	began := m.now()
	m.wanted = false
	d, err := m.look(ctx)
	var next time.Time
	var signals []incident.Signal
	if err == nil {
		signals, next, err = m.judge(ctx, d)
	}
	if err == nil && len(signals) > 0 {
		if err = m.receive(ctx, signals); err != nil {
			m.watched.Unsaid(signals)
		}
	}
	now := m.now()
	took := now.Sub(began)
	m.notYet, m.due = now.Add(max(lookApart, min(lookIdle*took, m.every))), now.Add(m.every)
	if !next.IsZero() && next.Before(m.due) {
		m.due = next
	}
	if ctx.Err() != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Looks++
	m.stats.Took, m.stats.Failed = took, ""
	if err != nil {
		m.stats.Failed = err.Error()
		m.logger.Warn("the watch cannot look; it will try again", "error", err)
		return
	}
	m.stats.At = now
}

// judge is what the policy makes of a diagnosis.
func (m *watchman) judge(ctx context.Context, d *incident.Diagnosis) ([]incident.Signal, time.Time, error) {
	var held []incident.Signal
	if m.watched.Raised() {
		var err error
		if held, err = m.firing(ctx); err != nil {
			return nil, time.Time{}, err
		}
	}
	signals, next := m.watched.Look(d, m.now(), func(fingerprint string) bool {
		return slices.ContainsFunc(held, func(g incident.Signal) bool { return g.Fingerprint == fingerprint })
	})
	return signals, next, nil
}

// Stats says what was done.
func (m *watchman) Stats() watchStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}
