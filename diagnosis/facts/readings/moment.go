package readings

import "time"

// Moment is when a line was said, of a stamp that may name no year ([logs.Repeat]): then the last such moment before now. Zero stays zero.
func Moment(stamp, now time.Time) time.Time {
	if stamp.IsZero() || stamp.Year() != 0 {
		return stamp
	}
	at := stamp.AddDate(now.Year(), 0, 0)
	if at.Sub(now) > 24*time.Hour { // clocks and zones differ; the turn of a year is further off
		at = stamp.AddDate(now.Year()-1, 0, 0)
	}
	return at
}
