package slackemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Shortcut is one of the app's in the menu of every message.
type Shortcut struct {
	Name       string
	CallbackID string
}

// foreignPrefix begins the user ids of other apps.
const foreignPrefix = "U9APP"

// Post writes a message as another app does, an alert manager for instance: message is JSON with text, blocks or attachments, as that app
// sends it to chat.postMessage or an incoming webhook. Its blocks are not checked, for they are not the app's. It returns the message's
// timestamp.
func (s *Server) Post(channelID, app string, message []byte) (ts string, err error) {
	var m struct {
		Text        string            `json:"text"`
		Blocks      []Block           `json:"blocks"`
		Attachments []json.RawMessage `json:"attachments"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return "", fmt.Errorf("post as %s: %w", app, err)
	}
	defer s.change()()
	c := s.ws.channel(channelID)
	if c == nil {
		return "", fmt.Errorf("no channel %s in the workspace", channelID)
	}
	id := foreignPrefix + app
	return s.ws.post(c, Message{UserID: id, App: app, Text: m.Text, Blocks: m.Blocks, Attachments: m.Attachments}).TS, nil
}

// Shortcut uses a shortcut of the app's on a message, and waits for the acknowledgement.
func (s *Server) Shortcut(ctx context.Context, userID, channelID, ts, callbackID string) error {
	done := s.change()
	payload, err := s.ws.messageAction(userID, channelID, ts, callbackID, s.base)
	done()
	if err != nil {
		return err
	}
	if _, err := s.dispatch(ctx, kindInteractive, payload, false); err != nil {
		if errors.Is(err, ErrNotAcknowledged) {
			defer s.change()()
			s.ws.counts.Complaints++
		}
		return fmt.Errorf("using the shortcut %s: %w", callbackID, err)
	}
	return nil
}

// messageAction is the payload of a message shortcut. Source: docs.slack.dev, reference of interaction payloads, shortcuts; what is sent
// besides is in Bolt's types.
func (w *workspace) messageAction(userID, channelID, ts, callbackID, base string) (map[string]any, error) {
	u, c, err := w.actor(userID, channelID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(w.opts.Shortcuts, func(s Shortcut) bool { return s.CallbackID == callbackID })
	if i < 0 {
		return nil, fmt.Errorf("the app has no shortcut %q", callbackID)
	}
	m := c.find(ts)
	if m == nil || m.EphemeralTo != "" || m.Tombstone { // what one person alone sees has no menu
		return nil, fmt.Errorf("%s sees no message %s with a menu in %s", u.Name, ts, channelID)
	}
	from := origin{channelID: c.ID, messageTS: m.TS, threadTS: m.ThreadTS}
	name := c.Name
	if c.person != "" {
		name = "directmessage"
	}
	w.did(u, from, w.opts.Shortcuts[i].Name)
	return map[string]any{
		"type": "message_action", "token": "emulated", "callback_id": callbackID, "action_ts": w.ts(), "message_ts": m.TS,
		"team": w.wireTeam(), "user": wireActor(u), "channel": map[string]any{"id": c.ID, "name": name}, "message": w.wire(c, m, false),
		"trigger_id": w.newTrigger(userID, from, ""), "response_url": w.responseURL(base, w.newReplyTo(u.ID, from)),
		"enterprise": nil, "is_enterprise_install": false,
	}, nil
}
