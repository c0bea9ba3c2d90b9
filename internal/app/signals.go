package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
)

const (
	// afterglow is how long an alert that still fires is taken to belong to the incident that was resolved: Alertmanager and its rules are
	// slower to see the end than the verification is.
	afterglow = 15 * time.Minute
	// mostOpen is how many incidents may be open before an alert that belongs to none joins the newest instead of opening one more: so many at
	// once are one outage, and nobody reads a thirtieth thread.
	mostOpen = 25
	// mostAtOnce bounds the signals that are decided about at once; a message holds no more.
	mostAtOnce = 5000
	// intakeWithin bounds a decision about signals.
	intakeWithin = 10 * time.Second
)

// intake is the signals that wait to be decided about. One caller at a time decides, for all that wait: so that a thousand messages that
// come at once cost a few decisions.
type intake struct {
	deciding sync.Mutex
	mu       sync.Mutex
	waiting  []*batch
}

// batch is the signals of one message, and what became of them.
type batch struct {
	signals []incident.Signal
	ids     []string // of the incidents that they went to; empty for those that need none
	err     error
	done    chan struct{}
}

// Receive takes signals in: each joins the open incident that it belongs to, or opens one. When it returns nil they are recorded.
// Deliveries that come again change nothing.
func (i *Incidents) Receive(ctx context.Context, signals []incident.Signal) error {
	_, err := i.receive(ctx, signals)
	return err
}

// receive returns the id of the incident that each signal went to; empty if it needs none.
func (i *Incidents) receive(ctx context.Context, signals []incident.Signal) ([]string, error) {
	if i.ledger.store == nil {
		return nil, errReadOnly
	}
	b := &batch{done: make(chan struct{})}
	known := redact.Remembering(i.redact)
	for _, g := range signals {
		b.signals = append(b.signals, redactSignal(g, known))
	}
	i.intake.mu.Lock()
	i.intake.waiting = append(i.intake.waiting, b)
	i.intake.mu.Unlock()
	for {
		i.decideWaiting(ctx)
		select {
		case <-b.done:
			return b.ids, b.err
		case <-ctx.Done():
			return nil, ctx.Err() // it may be recorded nevertheless, and does no harm when it comes again
		default: // there were more than one decision takes
		}
	}
}

// decideWaiting decides about what waits, in order of arrival, up to mostAtOnce signals. Nobody decides beside it.
func (i *Incidents) decideWaiting(ctx context.Context) {
	i.intake.deciding.Lock()
	defer i.intake.deciding.Unlock()
	i.intake.mu.Lock()
	n, signals := 0, []incident.Signal(nil)
	for _, b := range i.intake.waiting {
		if n > 0 && len(signals)+len(b.signals) > mostAtOnce {
			break
		}
		signals = append(signals, b.signals...)
		n++
	}
	batches := i.intake.waiting[:n]
	i.intake.waiting = slices.Clone(i.intake.waiting[n:])
	i.intake.mu.Unlock()
	if n == 0 {
		return
	}
	ids, err := []string(nil), errors.New("deciding about signals ended early")
	defer func() { // also should it panic: nobody waits for ever
		for _, b := range batches {
			if b.err = err; err == nil {
				b.ids, ids = ids[:len(b.signals)], ids[len(b.signals):]
			}
			close(b.done)
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), intakeWithin)
	defer cancel()
	ids, err = i.decideSignals(ctx, signals)
}

// decideSignals records signals, all or none, and decides again if one of the incidents moved on meanwhile.
func (i *Incidents) decideSignals(ctx context.Context, signals []incident.Signal) (ids []string, err error) {
	err = decideAgain(func() error {
		last := i.last
		i.last = 0 // where this fails the numbers are read anew
		d, err := i.seat(ctx, signals, last)
		if err == nil && len(d.waits) > 0 {
			err = i.silences.hold(ctx, d.waits)
		}
		if err == nil && len(d.entries) > 0 {
			err = i.ledger.append(ctx, d.all()...)
		}
		if err != nil {
			return err
		}
		ids, i.last, i.share = d.ids, d.last, d.share
		i.count(d)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("record %d signals: %w", len(signals), err)
	}
	return ids, nil
}

// count tells which sources opened incidents.
func (i *Incidents) count(d *desk) {
	for _, e := range d.entries {
		if first, ok := e.events[0].(incident.SignalReceived); ok && e.state.Version == 0 && i.opened != nil {
			i.opened(first.Signal.Kind)
		}
	}
}

// seat finds each signal its incident. last is the greatest number that an incident has, 0 if it is not known.
func (i *Incidents) seat(ctx context.Context, signals []incident.Signal, last int) (*desk, error) {
	d, err := i.newDesk(ctx, signals, last)
	if err == nil {
		d.silences, d.ending, err = i.silenced(ctx)
	}
	if err != nil {
		return nil, err
	}
	for _, g := range signals {
		id, err := d.belongs(ctx, g)
		if err == nil && id == "" && !d.held(g) && g.Status != incident.Resolved {
			id, err = d.open(ctx, g)
		}
		if err != nil {
			return nil, err
		}
		d.ids = append(d.ids, id)
		if id != "" {
			if err := d.record(ctx, id, g); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

// silenced is what is silenced now, and what no longer is and still holds alerts. What nobody vouches for silences nothing, so that an
// alert is rather told once too often.
func (i *Incidents) silenced(ctx context.Context) (now, ending []incident.Silence, err error) {
	if i.silences == nil {
		return nil, nil, nil
	}
	if now, err = i.silences.InForce(ctx); err == nil {
		ending, err = i.silences.over(ctx)
	}
	if err != nil && ctx.Err() == nil {
		return nil, nil, nil // the status tells it; the alert is not to wait for that
	}
	return now, ending, err
}

// held notes that a silence is about an alert that belongs to no incident, so that it opens none. That one is over which a silence holds
// whose end comes just now is noted, too, lest it be taken in as one that fires.
func (d *desk) held(g incident.Signal) bool {
	for _, s := range d.silences {
		if g.Alarms() && s.Quiets(g, nil) {
			d.waits = append(d.waits, incident.AlertHeld{Hush: s.Hush, Signal: g})
			return true
		}
	}
	if g.Status != incident.Resolved {
		return false
	}
	for _, s := range d.ending {
		if slices.ContainsFunc(s.Held, func(o incident.Signal) bool { return o.Fingerprint == g.Fingerprint }) {
			d.waits = append(d.waits, incident.AlertHeld{Hush: s.Hush, Signal: g})
		}
	}
	return false
}

// silent says whether a silence is about a signal of the incident.
func (d *desk) silent(g incident.Signal, s *incident.State) bool {
	return slices.ContainsFunc(d.silences, func(x incident.Silence) bool { return x.Quiets(g, s) })
}

// redactSignal redacts all of a signal: labels' names and their values by their names, and what tells signals apart. A fingerprint or a
// group that held a secret is told apart by what is left of it: a hash of the secret would let it be guessed.
func redactSignal(g incident.Signal, redacted func(string) string) incident.Signal {
	return redact.Values(&redact.Walker{Text: redacted}, g)
}
