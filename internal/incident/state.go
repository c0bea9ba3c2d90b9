package incident

import (
	"slices"
	"time"
)

// State is an incident as its log says it is. Make it with [Fold]; the zero value is an incident that does not exist.
type State struct {
	ID      string
	Version int // of the last event folded in

	Title    string
	Channel  string // empty: the configured one
	OpenedAt time.Time
	Signals  []Signal // the newest of each fingerprint, in order of first arrival; at most MostSignals
	More     MoreSignals
	Onsets   []Onset // what began anew while it was open; at most MostOnsets

	// Unreadable is why the stream can't be read, where it can't: nothing else is known then.
	Unreadable string
	Purges     int          // how often something was removed from its record: what was made of it before may hold it still
	Failing    []WorkFailed // what could not be done and has not been since, one for each kind of work

	Claimed   *Person   // who has taken it; nil: nobody has
	ClaimedAt time.Time // when; zero where nobody has

	News     []News    // what edited messages would tell nobody; at most MostNews
	MoreNews int       // what is not told anew, for there are MostNews already
	Calls    []Calling // of who is on call
	Hushed   *Hushed   // the silence for which it wakes nobody; nil: there is none
	Answer   *Answer   // the first thing that a person did about it; nil: nobody has, or whoever had it gave it back

	Investigation Investigation
	Diagnosis     *Diagnosis
	Shown         []Shown   // the pictures that were put into its thread
	Pictured      time.Time // the look, or the end, that they show; zero: there are none yet
	Similar       []Similar
	Recalled      bool
	RecallNote    string
	Story         *Story

	Plan       *Plan      // the current one
	Other      *Plan      // where there is a choice, the one beside it: the first yes withdraws the other
	Idle       []Prospect // what happens if nobody does anything
	Rates      []Rate     // the errors of the services in question when the plan was proposed
	PlanAt     time.Time  // when it was proposed or last edited
	NoPlan     string     // why no plan is offered
	Reviewed   *PlanReviewed
	Rejected   *PlanRejected
	Superseded *PlanSuperseded // the plan before the current one, if it was withdrawn
	Approvals  []Approval      // of the current plan, one for each who gave one, the newest
	Stopped    *Stopped        // the current plan's run, or what was approved of it
	Steps      []StepState     // those begun, in order
	Refusals   []Refused

	Verification Verification
	Undo         []Step // the inverses of what was applied, the newest first

	ResolvedAt time.Time // zero while open
	ClosedAt   time.Time // zero unless ClosedBy is set
	ClosedBy   *Closed
	Grades     []Graded // of the cause, by person, the newest last; at most MostGrades
	Postmortem *Postmortem
	EditedBy   *Person
	Published  *PostmortemPublished
	Path       string // where the postmortem lies; empty until indexed
	Link       string // to its file in the incident's thread; empty until it is there

	Log []Recorded // signals beyond MostSignals, and what repeats itself endlessly, left out

	alertedAt time.Time   // when the first alert fired for which people are called
	returned  time.Time   // when it was last given back
	woken     time.Time   // when it last ceased to be silenced
	level     int         // of the last call since it is unanswered
	weight    weight      // of the diagnosis, as it was when people were last told that it is worse
	fired     []time.Time // when each of Signals last began to fire
	lastBegan time.Time   // when something last began that does not flap
	sharing   time.Time   // when a postmortem was last about to be shown in the thread, unless that was recorded
	drawing   time.Time   // the same of a picture
	undrawn   bool        // the newest look was taken before pictures were drawn
}

// MostSignals is how many signals a State holds whole; what comes beyond is counted.
const MostSignals = 200

// MoreSignals counts the signals beyond MostSignals.
type MoreSignals struct {
	Count  int // fingerprints
	Firing int // of these, those that fire
}

// MostOnsets is how many onsets a State holds; the last one stands for all that come after.
const MostOnsets = 20

