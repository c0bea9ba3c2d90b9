package app

import (
	"context"
	"fmt"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/notices"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// doctorHomes asks whether the homes of notices are there.
func doctorHomes(ctx context.Context, c Config) []incident.Check {
	var checks []incident.Check
	for _, h := range c.homes() {
		checks = append(checks, notices.Probe(ctx, h))
	}
	return checks
}

// waitingNotices says which homes have not been told for long of what there is.
func waitingNotices(ctx context.Context, c Config, r *store.Reader) []incident.Check {
	var checks []incident.Check
	for _, h := range c.homes() {
		name := "notices to " + h.Name()
		rows, err := r.PendingAt(ctx, h.Form.Of(h.URL), mostWaiting)
		if err != nil {
			return append(checks, bad(name, err))
		}
		waits := byChannel(rows, time.Now())
		if len(waits) == 0 {
			checks = append(checks, good(name, "none waits for long"))
			continue
		}
		checks = append(checks, incident.Check{Name: name, Detail: fmt.Sprintf("those of %d incidents wait, the first, of %s, since %s: is "+
			"paramedic serve running, and does its log say why?", waits[0].messages, waits[0].first.Incident,
			waits[0].first.UpdatedAt.UTC().Format(time.RFC3339))})
	}
	return checks
}
