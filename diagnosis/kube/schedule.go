package kube

import (
	"errors"
	"strings"

	"github.com/robfig/cron/v3"
)

// ErrNoSchedule says that a schedule names a time zone and nothing else.
var ErrNoSchedule = errors.New("there is a time zone, but no schedule")

// Schedule reads a CronJob's schedule as the CronJob controller does; zone is its spec.timeZone.
func Schedule(text string, zone *string) (cron.Schedule, error) {
	text = strings.TrimSpace(text)
	if zone != nil && !strings.Contains(text, "TZ=") {
		text = "TZ=" + *zone + " " + text
	}
	if strings.Contains(text, "TZ=") && !strings.Contains(text, " ") { // the parser panics at it
		return nil, ErrNoSchedule
	}
	return cron.ParseStandard(text)
}
