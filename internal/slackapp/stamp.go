package slackapp

import (
	"context"
	"fmt"

	"github.com/slack-go/slack"
)

// stampPages is how many pages of a channel's messages, of 200 each, are looked through for stamps.
const stampPages = 5

// Stamps are what Options.Stamp said of the incidents whose messages stand in the configured channel, as Slack has it: of each message what
// it carries since it was last sent. Numbers come back as float64. Only the bot's own messages count, of the channel's newest thousand. It
// is independent of the state of this process: what Slack has, no restored copy of the state takes back.
func (d *Deliverer) Stamps(ctx context.Context) ([]map[string]any, error) {
	fail := func(err error) ([]map[string]any, error) {
		return nil, fmt.Errorf("ask Slack what was last said: %w", err)
	}
	home, err := d.self.whereHome(ctx)
	if err != nil {
		return fail(err)
	}
	channel, err := d.names.channel(ctx, d.opts.Channel)
	if err != nil {
		return fail(err)
	}
	var stamps []map[string]any
	cursor := ""
	for range stampPages {
		page, err := d.line.api().GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
			ChannelID: channel, Cursor: cursor, Limit: 200, IncludeAllMetadata: true})
		if err != nil {
			return fail(err)
		}
		for _, m := range page.Messages {
			stamp, there := m.Metadata.EventPayload["stamp"].(map[string]any)
			if there && m.Metadata.EventType == eventType && m.User == home.UserID {
				stamps = append(stamps, stamp)
			}
		}
		if cursor = page.ResponseMetaData.NextCursor; cursor == "" {
			break
		}
	}
	return stamps, nil
}

// Refused says whether Slack has answered, with an error of its own: to ask again at once gives the same answer.
func Refused(err error) bool { return apiError(err) != "" }
