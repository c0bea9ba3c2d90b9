package slackapp

import (
	"errors"
	"net/http"

	"github.com/slack-go/slack"
)

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

// Lasting says whether an error is Slack's own word that will be the same next time.
func Lasting(err error) bool { return Refused(err) && !passing[apiError(err)] || isRefusal(err) }
