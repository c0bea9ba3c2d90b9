package slackapp

import (
	"context"
	"errors"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// hold keeps something back after an error, longer each time.
type hold struct {
	until  time.Time
	wait   time.Duration
	reason string // as it was logged
}

const (
	holdFirst = time.Second
	holdMost  = 5 * time.Minute
)

// again sets the hold after another failure. at least is what Slack asked for.
func (h *hold) again(now time.Time, least time.Duration) {
	h.wait = min(max(2*h.wait, holdFirst), holdMost)
	h.until = now.Add(max(h.wait, least))
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
