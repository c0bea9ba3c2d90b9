package diagnosis

import (
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Examination is what the checks have found in a Snapshot. They are run once, whatever is then asked of it: [Examination.Probes],
// [Examination.Diagnose] and [Examination.Answer] for as many scopes as there are. Make it with [Examine].
type Examination struct {
	s       *snapshot.Snapshot
	without Without
	checked checks.Result
	answers int // of second looks, when the checks ran
	blind   int // the Snapshot's NotSeen, when it was last indexed
}

// Examine runs the checks on a Snapshot that has been indexed.
func Examine(s *snapshot.Snapshot) *Examination { return Without{}.Examine(s) }

// Probes lists the second looks that the findings which a scope is told of ask for. Take them, add what they see to the
// Snapshot, and call Again. What failed while findings were asked is added to the Snapshot's Failures and NotSeen.
func (x *Examination) Probes(scope Scope) []snapshot.Probe {
	probes, failures := checks.Asks(x.s, x.findings(scope))
	for _, f := range failures {
		x.s.Failures, x.s.NotSeen = append(x.s.Failures, f), append(x.s.NotSeen, f.NotSeen)
	}
	return probes
}

// Again takes account of what second looks have added to the Snapshot: where any of them was answered, be it by an error, it is indexed
// anew and the checks are run once more. Nothing else may use the Snapshot meanwhile.
func (x *Examination) Again() {
	if n := answers(x.s); n != x.answers {
		x.s.Index()
		*x = *x.without.Examine(x.s)
	} else if len(x.s.NotSeen) != x.blind {
		x.s.Index() // what was not seen is told in order
		x.blind = len(x.s.NotSeen)
	}
}

// answers counts what second looks have added to the Snapshot.
func answers(s *snapshot.Snapshot) int {
	return len(s.Lookups) + len(s.Dials) + len(s.Metrics) + len(s.Logs)
}

// findings are what counts for a scope, as copies: each diagnosis gives them ids and evidence of its own. What may still be normal, and
// what proves nothing, counts only where something is presumed to be ill.
func (x *Examination) findings(scope Scope) []*finding.Finding {
	found := make([]*finding.Finding, 0, len(x.checked.Findings))
	for _, f := range x.checked.Findings {
		if scope.Ill.none() && (f.Suspect || f.Early(x.s.At)) {
			continue
		}
		own := *f
		own.Seen, own.Changes = slices.Clip(f.Seen), slices.Clip(f.Changes)
		if !own.Early(x.s.At) {
			own.NormalUntil, own.Normal = time.Time{}, "" // that time is over
		}
		found = append(found, &own)
	}
	return found
}

// Alarm is what somebody may have to be woken for.
type Alarm struct {
	Code     string
	Object   incident.Object
	Severity incident.Severity
}

// Alarms are what counts where nobody asked, and when the next of what may still be normal no longer is; zero where there is nothing of the
// kind.
func (x *Examination) Alarms() (alarms map[Alarm]bool, next time.Time) {
	alarms = map[Alarm]bool{}
	for _, f := range x.checked.Findings {
		switch {
		case f.Early(x.s.At):
			if next.IsZero() || f.NormalUntil.Before(next) {
				next = f.NormalUntil
			}
		case !f.Suspect && f.Alarms():
			alarms[Alarm{f.Code, f.Object, f.Severity}] = true
		}
	}
	return alarms, next
}

// settling is how many findings of a scope may still be normal and are left out for that.
func (x *Examination) settling(scope Scope, in view) int {
	n := 0
	for _, f := range x.checked.Findings {
		if scope.Ill.none() && !f.Suspect && f.Early(x.s.At) && f.Severity.Rank() >= incident.Warning.Rank() && in.holds(f.Object) {
			n++
		}
	}
	return n
}

// Answer diagnoses what a scope of [Resolve] is about. The error is an *incident.NoAnswer where that does not exist, is not looked at or
// could not be seen, and nothing that was found is about it either.
func (x *Examination) Answer(scope Scope) (*incident.Diagnosis, error) {
	if scope.nothing != nil && len(scope.Objects) == 0 && scope.Namespace == "" {
		return nil, scope.nothing
	}
	d := x.Diagnose(scope)
	if scope.nothing == nil {
		return d, nil
	}
	if len(scope.Objects) > 0 { // what does not exist is told of only as far as it is missed
		missed := slices.DeleteFunc(slices.Clone(scope.Objects), func(o incident.Object) bool { return !tells(d, o) })
		d.Scope = Scope{Objects: missed}.told(x.s)
	}
	if len(d.Findings)+len(d.Accepted) == 0 {
		return nil, scope.nothing
	}
	return d, nil
}