// Onset is something that began anew while the incident was open, of which people are to be woken: an edited message wakes nobody.
type Onset struct {
	At    time.Time // when it was noticed
	Title string    // of the signal, or of the cause
	Count int       // how many began within onsetApart of it
}

// Investigation counts looks at the cluster.
type Investigation struct {
	Failures   int // in a row
	LastError  string
	LastTried  time.Time
	Looks      int       // diagnoses made
	Wanted     bool      // somebody asked to look again
	Healed     string    // the incident whose recovery gave reason to; it is set until the next look
	LastSignal time.Time // when a signal that was not known before last came
}

// StepState is how far a step has come.
type StepState struct {
	Step     string
	Attempt  int
	Intended time.Time
	Ended    time.Time // zero while in flight
	Outcome  StepOutcome
	Detail   string
	Unclear  string // set while a person must decide
	Inverse  *Step  // what would undo it, if it was done
}

// Verification watches whether a remedy helped.
type Verification struct {
	Began     time.Time
	GoodSince time.Time // zero while something is not as it should be
	Until     time.Time // by when it is over if nothing changes; zero if nobody said
	Checks    []Check
	Ended     time.Time
	OK        bool
}

// Phase is an incident's state in one word, for lists and headings.
type Phase string

// The phases, in the order in which they usually follow.
const (
	Investigating Phase = "investigating"
	Diagnosed     Phase = "diagnosed"
	Awaiting      Phase = "awaiting approval"
	Approved      Phase = "approved"
	Recovering    Phase = "recovering"
	Stuck         Phase = "needs a person"
	Stopping      Phase = "stopping"
	StoppedPhase  Phase = "stopped"
	Verifying     Phase = "verifying"
	ResolvedPhase Phase = "resolved"
	ClosedPhase   Phase = "closed"
	Unreadable    Phase = "can't be read"
)

// Phase says where the incident stands at now, which matters for approvals that expire.
func (s *State) Phase(now time.Time) Phase {
	switch {
	case s.Unreadable != "":
		return Unreadable
	case s.ClosedBy != nil:
		return ClosedPhase
	case !s.ResolvedAt.IsZero():
		return ResolvedPhase
	case s.Diagnosis == nil:
		return Investigating
	case s.unclear() != nil:
		return Stuck
	case s.Running() && s.RunEnded():
		switch {
		case s.Stopped != nil:
			return StoppedPhase
		case s.RunFailed() || !s.Verification.Ended.IsZero() && !s.Verification.OK:
			return Stuck
		case s.Verification.OK:
			return Investigating // it helped, and the rest is looked at
		}
		return Verifying
	case s.Running() && s.Stopped != nil:
		return Stopping
	case s.Running():
		return Recovering
	case s.ApprovalValid(now):
		return Approved
	case s.Plan != nil && s.Rejected == nil:
		return Awaiting
	}
	return Diagnosed
}

// Open says whether the incident is neither resolved nor closed.
func (s *State) Open() bool {
	return s.ID != "" && s.Unreadable == "" && s.ResolvedAt.IsZero() && s.ClosedBy == nil
}

// Editable says whether the postmortem is a draft, or published and not to be found in the folder for a reason that editing may remove.
func (s *State) Editable() bool {
	return s.Postmortem != nil && (s.Published == nil || s.Unwritten() != "")
}

// Running says whether the current plan's run has begun.
func (s *State) Running() bool { return len(s.Steps) > 0 }

// ApprovalValid says whether the current plan is approved by as many as it asks for and its run may begin at now, or has begun.
func (s *State) ApprovalValid(now time.Time) bool {
	return s.Plan != nil && len(s.Approvals) > 0 && s.Stopped == nil && (s.Running() || s.Plan.enough(s.Standing(now)))
}

// Standing are the approvals of the current plan that have not expired at now.
func (s *State) Standing(now time.Time) []Approval {
	var standing []Approval
	for _, a := range s.Approvals {
		if now.Before(a.Expires) {
			standing = append(standing, a)
		}
	}
	return standing
}

