package incident

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Acceptance is somebody's word that a finding is known and need not be told: one code, about one object. The zero value accepts nothing.
type Acceptance struct {
	Code   string `json:"code"`
	Object Object `json:"object"` // what the finding is about, or the workload of the pod that it is about
	Reason string `json:"reason,omitempty"`
	By     string `json:"by"` // a person's name; of an annotation, who last wrote the object
	// At is when it was accepted; zero where an annotation says so.
	At    time.Time `json:"at,omitzero"`
	Until time.Time `json:"until,omitzero"` // zero: for good
	// Worst is the severity of the finding then: what is worse is told all the same. Empty: nothing is.
	Worst Severity `json:"worst,omitempty"`
	// Annotation says that the object itself says so, by an annotation.
	Annotation bool `json:"annotation,omitempty"`
}

// IsZero says whether a accepts nothing.
func (a Acceptance) IsZero() bool { return a.Code == "" }

// Holds says whether it is in force at a time.
func (a Acceptance) Holds(at time.Time) bool { return a.Until.IsZero() || at.Before(a.Until) }

// Covers says whether a finding of that severity is no worse than what was accepted.
func (a Acceptance) Covers(s Severity) bool { return a.Worst == "" || s.Rank() <= a.Worst.Rank() }

// Same says whether two are about the same: one takes the other's place. Kinds are one in whatever case they are written.
func (a Acceptance) Same(b Acceptance) bool {
	return a.Code == b.Code && a.Object.Namespace == b.Object.Namespace && a.Object.Name == b.Object.Name &&
		strings.EqualFold(a.Object.Kind, b.Object.Kind)
}

// MostAccepted bounds what may be accepted at a time, for what nobody can oversee nobody has accepted.
const MostAccepted = 500

// Accepted is a finding that was accepted: it is silent, and told to who asks why.
type Accepted struct {
	Code       string     `json:"code"`
	Severity   Severity   `json:"severity"`
	Object     Object     `json:"object"`
	Title      string     `json:"title"`
	Since      time.Time  `json:"since,omitzero"` // the onset, where it is known
	Acceptance Acceptance `json:"acceptance"`
}

type (
	// FindingAccepted says that findings of the code about the object need not be told. It takes the place of an older one about the same.
	FindingAccepted struct {
		Code   string    `json:"code"`
		Object Object    `json:"object"`
		Reason string    `json:"reason"`
		By     Person    `json:"by"`
		Until  time.Time `json:"until,omitzero"`  // zero: for good
		Worst  Severity  `json:"worst,omitempty"` // see Acceptance
	}
	// AcceptanceWithdrawn says that they are to be told again.
	AcceptanceWithdrawn struct {
		Code   string `json:"code"`
		Object Object `json:"object"`
		By     Person `json:"by"`
	}
)

func (FindingAccepted) event()     {}
func (AcceptanceWithdrawn) event() {}

// InForce is what is accepted at a time, going by the log of what was accepted and withdrawn, in order of code and object.
func InForce(log []Recorded, at time.Time) []Acceptance {
	var out []Acceptance
	drop := func(a Acceptance) { out = slices.DeleteFunc(out, a.Same) }
	for _, r := range log {
		switch e := r.Event.(type) {
		case FindingAccepted:
			a := Acceptance{Code: e.Code, Object: e.Object, Reason: e.Reason, By: e.By.Name, At: r.At, Until: e.Until, Worst: e.Worst}
			drop(a)
			out = append(out, a)
		case AcceptanceWithdrawn:
			drop(Acceptance{Code: e.Code, Object: e.Object})
		}
	}
	out = slices.DeleteFunc(out, func(a Acceptance) bool { return !a.Holds(at) })
	slices.SortFunc(out, func(a, b Acceptance) int { return cmp.Or(strings.Compare(a.Code, b.Code), a.Object.Compare(b.Object)) })
	return out
}

// acceptance bounds what an acceptance tells.
func (c *clipper) acceptance(a *Acceptance) {
	c.texts(maxKind, &a.Code, (*string)(&a.Worst))
	c.texts(maxSay, &a.Reason)
	c.texts(maxField, &a.By)
	c.object(&a.Object)
}
