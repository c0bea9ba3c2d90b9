package snapshot

import "github.com/paramedic-bot/paramedic/internal/incident"

// ProbeKind is how a second look is taken.
type ProbeKind string

// The kinds of probes. None of them changes anything.
const (
	ProbeLookup ProbeKind = "lookup" // a DNS query for Target at Server; gives a Lookup
	ProbeDial   ProbeKind = "dial"   // opens a TCP connection to Target and closes it; gives a Dial
	ProbeQuery  ProbeKind = "query"  // PromQL, the instant query Target; gives a Metric
)

// Probe is a bounded second look that a finding asks for. What it sees becomes part of the Snapshot.
type Probe struct {
	Kind   ProbeKind
	Target string          // a name, host:port, or PromQL
	Server string          // ProbeLookup: the DNS server's address
	For    incident.Object // what it is about
	Name   string          // ProbeQuery: what is asked for, such as "memory working set"
	Unit   string          // ProbeQuery: "bytes"; empty: a plain number
}
