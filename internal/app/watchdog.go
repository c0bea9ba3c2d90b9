package app

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	watchdogAlert   = "Watchdog" // of kube-prometheus, and of deploy/prometheus: it always fires
	watchdogMissing = "WatchdogMissing"
	// watchdogPace is how many times as long as lately it may take to come.
	watchdogPace = 2.5
	// watchdogKept is for how long it is remembered over a start that it comes.
	watchdogKept = 7 * 24 * time.Hour
	watchdogLook = 5 * time.Second
	// watchdogTwice is how far two of them must lie apart to tell how often it comes: of a pair of Alertmanagers each sends its own.
	watchdogTwice = 10 * time.Second
)

// watchdog hears of Alertmanager's alert that always fires, which opens no incident, and opens one when it has stopped coming: from then on
// no other alert may come, either. It stands before who takes alerts in. Until it has come twice nobody knows how often it does, and
// nothing is made of its absence. It is safe for concurrent use.
type watchdog struct {
	receive func(context.Context, []incident.Signal) error
	after   time.Duration // without it; 0: nothing is made of it
	now     func() time.Time
	heard   func(ctx context.Context, keep time.Duration) error // remembers over a start that it comes often enough
	logger  *slog.Logger

	mu    sync.Mutex
	last  time.Time     // when it came; zero: never
	pace  time.Duration // between the last two; 0: it has come once, at most
	armed bool
	over  bool      // that it is back is recorded
	since time.Time // the absence that is told of; zero: there is none, or it began before this start
	kept  time.Time // when it was last remembered that it comes
}

// openWatchdog prepares to hear of the alert. One that came before this start is expected to come again.
func (s *Server) openWatchdog(ctx context.Context) error {
	const scope, id = "watchdog", "heard"
	w := &watchdog{receive: s.incidents.Receive, after: s.config.Webhook.Watchdog.Duration, now: s.clock.Now, logger: s.options.Logger,
		heard: func(ctx context.Context, keep time.Duration) error {
			_, err := s.store.FirstSeen(ctx, scope, id, keep)
			return err
		}}
	before, err := s.store.Seen(ctx, scope, id)
	if before {
		w.last, w.armed = w.now(), true
	}
	s.watchdog = w
	return err
}

// Receive implements webhook.Sink.
func (w *watchdog) Receive(ctx context.Context, signals []incident.Signal) error {
	came := false
	rest := slices.DeleteFunc(slices.Clone(signals), func(g incident.Signal) bool {
		it := g.Labels["alertname"] == watchdogAlert
		came = came || it && g.Status == incident.Firing // that it has ended is its absence
		return it
	})
	if came && w.came(ctx) {
		rest = append(rest, w.signal(incident.Resolved))
	}
	if len(rest) == 0 {
		return nil
	}
	err := w.receive(ctx, rest)
	if came && err == nil {
		w.mu.Lock()
		w.over = true
		w.mu.Unlock()
	}
	return err
}

// came notes that it came, and says whether that must be recorded.
func (w *watchdog) came(ctx context.Context) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	if apart := now.Sub(w.last); w.over && apart >= watchdogTwice { // not over an absence, nor over a start
		w.pace, w.armed = apart, true
	}
	w.last = now
	if w.pace > 0 && w.allowed() == w.after && now.Sub(w.kept) > watchdogKept/8 {
		if err := w.heard(ctx, watchdogKept); err != nil {
			w.logger.Warn("it can't be remembered that the Watchdog alert comes", "error", err)
		} else {
			w.kept = now
		}
	}
	return !w.over
}

// allowed is how long it may stay away. w.mu is held.
func (w *watchdog) allowed() time.Duration {
	return max(w.after, time.Duration(watchdogPace*float64(w.pace)))
}

// look opens an incident when it has stayed away for too long.
func (w *watchdog) look(ctx context.Context) error {
	w.mu.Lock()
	missing := w.after > 0 && w.armed && w.now().Sub(w.last) > w.allowed()
	if missing {
		w.since = w.last
	}
	w.mu.Unlock()
	if !missing {
		return nil
	}
	if err := w.receive(ctx, []incident.Signal{w.signal(incident.Firing)}); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.over, w.pace = false, false, 0 // it is told once
	return nil
}

// signal says that it stays away, or is back.
func (w *watchdog) signal(status incident.SignalStatus) incident.Signal {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := incident.Signal{Kind: incident.AlertSignal, Status: status, Fingerprint: watchdogMissing,
		Title:  "Alertmanager's Watchdog alert has stopped coming",
		Labels: map[string]string{"alertname": watchdogMissing}, Since: w.since}
	if status == incident.Firing {
		g.Text = "It has not come since " + w.since.UTC().Format("15:04:05 UTC on 2 January") + ". While it stays away other alerts may not " +
			"come, either. Look at Prometheus, at Alertmanager, and at the way from there to Paramedic."
	}
	return g
}
