package slackapp

import (
	"context"
	"fmt"
	"time"

	"github.com/slack-go/slack"
)

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
			page, _, cursor, err = d.line.api().GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
				ChannelID: t.Channel, Timestamp: t.root.TS, Cursor: cursor, Limit: 200, IncludeAllMetadata: true})
		} else {
			var history *slack.GetConversationHistoryResponse
			history, err = d.line.api().GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
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
