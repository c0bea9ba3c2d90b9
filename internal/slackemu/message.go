package slackemu

import (
	"encoding/json"
	"slices"

	"golang.org/x/time/rate"
)

// Message is one message as it stands now.
type Message struct {
	ChannelID string
	// TS is the timestamp, "1754870400.000100": the message's identity in its channel and its place in time.
	TS string
	// ThreadTS is the TS of the message this one answers; empty for a message of the channel itself.
	ThreadTS string
	// Broadcast says that a message of a thread stands in the channel as well.
	Broadcast bool
	// UserID is who wrote it: a person's id, Server.BotUserID for the app, or USLACKBOT for Slack itself.
	UserID string
	// App is the name of the other app that wrote it; empty for people, the app and Slack itself.
	App         string
	Text        string
	Blocks      []Block
	Attachments []json.RawMessage // of another app's
	// Metadata is the app's, as it was sent; nil without.
	Metadata json.RawMessage
	// EphemeralTo is the only person who sees the message; empty for one that everybody sees.
	EphemeralTo string
	// EditedTS is when it was last changed by its author; empty when never.
	EditedTS  string
	Tombstone bool // deleted, but kept because it has replies
	Reactions []Reaction
	Files     []File

	rev int64 // grows with every change, for the page
}

// Reaction is an emoji that people put on a message.
type Reaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
}

// File is a file shared in a message.
type File struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Title   string `json:"title"`
	MIME    string `json:"mimetype"`
	Size    int    `json:"size"`
	AltText string `json:"alt_txt,omitempty"`
	Content []byte `json:"-"`
	shared  bool   // in a channel
}

// inChannel says that the message stands in the channel itself, not in a thread alone.
func (m *Message) inChannel() bool { return m.ThreadTS == "" || m.Broadcast }

// channel is a Channel and what was said in it.
type channel struct {
	Channel
	person   string        // the person of a direct message with the app; "" for other channels
	messages []*Message    // by TS; ephemeral ones among them
	posts    *rate.Limiter // chat.postMessage
}

// find is the message with that timestamp, or nil.
func (c *channel) find(ts string) *Message {
	i, ok := slices.BinarySearchFunc(c.messages, ts, func(m *Message, ts string) int { return compareTS(m.TS, ts) })
	if !ok {
		return nil
	}
	return c.messages[i]
}

// compareTS orders timestamps; they are of one width until the year 2286.
func compareTS(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// add appends a message; its TS is newer than every other.
func (c *channel) add(m *Message) {
	c.messages = append(c.messages, m)
	if over := len(c.messages) - maxChannelLength; over > 0 {
		c.messages = slices.Delete(c.messages, 0, over)
	}
}

// put replaces the message with m's timestamp. Messages are replaced, never changed, so that whoever holds one keeps it.
func (c *channel) put(m *Message) {
	for i := range c.messages {
		if c.messages[i].TS == m.TS {
			c.messages[i] = m
		}
	}
}

func (c *channel) remove(ts string) {
	c.messages = slices.DeleteFunc(c.messages, func(m *Message) bool { return m.TS == ts })
}

// replies are the messages of a thread that everybody sees, its root not among them.
func (c *channel) replies(ts string) []*Message {
	var out []*Message
	for _, m := range c.messages {
		if m.ThreadTS == ts && m.EphemeralTo == "" {
			out = append(out, m)
		}
	}
	return out
}

// wire is the message as the API shows it.
func (w *workspace) wire(c *channel, m *Message, metadata bool) map[string]any {
	out := map[string]any{"type": "message", "user": m.UserID, "text": m.Text, "ts": m.TS, "team": w.opts.TeamID}
	if len(m.Blocks) > 0 {
		out["blocks"] = m.Blocks
	}
	switch {
	case m.UserID == botUserID:
		out["bot_id"], out["app_id"] = botID, appID
	case m.App != "": // an incoming webhook has no user
		delete(out, "user")
		out["subtype"], out["username"], out["bot_id"] = "bot_message", m.App, "B9"+m.App
	}
	if len(m.Attachments) > 0 {
		out["attachments"] = m.Attachments
	}
	if m.EditedTS != "" {
		out["edited"] = map[string]any{"user": m.UserID, "ts": m.EditedTS}
	}
	if m.Tombstone {
		out["subtype"] = "tombstone"
	}
	if m.Broadcast {
		out["subtype"] = "thread_broadcast"
	}
	if metadata && m.Metadata != nil {
		out["metadata"] = m.Metadata
	}
	if len(m.Files) > 0 {
		out["files"] = m.Files
	}
	var reactions []map[string]any
	for _, r := range m.Reactions {
		reactions = append(reactions, map[string]any{"name": r.Name, "users": r.Users, "count": len(r.Users)})
	}
	if reactions != nil {
		out["reactions"] = reactions
	}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
	} else if replies := c.replies(m.TS); len(replies) > 0 {
		out["thread_ts"], out["reply_count"] = m.TS, len(replies)
		out["reply_users"], out["latest_reply"] = authors(replies), replies[len(replies)-1].TS
	}
	return out
}

// authors are the people of messages, each once, in order of appearance.
func authors(messages []*Message) []string {
	var out []string
	for _, m := range messages {
		if !slices.Contains(out, m.UserID) {
			out = append(out, m.UserID)
		}
	}
	return out
}
