package incident_test

import (
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// A time of day in a sentence is of the day before the look, or of that day; what has a date keeps it.
func TestTimesOfDayHaveTheirDates(t *testing.T) {
	d := &incident.Diagnosis{At: time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), Causes: []incident.Cause{{
		Title: "Just before, at 09:30:00 UTC, it was changed", Reason: "since 23:15 UTC, and 2025-12-31 11:00:00 UTC"}}}
	got := incident.Dated(d).Causes[0]
	if got.Title != "Just before, at 2026-01-02 09:30:00 UTC, it was changed" ||
		got.Reason != "since 2026-01-01 23:15 UTC, and 2025-12-31 11:00:00 UTC" {
		t.Errorf("%q, %q", got.Title, got.Reason)
	}
	if d.Causes[0].Title != "Just before, at 09:30:00 UTC, it was changed" {
		t.Error("the diagnosis itself was changed")
	}
}
