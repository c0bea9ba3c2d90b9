package slackemu

import (
	"context"
	"errors"
	"fmt"
)

// Use is a person's use of an element: a button pressed, an option chosen.
type Use struct {
	ChannelID, TS string // the message that has the element, or
	ViewID        string // the view
	BlockID       string // may be empty where ActionID is unique
	ActionID      string
	Value         string            // the chosen option's value; several for checkboxes, separated by commas
	State         map[string]string // what else was entered there, as for Submit
}

// Press presses a button of a message and waits for the acknowledgement. Confirm dialogs are the page's affair.
func (s *Server) Press(ctx context.Context, userID, channelID, ts, actionID string) error {
	return s.Act(ctx, userID, Use{ChannelID: channelID, TS: ts, ActionID: actionID})
}

// Select chooses an option of a message's select, overflow menu or the like.
func (s *Server) Select(ctx context.Context, userID, channelID, ts, actionID, value string) error {
	return s.Act(ctx, userID, Use{ChannelID: channelID, TS: ts, ActionID: actionID, Value: value})
}

// PressView presses a button of a modal or of the Home tab.
func (s *Server) PressView(ctx context.Context, userID, viewID, actionID string) error {
	return s.Act(ctx, userID, Use{ViewID: viewID, ActionID: actionID})
}

// Act uses an element and waits for the app's acknowledgement.
func (s *Server) Act(ctx context.Context, userID string, use Use) error {
	done := s.change()
	payload, err := s.ws.blockActions(userID, use, s.base)
	done()
	if err != nil {
		return err
	}
	if _, err := s.dispatch(ctx, kindInteractive, payload, false); err != nil {
		if errors.Is(err, ErrNotAcknowledged) {
			defer s.change()()
			s.ws.counts.Complaints++
		}
		return fmt.Errorf("using %s: %w", use.ActionID, err)
	}
	return nil
}

// blockActions is the payload of a Use, which must be of something that is there for that person to use.
func (w *workspace) blockActions(userID string, use Use, base string) (map[string]any, error) {
	u, err := w.person(userID)
	if err != nil {
		return nil, err
	}
	payload := w.interactionPayload("block_actions", u)
	var blocks []Block
	var from origin
	if use.ViewID != "" {
		v := w.findView(use.ViewID, "")
		if v == nil || v.UserID != userID {
			return nil, fmt.Errorf("%s sees no view %s", u.Name, use.ViewID)
		}
		blocks, from = v.Blocks, v.origin
		payload["view"] = w.wireView(v, stateValues(blocks, use.State))
		payload["container"] = map[string]any{"type": "view", "view_id": v.ID}
	} else if blocks, from, err = w.onMessage(u, use, payload, base); err != nil {
		return nil, err
	}
	e, ok := findElement(blocks, use.BlockID, use.ActionID)
	if !ok {
		return nil, fmt.Errorf("nothing to press called %q is there", use.ActionID)
	}
	if len(e.options()) > 0 && e.Type != "checkboxes" {
		if _, ok := e.option(use.Value); !ok {
			return nil, fmt.Errorf("%s has no option %q", use.ActionID, use.Value)
		}
	}
	payload["actions"] = []map[string]any{actionPayload(e, use.Value, w.ts())}
	payload["trigger_id"] = w.newTrigger(userID, from, use.ViewID)
	w.did(u, from, e.describe(use.Value))
	return payload, nil
}

// onMessage adds to a payload what is said of the message on which something was used.
func (w *workspace) onMessage(u User, use Use, payload map[string]any, base string) ([]Block, origin, error) {
	_, c, err := w.actor(u.ID, use.ChannelID)
	if err != nil {
		return nil, origin{}, err
	}
	m := c.find(use.TS)
	if m == nil || (m.EphemeralTo != "" && m.EphemeralTo != u.ID) {
		return nil, origin{}, fmt.Errorf("%s sees no message %s in %s", u.Name, use.TS, use.ChannelID)
	}
	from := origin{channelID: c.ID, messageTS: m.TS, threadTS: m.ThreadTS, ephemeral: m.EphemeralTo != ""}
	container := map[string]any{
		"type": "message", "message_ts": m.TS, "channel_id": c.ID, "is_ephemeral": from.ephemeral,
	}
	if m.ThreadTS != "" {
		container["thread_ts"] = m.ThreadTS
	}
	name := c.Name
	if c.person != "" {
		name = "directmessage"
	}
	payload["container"] = container
	payload["channel"] = map[string]any{"id": c.ID, "name": name}
	payload["state"] = map[string]any{"values": stateValues(m.Blocks, use.State)}
	payload["response_url"] = w.responseURL(base, w.newReplyTo(u.ID, from))
	if !from.ephemeral {
		payload["message"] = w.wire(c, m, true)
	}
	return m.Blocks, from, nil
}
