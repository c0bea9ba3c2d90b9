package slackapp

import (
	"cmp"
	"context"
	"errors"
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

// gone says whether a message can't be changed because it is not there, or not ours.
func gone(err error) bool {
	switch apiError(err) {
	case "message_not_found", "cant_update_message", "edit_window_closed":
		return true
	}
	return false
}

// find looks for a message whose posting may have succeeded; "" if it did not.
func (d *Deliverer) find(ctx context.Context, t task) (ts string, err error) {
	me := ""
	if home, err := d.self.whereHome(ctx); err == nil {
		me = home.UserID
	}
	oldest := fmt.Sprintf("%d.000000", t.SendingAt.Add(-time.Hour).Unix()) // an hour for clocks that differ
	cursor := ""
	for range 20 { // pages of 200
		var page []slack.Message
		if t.root != nil {
			page, _, cursor, err = d.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
				ChannelID: t.Channel, Timestamp: t.root.TS, Cursor: cursor, Limit: 200, IncludeAllMetadata: true})
		} else {
			var history *slack.GetConversationHistoryResponse
			history, err = d.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
				ChannelID: t.Channel, Oldest: oldest, Cursor: cursor, Limit: 200, IncludeAllMetadata: true})
			if err == nil {
				page, cursor = history.Messages, history.ResponseMetaData.NextCursor
			}
		}
		if err != nil {
			return "", err
		}
		for _, m := range page {
			p := m.Metadata.EventPayload
			if m.Metadata.EventType == eventType && p["incident"] == t.Incident && p["slot"] == t.Slot && (me == "" || m.User == me) {
				return m.Timestamp, nil
			}
		}
		if cursor == "" {
			return "", nil
		}
	}
	return "", nil
}

// ofChannel are refusals that hold for everything in a channel.
var ofChannel = map[string]string{
	"not_in_channel":          "invite the bot into the channel",
	"channel_not_found":       "invite the bot into the channel, or configure another",
	"is_archived":             "unarchive the channel, or configure another",
	"restricted_action":       "a workspace preference keeps the bot from posting there",
	"invalid_auth":            "the bot token is wrong; run paramedic doctor",
	"not_authed":              "no bot token is configured; run paramedic doctor",
	"account_inactive":        "the app was removed from the workspace; install it again",
	"token_revoked":           "the bot token was revoked; install the app again",
	"token_expired":           "the bot token has expired; install the app again",
	"missing_scope":           "the app lacks a scope; run paramedic doctor",
	"ratelimited":             "Slack asks for patience",
	"team_access_not_granted": "install the app into the workspace",
}

// failed holds back what could not be sent: the channel, if nothing else could be sent there either, or the one message. It is said
// once, however often it is tried, and never given up.
func (d *Deliverer) failed(ctx context.Context, channel, key string, err error) time.Time {
	now := d.opts.Now()
	try, wide := ofChannel[apiError(err)]
	wait := retryAfter(err)
	if apiError(err) != "" && !wide || errors.Is(err, store.ErrNotFound) {
		channel = key
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.holds[channel]
	if h == nil {
		h = &hold{}
		d.holds[channel] = h
	}
	if wait > 0 {
		h.until = now.Add(wait)
		return h.until
	}
	h.again(now, 0)
	if reason := err.Error(); h.reason != reason && ctx.Err() == nil {
		h.reason = reason
		d.log.Warn("Slack did not take a message; it is kept and tried again", "message", key, "channel", channel, "error", err, "try", try)
	}
	return h.until
}

// held is until when something is held back; zero if it is not.
func (d *Deliverer) held(key string) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	if h := d.holds[key]; h != nil && d.opts.Now().Before(h.until) {
		return h.until
	}
	return time.Time{}
}

// worked ends what was held back.
func (d *Deliverer) worked(keys ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range keys {
		if h := d.holds[key]; h != nil {
			if h.reason != "" {
				d.log.Info("Slack takes messages again", "channel", key)
			}
			delete(d.holds, key)
		}
	}
}
