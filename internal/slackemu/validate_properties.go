package slackemu

import (
	"maps"
	"slices"
	"strings"
)

// properties are what each kind of thing may have, by its type; Slack refuses what is none of them. Kinds that are not listed may have
// anything. Sources: docs.slack.dev, reference of blocks, block elements and composition objects, and npm's @slack/types.
var properties = map[string]string{
	"header":           "text level",
	"section":          "text fields accessory expand",
	"divider":          "",
	"context":          "elements",
	"actions":          "elements",
	"input":            "label element dispatch_action hint optional",
	"image":            "alt_text title image_url slack_file fallback image_width image_height image_bytes",
	"table":            "rows column_settings",
	"button":           "text action_id url value style confirm accessibility_label",
	"overflow":         "action_id options confirm",
	"plain_text_input": "action_id initial_value multiline min_length max_length dispatch_action_config focus_on_load placeholder",
	"plain_text":       "text emoji",
	"mrkdwn":           "text verbatim",
	"confirm":          "title text confirm deny style",
	"home":             "blocks private_metadata callback_id external_id",
	"modal":            "title blocks close submit private_metadata callback_id clear_on_close notify_on_close external_id submit_disabled",
}

// known checks that a thing of a kind has no properties but those which it may have.
func (v *validator) known(m map[string]any, kind, path string) {
	allowed, listed := properties[kind]
	if !listed {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if key != "type" && key != "block_id" && !slices.Contains(strings.Fields(allowed), key) {
			v.fail(path, "invalid additional property: %s", key)
		}
	}
}
