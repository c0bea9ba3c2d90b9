package slackemu

import (
	"encoding/json"
	"fmt"
)

// CheckMessage says why Slack would refuse a message's text, blocks and metadata, given as the JSON object that a call or an
// acknowledgement carries; nil if it would take them. Nothing is sent.
func CheckMessage(raw []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return fmt.Errorf("read a message: %w", err)
	}
	a := args{}
	a.fill(fields)
	body, err := (&workspace{}).content(a)
	switch {
	case err != nil:
		return err
	case body.empty():
		return fail("no_text")
	case len(body.text) > maxUpdateBytes: // it may have to be changed
		return fail("msg_too_long")
	}
	return nil
}

// CheckModal says why Slack would refuse a modal, given as JSON; nil if it would take it. Nothing is shown.
func CheckModal(raw []byte) error {
	_, err := (&workspace{}).newView(raw, onModal)
	return err
}

// CheckHome says why Slack would refuse a Home tab, given as JSON; nil if it would take it. Nothing is shown.
func CheckHome(raw []byte) error {
	_, err := (&workspace{}).newView(raw, onHome)
	return err
}
