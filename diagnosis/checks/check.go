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
	Trouble Trouble
	// Crash says that a program ends, or does not do what it is there for: what it could not do is in its log.
	Crash bool
	// InPlace says that pods fail on the node where they are, for no want of a network there: what they do for the node fails with them.
	InPlace bool
	Taints  []string // the keys of those that the control plane puts on a node for it
	Detail  Detail   // a value of the type of detail that its findings may carry; nil: they carry none
	Meaning string   // one sentence
	Next    string   // what a person would do next
	Example string   // a title as people see it
}

// Trouble is what kind of thing fails by a code. Rules ask for it where they would name many codes.
type Trouble int

// The kinds of trouble. A code has the first where no rule asks.
const (
	OtherTrouble       Trouble = iota
	PodTrouble                 // pods do not run, or do not count as ready
	LogTrouble                 // a container's log says by itself why it fails
	WorkloadTrouble            // a workload has fewer pods than it should
	ServiceTrouble             // nothing answers at a Service
	CallTrouble                // a Service is called in a way that leads nowhere
	DNSTrouble                 // the cluster's DNS does not run, for its own settings
	NodeTrouble                // nothing can start on a node
	NodeNetworkTrouble         // a node's settings cut its pods off, or some of their connections
	MountTrouble               // a volume cannot be attached or mounted
	WebhookTrouble             // an admission webhook cannot be asked
)

// CodesThat lists the codes for which is says yes, in the order of the checks' table.
func CodesThat(is func(Code) bool) []string {
	var out []string
	for _, check := range All {
		for _, c := range check.Codes {
			if is(c) {
				out = append(out, c.Code)
			}
		}
	}
	return out
}

// All is every check, by area. Codes are stable, for postmortems, runbooks and policies name them; each is a constant beside its check.
var All = slices.Concat(nodeChecks, hostChecks, podChecks, logChecks, workloadChecks, serviceChecks, ingressChecks, policyChecks, dnsChecks,
	podNetworkChecks, storageChecks, accessChecks, controlChecks, customChecks)

// CodeOf returns the documentation of a code; ok is false for one that no check reports.
func CodeOf(code string) (c Code, ok bool) {
	for _, check := range All {
		if c, ok := find(check.Codes, code); ok {
			return c, true
		}
	}
	return Code{Code: code}, false
}

// find returns a code's documentation; ok is false if it is not among the codes.
func find(codes []Code, code string) (Code, bool) {
	for _, c := range codes {
		if c.Code == code {
			return c, true
		}
	}
	return Code{Code: code, Severity: incident.Warning}, false
}

// Result is what the checks make of a Snapshot.
type Result struct {
	Findings []*Finding // in the order of the table
	// Judged is, by the names of checks that say so and that ran to their end, what they judge by: where it was seen whole, their silence
	// says that all is well there.
	Judged map[string][]incident.Resource
	// Failures are the checks, and the readings of logs, that panicked. What such a check had found by then counts.
	Failures []incident.Failure
}

// Run runs all checks side by side. A check that panics takes nothing else with it.
func Run(s *snapshot.Snapshot) Result { return run(s, All) }

func run(s *snapshot.Snapshot, all []Check) Result {
	reports := make([]*Report, len(all))
	failed := make([]*incident.Failure, len(all))
	var wg sync.WaitGroup
	readLogs(s, &wg)
	for i, c := range all {
		reports[i] = NewReport(c.Codes)
		wg.Go(func() { failed[i] = incident.Catch(notRun(c), func() { c.Run(s, reports[i]) }) })
	}
	wg.Wait()
	r := Result{Judged: map[string][]incident.Resource{}, Failures: unread(s)}
	for i, c := range all {
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
	return r
}

func notRun(c Check) incident.NotSeen {
	return incident.NotSeen{What: "check " + c.Name, Resources: []incident.Resource{incident.Checks}, Where: incident.Object{Kind: "Check", Name: c.Name}}
}
