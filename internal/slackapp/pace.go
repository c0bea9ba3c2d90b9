package slackapp

import "time"

// Slack takes about one message a second in a channel, and short bursts
// (https://docs.slack.dev/apis/web-api/rate-limits, "special rate limits").
const (
	perSecond = 1.0
	burst     = 4.0
)

// pace is a token bucket. The zero value is full.
type pace struct {
	spent float64
	at    time.Time
}

// take says whether a message may go out now, and otherwise when the next may.
func (p *pace) take(now time.Time) (ok bool, next time.Time) {
	if !p.at.IsZero() {
		p.spent = max(0, p.spent-perSecond*now.Sub(p.at).Seconds())
	}
	p.at = now
	if p.spent+1 > burst {
		wait := (p.spent + 1 - burst) / perSecond
		return false, now.Add(time.Duration(wait * float64(time.Second)))
	}
	p.spent++
	return true, now
}

// hold keeps something back after an error, longer each time.
type hold struct {
	until  time.Time
	wait   time.Duration
	reason string // as it was logged
}

const (
	holdFirst = time.Second
	holdMost  = 5 * time.Minute
)

// again sets the hold after another failure. at least is what Slack asked for.
func (h *hold) again(now time.Time, least time.Duration) {
	h.wait = min(max(2*h.wait, holdFirst), holdMost)
	h.until = now.Add(max(h.wait, least))
}
