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
	lateDesc = prometheus.NewDesc("paramedic_work_late_seconds", "For how long the incident that has waited longest has been due.", nil, nil)
)

// What is told of Slack.
var (
	connectedDesc = prometheus.NewDesc("paramedic_slack_connections", "Connections by which Slack can deliver now.", nil, nil)
	sentDesc      = prometheus.NewDesc("paramedic_slack_messages_sent_total", "Messages, and changes of messages, that Slack took.", nil, nil)
	refusedDesc   = prometheus.NewDesc("paramedic_slack_send_failures_total", "Tries at sending a message that failed.", nil, nil)
	waitingDesc   = prometheus.NewDesc("paramedic_slack_messages_waiting", "Messages that are not as they should be; at most 1000 count.",
		nil, nil)
)

// What is told of the watch.
var (
	currentDesc = prometheus.NewDesc("paramedic_watch_current", "Whether everything that may be read is known, and changes come in: 1.",
		nil, nil)
	lostDesc    = prometheus.NewDesc("paramedic_watch_lost_seconds", "For how long that has not been so; 0 where it is.", nil, nil)
	leftDesc    = prometheus.NewDesc("paramedic_watch_kinds_left_out", "Kinds that may not be read, or are not served.", nil, nil)
	objectsDesc = prometheus.NewDesc("paramedic_watch_objects", "Objects that are kept current.", nil, nil)
	changesDesc = prometheus.NewDesc("paramedic_watch_changes_total", "Changes that came in and may tell something.", nil, nil)
	examineDesc = prometheus.NewDesc("paramedic_watch_namespaces_examined_total", "Examinations of a namespace in which something changed.",
		nil, nil)
	looksDesc  = prometheus.NewDesc("paramedic_watch_looks_total", "Looks at everything.", nil, nil)
	tookDesc   = prometheus.NewDesc("paramedic_watch_look_seconds", "How long the last look at everything took.", nil, nil)
	lookedDesc = prometheus.NewDesc("paramedic_watch_last_look_timestamp_seconds", "When everything was last looked at well.", nil, nil)
)

// Describe implements prometheus.Collector.
func (t telemetry) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{panicsDesc, failuresDesc, unreachableDesc, homesDesc, asideDesc, configDesc, restartDesc, openDesc,
		lateDesc, connectedDesc, sentDesc, refusedDesc, waitingDesc, currentDesc, lostDesc, leftDesc, objectsDesc, changesDesc, examineDesc,
		looksDesc, tookDesc, lookedDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (t telemetry) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(panicsDesc, prometheus.CounterValue, float64(guard.Panics()))
	for part, n := range t.server.failures.Counts() {
		ch <- prometheus.MustNewConstMetric(failuresDesc, prometheus.CounterValue, float64(n), part)
	}
	t.ofSlack(ch)
	t.ofWatch(ch)
	ch <- prometheus.MustNewConstMetric(homesDesc, prometheus.GaugeValue, float64(len(t.server.notices.Trouble())))
	invalid, pending := t.server.reload.state()
	ch <- prometheus.MustNewConstMetric(configDesc, prometheus.GaugeValue, float64(min(len(invalid), 1)))
	ch <- prometheus.MustNewConstMetric(restartDesc, prometheus.GaugeValue, float64(len(pending)))
	ctx := context.Background() // a few look-ups
	if aside, err := t.server.store.Aside(ctx); err == nil {
		ch <- prometheus.MustNewConstMetric(asideDesc, prometheus.GaugeValue, float64(len(aside)))
	}
	if open, err := t.server.store.OpenStreams(ctx); err == nil {
		ch <- prometheus.MustNewConstMetric(openDesc, prometheus.GaugeValue, float64(len(open)))
	}
	if due, err := t.server.store.NextDue(ctx); err == nil {
		late := 0.0
		if !due.IsZero() {
			late = max(0, t.server.clock.Now().Sub(due).Seconds())
		}
		ch <- prometheus.MustNewConstMetric(lateDesc, prometheus.GaugeValue, late)
	}
}

func (t telemetry) ofSlack(ch chan<- prometheus.Metric) {
	d := t.server.deliver
	if d == nil {
		return
	}
	ch <- prometheus.MustNewConstMetric(unreachableDesc, prometheus.GaugeValue, float64(len(d.Trouble())))
	ch <- prometheus.MustNewConstMetric(connectedDesc, prometheus.GaugeValue, float64(t.server.slack.Connections()))
	sent, failed := d.Tally()
	ch <- prometheus.MustNewConstMetric(sentDesc, prometheus.CounterValue, float64(sent))
	ch <- prometheus.MustNewConstMetric(refusedDesc, prometheus.CounterValue, float64(failed))
	if waiting, err := t.server.store.Pending(context.Background(), 1000); err == nil {
		ch <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, float64(len(waiting)))
	}
}

func (t telemetry) ofWatch(ch chan<- prometheus.Metric) {
	m := t.server.watchman
	if m == nil {
		return
	}
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	state, done := m.watch.State(), m.Stats()
	current, lost := 1.0, 0.0
	if !state.Current {
		current, lost = 0, max(0, m.now().Sub(state.Lost).Seconds())
	}
	gauge(currentDesc, current)
	gauge(lostDesc, lost)
	gauge(leftDesc, float64(len(state.Left)))
	gauge(objectsDesc, float64(state.Objects))
	ch <- prometheus.MustNewConstMetric(changesDesc, prometheus.CounterValue, float64(state.Changes))
	ch <- prometheus.MustNewConstMetric(examineDesc, prometheus.CounterValue, float64(done.Examined))
	ch <- prometheus.MustNewConstMetric(looksDesc, prometheus.CounterValue, float64(done.Looks))
	gauge(tookDesc, done.Took.Seconds())
	if !done.At.IsZero() {
		gauge(lookedDesc, float64(done.At.UnixMilli())/1000)
	}
}

// metricsHandler answers at /metrics.
func (s *Server) metricsHandler() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(s.meters.collectors()...)
	r.MustRegister(telemetry{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}
