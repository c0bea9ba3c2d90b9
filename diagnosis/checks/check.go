package checks

import (
	"slices"
	"sync"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Check looks at one kind of object. Run is pure and safe to call side by side with other checks.
type Check struct {
	Name  string // "pods"
	Codes []Code // everything that Run may report
	Run   func(*snapshot.Snapshot, *Report)
}

// Code documents one kind of finding.
type Code struct {
	Code     string
	Severity incident.Severity // the usual one; a check lowers it while what people rely on still works
	// Root says that the finding names what is at fault in itself (a loop in the Corefile, an image that does not exist). The others
	// are symptoms: without an observed root they make a cause that is merely possible.
	Root    bool
	Meaning string // one sentence
	Next    string // what a person would do next
	Example string // a title as people see it
}

// All is every check, by area. Codes are stable, for postmortems, runbooks and policies name them; each is a constant beside its check.
var All = slices.Concat(nodeChecks, podChecks, logChecks, workloadChecks, networkChecks, storageChecks, accessChecks, controlChecks, customChecks)

// CodeOf returns the documentation of a code; ok is false for one that no check reports.
func CodeOf(code string) (c Code, ok bool) {
	for _, check := range All {
		if c, ok := find(check.Codes, code); ok {
			return c, true
		}
	}
	return Code{Code: code}, false
}

func find(codes []Code, code string) (Code, bool) {
	for _, c := range codes {
		if c.Code == code {
			return c, true
		}
	}
	return Code{Code: code, Severity: incident.Warning}, false
}

// Run runs all checks side by side and returns what they found, in the order of the table.
func Run(s *snapshot.Snapshot) []*Finding {
	reports := make([]Report, len(All))
	var wg sync.WaitGroup
	readLogs(s, &wg)
	for i, c := range All {
		reports[i].codes = c.Codes
		wg.Go(func() { c.Run(s, &reports[i]) })
	}
	wg.Wait()
	var found []*Finding
	for i := range reports {
		found = append(found, reports[i].Findings...)
	}
	return found
}
