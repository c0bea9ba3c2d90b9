package slackemu

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// content is what a message says, from a method's arguments, a response_url or an acknowledgement.
type content struct {
	text      string
	blocks    []Block
	hasBlocks bool
	metadata  json.RawMessage // nil: not said; "{}": take it away
}

// content reads and checks text, blocks and metadata.
func (w *workspace) content(a args) (content, error) {
	c := content{text: a["text"]}
	if a.has("blocks") {
		blocks, err := parseBlocks([]byte(a["blocks"]))
		if err != nil {
			return c, err
		}
		if err := w.validateBlocks(blocks, onMessage); err != nil {
			return c, err
		}
		c.blocks, c.hasBlocks = blocks, true
	}
	if a.has("metadata") {
		var err error
		if c.metadata, err = parseMetadata(a["metadata"]); err != nil {
			return c, err
		}
	}
	return c, nil
}

// parseMetadata checks metadata; "{}" takes it away, and one without a type, as slack-go sends with every answer to a
// response_url, says nothing.
func parseMetadata(raw string) (json.RawMessage, error) {
	if len(raw) > maxMetadata {
		return nil, fail("metadata_too_large")
	}
	var m struct {
		Type    *string        `json:"event_type"`
		Payload map[string]any `json:"event_payload"`
	}
	switch {
	case json.Unmarshal([]byte(raw), &m) != nil:
		return nil, fail("invalid_metadata_format")
	case m.Type == nil && m.Payload == nil:
		return json.RawMessage("{}"), nil
	case m.Type == nil, *m.Type == "" && m.Payload != nil:
		return nil, fail("invalid_metadata_schema")
	case *m.Type == "":
		return nil, nil
	}
	return json.RawMessage(raw), nil
}

// empty says that there would be nothing to see.
func (c content) empty() bool { return strings.TrimSpace(c.text) == "" && len(c.blocks) == 0 }

// into lays the content over a message.
func (c content) into(m Message) Message {
	m.Text, m.Blocks = c.text, c.blocks
	switch {
	case c.metadata == nil:
	case string(c.metadata) == "{}":
		m.Metadata = nil
	default:
		m.Metadata = c.metadata
	}
	return m
}

// cut shortens a posted text the way Slack does.
func cut(text string) string {
	if utf8.RuneCountInString(text) <= maxPostText {
		return text
	}
	return string([]rune(text)[:maxPostText])
}

func (s *Server) chatPostMessage(c *call) (reply, error) {
	w := s.ws
	if err := c.need("channel"); err != nil {
		return nil, err
	}
	ch, err := w.writable(c.args["channel"])
	if err != nil {
		return nil, err
	}
	body, err := w.content(c.args)
	if err != nil {
		return nil, err
	}
	if body.empty() {
		return nil, fail("no_text")
	}
	if err := w.spend(ch.posts); err != nil {
		return nil, err
	}
	body.text = cut(body.text)
	m := w.post(ch, body.into(Message{UserID: botUserID, ThreadTS: c.args["thread_ts"], Broadcast: c.bool("reply_broadcast")}))
	w.counts.Posts++
	return reply{"channel": ch.ID, "ts": m.TS, "message": w.wire(ch, m, true)}, nil
}

func (s *Server) chatPostEphemeral(c *call) (reply, error) {
	w := s.ws
	if err := c.need("channel", "user"); err != nil {
		return nil, err
	}
	ch, err := w.writable(c.args["channel"])
	if err != nil {
		return nil, err
	}
	if _, err := w.person(c.args["user"]); err != nil {
		return nil, fail("user_not_in_channel")
	}
	body, err := w.content(c.args)
	if err != nil {
		return nil, err
	}
	if body.empty() {
		return nil, fail("no_text")
	}
	body.text = cut(body.text)
	m := w.post(ch, body.into(Message{UserID: botUserID, ThreadTS: c.args["thread_ts"], EphemeralTo: c.args["user"]}))
	w.counts.Ephemerals++
	return reply{"message_ts": m.TS}, nil
}

func (s *Server) chatUpdate(c *call) (reply, error) {
	w := s.ws
	ch, m, err := w.own(c.args)
	if err != nil {
		return nil, err
	}
	body, err := w.content(c.args)
	if err != nil {
		return nil, err
	}
	if len(body.text) > maxUpdateBytes {
		return nil, fail("msg_too_long")
	}
	if body.empty() {
		return nil, fail("no_text")
	}
	again := body.into(*m)
	again.EditedTS = w.ts()
	w.counts.Updates++
	m = w.replace(ch, again)
	return reply{"channel": ch.ID, "ts": m.TS, "text": m.Text, "message": w.wire(ch, m, true)}, nil
}

func (s *Server) chatDelete(c *call) (reply, error) {
	ch, m, err := s.ws.own(c.args)
	if err != nil {
		return nil, err
	}
	s.ws.delete(ch, m)
	s.ws.counts.Deletions++
	return reply{"channel": ch.ID, "ts": m.TS}, nil
}

// own is the app's message at channel and ts, which it may change. Ephemeral ones can only be changed by response_url.
func (w *workspace) own(a args) (*channel, *Message, error) {
	if err := a.need("channel", "ts"); err != nil {
		return nil, nil, err
	}
	ch, err := w.writable(a["channel"])
	if err != nil {
		return nil, nil, err
	}
	m := ch.find(a["ts"])
	switch {
	case m == nil || m.EphemeralTo != "" || m.Tombstone:
		return nil, nil, fail("message_not_found")
	case m.UserID != botUserID:
		return nil, nil, fail("cant_update_message")
	}
	return ch, m, nil
}

func (s *Server) chatGetPermalink(c *call) (reply, error) {
	if err := c.need("channel", "message_ts"); err != nil {
		return nil, err
	}
	ch, err := s.ws.appChannel(c.args["channel"])
	if err != nil {
		return nil, err
	}
	m := ch.find(c.args["message_ts"])
	if m == nil || m.EphemeralTo != "" {
		return nil, fail("message_not_found")
	}
	link := c.base + "/#" + ch.ID + "/" + m.TS
	if m.ThreadTS != "" {
		link = c.base + "/#" + ch.ID + "/" + m.ThreadTS
	}
	return reply{"channel": ch.ID, "permalink": link}, nil
}

func (s *Server) reactionsAdd(c *call) (reply, error) {
	if err := c.need("channel", "timestamp", "name"); err != nil {
		return nil, err
	}
	ch, err := s.ws.writable(c.args["channel"])
	if err != nil {
		return nil, err
	}
	m := ch.find(c.args["timestamp"])
	if m == nil || m.EphemeralTo != "" {
		return nil, fail("message_not_found")
	}
	again := *m
	again.Reactions = slices.Clone(m.Reactions)
	i := slices.IndexFunc(again.Reactions, func(r Reaction) bool { return r.Name == c.args["name"] })
	switch {
	case i < 0:
		again.Reactions = append(again.Reactions, Reaction{Name: c.args["name"], Users: []string{botUserID}})
	case slices.Contains(again.Reactions[i].Users, botUserID):
		return nil, fail("already_reacted")
	default:
		again.Reactions[i].Users = append(slices.Clone(again.Reactions[i].Users), botUserID)
	}
	s.ws.replace(ch, again)
	return reply{}, nil
}