// Approval is the approval as whose identity the current plan runs: the newest, but for one given in the terminal beside another's. It is
// nil while nobody has approved.
func (s *State) Approval() *Approval {
	for _, terminal := range []bool{false, true} {
		for i := len(s.Approvals) - 1; i >= 0; i-- {
			if s.Approvals[i].Terminal == terminal {
				return &s.Approvals[i]
			}
		}
	}
	return nil
}

// Asked says whether the person asked for the incident to be opened. An alert asks in nobody's name.
func (s *State) Asked(p Person) bool {
	return slices.ContainsFunc(s.Signals, func(g Signal) bool { return g.By.ID != "" && g.By.Key() == p.Key() })
}

// RunFailed says whether a step of the current plan failed.
func (s *State) RunFailed() bool {
	return slices.ContainsFunc(s.Steps, func(st StepState) bool { return st.Outcome == StepFailed })
}

// RunEnded says whether the run has come to its end: every step ended, one failed, or it was stopped and nothing is in flight.
func (s *State) RunEnded() bool {
	if s.Plan == nil || !s.Running() {
		return false
	}
	return s.RunFailed() || s.inFlight() == nil && s.unclear() == nil && (s.Stopped != nil || len(s.Steps) == len(s.Plan.Steps))
}

// StepState returns the state of the step with the id, or nil if it has not begun.
func (s *State) StepState(id string) *StepState {
	for i := range s.Steps {
		if s.Steps[i].Step == id {
			return &s.Steps[i]
		}
	}
	return nil
}

func (s *State) inFlight() *StepState {
	for i := range s.Steps {
		if s.Steps[i].Ended.IsZero() && s.Steps[i].Unclear == "" {
			return &s.Steps[i]
		}
	}
	return nil
}

func (s *State) unclear() *StepState {
	for i := range s.Steps {
		if s.Steps[i].Ended.IsZero() && s.Steps[i].Unclear != "" {
			return &s.Steps[i]
		}
	}
	return nil
}

// Noticed is when the first of its alerts began to fire; zero if none says.
func (s *State) Noticed() time.Time {
	var first time.Time
	for _, g := range s.Signals {
		if !g.Since.IsZero() && (first.IsZero() || g.Since.Before(first)) {
			first = g.Since
		}
	}
	return first
}

// AlertsFiring says whether any alert that belongs to the incident has not been resolved.
func (s *State) AlertsFiring() bool {
	return s.More.Firing > 0 || slices.ContainsFunc(s.Signals, func(g Signal) bool { return g.Alarms() && g.Status == Firing })
}

// AlertsResolved says whether there were alerts, and all of them are over.
func (s *State) AlertsResolved() bool {
	return !s.AlertsFiring() && slices.ContainsFunc(s.Signals, func(g Signal) bool { return g.Alarms() })
}

// EndedAt is when the incident was resolved or closed; zero while it is open.
func (s *State) EndedAt() time.Time {
	if s.ResolvedAt.IsZero() {
		return s.ClosedAt
	}
	return s.ResolvedAt
}

// Unwritten is why the published postmortem could not be written to the knowledge folder, while that is tried again; empty if it could, or
// was not tried yet.
func (s *State) Unwritten() string {
	i := slices.IndexFunc(s.Failing, func(f WorkFailed) bool { return f.Work == string(Index) })
	if i < 0 {
		return ""
	}
	return s.Failing[i].Error
}

// claimed notes who has taken the incident, or that they have given it back.
func (s *State) claimed(r Recorded, e Claimed) {
	s.Claimed, s.ClaimedAt = &e.By, r.At
	if e.Back {
		s.Claimed, s.ClaimedAt = nil, time.Time{}
	}
}

// Elsewhere is the incident in which this one goes on, or which mended it; empty if neither.
func (s *State) Elsewhere() string {
	if s.ClosedBy == nil {
		return ""
	}
	if s.ClosedBy.Into != "" {
		return s.ClosedBy.Into
	}
	return s.ClosedBy.Healed
}
