package slackapp

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/store"
)

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
