package slackapp

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// eventType marks the messages of incidents, so that they can be found again.
const eventType = "paramedic_message"

// mostChannels bounds the channels that are written to at a time.
const mostChannels = 8

// task is a message that does not look as wanted, and the message in the channel to whose thread it belongs; root is nil for that
// message itself.
type task struct {
	store.Delivery
	root *store.Delivery
}

// pass sends what may be sent now, each channel beside the others, and says when to look again.
func (d *Deliverer) pass(ctx context.Context) time.Time {
	next := d.opts.Now().Add(lookAround)
	tasks, err := d.tasks(ctx)
	if err != nil {
		if ctx.Err() == nil {
			d.log.Error("what is to be told could not be read; it is tried again", "error", err)
		}
		return d.opts.Now().Add(5 * time.Second)
	}
	channels := map[string][]task{}
	for _, t := range tasks {
		channels[t.Channel] = append(channels[t.Channel], t)
	}
	nexts := make(chan time.Time, len(channels))
	var group errgroup.Group
	group.SetLimit(mostChannels)
	for channel, tasks := range channels {
		group.Go(func() error {
			nexts <- d.channel(ctx, channel, tasks)
			return nil
		})
	}
	_ = group.Wait() // its functions return no error
	close(nexts)
	for t := range nexts {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	return next
}

// tasks lists what is pending: first what is not there yet, the message in the channel before its thread.
func (d *Deliverer) tasks(ctx context.Context) ([]task, error) {
	pending, err := d.store.Pending(ctx, mostPending)
	if err != nil {
		return nil, err
	}
	roots := map[string]*store.Delivery{}
	var tasks []task
	for _, p := range pending {
		t := task{Delivery: p}
		if p.Slot != commands.RootSlot {
			root, known := roots[p.Incident]
			if !known {
				if root, err = d.root(ctx, p.Incident); err != nil {
					return nil, err
				}
				roots[p.Incident] = root
			}
			if root == nil {
				continue // a thread without a message to hang from: the message is wanted soon
			}
			t.root, t.Channel = root, root.Channel
		}
		t.Channel = d.names.cached(t.Channel)
		tasks = append(tasks, t)
	}
	class := func(t task) int {
		switch {
		case t.TS == "" && t.root == nil:
			return 0
		case t.TS == "":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(tasks, func(a, b task) int {
		if class(a) == 2 && class(b) == 2 { // changes may come in any order: the one that waits longest first
			return a.UpdatedAt.Compare(b.UpdatedAt)
		}
		return cmp.Or(cmp.Compare(class(a), class(b)), cmp.Compare(a.Incident, b.Incident),
			cmp.Compare(commands.SlotOrder(a.Slot), commands.SlotOrder(b.Slot)))
	})
	return tasks, nil
}

func (d *Deliverer) root(ctx context.Context, incident string) (*store.Delivery, error) {
	all, err := d.store.Deliveries(ctx, incident)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(r store.Delivery) bool { return r.Slot == commands.RootSlot })
	if i < 0 {
		return nil, nil
	}
	return &all[i], nil
}

// channel sends a channel's messages until its pace or an error ends it, and says when to go on; zero if there is nothing left.
func (d *Deliverer) channel(ctx context.Context, channel string, tasks []task) time.Time {
	var next time.Time
	sooner := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	posted := map[string]*store.Delivery{}
	for _, t := range tasks {
		if ctx.Err() != nil {
			return next
		}
		key := t.Incident + "/" + t.Slot
		if until := d.held(channel); !until.IsZero() {
			sooner(until)
			return next
		}
		if until := d.held(key); !until.IsZero() {
			sooner(until)
			continue
		}
		if root := posted[t.Incident]; root != nil && t.root != nil {
			t.root = root // it was posted in this very pass
		}
		if t.root != nil && t.root.TS == "" {
			continue
		}
		if ok, at := d.maySend(channel, t.TS != ""); !ok {
			sooner(at)
			return next
		}
		sent, err := d.send(ctx, t)
		if err != nil {
			sooner(d.failed(ctx, channel, key, err))
			continue
		}
		d.worked(channel, key)
		if t.root == nil {
			posted[t.Incident] = &sent
		}
	}
	return next
}

// maySend takes from the pace of a channel's posts, or of all updates, which Slack counts together.
func (d *Deliverer) maySend(channel string, update bool) (bool, time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	allowed := ofPosts
	if update {
		channel, allowed = "", ofUpdates
	}
	p := d.paces[channel]
	if p == nil {
		p = &pace{}
		d.paces[channel] = p
	}
	return p.take(d.opts.Now(), allowed)
}

// send brings one message to what is wanted, and returns where it is.
func (d *Deliverer) send(ctx context.Context, t task) (store.Delivery, error) {
	channel, err := d.names.channel(ctx, t.Channel)
	if err != nil {
		return t.Delivery, err
	}
	t.Channel = channel
	if t.TS != "" {
		err := d.update(ctx, &t)
		if !gone(err) {
			return t.Delivery, err
		}
		// Deleted. It may have been posted anew before, by a process that was killed before it could say so.
		t.TS = ""
		d.log.Info("a message is gone from Slack; it is posted anew", "incident", t.Incident, "slot", t.Slot)
		if t.SendingAt.IsZero() {
			return t.Delivery, d.post(ctx, &t)
		}
	}
	if !t.SendingAt.IsZero() {
		if t.TS, err = d.find(ctx, t); err != nil {
			return t.Delivery, fmt.Errorf("look whether %s of %s was posted: %w", t.Slot, t.Incident, err)
		}
		if t.TS != "" {
			if err := d.update(ctx, &t); !gone(err) {
				return t.Delivery, err
			}
		}
	}
	return t.Delivery, d.post(ctx, &t)
}

// update changes a message that is there.
func (d *Deliverer) update(ctx context.Context, t *task) error {
	err := d.call(t, func(options []slack.MsgOption) error {
		_, _, _, err := d.api.UpdateMessageContext(ctx, t.Channel, t.TS, options...)
		return err
	})
	if err != nil {
		return err
	}
	return d.store.Sent(ctx, t.Delivery, d.opts.Now())
}

// post writes a message. That it is about to is recorded first, so that if nobody learns the outcome it is looked for.
func (d *Deliverer) post(ctx context.Context, t *task) error {
	if err := d.store.Sending(ctx, t.Delivery, d.opts.Now()); err != nil {
		return err
	}
	err := d.call(t, func(options []slack.MsgOption) error {
		if t.root != nil {
			options = append(options, slack.MsgOptionTS(t.root.TS))
		}
		channel, ts, err := d.api.PostMessageContext(ctx, t.Channel, options...)
		if err == nil {
			t.Channel, t.TS = orElse(channel, t.Channel), ts
		}
		return err
	})
	if err != nil {
		return err
	}
	return d.store.Sent(ctx, t.Delivery, d.opts.Now())
}

// call sends a message's content, and should Slack refuse its blocks in spite of all, its text: better plain than not at all.
func (d *Deliverer) call(t *task, do func([]slack.MsgOption) error) error {
	mark := slack.MsgOptionMetadata(slack.SlackMetadata{EventType: eventType,
		EventPayload: map[string]any{"incident": t.Incident, "slot": t.Slot}})
	options, err := content(t.Wanted, true)
	if err != nil {
		return err
	}
	err = do(append(options, mark))
	if refused := apiError(err); strings.HasPrefix(refused, "invalid_blocks") || refused == "msg_blocks_too_long" || refused == "invalid_attachments" {
		d.log.Error("Slack refused a message's blocks; its text is sent alone", "incident", t.Incident, "slot", t.Slot, "error", refused)
		if options, err = content(t.Wanted, false); err == nil {
			err = do(append(options, mark))
		}
	}
	return err
}
