package slackapp

import (
	"time"

	"golang.org/x/time/rate"
)

// Slack takes about one new message a second in a channel, with short bursts, and some fifty changes of messages a minute in the whole
// workspace (https://docs.slack.dev/apis/web-api/rate-limits: "special rate limits", and tier 3 for chat.update).
const (
	postsPerSecond   = 1
	postsBurst       = 4
	updatesPerSecond = 50.0 / 60
	updatesBurst     = 10
	// forDecisions is how many of the updates' burst are kept for messages that a decision hangs on.
	forDecisions = 4
)

// pace is how fast messages may go out. It is not safe for concurrent use.
type pace struct {
	posts   map[string]*rate.Limiter // by channel
	updates *rate.Limiter
}

func newPace() *pace {
	return &pace{posts: map[string]*rate.Limiter{}, updates: rate.NewLimiter(updatesPerSecond, updatesBurst)}
}

// mostPaces bounds the channels of which the pace is known; a forgotten one is a full one.
const mostPaces = 1000

// take says whether a message may go out now, and otherwise when it is worth to ask again.
func (p *pace) take(now time.Time, r route, urgent bool) (ok bool, next time.Time) {
	least := 1.0
	l := p.updates
	if r.method == update {
		if !urgent {
			least += forDecisions
		}
	} else {
		if l = p.posts[r.channel]; l == nil {
			if len(p.posts) >= mostPaces {
				clear(p.posts)
			}
			l = rate.NewLimiter(postsPerSecond, postsBurst)
			p.posts[r.channel] = l
		}
	}
	if missing := least - l.TokensAt(now); missing > 0 {
		return false, now.Add(time.Duration(missing / float64(l.Limit()) * float64(time.Second)))
	}
	return l.AllowN(now, 1), now.Add(time.Millisecond)
}
