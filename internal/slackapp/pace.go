package slackapp

import "time"

// Slack takes about one new message a second in a channel, with short bursts, and some fifty changes of messages a minute
// (https://docs.slack.dev/apis/web-api/rate-limits: "special rate limits", and tier 3 for chat.update).
var (
	ofPosts   = rate{perSecond: 1, burst: 4}
	ofUpdates = rate{perSecond: 50.0 / 60, burst: 10}
)

// rate is how many calls are allowed.
type rate struct{ perSecond, burst float64 }

// pace is a token bucket. The zero value is full.
type pace struct {
	spent float64
	at    time.Time
}

// take says whether a call may go out now, and otherwise when the next may.
func (p *pace) take(now time.Time, r rate) (ok bool, next time.Time) {
	if !p.at.IsZero() {
		p.spent = max(0, p.spent-r.perSecond*now.Sub(p.at).Seconds())
	}
	p.at = now
	if p.spent+1 > r.burst {
		wait := (p.spent + 1 - r.burst) / r.perSecond
		return false, now.Add(time.Duration(wait * float64(time.Second)))
	}
	p.spent++
	return true, now
}
