package slackapp

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/slack-go/slack"
)

// backoff is how long to wait after errors in a row: twice as long each time, up to a most, a fifth more or less, so that what failed
// together is not tried together.
type backoff struct {
	first, most time.Duration
	wait        time.Duration // the last, before it was varied; 0 before the first
}

func (b *backoff) next() time.Duration {
	b.wait = min(max(2*b.wait, b.first), b.most)
	return time.Duration(float64(b.wait) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // to spread tries, nothing secret
}

// passing are errors of Slack's own that pass by themselves (https://docs.slack.dev/reference/methods/chat.postMessage#errors).
var passing = map[string]bool{
	"ratelimited": true, "rate_limited": true, "internal_error": true, "fatal_error": true, "service_unavailable": true,
	"request_timeout": true, "team_added_to_org": true,
}

// statusCode is the status of an answer of HTTP's that had no word of Slack's in it; 0 if there was none.
func statusCode(err error) int {
	var status slack.StatusCodeError
	if errors.As(err, &status) {
		return status.Code
	}
	return 0
}

// isRefusal says whether such an answer will be the same next time.
func isRefusal(err error) bool {
	code := statusCode(err)
	return code >= 400 && code < 500 && code != http.StatusTooManyRequests && code != http.StatusRequestTimeout
}
