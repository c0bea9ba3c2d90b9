// Package grafana makes the dashboard of Paramedic's own metrics, paramedic.json, for Grafana's "Import". The program does not know it: its
// test writes the file, and holds it to what is made here.
package grafana

import (
	"encoding/json"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// curve is a query and what its lines are called.
type curve struct{ expr, legend string }

// panel is one picture. A single number is shown large.
type panel struct {
	title, meaning, unit string
	number               bool
	curves               []curve
}

// row is what belongs together.
type row struct {
	title  string
	panels []panel
}

const perSecond = "[$__rate_interval]"

// rows are all that there is, from what matters most.
var rows = []row{
	{"Is it well?", []panel{
		{"Watch is current", "1 while everything that may be read is known and changes come in.", units.Short, true,
			[]curve{{"min(paramedic_watch_current)", ""}}},
		{"Incidents open", "", units.Short, true, []curve{{"sum(paramedic_incidents_open)", ""}}},
		{"Connections to Slack", "Two, by Socket Mode.", units.Short, true, []curve{{"sum(paramedic_slack_connections)", ""}}},
		{"Since the last look", "How long ago everything was last looked at with success.", units.Seconds, true,
			[]curve{{"time() - max(paramedic_watch_last_look_timestamp_seconds)", ""}}},
		{"What is wrong with it", "All of it should be 0.", units.Short, false, []curve{
			{"sum(paramedic_incidents_set_aside)", "incidents set aside"},
			{"sum(paramedic_slack_channels_unreachable)", "channels that take no messages"},
			{"sum(paramedic_notice_homes_unreachable)", "homes of notices that take none"},
			{"sum(paramedic_config_invalid)", "configuration that can't be used"},
			{"sum(paramedic_config_restart_needed)", "fields that wait for a restart"},
			{"sum(increase(paramedic_panics_total[1h]))", "panics in an hour"},
			{"sum by (part) (increase(paramedic_look_failures_total[1h]))", "failures of {{part}} in an hour"}}},
		{"Heartbeats", "", units.Short, false, []curve{{"sum by (result) (increase(paramedic_heartbeats_total[1h]))", "{{result}} in an hour"}}},
	}},
	{"The watch", []panel{
		{"Changes and examinations", "", units.OpsPerSecond, false, []curve{
			{"sum(rate(paramedic_watch_changes_total" + perSecond + "))", "changes"},
			{"sum(rate(paramedic_watch_namespaces_examined_total" + perSecond + "))", "namespaces examined"}}},
		{"From a change to its finding", "", units.Seconds, false, []curve{
			{"histogram_quantile(0.5, sum by (le) (rate(paramedic_watch_finding_seconds_bucket" + perSecond + ")))", "half"},
			{"histogram_quantile(0.99, sum by (le) (rate(paramedic_watch_finding_seconds_bucket" + perSecond + ")))", "99 %"}}},
		{"Looks at everything", "", units.Seconds, false, []curve{{"max(paramedic_watch_look_seconds)", "the last took"},
			{"sum(increase(paramedic_watch_looks_total[1h]))", "looks in an hour"}}},
		{"What is kept", "", units.Short, false, []curve{{"sum(paramedic_watch_objects)", "objects"},
			{"max(paramedic_watch_kinds_left_out)", "kinds left out"}}},
		{"Not current for", "", units.Seconds, false, []curve{{"max(paramedic_watch_lost_seconds)", "lost"}}},
	}},
	{"Incidents, model and Slack", []panel{
		{"Incidents opened", "In an hour, by what did.", units.Short, false,
			[]curve{{"sum by (source) (increase(paramedic_incidents_opened_total[1h]))", "{{source}}"}}},
		{"Work that waits", "", units.Seconds, false, []curve{{"max(paramedic_work_late_seconds)", "late"}}},
		{"The model", "", units.Seconds, false, []curve{
			{"histogram_quantile(0.9, sum by (le) (rate(paramedic_model_seconds_bucket[1h])))", "90 % of the answers"},
			{"sum(increase(paramedic_model_failures_total[1h]))", "failures in an hour"}}},
		{"Messages to Slack", "", units.Short, false, []curve{
			{"sum(increase(paramedic_slack_messages_sent_total[5m]))", "sent in five minutes"},
			{"sum(increase(paramedic_slack_send_failures_total[5m]))", "tries that failed"},
			{"sum(paramedic_slack_messages_waiting)", "waiting"}}},
		{"Memory", "", units.BytesIEC, false,
			[]curve{{"sum(process_resident_memory_bytes and on (instance) paramedic_incidents_open)", "memory"}}},
	}},
}

// Dashboard is the file's text.
func Dashboard() ([]byte, error) {
	//nolint:staticcheck // the newer schema is not read by the Grafanas that most people run
	b := dashboard.NewDashboardBuilder("Paramedic").Uid("paramedic").Description("How Paramedic itself fares.").Tags([]string{"paramedic"}).
		Timezone("browser").Refresh("1m").Time("now-6h", "now").Tooltip(dashboard.DashboardCursorSyncCrosshair).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Prometheus").Type("prometheus"))
	for _, r := range rows {
		b.WithRow(dashboard.NewRowBuilder(r.title))
		for _, p := range r.panels {
			b.WithPanel(p.builder())
		}
	}
	made, err := b.Build()
	if err != nil {
		return nil, err
	}
	if err := made.Validate(); err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(made, "", "  ")
	return append(out, '\n'), err
}

func (p panel) builder() cog.Builder[dashboard.Panel] {
	source := common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}
	if p.number {
		s := stat.NewPanelBuilder().Title(p.title).Description(p.meaning).Unit(p.unit).Datasource(source).Height(4).Span(6)
		for i, c := range p.curves {
			s.WithTarget(c.query(i))
		}
		return s
	}
	s := timeseries.NewPanelBuilder().Title(p.title).Description(p.meaning).Unit(p.unit).Datasource(source).Height(8).Span(12)
	for i, c := range p.curves {
		s.WithTarget(c.query(i))
	}
	return s
}

func (c curve) query(n int) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().Expr(c.expr).LegendFormat(c.legend).RefId(string(rune('A' + n))).Range()
}
