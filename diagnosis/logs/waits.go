package logs

import (
	"regexp"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// waiting is how programs say that they do not go on until something comes. "Waiting for connections" is a server's readiness.
var (
	waiting = regexp.MustCompile(`(?i)\b(?:still |now )?(?:waiting|waits?|blocked|sleeping|retrying|held up)(?: \w+){0,2}? (?:for|on|until|by|in)\b`)
	serves  = regexp.MustCompile(`(?i)\b(?:wait(?:ing|s)? for|listening for)(?: \w+){0,2} ` +
		`(?:connections?|requests?|jobs?|tasks?|messages?|events?|signals?|work|clients?|commands?|input|changes?)\b`)
)

// waitsFor is what the log's last line says, where it says what the program waits for: whatever complained before has not kept it from
// going on, and nothing has come since.
func (d *document) waitsFor() string {
	if len(d.lines) == 0 {
		return ""
	}
	last := parse(d.lines[len(d.lines)-1]).text
	if !waiting.MatchString(last) || serves.MatchString(last) {
		return ""
	}
	return clip.Middle(strings.TrimSpace(last), maxLine)
}
