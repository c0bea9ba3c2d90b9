package slackemu

import (
	"fmt"
	"unicode/utf8"
)

// surface is where blocks are to be shown; not every block may be shown everywhere.
type surface string

const (
	onMessage surface = "message"
	onModal   surface = "modal"
	onHome    surface = "home"
)

// validator collects what is wrong with a set of blocks, each fault with a JSON pointer as Slack writes it.
type validator struct {
	surface surface
	faults  []string
	ids     map[string]bool // block_ids seen
	text    int             // characters of all texts together
	marked  int             // those in markdown blocks
	tables  int
	inputs  int
	files   map[string]File // that images may show
	unnamed int             // elements that came without an action_id
}

func (v *validator) fail(path, format string, args ...any) {
	v.faults = append(v.faults, fmt.Sprintf("[ERROR] %s [json-pointer:%s]", fmt.Sprintf(format, args...), path))
}

// validateBlocks checks blocks for a surface, gives a block_id to those without, and returns Slack's error.
// Blocks are checked as they will be shown; nil and empty are fine.
func (w *workspace) validateBlocks(blocks []Block, on surface) error {
	v := &validator{surface: on, ids: map[string]bool{}, files: w.files}
	v.blocks(blocks, "/blocks")
	switch {
	case len(v.faults) > 0:
		return invalid("invalid_blocks", v.faults)
	case v.tables > 1:
		return invalid("invalid_attachments", []string{"[ERROR] only_one_table_allowed"})
	case on == onMessage && v.text+blockWeight*(len(blocks)-1) > maxMessageWeight:
		return &apiError{Code: "msg_blocks_too_long"}
	}
	identify(blocks, w.blockID)
	return nil
}

func identify(blocks []Block, next func() string) {
	for _, b := range blocks {
		if b.ID() == "" {
			b["block_id"] = next()
		}
	}
}

func (v *validator) blocks(blocks []Block, path string) {
	most := maxViewBlocks
	if v.surface == onMessage {
		most = maxMessageBlocks
	}
	if len(blocks) > most {
		v.fail(path, "no more than %d items allowed", most)
	}
	for i, b := range blocks {
		v.block(b, fmt.Sprintf("%s/%d", path, i))
	}
}

func (v *validator) block(b Block, path string) {
	rule, ok := blockRules[b.Type()]
	if !ok || (rule.on != "" && rule.on != v.surface) {
		v.fail(path+"/type", "unsupported type: %s", b.Type())
		return
	}
	if id := v.str(b, "block_id", path, 0, maxBlockID); id != "" {
		if v.ids[id] {
			v.fail(path+"/block_id", "`block_id` already exists: %s", id)
		}
		v.ids[id] = true
	}
	v.known(b, b.Type(), path)
	rule.check(v, b, path)
}

// str checks that the string at key has between least and most characters; least 0 means that it may be absent.
func (v *validator) str(m map[string]any, key, path string, least, most int) string {
	raw, there := m[key]
	if !there {
		if least > 0 {
			v.fail(path, "missing required field: %s", key)
		}
		return ""
	}
	s, ok := raw.(string)
	if !ok {
		v.fail(path+"/"+key, "must be a string")
		return ""
	}
	switch n := utf8.RuneCountInString(s); {
	case n < least:
		v.fail(path+"/"+key, "must be more than %d characters", least-1)
	case n > most:
		v.fail(path+"/"+key, "must be less than %d characters", most+1)
	}
	return s
}

// oneOf checks that the string at key is absent or among the allowed.
func (v *validator) oneOf(m map[string]any, key, path string, allowed ...string) {
	raw, there := m[key]
	if !there {
		return
	}
	for _, a := range allowed {
		if raw == a {
			return
		}
	}
	v.fail(path+"/"+key, "must be a valid enum value")
}

// object is the object at key.
func (v *validator) object(m map[string]any, key, path string, required bool) map[string]any {
	raw, there := m[key]
	if !there {
		if required {
			v.fail(path, "missing required field: %s", key)
		}
		return nil
	}
	o, ok := raw.(map[string]any)
	if !ok {
		v.fail(path+"/"+key, "must provide an object")
	}
	return o
}

// items are the objects of the array at key, between least and most of them.
func (v *validator) items(m map[string]any, key, path string, least, most int) []map[string]any {
	if _, there := m[key]; !there {
		v.fail(path, "missing required field: %s", key)
		return nil
	}
	all, ok := m[key].([]any)
	if !ok {
		v.fail(path+"/"+key, "must provide an array")
		return nil
	}
	if len(all) < least {
		v.fail(path+"/"+key, "must have at least %d items", least)
	}
	if len(all) > most {
		v.fail(path+"/"+key, "no more than %d items allowed", most)
	}
	out := make([]map[string]any, 0, len(all))
	for i, raw := range all {
		o, ok := raw.(map[string]any)
		if !ok {
			v.fail(fmt.Sprintf("%s/%s/%d", path, key, i), "must provide an object")
			o = map[string]any{}
		}
		out = append(out, o)
	}
	return out
}

// textObject checks a text object; plain means that mrkdwn is not allowed.
func (v *validator) textObject(m map[string]any, key, path string, most int, plain, required bool) {
	if o := v.object(m, key, path, required); o != nil {
		v.textIn(o, path+"/"+key, most, plain)
	}
}

func (v *validator) textIn(o map[string]any, path string, most int, plain bool) {
	switch kind := str(o, "type"); {
	case kind != "plain_text" && kind != "mrkdwn":
		v.fail(path+"/type", "unsupported type: %s", kind)
	case plain && kind != "plain_text":
		v.fail(path+"/type", "must be plain_text")
	}
	v.known(o, str(o, "type"), path)
	v.text += utf8.RuneCountInString(v.str(o, "text", path, 1, most))
}
