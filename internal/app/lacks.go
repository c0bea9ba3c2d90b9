package app

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	lackEvery  = 10 * time.Minute // looks at what is lacking
	lackWithin = 20 * time.Second // of each part that is asked
)

// lacks remembers what the bot itself can't see or do, as doctor would say it. It is safe for concurrent use, and implements
// commands.Lacks.
type lacks struct {
	config  func() Config // as it is now
	redact  func(string) string
	changed func() // is told that it is not as it was
	now     atomic.Pointer[[]incident.Check]
}

var _ commands.Lacks = (*lacks)(nil)

// Lacks is what was lacking when that was last looked at.
func (l *lacks) Lacks() ([]incident.Check, bool) {
	all := l.now.Load()
	if all == nil {
		return nil, false
	}
	return *all, true
}

// look asks what doctor asks of the cluster, the models and Prometheus. The state is left to doctor, for it reads all of it, and so is
// Slack, which shows by what reaches it.
func (l *lacks) look(ctx context.Context) error {
	c := l.config()
	found := notConfigured(c)
	parts := []DoctorPart{
		{"the cluster", func(ctx context.Context) []incident.Check { return doctorCluster(ctx, c) }},
		{"Ollama", func(ctx context.Context) []incident.Check { return doctorOllama(ctx, c.Ollama) }},
	}
	if c.Metrics.URL != "" {
		parts = append(parts, DoctorPart{"Prometheus", func(ctx context.Context) []incident.Check { return doctorMetrics(ctx, c.Metrics) }})
	}
	for _, part := range parts {
		within, cancel := context.WithTimeout(ctx, lackWithin)
		checks := part.Look(within)
		cancel()
		for _, k := range checks {
			if !k.OK {
				found = append(found, incident.Check{Name: k.Name, Detail: l.redact(k.Detail)})
			}
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.now.Store(&found)
	l.changed() // what is shown already is not shown again
	return nil
}

// notConfigured is what nobody asked for, and what follows from that.
func notConfigured(c Config) []incident.Check {
	var out []incident.Check
	lacking := func(lacks bool, name, detail string) {
		if lacks {
			out = append(out, incident.Check{Name: name, Detail: detail})
		}
	}
	lacking(c.Watch.Disabled, "watch", "it is disabled: incidents are opened by people and alerts alone (watch.disabled)")
	lacking(c.Webhook.Listen == "", "alerts", "none are taken: what the watch does not see, people have to say (webhook.listen)")
	lacking(c.Ollama.Model == "", "model", "none is configured: a template tells what happened (ollama.model)")
	lacking(c.Ollama.Embedder == "", "embedder", "none is configured: postmortems are searched by their words alone (ollama.embedder)")
	lacking(c.Metrics.URL == "", "Prometheus", "none is configured: memory, errors and load are not seen (metrics.url)")
	lacking(c.Host.Root == "", "host", "none is configured: files on nodes are neither seen nor restored (host.root)")
	lacking(len(c.Approvers) == 0, "approvers", "none is named: no plan can be approved (approvers)")
	return out
}
