package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/store"
)

const (
	// waitingLong is how long a message may wait before doctor asks why: longer than the pace that Slack allows takes for a large incident.
	waitingLong = 2 * time.Minute
	// mostWaiting and mostChannels bound what doctor looks at.
	mostWaiting  = 10000
	mostChannels = 10
)

// waiting is what was not told in a channel yet.
type waiting struct {
	channel  string
	messages int
	first    store.Delivery // the one that waits longest
}

const messagesName = "messages to Slack"

// doctorWaiting says which messages have not come to Slack, and asks Slack why; and which notices wait.
func doctorWaiting(ctx context.Context, c Config) []incident.Check {
	name := messagesName
	if !c.slack() {
		name = "notices"
	}
	return inState(ctx, c, good(name, "none yet"), func(r *store.Reader) (all []incident.Check) {
		if c.slack() {
			all = waitingMessages(ctx, c, r)
		}
		return append(all, waitingNotices(ctx, c, r)...)
	})
}

func waitingMessages(ctx context.Context, c Config, r *store.Reader) []incident.Check {
	const name = messagesName
	pending, err := r.Pending(ctx, mostWaiting)
	if err != nil {
		return []incident.Check{bad(name, err)}
	}
	var checks []incident.Check
	for _, w := range byChannel(pending, time.Now()) {
		if len(checks) == mostChannels {
			return append(checks, incident.Check{Name: name, Detail: "more wait for further channels"})
		}
		why := slackapp.ProbeChannels(ctx, slackOptions(c.Slack), w.channel)[0]
		detail := fmt.Sprintf("%d wait for %s, the first, of %s, since %s: %s", w.messages, w.channel, w.first.Incident,
			w.first.UpdatedAt.UTC().Format(time.RFC3339), why.Detail)
		if why.OK {
			detail += "; is paramedic serve running?"
		}
		checks = append(checks, incident.Check{Name: name, Detail: detail})
	}
	if len(checks) == 0 {
		return []incident.Check{good(name, "none waits for long")}
	}
	return checks
}

// byChannel groups what waits for long, the channel that waits longest first. pending is in order of waiting.
func byChannel(pending []store.Delivery, now time.Time) []waiting {
	var all []waiting
	for _, p := range pending {
		if now.Sub(p.UpdatedAt) < waitingLong {
			continue
		}
		i := slices.IndexFunc(all, func(w waiting) bool { return w.channel == p.Channel })
		if i < 0 {
			i, all = len(all), append(all, waiting{channel: p.Channel, first: p})
		}
		all[i].messages++
	}
	return all
}
