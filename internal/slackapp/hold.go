package slackapp

import (
	"context"
	"errors"
	"time"

	"github.com/paramedic-bot/paramedic/internal/backoff"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// method is a way to bring a message to what is wanted.
type method string

const (
	post   method = "chat.postMessage"
	update method = "chat.update"
)

// route is what is sent one by one, and held back together: a channel's new messages, or its changes. What goes wrong on one route
// keeps no other back.
type route struct {
	channel string
	method  method
}

// hold keeps something back after an error, longer each time.
type hold struct {
	until time.Time
	wait  backoff.Backoff
	asked bool // by Slack, which names the time itself
}

// How long something is held back after the first error, and after many. What passes by itself is tried again quickly.
var (
	holdPassing = backoff.Backoff{First: 100 * time.Millisecond, Most: 2 * time.Second}
	holdChannel = backoff.Backoff{First: time.Second, Most: time.Minute}
	holdMessage = backoff.Backoff{First: time.Second, Most: 5 * time.Minute}
	// holdStumbled is for a message that fails while others go through.
	holdStumbled = backoff.Backoff{First: 500 * time.Millisecond, Most: 30 * time.Second}
)

// ofChannel are refusals that hold for everything in a channel, and what to do about them.
var ofChannel = map[string]string{
	"not_in_channel":          "type /invite @paramedic in the channel",
	"channel_not_found":       "type /invite @paramedic in the channel, or configure another",
	"is_archived":             "unarchive the channel, or configure another",
	"restricted_action":       "a workspace preference keeps the bot from posting there",
	"invalid_auth":            "the bot token is wrong; run paramedic doctor",
	"not_authed":              "no bot token is configured; run paramedic doctor",
	"account_inactive":        "the app was removed from the workspace; install it again",
	"token_revoked":           "the bot token was revoked; install the app again",
	"token_expired":           "the bot token has expired; install the app again",
	"missing_scope":           "the app lacks a scope; run paramedic doctor",
	"team_access_not_granted": "install the app into the workspace",
}

// Keys of holds: a route's, a channel's, a message's, and all changes', which Slack counts together.
func (r route) key() string { return string(r.method) + " in " + r.channel }

const allUpdates = string(update)

func messageKey(d store.Delivery) string { return d.Incident + "/" + d.Slot }

// failed holds back what could not be sent, as widely as the error is about and no wider: the whole channel where Slack refuses it, the
// one message where Slack refuses that, and for an error that passes by itself the route. It is said once, however often it is tried,
// and never given up. It returns when it is tried again.
func (d *Deliverer) failed(ctx context.Context, r route, m store.Delivery, err error) time.Time {
	now := d.opts.Now()
	d.refusals.Add(1)
	code, message := apiError(err), messageKey(m)
	try, wide := ofChannel[code]
	d.mu.Lock()
	defer d.mu.Unlock()
	switch wait := retryAfter(err); {
	case wait > 0:
		key := r.key()
		if r.method == update {
			key = allUpdates
		}
		h := d.hold(key, holdPassing)
		h.until, h.asked = now.Add(wait), true
		return h.until // Slack only asks for patience
	case wide:
		d.refused(r.channel, code, try, now)
		d.hold(r.channel, holdChannel).again(now)
	case errors.Is(err, errPlain), errors.Is(err, store.ErrNotFound), code != "" && !passing[code]:
		d.hold(message, holdMessage).again(now)
	default:
		d.stumble(r, message, now)
		d.hold(r.key(), holdPassing).again(now)
	}
	if reason := err.Error(); d.said[message] != reason && ctx.Err() == nil {
		d.said[message] = reason
		d.log.Warn("Slack did not take a message; it is kept and tried again", "message", message, "channel", r.channel, "error", err, "try", try)
	}
	return d.heldUntil(r, message)
}

// hold is what is held back under a key; a new one holds nothing yet.
func (d *Deliverer) hold(key string, wait backoff.Backoff) *hold {
	h := d.holds[key]
	if h == nil {
		h = &hold{wait: wait}
		d.holds[key] = h
	}
	return h
}

func (h *hold) again(now time.Time) { h.until, h.asked = now.Add(h.wait.Next()), false }

// stumble notes that a message was the last to fail on its route. If others went through since it did before, it is the message that
// fails, and it is held back alone.
func (d *Deliverer) stumble(r route, message string, now time.Time) {
	if before, failed := d.stumbled[message]; failed && d.worked[r].After(before) {
		d.hold(message, holdStumbled).again(now)
	}
	d.stumbled[message] = now
}

// heldUntil is until when something on a route is held back; zero if nothing is. message may be empty.
func (d *Deliverer) heldUntil(r route, message string) time.Time {
	keys := []string{r.channel, r.key()}
	if r.method == update {
		keys = append(keys, allUpdates)
	}
	if message != "" {
		keys = append(keys, message)
	}
	var until time.Time
	for _, key := range keys {
		if h := d.holds[key]; h != nil && h.until.After(until) {
			until = h.until
		}
	}
	if d.opts.Now().Before(until) {
		return until
	}
	return time.Time{}
}

// went notes that a message went out, which ends what was held back on its route.
func (d *Deliverer) went(r route, m store.Delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sent.Add(1)
	d.worked[r] = d.opts.Now()
	if _, failed := d.said[messageKey(m)]; failed {
		d.log.Info("Slack takes the message now", "message", messageKey(m), "channel", r.channel)
	}
	delete(d.said, messageKey(m))
	delete(d.stumbled, messageKey(m))
	for _, key := range []string{r.channel, r.key(), messageKey(m)} {
		delete(d.holds, key)
	}
	if t := d.trouble[r.channel]; t != nil {
		d.log.Info("Slack takes messages again", "channel", r.channel, "since", t.Since)
		delete(d.trouble, r.channel)
	}
}

// mostNoted bounds what is remembered of messages that failed; those of incidents long gone are forgotten.
const mostNoted = 10000

func (d *Deliverer) tidy() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.stumbled) > mostNoted {
		clear(d.stumbled)
	}
	if len(d.said) > mostNoted {
		clear(d.said)
	}
	if len(d.worked) > mostPaces {
		clear(d.worked)
	}
	if len(d.holds) <= mostNoted {
		return
	}
	for key, h := range d.holds {
		if d.opts.Now().Sub(h.until) > time.Hour {
			delete(d.holds, key)
		}
	}
}
