package slackemu

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// blockRule says where a kind of block may be and what must hold for it.
type blockRule struct {
	on    surface // "" is everywhere
	check func(v *validator, b Block, path string)
}

// blockRules are the blocks this Slack knows.
var blockRules = map[string]blockRule{
	"header":    {check: checkHeader},
	"section":   {check: checkSection},
	"divider":   {check: func(*validator, Block, string) {}},
	"context":   {check: checkContext},
	"actions":   {check: checkActions},
	"input":     {check: checkInput},
	"image":     {check: checkImage},
	"rich_text": {check: checkRichText},
	"markdown":  {on: onMessage, check: checkMarkdown},
	"table":     {on: onMessage, check: checkTable},
}

func checkHeader(v *validator, b Block, path string) {
	v.textObject(b, "text", path, maxHeaderText, true, true)
}

func checkSection(v *validator, b Block, path string) {
	_, hasFields := b["fields"]
	v.textObject(b, "text", path, maxSectionText, false, !hasFields)
	if hasFields {
		for i, f := range v.items(b, "fields", path, 1, maxSectionFields) {
			v.textIn(f, fmt.Sprintf("%s/fields/%d", path, i), maxSectionField, false)
		}
	}
	if a := v.object(b, "accessory", path, false); a != nil {
		v.element(a, path+"/accessory", inSection)
	}
}

func checkContext(v *validator, b Block, path string) {
	for i, e := range v.items(b, "elements", path, 1, maxContextElements) {
		at := fmt.Sprintf("%s/elements/%d", path, i)
		if str(e, "type") == "image" {
			v.image(e, at)
			continue
		}
		v.textIn(e, at, maxSectionText, false)
	}
}

func checkActions(v *validator, b Block, path string) {
	seen := map[string]bool{}
	for i, e := range v.items(b, "elements", path, 1, maxActionsElements) {
		at := fmt.Sprintf("%s/elements/%d", path, i)
		v.element(e, at, inActions)
		id := str(e, "action_id")
		if id != "" && seen[id] {
			v.fail(at+"/action_id", "`action_id` already exists: %s", id)
		}
		seen[id] = true
	}
}

func checkInput(v *validator, b Block, path string) {
	v.inputs++
	v.textObject(b, "label", path, maxInputLabel, true, true)
	v.textObject(b, "hint", path, maxInputHint, true, false)
	if e := v.object(b, "element", path, true); e != nil {
		v.element(e, path+"/element", inInput)
	}
}

func checkImage(v *validator, b Block, path string) {
	v.image(b, path)
	v.textObject(b, "title", path, maxInputLabel, true, false)
}

// image checks what image blocks and image elements share.
func (v *validator) image(m map[string]any, path string) {
	v.str(m, "alt_text", path, 1, maxAltText)
	if obj(m, "slack_file") == nil {
		v.str(m, "image_url", path, 1, maxURL)
		return
	}
	id := v.str(obj(m, "slack_file"), "id", path+"/slack_file", 1, maxURL)
	f := v.files[id]
	shown := f.shared && strings.HasPrefix(f.MIME, "image/")
	switch {
	case id == "":
	case !fileID.MatchString(id):
		v.fail(path+"/slack_file/id", "input must match regex pattern: %s", fileID)
	case !shown: // what was shared nowhere only the app may see
		v.fail(path+"/slack_file", "invalid slack file")
	}
}

// fileID is what Slack takes for the id of a file.
var fileID = regexp.MustCompile(`^[F][A-Z0-9]{8,}$`)

func checkMarkdown(v *validator, b Block, path string) {
	n := utf8.RuneCountInString(v.str(b, "text", path, 1, maxMarkdownText))
	if v.marked += n; n <= maxMarkdownText && v.marked > maxMarkdownText {
		v.fail(path+"/text", "all markdown blocks together must be less than %d characters", maxMarkdownText+1)
	}
	v.text += n
}

func checkTable(v *validator, b Block, path string) {
	v.tables++
	before := v.text
	rows, ok := b["rows"].([]any)
	if !ok || len(rows) == 0 {
		v.fail(path, "missing required field: rows")
		return
	}
	if len(rows) > maxTableRows {
		v.fail(path+"/rows", "no more than %d items allowed", maxTableRows)
	}
	for i, raw := range rows {
		cells, ok := raw.([]any)
		at := fmt.Sprintf("%s/rows/%d", path, i)
		if !ok {
			v.fail(at, "must provide an array")
			continue
		}
		if len(cells) > maxTableColumns {
			v.fail(at, "no more than %d items allowed", maxTableColumns)
		}
		for j, c := range cells {
			v.cell(c, fmt.Sprintf("%s/%d", at, j))
		}
	}
	if v.text-before > maxTableText {
		v.fail(path+"/rows", "all cells together must be less than %d characters", maxTableText+1)
	}
	if n := len(list(b, "column_settings")); n > maxTableColumns {
		v.fail(path+"/column_settings", "no more than %d items allowed", maxTableColumns)
	}
}

func (v *validator) cell(raw any, path string) {
	c, _ := raw.(map[string]any)
	switch kind := str(c, "type"); kind {
	case "raw_text":
		v.text += utf8.RuneCountInString(v.str(c, "text", path, 1, maxSectionText))
	case "raw_number":
		if _, ok := c["value"].(float64); !ok {
			v.fail(path, "missing required field: value")
		}
	case "rich_text":
		checkRichText(v, c, path)
	default:
		v.fail(path+"/type", "unsupported type: %s", kind)
	}
}

// richContainers are the parts of a rich_text block; all but lists hold inline elements.
var richContainers = map[string]bool{
	"rich_text_section": true, "rich_text_list": true, "rich_text_preformatted": true, "rich_text_quote": true,
}

// richInline are what text runs are made of, with the field each must have.
var richInline = map[string]string{
	"text": "text", "link": "url", "emoji": "name", "user": "user_id", "channel": "channel_id", "usergroup": "usergroup_id",
	"broadcast": "range", "date": "format", "color": "value",
}

func checkRichText(v *validator, b Block, path string) {
	for i, e := range v.items(b, "elements", path, 0, maxViewBlocks) {
		v.richContainer(e, fmt.Sprintf("%s/elements/%d", path, i), true)
	}
}

func (v *validator) richContainer(m map[string]any, path string, lists bool) {
	kind := str(m, "type")
	if !richContainers[kind] || (kind == "rich_text_list" && !lists) {
		v.fail(path+"/type", "unsupported type: %s", kind)
		return
	}
	for i, e := range v.items(m, "elements", path, 0, maxSectionText) {
		at := fmt.Sprintf("%s/elements/%d", path, i)
		if kind == "rich_text_list" {
			v.richContainer(e, at, false)
			continue
		}
		field, ok := richInline[str(e, "type")]
		if !ok {
			v.fail(at+"/type", "unsupported type: %s", str(e, "type"))
			continue
		}
		v.text += utf8.RuneCountInString(v.str(e, field, at, 1, maxMarkdownText))
	}
}
