package app

import (
	"context"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// mostRates bounds the services of which a plan asks for the errors.
const mostRates = 10

// rates asks the configured Prometheus for the errors of the services that a plan's targets stand behind. What has no answer is left out.
func (w *worker) rates(ctx context.Context, p *incident.Plan, s *snapshot.Snapshot) []incident.Rate {
	if w.errorRate == "" || w.eyes.Metrics == nil || p == nil {
		return nil
	}
	services := recovery.ServicesOf(p, s)
	var out []incident.Rate
	for _, o := range services[:min(len(services), mostRates)] {
		query := strings.NewReplacer("$namespace", o.Namespace, "$service", o.Name).Replace(w.errorRate)
		if v, ok, err := w.eyes.Metrics.Query(ctx, query); err == nil && ok {
			out = append(out, incident.Rate{Service: o, Value: v})
		}
	}
	return out
}
