package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paramedic-bot/paramedic/diagnosis/story"
)

// meters are what is counted as it happens; what can be asked for when somebody looks, telemetry asks for.
type meters struct {
	found    prometheus.Histogram   // seconds from a change's receipt to what it led to
	opened   *prometheus.CounterVec // incidents, by source
	model    prometheus.Histogram   // seconds of an answer
	failures prometheus.Counter     // of the model
	beats    *prometheus.CounterVec // heartbeats, by result
}

func newMeters() *meters {
	return &meters{
		found: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "paramedic_watch_finding_seconds",
			Help:    "From the receipt of a change in a namespace to the end of its examination.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60}}),
		opened: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "paramedic_incidents_opened_total",
			Help: "Incidents that were opened, by what did: an alert, the watch, or a person's command."}, []string{"source"}),
		model: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "paramedic_model_seconds", Help: "How long the model took for an answer.",
			Buckets: []float64{.5, 1, 2.5, 5, 10, 30, 60, 120, 300}}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "paramedic_model_failures_total",
			Help: "Answers that the model did not give, or not whole."}),
		beats: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "paramedic_heartbeats_total",
			Help: "Heartbeats, by result: sent, failed, or withheld because the bot was not well."}, []string{"result"}),
	}
}

// collectors are all that are to be shown.
func (m *meters) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.found, m.opened, m.model, m.failures, m.beats}
}

// metered is a model whose answers are counted.
type metered struct {
	story.Model
	meters *meters
}

// Complete implements story.Model.
func (m metered) Complete(ctx context.Context, system, user string, schema json.RawMessage, most int) (string, error) {
	began := time.Now()
	answer, err := m.Model.Complete(ctx, system, user, schema, most)
	m.meters.model.Observe(time.Since(began).Seconds())
	if err != nil {
		m.meters.failures.Inc()
	}
	return answer, err
}

// meter has counted what the parts do.
func (s *Server) meter() {
	if model := s.mind.teller.Model; model != nil {
		s.mind.teller.Model = metered{model, s.meters}
	}
	s.incidents.opened = func(source string) { s.meters.opened.WithLabelValues(source).Inc() }
	if s.watchman != nil {
		s.watchman.found = func(d time.Duration) { s.meters.found.Observe(d.Seconds()) }
	}
}
