package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// outageWithin is how long after an incident began, what else the watch sees to begin is taken to belong to it, and so are alerts where the
// watch has opened it: the watch is quicker than an outage is to show itself whole. A look at the incident says what causes there are.
const outageWithin = 2 * time.Minute

// outage is the newest open incident that began just now where a signal is told, of those that alerts or the watch opened; empty: there is
// none.
func (d *desk) outage(ctx context.Context, g incident.Signal) (string, error) {
	if err := d.takeStock(ctx); err != nil {
		return "", err
	}
	for _, h := range d.hits[""] {
		s, err := d.state(ctx, strings.TrimPrefix(h.Stream, streamPrefix))
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

// takeStock finds, once for a decision, which incidents are open, the newest first, and how many more may be. The empty name leads to them.
func (d *desk) takeStock(ctx context.Context) error {
	if d.room >= 0 {
		return nil
	}
	open, err := d.ledger.OpenStreams(ctx)
	if err != nil {
		return err
	}
	d.room = max(0, mostOpen-len(open))
	for _, stream := range open {
		d.hits[""] = append(d.hits[""], store.Hit{Stream: stream, Open: true})
	}
	slices.SortFunc(d.hits[""], func(a, b store.Hit) int { return cmp.Compare(number(b.Stream), number(a.Stream)) })
	return nil
}
