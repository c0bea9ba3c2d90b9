package slackapp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// elsewhere is the slot of what Options.Fallback is told of an incident whose channel takes no messages. It is a delivery like any other.
const elsewhere = "elsewhere"

var personID = regexp.MustCompile(`^[UW][A-Z0-9]{2,20}$`)

// Trouble is a channel that takes no messages.
type Trouble struct {
	Channel string // its id, or the name by which it is looked for
	Reason  string // Slack's word for it, such as is_archived
	Try     string // what to do
	Since   time.Time
}

// Trouble lists the channels that take no messages now, by channel. What is to be told there waits.
func (d *Deliverer) Trouble() []Trouble {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Trouble
	for _, t := range d.trouble {
		all = append(all, *t)
	}
	slices.SortFunc(all, func(a, b Trouble) int { return cmp.Compare(a.Channel, b.Channel) })
	return all
}

// refused notes that a channel takes no messages. d.mu is held.
func (d *Deliverer) refused(channel, reason, try string, now time.Time) {
	t := d.trouble[channel]
	if t == nil {
		t = &Trouble{Channel: channel, Since: now}
		d.trouble[channel] = t
	}
	if t.Reason != reason {
		t.Reason, t.Try = reason, try
		d.log.Error("a channel takes no messages; what is to be told there waits",
			"channel", channel, "reason", reason, "try", try, "fallback", d.opts.Fallback)
		d.Wake() // the fallback is told
	}
}

func (d *Deliverer) troubleOf(channel string) (Trouble, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.trouble[channel]; t != nil {
		return *t, true
	}
	return Trouble{}, false
}

// tellElsewhere wants that the fallback is told of every incident whose channel takes no messages.
func (d *Deliverer) tellElsewhere(ctx context.Context, tasks []task) {
	to := d.names.cached(d.opts.Fallback)
	if to == "" {
		return
	}
	for _, t := range tasks {
		trouble, any := d.troubleOf(t.Channel)
		if !any || t.Slot != commands.RootSlot || t.Channel == to {
			continue
		}
		note := elsewhereNote(t.Incident, t.Channel, trouble)
		d.wantElsewhere(ctx, t.Incident, to, aside(t.body, note, wholeOf(t.Incident, t.Slot)))
	}
}

// elsewhereNote says why an incident is told where it does not belong.
func elsewhereNote(incident, channel string, trouble Trouble) string {
	return fmt.Sprintf("%s belongs in %s, and Slack does not accept it there (%s): %s. Everything else about it waits.",
		incident, channelName(channel), trouble.Reason, trouble.Try)
}

// toldAfterAll points those who were told of an incident elsewhere to its channel.
func (d *Deliverer) toldAfterAll(ctx context.Context, t task) {
	there, err := d.slot(ctx, t.Incident, elsewhere)
	if err != nil || there == nil {
		return // who has not been told needs no pointer
	}
	d.wantElsewhere(ctx, t.Incident, there.Channel, toldThere(t.Incident, t.Channel, t.body))
}

// toldThere says that an incident is told where it belongs.
func toldThere(incident, channel string, root body) body {
	text := fmt.Sprintf("%s is told in %s now: %s", incident, channelName(channel), root.Text)
	return body{Text: clip.Bytes(text, maxFallback)}
}

func (d *Deliverer) wantElsewhere(ctx context.Context, incident, to string, b body) {
	wanted := encoded(b)
	changed, err := d.store.Want(ctx, store.Delivery{Incident: incident, Slot: elsewhere, Channel: to, Wanted: wanted}, d.opts.Now())
	if err != nil && ctx.Err() == nil {
		d.log.Error("the fallback could not be told", "incident", incident, "error", err)
	}
	if changed {
		d.Wake()
	}
}

// aside is a message with a note before it.
func aside(b body, note string, whole rest) body {
	size := utf8.RuneCountInString(note) + perBlock
	for _, raw := range b.Blocks {
		size += utf8.RuneCount(raw) // more than it counts for
	}
	if len(b.Blocks) >= maxBlocks-1 || size > maxText {
		b = b.shortened(maxText/2, whole)
	}
	blocks := []json.RawMessage{encoded(slack.NewSectionBlock(marked(note), nil, nil))}
	return body{Text: clip.Bytes(b.Text, maxFallback), Blocks: append(blocks, b.Blocks...)}
}

func channelName(channel string) string {
	if conversationID.MatchString(channel) {
		return "<#" + channel + ">"
	}
	return "#" + channel
}
