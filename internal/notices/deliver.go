package notices

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/guard"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// Deliveries keeps what there is to tell, and what was told; *store.Store is one.
type Deliveries interface {
	Want(ctx context.Context, d store.Delivery, at time.Time) (changed bool, err error)
	Sending(ctx context.Context, d store.Delivery, at time.Time) error
	Sent(ctx context.Context, d store.Delivery, at time.Time) error
	PendingAt(ctx context.Context, channel string, limit int) ([]store.Delivery, error)
	KeepHomes(ctx context.Context, homes ...string) (int, error)
}

// Options are what a Deliverer needs.
type Options struct {
	Homes  []Home
	Store  Deliveries
	Logger *slog.Logger
	Redact func(string) string // is applied to all that is sent
	Now    func() time.Time
}

// Deliverer tells what is to be told, each home beside the others. Its methods are safe for concurrent use; Run runs once.
type Deliverer struct {
	Options
	routes []*route
}

// route is the way to one home.
type route struct {
	*Deliverer
	home   Home
	key    string
	client *http.Client
	hide   func(string) string // takes the home's secrets out of a text
	wake   chan struct{}

	mu      sync.Mutex
	holds   map[string]*hold // by incident; of the whole home under ""
	trouble string           // why the home takes nothing; empty: it does, as far as is known
	since   time.Time
}

// New makes a Deliverer. It asks nobody yet. The homes must have passed Home.Check.
func New(o Options) (*Deliverer, error) {
	d := &Deliverer{Options: o}
	for _, h := range o.Homes {
		client, err := h.client()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", h.Name(), err)
		}
		d.routes = append(d.routes, &route{Deliverer: d, home: h, key: h.Form.Of(h.URL), client: client, hide: h.secret().Replace,
			wake: make(chan struct{}, 1), holds: map[string]*hold{}})
	}
	return d, nil
}

// wanted is what is kept of an incident for a home.
type wanted struct {
	commands.Noticed
	Mark string `json:"mark"` // begins the ids of its notices, and no other incident's
}

const (
	// mostWhole is how many notices are kept with their text; of those before them, should they be untold still, the titles suffice.
	mostWhole = 5
	// mostKept bounds the notices of an incident; the beginning, and the newest, are kept.
	mostKept = 200
)

// news is how long after its end an incident is still told to a home that has not heard of it.
const news = 24 * time.Hour

// Deliver records what people are to be notified of an incident, and returns once that is stored.
func (d *Deliverer) Deliver(ctx context.Context, s *incident.State) error {
	if ended := cmp.Or(s.ResolvedAt, s.ClosedAt); !s.Open() && d.Now().Sub(ended) > news {
		return nil // it was told, or waits to be, and somebody has graded it, or has written it up
	}
	told := commands.Notices(s, d.Now())
	return d.want(ctx, s.ID, markOf(s.ID, s.OpenedAt.UTC().Format(time.RFC3339Nano)), told, func(h Home) bool { return h.leads(s) })
}

// Say records something that is about no incident's course, such as a record that can't be read, for every home: once for each text.
func (d *Deliverer) Say(ctx context.Context, about string, messages []commands.Message) error {
	for _, m := range messages {
		n := commands.Notice{Urgency: commands.UrgencyHigh, Title: m.Reply.Text, Text: commands.NoticeText(m.Reply.Blocks)}
		n.Key = markOf(n.Title, n.Text)
		told := commands.Noticed{Stands: n, Phase: "unknown", Notices: []commands.Notice{n}}
		if err := d.want(ctx, about, markOf(about, n.Key), told, func(Home) bool { return true }); err != nil {
			return err
		}
	}
	return nil
}

func markOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func (d *Deliverer) want(ctx context.Context, about, mark string, told commands.Noticed, where func(Home) bool) error {
	if n := len(told.Notices); n > mostKept {
		told.Notices = slices.Delete(slices.Clone(told.Notices), 1, 1+n-mostKept)
	}
	for i := range max(0, len(told.Notices)-mostWhole) {
		told.Notices[i].Text = ""
	}
	for _, r := range d.routes {
		if !where(r.home) {
			continue
		}
		raw, err := json.Marshal(wanted{told, mark})
		if err != nil {
			return err
		}
		changed, err := d.Store.Want(ctx, store.Delivery{Incident: about, Slot: r.key, Channel: r.key, Wanted: raw}, d.Now())
		if err != nil {
			return err
		}
		if changed {
			r.rouse()
		}
	}
	return nil
}

func (r *route) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run tells what is to be told until ctx ends, and returns nil then. What could not be told by then stays to be told. What waited for homes
// that are gone from the configuration is forgotten.
func (d *Deliverer) Run(ctx context.Context) error {
	var keys []string
	for _, r := range d.routes {
		keys = append(keys, r.key)
	}
	if n, err := d.Store.KeepHomes(ctx, keys...); err != nil {
		return cmp.Or(ctx.Err(), err)
	} else if n > 0 {
		d.Logger.Info("forgot what was told at homes of notices that are gone", "incidents", n)
	}
	var all sync.WaitGroup
	for _, r := range d.routes {
		all.Go(func() { r.run(ctx) })
	}
	all.Wait()
	return nil
}

// lookAround is how often a home's row of what waits is read without being woken: another process may have added to it.
const lookAround = 30 * time.Second

func (r *route) run(ctx context.Context) {
	for ctx.Err() == nil {
		next := r.Now().Add(5 * time.Second)
		guard.Run(r.Logger, "tell "+r.home.Name(), func() { next = r.pass(ctx) })
		timer := time.NewTimer(min(max(next.Sub(r.Now()), 10*time.Millisecond), lookAround))
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Trouble is a home that takes nothing.
type Trouble struct {
	Home, Reason string
	Since        time.Time
}

// Trouble lists the homes that take nothing now.
func (d *Deliverer) Trouble() []Trouble {
	var all []Trouble
	for _, r := range d.routes {
		r.mu.Lock()
		if r.trouble != "" {
			all = append(all, Trouble{r.home.Name(), r.trouble, r.since})
		}
		r.mu.Unlock()
	}
	return all
}
