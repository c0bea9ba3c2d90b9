package app

import (
	"fmt"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/watch"
)

// WatchConfig says what the watch makes incidents of. All of it may be left out.
type WatchConfig struct {
	// Disabled: the cluster is looked at only when somebody asks, or an alert comes. It is not called off, which YAML reads as false.
	Disabled bool `json:"disabled"`
	// Every is how often everything is looked at though nothing seems to change.
	Every Duration `json:"every"`
	// GoneFor is how long what was wrong must have been gone before it is over.
	GoneFor Duration `json:"goneFor"`
	// IncidentsPerHour is how many incidents alerts and the watch may open in an hour in one channel; what comes beyond joins the newest.
	IncidentsPerHour int `json:"incidentsPerHour"`
	// Rules are gone through in order, before those that are built in: the first that is about a cause decides.
	Rules       []WatchRule         `json:"rules"`
	Maintenance []MaintenanceConfig `json:"maintenance"`
}

// WatchRule is about causes of some codes and namespaces, from a severity on. What is left out is about all.
type WatchRule struct {
	Codes      []string `json:"codes"`
	Namespaces []string `json:"namespaces"`
	Severity   string   `json:"severity"` // warning or critical
	For        Duration `json:"for"`      // how long it must have been so
	Never      bool     `json:"never"`    // it becomes no incident
}

// MaintenanceConfig is a time in which nothing new becomes an incident: every week, by days and times of the day, or once.
type MaintenanceConfig struct {
	Namespaces []string `json:"namespaces"`
	Days       []string `json:"days"` // mon, tue …; none: every day
	From       string   `json:"from"` // 22:00
	To         string   `json:"to"`
	Zone       string   `json:"zone"`  // such as Europe/Berlin; empty: UTC
	Begin      string   `json:"begin"` // once: 2026-12-24T20:00:00+01:00
	End        string   `json:"end"`
}

func defaultWatch() WatchConfig {
	return WatchConfig{IncidentsPerHour: 10, Every: Duration{Duration: time.Minute}, GoneFor: Duration{Duration: watch.Default().GoneFor}}
}

// policy is what the watch goes by. What can't be read is reported and left out.
func (c WatchConfig) policy(report func(field, format string, args ...any)) watch.Policy {
	p := watch.Policy{GoneFor: c.GoneFor.Duration, AfterOutage: watch.Default().AfterOutage}
	for _, r := range c.Rules {
		p.Rules = append(p.Rules, watch.Rule{Codes: r.Codes, Namespaces: r.Namespaces, Severity: incident.Severity(r.Severity),
			For: r.For.Duration, Never: r.Never})
	}
	for i, m := range c.Maintenance {
		p.Maintenance = append(p.Maintenance, m.window(func(field, format string, args ...any) {
			report(fmt.Sprintf("watch.maintenance[%d].%s", i, field), format, args...)
		}))
	}
	p.Rules = append(p.Rules, watch.Default().Rules...)
	return p
}

// weekdays are the days by the first three letters of their names.
var weekdays = map[string]time.Weekday{"sun": time.Sunday, "mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday,
	"thu": time.Thursday, "fri": time.Friday, "sat": time.Saturday}

func (c MaintenanceConfig) window(report func(field, format string, args ...any)) watch.Window {
	w := watch.Window{Namespaces: c.Namespaces}
	for _, d := range c.Days {
		name := strings.ToLower(d)
		day, ok := weekdays[name[:min(3, len(name))]]
		if !ok {
			report("days", "must be mon, tue, wed, thu, fri, sat or sun; one is %q", d)
		}
		w.Days = append(w.Days, day)
	}
	clock := func(field, text string) time.Duration {
		t, err := time.Parse("15:04", text)
		if err != nil {
			report(field, "must be a time of the day such as 22:00; it is %q", text)
		}
		return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	}
	moment := func(field, text string) time.Time {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			report(field, "must be a time such as 2026-12-24T20:00:00+01:00; it is %q", text)
		}
		return t
	}
	if c.Begin != "" || c.End != "" {
		w.Begin, w.End = moment("begin", c.Begin), moment("end", c.End)
		return w
	}
	w.From, w.To = clock("from", c.From), clock("to", c.To)
	var err error
	if w.Zone, err = time.LoadLocation(c.Zone); err != nil {
		report("zone", "must be the name of a time zone such as Europe/Berlin; it is %q", c.Zone)
	}
	return w
}

// validate reports everything that is wrong with the watch.
func (c WatchConfig) validate(report func(field, format string, args ...any)) {
	unread := false
	p := c.policy(func(field, format string, args ...any) { unread = true; report(field, format, args...) })
	if err := p.Validate(isCode); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			field, text, _ := strings.Cut(line, ": ")
			if unread && strings.HasPrefix(field, "maintenance") {
				continue // what could not be read is told already
			}
			report("watch."+field, "%s", text)
		}
	}
	if c.IncidentsPerHour < 1 || c.IncidentsPerHour > 1000 {
		report("watch.incidentsPerHour", "must be from 1 to 1000")
	}
	if c.Every.Duration < 10*time.Second {
		report("watch.every", "must be 10s at the least; what changes is seen at once anyhow")
	}
}

func isCode(code string) bool {
	_, ok := checks.CodeOf(code)
	return ok
}
