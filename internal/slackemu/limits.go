package slackemu

import "time"

// What Slack refuses. Lengths are characters unless said otherwise; counts are inclusive.
// Sources: docs.slack.dev, reference of blocks, block elements, composition objects, views and methods.
const (
	maxSectionText     = 3000
	maxSectionField    = 2000
	maxSectionFields   = 10
	maxHeaderText      = 150
	maxMarkdownText    = 12000
	maxContextElements = 10
	maxActionsElements = 25
	maxMessageBlocks   = 50
	maxViewBlocks      = 100
	maxTableText       = 10000 // all cells of a table
	maxTableRows       = 100
	maxTableColumns    = 20
	maxInputLabel      = 2000
	maxInputHint       = 2000
	maxAltText         = 2000
	maxURL             = 3000

	maxActionID      = 255
	maxBlockID       = 255
	maxButtonText    = 75
	maxButtonValue   = 2000
	maxButtonLabel   = 75 // accessibility_label
	maxOptionText    = 75
	maxOptionValue   = 150
	maxOverflow      = 5
	maxSelectOptions = 100
	maxChoiceOptions = 10 // radio_buttons, checkboxes
	maxPlaceholder   = 150
	maxPlainInput    = 3000

	maxConfirmTitle  = 100
	maxConfirmText   = 300
	maxConfirmButton = 30

	maxViewTitle       = 24
	maxViewButton      = 24
	maxPrivateMetadata = 3000
	maxCallbackID      = 255
	maxViewBytes       = 250 * 1024
	maxViewStack       = 3

	// All blocks of a message together: their text, and blockWeight for each block after the first, or msg_blocks_too_long. Slack
	// says it nowhere; measured in the threads of slackapi/bolt-js #2509 and #2867.
	maxMessageWeight = 13000
	blockWeight      = 125

	maxPostText    = 40000 // longer text is cut when posted
	maxUpdateBytes = 4000  // chat.update: bytes after escaping, msg_too_long
	maxMetadata    = 16 * 1024

	maxAckBytes    = 20 * 1024 // a longer Socket Mode answer closes the connection with 1009
	maxConnections = 10

	triggerLife      = 3 * time.Second
	responseURLLife  = 30 * time.Minute
	responseURLUses  = 5
	defaultAckWithin = 3 * time.Second
)

// What this emulator bounds for its own sake.
const (
	maxRequestBytes  = 1 << 20
	maxUploadBytes   = 16 << 20
	maxChannelLength = 10000 // messages a channel; the oldest go first
	maxPending       = 1000  // envelopes under way
	maxRemembered    = 10000 // refusals, acts, triggers, response URLs
	envelopeLife     = 10 * time.Minute
)

// eventRetries is when Slack tries an unacknowledged event again, counted from the failure before.
var eventRetries = []time.Duration{0, time.Minute, 5 * time.Minute}
