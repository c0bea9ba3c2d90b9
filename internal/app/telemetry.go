package app

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/paramedic-bot/paramedic/internal/guard"
)

// telemetry is what /metrics shows: whether a part of the bot does not work, which nobody would see who only reads its answers.
type telemetry struct{ server *Server }

var (
	panicsDesc = prometheus.NewDesc("paramedic_panics_total",
		"Panics that were caught: in handlers of what Slack, Alertmanager or a cluster sent, and in work on incidents.", nil, nil)
	failuresDesc = prometheus.NewDesc("paramedic_look_failures_total",
		"Checks, rules and readings that panicked in a look at the cluster, by part.", []string{"part"}, nil)
	unreachableDesc = prometheus.NewDesc("paramedic_slack_channels_unreachable",
		"Channels in Slack that take no messages now.", nil, nil)
	homesDesc = prometheus.NewDesc("paramedic_notice_homes_unreachable", "Homes of notices that take none now.", nil, nil)
	asideDesc = prometheus.NewDesc("paramedic_incidents_set_aside",
		"Incidents whose record can't be read, so that nothing is done for them.", nil, nil)
	configDesc = prometheus.NewDesc("paramedic_config_invalid",
		"Whether the configuration file has changed and can't be used: 1, and what it said before goes on.", nil, nil)
	restartDesc = prometheus.NewDesc("paramedic_config_restart_needed", "Fields of the configuration that have changed and take a restart.",
		nil, nil)
	openDesc = prometheus.NewDesc("paramedic_incidents_open", "Incidents that are open.", nil, nil)
)

// Describe implements prometheus.Collector.
func (t telemetry) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{panicsDesc, failuresDesc, unreachableDesc, homesDesc, asideDesc, configDesc, restartDesc, openDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (t telemetry) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(panicsDesc, prometheus.CounterValue, float64(guard.Panics()))
	for part, n := range t.server.failures.Counts() {
		ch <- prometheus.MustNewConstMetric(failuresDesc, prometheus.CounterValue, float64(n), part)
	}
	if t.server.deliver != nil {
		ch <- prometheus.MustNewConstMetric(unreachableDesc, prometheus.GaugeValue, float64(len(t.server.deliver.Trouble())))
	}
	ch <- prometheus.MustNewConstMetric(homesDesc, prometheus.GaugeValue, float64(len(t.server.notices.Trouble())))
	invalid, pending := t.server.reload.state()
	ch <- prometheus.MustNewConstMetric(configDesc, prometheus.GaugeValue, float64(min(len(invalid), 1)))
	ch <- prometheus.MustNewConstMetric(restartDesc, prometheus.GaugeValue, float64(len(pending)))
	ctx := context.Background() // two look-ups
	if aside, err := t.server.store.Aside(ctx); err == nil {
		ch <- prometheus.MustNewConstMetric(asideDesc, prometheus.GaugeValue, float64(len(aside)))
	}
	if open, err := t.server.store.OpenStreams(ctx); err == nil {
		ch <- prometheus.MustNewConstMetric(openDesc, prometheus.GaugeValue, float64(len(open)))
	}
}

// metricsHandler answers at /metrics.
func (s *Server) metricsHandler() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(telemetry{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}
