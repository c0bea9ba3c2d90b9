package diagnosis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// seeProbed makes evidence of what probes saw, for the findings that are about the same objects.
func seeProbed(s *snapshot.Snapshot, found []*finding.Finding) {
	of := map[incident.Object][]incident.Evidence{}
	add := func(o incident.Object, field, format string, args ...any) {
		if !o.IsZero() {
			of[o] = append(of[o], incident.Evidence{Source: incident.SourceProbe, Object: o, Field: field, Excerpt: fmt.Sprintf(format, args...)})
		}
	}
	for _, l := range s.Lookups {
		answer := strings.Join(l.Addrs, ", ")
		if l.Error != "" {
			answer = l.Error
		}
		add(l.For, "lookup "+l.Name, "%s asked %s for %s: %s", l.From, l.Server, l.Name, answer)
	}
	for _, d := range s.Dials {
		answer := "accepted"
		if d.Error != "" {
			answer = d.Error
		}
		add(d.For, "connection to "+d.Address, "from %s: %s", d.From, answer)
	}
	for _, m := range s.Metrics {
		add(m.Object, m.Query, "%s: %s", m.Name, amount(m))
	}
	if len(of) == 0 {
		return
	}
	for _, f := range found {
		if !f.Alarms() {
			continue
		}
		for _, o := range askedFor(s, f) {
			f.Cite(of[o]...)
		}
	}
}

// askedFor is what second looks for the finding are about.
func askedFor(s *snapshot.Snapshot, f *finding.Finding) []incident.Object {
	out := []incident.Object{f.Object}
	if !f.Workload.IsZero() {
		out = append(out, f.Workload)
	}
	for _, p := range f.Pods[:min(len(f.Pods), 2)] {
		out = append(out, snapshot.ObjectOf("Pod", p.Namespace, p.Name))
	}
	out = append(out, checks.Called(s, f)...)
	slices.SortFunc(out, incident.Object.Compare)
	return slices.Compact(out)
}

func amount(m snapshot.Metric) string {
	switch m.Unit {
	case "bytes":
		return fmt.Sprintf("%.0f MiB", m.Value/(1<<20))
	case "":
		return strconv.FormatFloat(m.Value, 'f', -1, 64)
	}
	return fmt.Sprintf("%g %s", m.Value, m.Unit)
}
