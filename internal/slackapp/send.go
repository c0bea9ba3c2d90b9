package slackapp

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/guard"
)

// eventType marks the messages of incidents, so that they can be found again.
const eventType = "paramedic_message"

// mostRoutes bounds the routes that are sent on at a time.
const mostRoutes = 32

// pass sets the routes going on which something may be sent now, each beside the others, and says when to look again.
func (d *Deliverer) pass(ctx context.Context, routes *sync.WaitGroup) time.Time {
	next := d.opts.Now().Add(lookAround)
	d.tidy()
	tasks, err := d.tasks(ctx)
	if err != nil {
		if ctx.Err() == nil {
			d.log.Error("what is to be told could not be read; it is tried again", "error", err)
		}
		return d.opts.Now().Add(5 * time.Second)
	}
	d.tellElsewhere(ctx, tasks)
	byRoute := map[route][]task{}
	for _, t := range tasks {
		byRoute[t.route()] = append(byRoute[t.route()], t)
	}
	for r, tasks := range byRoute {
		if until := d.begin(r); !until.IsZero() {
			if until.Before(next) {
				next = until
			}
			continue
		}
		routes.Go(func() {
			var at time.Time
			if !guard.Run(d.log, "send to "+r.channel, func() { at = d.on(ctx, r, tasks) }) {
				at = d.opts.Now().Add(holdChannel.Most)
			}
			d.end(ctx, r, at)
		})
	}
	return next
}

// begin claims a route for sending; if it can't be sent on now it says when to look again.
func (d *Deliverer) begin(r route) (until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if until = d.heldUntil(r, ""); !until.IsZero() {
		return until
	}
	if _, sending := d.busy[r]; sending {
		d.busy[r] = true
		return d.opts.Now().Add(lookAround)
	}
	if len(d.busy) >= mostRoutes {
		return d.opts.Now().Add(100 * time.Millisecond)
	}
	d.busy[r] = false
	return time.Time{}
}

// end gives a route back; at is when it goes on, zero if there was nothing left.
func (d *Deliverer) end(ctx context.Context, r route, at time.Time) {
	d.mu.Lock()
	again := d.busy[r]
	delete(d.busy, r)
	d.mu.Unlock()
	if again {
		at = d.opts.Now()
	}
	if at.IsZero() {
		return
	}
	select {
	case d.later <- at:
	case <-ctx.Done():
	}
}

// on sends a route's messages one by one until its pace or an error ends it, and says when to go on; zero if there is nothing left.
func (d *Deliverer) on(ctx context.Context, r route, tasks []task) (next time.Time) {
	sooner := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if _, err := d.names.channel(ctx, r.channel); err != nil {
		return d.failed(ctx, r, tasks[0].Delivery, err)
	}
	if d.names.cached(r.channel) != r.channel {
		return d.opts.Now() // it was a name: everything goes on by the id, so that there is one route to a channel
	}
	for _, t := range tasks {
		if ctx.Err() != nil {
			return next
		}
		wanted, err := d.fresh(ctx, &t, r)
		if err != nil {
			sooner(d.opts.Now().Add(5 * time.Second))
			continue
		}
		if !wanted {
			if t.WantedHash != t.SentHash && t.route() != r {
				sooner(d.opts.Now()) // it was posted meanwhile, and has changed since
			}
			continue
		}
		at, ended := d.mayGo(r, t)
		if !at.IsZero() {
			sooner(at)
			if ended {
				return next
			}
			continue
		}
		if err := d.send(ctx, t); err != nil {
			sooner(d.failed(ctx, r, t.Delivery, err))
			continue
		}
		d.went(r, t.Delivery)
		if t.Slot == commands.RootSlot {
			d.toldAfterAll(ctx, t)
			sooner(d.opts.Now()) // its thread may have been passed over before
		}
	}
	return next
}

// mayGo says when a message may go, zero for now, and whether that holds for all that come after it on the route.
func (d *Deliverer) mayGo(r route, t task) (at time.Time, ended bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at = d.heldUntil(r, ""); !at.IsZero() {
		return at, true
	}
	if at = d.heldUntil(r, messageKey(t.Delivery)); !at.IsZero() {
		return at, false
	}
	if ok, at := d.pace.take(d.opts.Now(), r, t.urgent()); !ok {
		return at, r.method == post
	}
	return time.Time{}, false
}

// send brings one message to what is wanted.
func (d *Deliverer) send(ctx context.Context, t task) error {
	if t.TS != "" {
		err := d.update(ctx, &t)
		if !gone(err) {
			return err
		}
		// Deleted. It may have been posted anew before, by a process that was killed before it could say so.
		t.TS = ""
		d.log.Info("a message is gone from Slack; it is posted anew", "incident", t.Incident, "slot", t.Slot)
		if t.SendingAt.IsZero() {
			return d.post(ctx, &t)
		}
	}
	if !t.SendingAt.IsZero() && !personID.MatchString(t.Channel) { // nobody may read there before they have written
		var err error
		if t.TS, err = d.find(ctx, t); err != nil {
			return fmt.Errorf("look whether %s of %s was posted: %w", t.Slot, t.Incident, err)
		}
		if t.TS != "" {
			if err := d.update(ctx, &t); !gone(err) {
				return err
			}
		}
	}
	return d.post(ctx, &t)
}

// update changes a message that is there.
func (d *Deliverer) update(ctx context.Context, t *task) error {
	err := d.call(ctx, t, func(options []slack.MsgOption) error {
		_, _, _, err := d.line.api().UpdateMessageContext(ctx, t.Channel, t.TS, options...)
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
	err := d.call(ctx, t, func(options []slack.MsgOption) error {
		if t.root != nil {
			options = append(options, slack.MsgOptionTS(t.root.TS))
			if t.body.Broadcast {
				options = append(options, slack.MsgOptionBroadcast())
			}
		}
		channel, ts, err := d.line.api().PostMessageContext(ctx, t.Channel, options...)
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

// call sends a message's content with the mark by which it is found again.
func (d *Deliverer) call(ctx context.Context, t *task, do func([]slack.MsgOption) error) error {
	var stamp map[string]any
	if d.opts.Stamp != nil && t.Slot == commands.RootSlot {
		stamp = d.opts.Stamp(ctx, t.Incident)
	}
	mark := marking(t.Incident, t.Slot, stamp)
	return t.body.send(wholeOf(t.Incident, t.Slot), func(options []slack.MsgOption) error { return do(append(options, mark)) },
		func(refused error) {
			d.log.Error("Slack refused a message; it is shortened", "incident", t.Incident, "slot", t.Slot, "error", refused)
		})
}

// marking is the mark of an incident's message, with its stamp where it has one.
func marking(incident, slot string, stamp map[string]any) slack.MsgOption {
	payload := map[string]any{"incident": incident, "slot": slot}
	if len(stamp) > 0 {
		payload["stamp"] = stamp
	}
	return slack.MsgOptionMetadata(slack.SlackMetadata{EventType: eventType, EventPayload: payload})
}
