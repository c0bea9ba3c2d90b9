package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// outageWithin is how long after an incident began, what else the watch sees to begin is taken to belong to it, and so are alerts where the
// watch has opened it: the watch is quicker than an outage is to show itself whole. A look at the incident says what causes there are.
const outageWithin = 2 * time.Minute

// outage is the newest open incident that began just now where a signal is told, of those that alerts or the watch opened; empty: there is
// none.
func (d *desk) outage(ctx context.Context, g incident.Signal) (string, error) {
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
		if s.Channel != d.channel(g) || len(s.Signals) == 0 || !s.AlertsFiring() || d.now.Sub(s.OpenedAt) >= outageWithin {
			continue
		}
		if first := s.Signals[0]; first.Kind == incident.WatchSignal || first.Alarms() && g.Kind == incident.WatchSignal {
			return s.ID, nil
		}
	}
	return "", nil
}
