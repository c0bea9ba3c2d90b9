package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// outageWithin is how long after an incident began, what else the watch sees to begin is taken to belong to it: the watch is quicker than an
// outage is to show itself whole. A look at the incident says what causes there are.
const outageWithin = 2 * time.Minute

// outage is the newest open incident of a channel that began just now, of those that alerts or the watch opened; empty: there is none.
func (d *desk) outage(ctx context.Context, channel string) (string, error) {
	open, err := d.ledger.OpenStreams(ctx)
	if err != nil {
		return "", err
	}
	slices.SortFunc(open, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
	for _, stream := range open {
		s, err := d.state(ctx, strings.TrimPrefix(stream, streamPrefix))
		if err != nil {
			return "", err
		}
		if s.Channel == channel && len(s.Signals) > 0 && s.Signals[0].Alarms() && s.AlertsFiring() && d.now.Sub(s.OpenedAt) < outageWithin {
			return s.ID, nil
		}
	}
	return "", nil
}
