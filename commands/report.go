package commands

import (
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Report is what check and why say in JSON. Lists are never null; Story is, where none was told.
type Report struct {
	Cluster             string               `json:"cluster"`
	At                  time.Time            `json:"at"`
	Scope               incident.Scope       `json:"scope"`
	Wrong               bool                 `json:"wrong"`
	Causes              []incident.Cause     `json:"causes"`
	Findings            []incident.Finding   `json:"findings"`
	Evidence            []incident.Evidence  `json:"evidence"`
	Restarts            []incident.Restarts  `json:"restarts"`
	RestartsByNamespace []NamespaceRestarts  `json:"restartsByNamespace"`
	Story               *incident.Story      `json:"story"`
	Similar             []incident.Similar   `json:"similar"`
	Changes             []incident.Change    `json:"changes"`
	RuledOut            []incident.RuledOut  `json:"ruledOut"`
	Suspicions          []incident.Suspicion `json:"suspicions"` // where something was asked about
	Depends             []incident.Object    `json:"depends"`    // of what was asked about, where no cause was found
	Accepted            []incident.Accepted  `json:"accepted"`
	NotSeen             []incident.NotSeen   `json:"notSeen"`
	Looked              []string             `json:"looked"`
	Trace               []string             `json:"trace"` // empty unless it was asked for
}

// NamespaceRestarts sums the restarts of a namespace.
type NamespaceRestarts struct {
	Namespace string    `json:"namespace"`
	Workloads int       `json:"workloads"`
	Count     int       `json:"count"`
	Onset     time.Time `json:"onset,omitzero"` // the earliest restart that can still be seen
}

// NewReport puts together what is printed as JSON.
func NewReport(d *incident.Diagnosis, story *incident.Story, similar []incident.Similar) Report {
	r := Report{
		Cluster: d.Cluster, At: d.At, Scope: d.Scope, Wrong: d.Wrong(), Causes: full(d.Causes), Findings: full(d.Findings),
		Evidence: full(d.Evidence),
		Restarts: full(d.Restarts), RestartsByNamespace: full(byNamespace(d.Restarts)), Story: story, Similar: full(similar),
		Changes: full(d.Changes), RuledOut: full(d.RuledOut), Suspicions: full(d.Suspicions), Depends: full(d.Depends), NotSeen: full(d.NotSeen),
		Looked: full(d.Looked), Accepted: full(d.Accepted), Trace: []string{},
	}
	for i := range r.Causes {
		c := &r.Causes[i]
		c.Objects, c.Explains, c.Evidence = full(c.Objects), full(c.Explains), full(c.Evidence)
	}
	for i := range r.Findings {
		r.Findings[i].Evidence = full(r.Findings[i].Evidence)
	}
	return r
}

// full is a copy of s that is not nil.
func full[T any](s []T) []T { return append([]T{}, s...) }

// byNamespace sums restarts, the most first.
func byNamespace(restarts []incident.Restarts) []NamespaceRestarts {
	var sums []NamespaceRestarts
	for _, r := range restarts {
		i := slices.IndexFunc(sums, func(n NamespaceRestarts) bool { return n.Namespace == r.Workload.Namespace })
		if i < 0 {
			i = len(sums)
			sums = append(sums, NamespaceRestarts{Namespace: r.Workload.Namespace})
		}
		n := &sums[i]
		n.Workloads++
		n.Count += r.Count
		n.Onset = earlier(n.Onset, r.Onset)
	}
	slices.SortStableFunc(sums, func(a, b NamespaceRestarts) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.Namespace, b.Namespace)
	})
	return sums
}

// earlier is the earlier of two times, either of which may be unknown.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
