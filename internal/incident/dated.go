package incident

import (
	"regexp"
	"time"
)

// bareClock is a time of day within a text; with a date before it, it is a moment already.
var bareClock = regexp.MustCompile(`(\d{4}-\d\d-\d\d )?\b(\d\d:\d\d(?::\d\d)?) UTC\b`)

// dated gives each time of day in a text its date: the last one before at, so that every face can show it by its reader's clock.
func dated(text string, at time.Time) string {
	at = at.UTC()
	return bareClock.ReplaceAllStringFunc(text, func(s string) string {
		if len(s) > len("15:04:05 UTC") {
			return s
		}
		layout := "15:04 UTC"
		if len(s) == len("15:04:05 UTC") {
			layout = "15:04:05 UTC"
		}
		clock, err := time.Parse(layout, s)
		if err != nil {
			return s
		}
		day := at
		if clock.Hour()*60+clock.Minute() > at.Hour()*60+at.Minute() {
			day = at.AddDate(0, 0, -1)
		}
		return day.Format(time.DateOnly) + " " + s
	})
}

// Dated is a diagnosis in whose sentences each time of day has its date. It does not change d; evidence stays as it was seen.
func Dated(d *Diagnosis) *Diagnosis {
	out := *d
	out.Causes, out.Findings, out.Suspicions = firstOf(d.Causes, len(d.Causes)), firstOf(d.Findings, len(d.Findings)),
		firstOf(d.Suspicions, len(d.Suspicions))
	for i := range out.Causes {
		c := &out.Causes[i]
		c.Title, c.Reason, c.Next, c.Against = dated(c.Title, d.At), dated(c.Reason, d.At), dated(c.Next, d.At), firstOf(c.Against,
			len(c.Against))
		for j := range c.Against {
			c.Against[j] = dated(c.Against[j], d.At)
		}
	}
	for i := range out.Findings {
		out.Findings[i].Title = dated(out.Findings[i].Title, d.At)
	}
	for i := range out.Suspicions {
		out.Suspicions[i].Title = dated(out.Suspicions[i].Title, d.At)
	}
	return &out
}
