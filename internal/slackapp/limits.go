package slackapp

// Slack's limits, in characters unless said otherwise, with some room to spare where texts add up.
// Sources: docs.slack.dev, reference of blocks, block elements, composition objects, views and methods.
const (
	maxSection      = 2900 // of 3,000
	maxFieldText    = 1900 // of 2,000
	maxFields       = 10   // in a section
	maxHeader       = 150
	maxContext      = 1900
	maxActions      = 25
	maxBlocks       = 50
	maxModalBlocks  = 100
	maxText         = 12000 // of all blocks of a message together, with perBlock for each after the first; Slack refuses from some 13,000 on
	perBlock        = 125
	maxModalText    = 60000 // so that a view stays under 250 KB
	maxTableRows    = 100
	maxTableColumns = 20
	maxCell         = 300
	maxButton       = 75
	maxValue        = 2000
	maxID           = 255
	maxConfirmTitle = 100
	maxConfirmText  = 300
	maxConfirmWord  = 30
	maxModalTitle   = 24
	maxLabel        = 200 // of 2,000
	maxHint         = 300 // of 2,000
	maxInput        = 3000
	maxFallback     = 3500 // bytes; chat.update takes 4,000
	maxMetadata     = 3000

	maxTaken = 4 * maxModalText // bytes that are looked at of one text: more is never shown
)
