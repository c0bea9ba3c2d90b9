package slackapp

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/guard"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// Deliveries keeps what each message should look like, and what it does; *store.Store is one.
type Deliveries interface {
	Want(ctx context.Context, d store.Delivery, at time.Time) (changed bool, err error)
	Sending(ctx context.Context, d store.Delivery, at time.Time) error
	Sent(ctx context.Context, d store.Delivery, at time.Time) error
	Pending(ctx context.Context, limit int, except ...string) ([]store.Delivery, error)
	Deliveries(ctx context.Context, incident string) ([]store.Delivery, error)
}

const (
	mostPending = 1000
	lookAround  = 30 * time.Second // without being woken, another process may have wanted something
)

// Deliverer brings messages to what is wanted of them. Deliver says what is wanted, and returns once that is stored; Run sends, at
// the pace that Slack allows, always the newest. What can't be told in its channel is told to Options.Fallback. Its methods are safe for
// concurrent use; Run runs once.
type Deliverer struct {
	opts  Options
	line  *line
	names *directory
	self  *people
	store Deliveries
	log   *slog.Logger
	wake  chan struct{}
	later chan time.Time // when a route goes on

	mu       sync.Mutex
	pace     *pace
	holds    map[string]*hold
	busy     map[route]bool       // being sent on; true: something was wanted meanwhile
	said     map[string]string    // why a message was not taken, as it was logged
	stumbled map[string]time.Time // when a message failed by what passes
	worked   map[route]time.Time  // when something last went out
	trouble  map[string]*Trouble  // by channel

	sent, refusals atomic.Int64 // messages that went out, and tries that failed

	uploadsFrom time.Time // Slack has asked to be left alone with files until then
}

// NewDeliverer makes a Deliverer. It makes no call yet.
func NewDeliverer(o Options, d Deliveries) *Deliverer {
	o = o.withDefaults()
	l := newLine(o)
	return &Deliverer{opts: o, line: l, names: &directory{api: l.api, ids: map[string]string{}}, store: d, log: o.Logger,
		wake: make(chan struct{}, 1), later: make(chan time.Time), self: newPeople(l, o),
		pace: newPace(), holds: map[string]*hold{}, busy: map[route]bool{}, stumbled: map[string]time.Time{}, said: map[string]string{},
		worked: map[route]time.Time{}, trouble: map[string]*Trouble{}}
}

// Deliver records what an incident's messages should look like. The channel, an id or a name, is used for those that are not posted
// yet; empty means the configured one.
func (d *Deliverer) Deliver(ctx context.Context, incident, channel string, messages []commands.Message) error {
	if channel == "" {
		channel = d.opts.Channel
	}
	if channel == "" {
		return fmt.Errorf("tell %s: no channel is configured for incidents", incident)
	}
	anything := false
	for _, m := range messages {
		var wanted []byte
		err := guard.Do("render "+m.Slot, func() (err error) { wanted, err = encode(m, wholeOf(incident, m.Slot)); return err })
		if err != nil {
			guard.Log(d.log, err)
			return fmt.Errorf("tell %s of %s: %w", m.Slot, incident, err)
		}
		changed, err := d.store.Want(ctx, store.Delivery{Incident: incident, Slot: m.Slot, Channel: channel, Wanted: wanted}, d.opts.Now())
		if err != nil {
			return err
		}
		anything = anything || changed
	}
	if anything {
		d.Wake()
	}
	return nil
}

func encode(m commands.Message, whole rest) ([]byte, error) {
	b, err := newBody(render(m.Reply, whole))
	if err != nil {
		return nil, err
	}
	b.Broadcast = m.Broadcast
	return json.Marshal(b)
}

// wholeOf is where the whole of an incident's message is shown, for one that is too long.
func wholeOf(incident, slot string) rest {
	switch slot {
	case "plan", "postmortem":
		return rest{slack: commands.Quote(slot, incident)}
	}
	return rest{slack: commands.Quote("incidents", incident)}
}

// Tally is how many messages went out since the start, and how many tries did not. It is safe for concurrent use.
func (d *Deliverer) Tally() (sent, failed int64) { return d.sent.Load(), d.refusals.Load() }

// Wake makes Run look at once.
func (d *Deliverer) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Retry is Wake for when Slack is there again: what was held back for errors is tried at once, but where Slack asked for patience.
func (d *Deliverer) Retry() {
	d.mu.Lock()
	for _, h := range d.holds {
		if !h.asked {
			h.until = time.Time{}
		}
	}
	d.mu.Unlock()
	d.Wake()
}

// Run sends what is wanted until ctx ends. It returns nil then; what could not be sent stays wanted.
func (d *Deliverer) Run(ctx context.Context) error {
	var routes sync.WaitGroup
	defer routes.Wait()
	for ctx.Err() == nil {
		next := d.opts.Now().Add(5 * time.Second)
		guard.Run(d.log, "look what is to be told", func() { next = d.pass(ctx, &routes) })
		d.await(ctx, next)
	}
	return nil
}

// await waits until next, or until a route goes on before, or something is wanted.
func (d *Deliverer) await(ctx context.Context, next time.Time) {
	for {
		timer := time.NewTimer(min(max(next.Sub(d.opts.Now()), time.Millisecond), lookAround))
		select {
		case at := <-d.later:
			timer.Stop()
			if at.Before(next) {
				next = at
			}
			continue
		case <-ctx.Done():
		case <-d.wake:
		case <-timer.C:
		}
		timer.Stop()
		return
	}
}
