package slackapp

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// stampPages is how many pages of a channel's messages, of 200 each, are looked through for stamps.
const stampPages = 5

// NewestStamp is the newest of what Options.Stamp said of an incident whose message stands in the configured channel, as Slack has it, and
// when that message was last sent; nil and the zero time if none has a stamp. Numbers come back as float64. Only the bot's own messages
// count, of the channel's newest thousand. It is independent of the state of this process: what Slack has, no restored copy of the state
// takes back.
func (d *Deliverer) NewestStamp(ctx context.Context) (stamp map[string]any, at time.Time, err error) {
	fail := func(err error) (map[string]any, time.Time, error) {
		return nil, time.Time{}, fmt.Errorf("ask Slack what was last said: %w", err)
	}
	home, err := d.self.whereHome(ctx)
	if err != nil {
		return fail(err)
	}
	channel, err := d.names.channel(ctx, d.opts.Channel)
	if err != nil {
		return fail(err)
	}
	cursor := ""
	for range stampPages {
		page, err := d.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
			ChannelID: channel, Cursor: cursor, Limit: 200, IncludeAllMetadata: true})
		if err != nil {
			return fail(err)
		}
		for _, m := range page.Messages {
			said, there := m.Metadata.EventPayload["stamp"].(map[string]any)
			if !there || m.Metadata.EventType != eventType || m.User != home.UserID {
				continue
			}
			if sent := sentAt(m); sent.After(at) {
				stamp, at = said, sent
			}
		}
		if cursor = page.ResponseMetaData.NextCursor; cursor == "" {
			break
		}
	}
	return stamp, at, nil
}

// sentAt is when a message was last changed, or else posted.
func sentAt(m slack.Message) time.Time {
	ts := m.Timestamp
	if m.Edited != nil {
		ts = m.Edited.Timestamp
	}
	seconds, micros, _ := strings.Cut(ts, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}
	}
	us, _ := strconv.ParseInt(micros, 10, 64) // "" without a fraction
	return time.Unix(s, us*1000).UTC()
}
