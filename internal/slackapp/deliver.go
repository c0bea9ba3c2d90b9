package slackapp

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// Deliveries keeps what each message should look like, and what it does; *store.Store is one.
type Deliveries interface {
	Want(ctx context.Context, d store.Delivery, at time.Time) (changed bool, err error)
	Sending(ctx context.Context, d store.Delivery, at time.Time) error
	Sent(ctx context.Context, d store.Delivery, at time.Time) error
	Pending(ctx context.Context, limit int) ([]store.Delivery, error)
	Deliveries(ctx context.Context, incident string) ([]store.Delivery, error)
}

const (
	mostPending = 1000
	lookAround  = 30 * time.Second // without being woken, another process may have wanted something
)

// Deliverer brings messages to what is wanted of them. Deliver says what is wanted, and returns once that is stored; Run sends, at
// the pace that Slack allows, always the newest. Deliver and Wake are safe for concurrent use; Run runs once.
type Deliverer struct {
	opts  Options
	api   *slack.Client
	names *directory
	self  *people
	store Deliveries
	log   *slog.Logger
	wake  chan struct{}

	mu    sync.Mutex
	paces map[string]*pace // of posts by channel, of updates under ""
	holds map[string]*hold // by channel, and by incident and slot
}

// NewDeliverer makes a Deliverer. It makes no call yet.
func NewDeliverer(o Options, d Deliveries) *Deliverer {
	o = o.withDefaults()
	api := o.client()
	return &Deliverer{opts: o, api: api, names: &directory{api: api, ids: map[string]string{}}, store: d, log: o.Logger, wake: make(chan struct{}, 1),
		self:  &people{api: api, now: o.Now, known: map[string]somebody{}},
		paces: map[string]*pace{}, holds: map[string]*hold{}}
}

// body is a message as it is stored while it waits.
type body struct {
	Text   string            `json:"text"`
	Blocks []json.RawMessage `json:"blocks,omitempty"`
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
		wanted, err := encode(Render(m.Reply))
		if err != nil {
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

func encode(r Rendered) ([]byte, error) {
	b := body{Text: r.Text}
	for _, block := range r.Blocks {
		raw, err := json.Marshal(block)
		if err != nil {
			return nil, err
		}
		b.Blocks = append(b.Blocks, raw)
	}
	return json.Marshal(b)
}

// rawBlock is a block that was rendered before.
type rawBlock json.RawMessage

func (b rawBlock) BlockType() slack.MessageBlockType { return "raw" }
func (b rawBlock) ID() string                        { return "" }
func (b rawBlock) MarshalJSON() ([]byte, error)      { return b, nil }

// content is a stored message as a call's options. Without blocks it is its text alone.
func content(wanted []byte, withBlocks bool) ([]slack.MsgOption, error) {
	var b body
	if err := json.Unmarshal(wanted, &b); err != nil {
		return nil, fmt.Errorf("read a stored message: %w", err)
	}
	blocks := []slack.Block{}
	if withBlocks {
		for _, raw := range b.Blocks {
			blocks = append(blocks, rawBlock(raw))
		}
	}
	return []slack.MsgOption{slack.MsgOptionText(b.Text, false), slack.MsgOptionBlocks(blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl()}, nil
}

// Wake makes Run look at once.
func (d *Deliverer) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Retry is Wake for when Slack is there again: what was held back for errors is tried at once.
func (d *Deliverer) Retry() {
	d.mu.Lock()
	for _, h := range d.holds {
		h.until = time.Time{}
	}
	d.mu.Unlock()
	d.Wake()
}

// Run sends what is wanted until ctx ends. It returns nil then; what could not be sent stays wanted.
func (d *Deliverer) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		next := d.pass(ctx)
		timer := time.NewTimer(min(max(next.Sub(d.opts.Now()), 0), lookAround))
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}
