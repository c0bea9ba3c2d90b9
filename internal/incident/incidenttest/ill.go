package incidenttest

import (
	"fmt"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Began is when the outages of Ill began.
var Began = time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)

// Ill is a diagnosis of an outage in namespace shop: for each title an object of the kind that crash-loops, whose name stands for %s in the
// title, and a Service that has no endpoint for it.
func Ill(kind string, titles ...string) *incident.Diagnosis {
	d := &incident.Diagnosis{At: Began.Add(time.Hour), Restarts: []incident.Restarts{}, NotSeen: []incident.NotSeen{},
		Causes: []incident.Cause{}}
	for i, title := range titles {
		o := incident.Object{Kind: kind, Namespace: "shop", Name: fmt.Sprintf("web-%c", 'a'+i%26) + strings.Repeat("x", i/26)}
		svc := incident.Object{Kind: "Service", Namespace: "shop", Name: o.Name}
		id := func(letter string, n int) string { return fmt.Sprintf("%s%d", letter, n) }
		title = strings.ReplaceAll(title, "%s", o.Name)
		d.Evidence = append(d.Evidence, incident.Evidence{ID: id("E", 2*i+1), Source: incident.SourceLog, Object: o, Field: "log[main]",
			Excerpt: "it says: " + title},
			incident.Evidence{ID: id("E", 2*i+2), Source: incident.SourceAPI, Object: svc, Excerpt: "no endpoint"})
		d.Findings = append(d.Findings,
			incident.Finding{ID: id("F", 2*i+1), Code: "PodCrashLoop", Severity: incident.Critical, Object: o, Title: title,
				Evidence: []string{id("E", 2*i+1)}, Since: Began.Add(time.Duration(i) * time.Minute)},
			incident.Finding{ID: id("F", 2*i+2), Code: "ServicePodsUnready", Severity: incident.Critical, Object: svc, Title: "Service " + o.Name +
				" has no endpoint", Evidence: []string{id("E", 2*i+2)}})
		d.Causes = append(d.Causes, incident.Cause{ID: id("C", i+1), Code: "PodCrashLoop", Title: title, Confidence: incident.Possible,
			Objects:  []incident.Object{o},
			Explains: []string{id("F", 2*i+1), id("F", 2*i+2)}, Links: []incident.Link{{From: id("F", 2*i+1), To: id("F", 2*i+2),
				Rule: "pods-of-service", Reason: "its pods"}},
			Evidence: []string{id("E", 2*i+1)}, Reason: title + ". 1 other finding follows.", Since: Began.Add(time.Duration(i) * time.Minute),
			Weight: 10})
		d.Restarts = append(d.Restarts, incident.Restarts{Workload: o, Pods: 1, Count: 7})
	}
	return d
}
