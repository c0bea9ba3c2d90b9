package cause

import (
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	longBefore = 24 * time.Hour   // before the heaviest cause, where nobody said when it began
	before     = time.Hour        // before people noticed, where somebody did
	slackAfter = 10 * time.Minute // what began this shortly before people noticed belongs to it
)

// setApart marks causes that were there before what is being asked about and have nothing to do with it, and puts them behind the others:
// they began long before, nothing that they explain began since, and they keep no other's remedy from working. Where nobody said when it
// began, the heaviest cause says so.
func setApart(ranked []*candidate, onset time.Time) {
	gap := before
	if onset.IsZero() {
		gap = longBefore
		for _, c := range ranked {
			if onset = c.cause.Since; !onset.IsZero() {
				break
			}
		}
	}
	if onset.IsZero() {
		return
	}
	var rest, apart []*candidate
	for _, c := range ranked {
		if !c.cause.Since.IsZero() && onset.Sub(c.cause.Since) > gap && len(c.blocked) == 0 && !c.reaches(onset.Add(-slackAfter)) {
			apart = append(apart, c)
		} else {
			rest = append(rest, c)
		}
	}
	if len(rest) == 0 { // apart from what?
		return
	}
	for _, c := range apart {
		c.cause.Before = true
	}
	copy(ranked, append(rest, apart...))
}

// reaches says whether something critical that the cause explains began at the time or later: then it is part of what people notice.
func (c *candidate) reaches(t time.Time) bool {
	for _, f := range c.explained[1:] {
		if f.Severity == incident.Critical && !f.Since.IsZero() && !f.Since.Before(t) {
			return true
		}
	}
	return false
}
