package slackapp

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/guard"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// eventType marks the messages of incidents, so that they can be found again.
const eventType = "paramedic_message"

// mostRoutes bounds the routes that are sent on at a time.
const mostRoutes = 32

// task is a message that does not look as wanted, and the message in the channel to whose thread it belongs; root is nil for a message
// that is in no thread.
type task struct {
	store.Delivery
	root *store.Delivery
	body body
}

// route is where a task goes. A message that was posted is changed in place.
func (t task) route() route {
	if t.TS != "" {
		return route{t.Channel, update}
	}
	return route{t.Channel, post}
}

// urgent says whether a decision hangs on the message, or somebody is to be woken by it.
func (t task) urgent() bool {
	return t.Slot == commands.RootSlot || t.Slot == elsewhere || t.Slot == "plan" || t.body.Broadcast
}

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
				at = d.opts.Now().Add(holdChannel.most)
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

// fresh reads a task anew, for it may have been sent or changed since it was listed, and says whether it is still to be sent on the route:
// not in the thread of a message that is not there yet.
func (d *Deliverer) fresh(ctx context.Context, t *task, r route) (wanted bool, err error) {
	all, err := d.store.Deliveries(ctx, t.Incident)
	if err != nil {
		return false, err
	}
	for _, p := range all {
		switch {
		case p.Slot == commands.RootSlot && t.root != nil:
			t.root = &p
		case p.Slot == t.Slot:
			channel := t.Channel
			t.Delivery = p
			t.Channel = channel
		}
	}
	if t.WantedHash == t.SentHash || t.route() != r || t.root != nil && t.root.TS == "" {
		return false, nil
	}
	t.body, err = storedBody(t.Wanted)
	return err == nil, err
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

// tasks lists what is pending in the order in which it is sent: new messages in the channel and what is to wake people, then the other new
// ones; and of changes those that decisions hang on, then the one that waits longest. What failed at the last try comes after what did not.
func (d *Deliverer) tasks(ctx context.Context) ([]task, error) {
	pending, err := d.pending(ctx)
	if err != nil {
		return nil, err
	}
	roots := map[string]*store.Delivery{}
	var tasks []task
	for _, p := range pending {
		t := task{Delivery: p}
		if t.body, err = storedBody(p.Wanted); err != nil {
			d.failed(ctx, route{p.Channel, post}, p, fmt.Errorf("%w: %w", store.ErrNotFound, err))
			continue
		}
		if p.Slot != commands.RootSlot && p.Slot != elsewhere {
			root, known := roots[p.Incident]
			if !known {
				if root, err = d.slot(ctx, p.Incident, commands.RootSlot); err != nil {
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
	d.sort(tasks)
	return tasks, nil
}

func (d *Deliverer) sort(tasks []task) {
	class := func(t task) int {
		switch {
		case t.TS == "" && t.root == nil:
			return 0
		case t.TS != "" && t.urgent(), t.body.Broadcast:
			return 1 // new ones of a thread keep its order
		case t.TS == "":
			return 2
		}
		return 3
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	failed := func(t task) int {
		if _, ok := d.stumbled[messageKey(t.Delivery)]; ok {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(tasks, func(a, b task) int {
		if c := cmp.Or(cmp.Compare(failed(a), failed(b)), cmp.Compare(class(a), class(b))); c != 0 {
			return c
		}
		if a.TS != "" && b.TS != "" {
			return a.UpdatedAt.Compare(b.UpdatedAt)
		}
		return cmp.Or(cmp.Compare(a.Incident, b.Incident), cmp.Compare(commands.SlotOrder(a.Slot), commands.SlotOrder(b.Slot)))
	})
}

// pending reads what is pending; where there is more than is read at a time, what waits for unreachable channels comes last.
func (d *Deliverer) pending(ctx context.Context) ([]store.Delivery, error) {
	all, err := d.store.Pending(ctx, mostPending)
	if err != nil || len(all) < mostPending {
		return all, err
	}
	var except []string
	d.mu.Lock()
	for _, p := range all {
		if d.trouble[d.names.cached(p.Channel)] != nil && !slices.Contains(except, p.Channel) {
			except = append(except, p.Channel)
		}
	}
	d.mu.Unlock()
	if len(except) == 0 {
		return all, nil
	}
	others, err := d.store.Pending(ctx, mostPending, except...)
	all = slices.DeleteFunc(all, func(p store.Delivery) bool { return !slices.Contains(except, p.Channel) })
	return append(others, all...), err
}

// slot is a message of an incident; nil if it is not wanted yet.
func (d *Deliverer) slot(ctx context.Context, incident, slot string) (*store.Delivery, error) {
	all, err := d.store.Deliveries(ctx, incident)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(r store.Delivery) bool { return r.Slot == slot })
	if i < 0 {
		return nil, nil
	}
	return &all[i], nil
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
	err := d.call(ctx, t, func(options []slack.MsgOption) error {
		if t.root != nil {
			options = append(options, slack.MsgOptionTS(t.root.TS))
			if t.body.Broadcast {
				options = append(options, slack.MsgOptionBroadcast())
			}
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

// call sends a message's content with the mark by which it is found again.
func (d *Deliverer) call(ctx context.Context, t *task, do func([]slack.MsgOption) error) error {
	payload := map[string]any{"incident": t.Incident, "slot": t.Slot}
	if d.opts.Stamp != nil && t.Slot == commands.RootSlot {
		if stamp := d.opts.Stamp(ctx, t.Incident); len(stamp) > 0 {
			payload["stamp"] = stamp
		}
	}
	mark := slack.MsgOptionMetadata(slack.SlackMetadata{EventType: eventType, EventPayload: payload})
	return t.body.send(wholeOf(t.Incident, t.Slot), func(options []slack.MsgOption) error { return do(append(options, mark)) },
		func(refused error) {
			d.log.Error("Slack refused a message; it is shortened", "incident", t.Incident, "slot", t.Slot, "error", refused)
		})
}
