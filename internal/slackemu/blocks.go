package slackemu

import (
	"encoding/json"
	"iter"
)

// Block is one Block Kit block as the app sent it, decoded from JSON, with a block_id given to it where it had none.
type Block map[string]any

// ID is the block's block_id.
func (b Block) ID() string { return str(b, "block_id") }

// Type is the block's type: "section", "actions" and so on.
func (b Block) Type() string { return str(b, "type") }

// Element is something in a block that a person can act on.
type Element struct {
	BlockID  string
	ActionID string
	Type     string // "button", "static_select", "plain_text_input" …
	Label    string // a button's text, an input's label
	Value    string // a button's value
	Style    string // "", "primary", "danger"
	URL      string // a button that opens a page
	Confirm  bool   // asks before it acts
	raw      map[string]any
}

// Elements are the interactive elements of the message, in order.
func (m Message) Elements() []Element { return collect(elements(m.Blocks)) }

// Elements are the interactive elements of the view, in order.
func (v View) Elements() []Element { return collect(elements(v.Blocks)) }

func collect(seq iter.Seq[Element]) []Element {
	var out []Element
	for e := range seq {
		out = append(out, e)
	}
	return out
}

// elements walks the interactive elements of blocks.
func elements(blocks []Block) iter.Seq[Element] {
	return func(yield func(Element) bool) {
		for _, b := range blocks {
			for _, raw := range holders(b) {
				if str(raw, "action_id") == "" {
					continue // an image as accessory
				}
				e := Element{
					BlockID: b.ID(), ActionID: str(raw, "action_id"), Type: str(raw, "type"), Label: textOf(raw, "text"),
					Value: str(raw, "value"), Style: str(raw, "style"), URL: str(raw, "url"), Confirm: obj(raw, "confirm") != nil,
					raw: raw,
				}
				if b.Type() == "input" {
					e.Label = textOf(b, "label")
				}
				if !yield(e) {
					return
				}
			}
		}
	}
}

// holders are the places of a block where elements can be.
func holders(b Block) []map[string]any {
	switch b.Type() {
	case "section":
		if a := obj(b, "accessory"); a != nil {
			return []map[string]any{a}
		}
	case "actions":
		return objects(b, "elements")
	case "input":
		if e := obj(b, "element"); e != nil {
			return []map[string]any{e}
		}
	}
	return nil
}

// findElement is the first element with that action_id, and block_id where one is given.
func findElement(blocks []Block, blockID, actionID string) (Element, bool) {
	for e := range elements(blocks) {
		if e.ActionID == actionID && (blockID == "" || e.BlockID == blockID) {
			return e, true
		}
	}
	return Element{}, false
}

// options are an element's choices.
func (e Element) options() []map[string]any {
	out := objects(e.raw, "options")
	for _, g := range objects(e.raw, "option_groups") {
		out = append(out, objects(g, "options")...)
	}
	return out
}

// option is the choice with that value.
func (e Element) option(value string) (map[string]any, bool) {
	for _, o := range e.options() {
		if str(o, "value") == value {
			return o, true
		}
	}
	return nil, false
}

// parseBlocks decodes a JSON array of objects.
func parseBlocks(raw []byte) ([]Block, error) {
	var blocks []Block
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return nil, &apiError{Code: "invalid_blocks_format"}
	}
	for _, b := range blocks {
		if b == nil {
			return nil, &apiError{Code: "invalid_blocks_format"}
		}
	}
	return blocks, nil
}

// The accessors below read decoded JSON: what is absent or of another type is the zero value.

func str(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

func obj(m map[string]any, key string) map[string]any {
	o, _ := m[key].(map[string]any)
	return o
}

func list(m map[string]any, key string) []any {
	l, _ := m[key].([]any)
	return l
}

func objects(m map[string]any, key string) []map[string]any {
	var out []map[string]any
	for _, v := range list(m, key) {
		if o, ok := v.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

// textOf is the text of the text object at key.
func textOf(m map[string]any, key string) string { return str(obj(m, key), "text") }

func flag(m map[string]any, key string) bool {
	b, _ := m[key].(bool)
	return b
}
