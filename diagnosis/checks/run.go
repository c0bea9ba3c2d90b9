package checks

import (
	"sync"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Result is what the checks make of a Snapshot.
type Result struct {
	Findings []*finding.Finding // in the order of the table
	// Judged is, by the names of checks that say so and that ran to their end, what they judge by: where it was seen whole, their silence
	// says that all is well there.
	Judged map[string][]incident.Resource
	// Failures are the checks, and the readings of logs, that panicked. What such a check had found by then counts.
	Failures []incident.Failure
}

// Run runs all checks side by side. A check that panics takes nothing else with it.
//
// Those that look at what the others have found come last in the table.
func Run(s *snapshot.Snapshot) Result { return run(s, All) }

func run(s *snapshot.Snapshot, all []finding.Check) Result {
	reports := make([]*finding.Report, len(all))
	failed := make([]*incident.Failure, len(all))
	var wg sync.WaitGroup
	readings.ReadLogs(s, &wg)
	for i, c := range all {
		reports[i] = finding.NewReport(c.Codes)
		if c.Run == nil {
			continue
		}
		wg.Go(func() { failed[i] = incident.Catch(notRun(c), func() { c.Run(s, reports[i]) }) })
	}
	wg.Wait()
	r := Result{Judged: map[string][]incident.Resource{}, Failures: readings.Unread(s)}
	for i, c := range all {
		if c.After != nil {
			failed[i] = incident.Catch(notRun(c), func() { c.After(s, r.Findings, reports[i]) })
		}
		switch {
		case failed[i] != nil:
			r.Failures = append(r.Failures, *failed[i])
			r.Findings = append(r.Findings, reports[i].Whole()...)
			continue
		case len(reports[i].Judged()) > 0:
			r.Judged[c.Name] = reports[i].Judged()
		}
		r.Findings = append(r.Findings, reports[i].Findings...)
	}
	finding.Unseen(s, r.Findings)
	if f := incident.Catch(incident.NotSeen{What: "what logs say of findings", Resources: []incident.Resource{incident.Checks},
		Where: incident.Object{Kind: "Check", Name: "logs of others"}}, func() { hear(s, r.Findings) }); f != nil {
		r.Failures = append(r.Failures, *f)
	}
	return r
}

func notRun(c finding.Check) incident.NotSeen {
	return incident.NotSeen{What: "check " + c.Name, Resources: []incident.Resource{incident.Checks},
		Where: incident.Object{Kind: "Check", Name: c.Name}}
}
