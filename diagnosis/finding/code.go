package finding

import (
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Check looks at one kind of object. Run is pure and safe to call side by side with other checks.
type Check struct {
	Name  string // "pods"
	Codes []Code // everything that Run or After may report
	Run   func(*snapshot.Snapshot, *Report)
	// After, of a check that has no Run, looks at what the others have found, once these are done.
	After func(*snapshot.Snapshot, []*Finding, *Report)
}

// Code documents one kind of finding.
type Code struct {
	Code     string
	Severity incident.Severity // the usual one; a check lowers it while what people rely on still works
	// Root says that the finding names what is at fault in itself (a loop in the Corefile, an image that does not exist). The others
	// are symptoms: without an observed root they make a cause that is merely possible.
	Root bool
	// Final says of a root that nothing has to stand behind it, though rules know of what may: its evidence is the very setting, file or word
	// that is wrong. Any other root that a rule could explain is likely at most, for what explains it may not have been seen.
	Final   bool
	Trouble Trouble
	// Crash says that a program ends, or does not do what it is there for: what it could not do is in its log.
	Crash bool
	// InPlace says that pods fail on the node where they are, for no want of a network there: what they do for the node fails with them.
	InPlace bool
	RestsOn []incident.Resource // what such findings rest on beside their evidence; see [Finding.Unless]
	Taints  []string            // the keys of those that the control plane puts on a node for it
	Detail  Detail              // a value of the type of detail that its findings may carry; nil: they carry none
	Meaning string              // one sentence
	Next    string              // what a person would do next
	Example string              // a title as people see it
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
	Complaint                  // a program that runs complains of something, which may be nothing
)

// CodeIn returns a code's documentation; ok is false if it is not among the codes.
func CodeIn(codes []Code, code string) (Code, bool) {
	for _, c := range codes {
		if c.Code == code {
			return c, true
		}
	}
	return Code{Code: code, Severity: incident.Warning}, false
}
