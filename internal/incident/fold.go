package incident

import (
	"slices"
	"time"
)

// Fold makes the State of the incident with the id from its whole log.
func Fold(id string, log []Recorded) *State {
	s := &State{ID: id}
	for _, r := range log {
		s.apply(r)
	}
	return s
}

// apply folds one more event in. Events about a plan other than the current one change nothing but the log.
func (s *State) apply(r Recorded) {
	s.Version = r.Version
	s.Log = append(s.Log, r)
	switch e := r.Event.(type) {
	case SignalReceived:
		s.signal(r, e.Signal)
	case InvestigationFailed:
		s.Investigation.Failures++
		s.Investigation.LastError = e.Error
		s.Investigation.LastTried = r.At
	case DiagnosisMade:
		s.diagnosed(r, e.Diagnosis)
	case Recalled:
		s.Similar, s.Recalled, s.RecallNote = e.Similar, true, e.Note
	case StoryTold:
		s.Story = &e.Story
	case LookAgainRequested:
		s.Investigation.Wanted = true
	case PlanProposed:
		s.setPlan(&e.Plan)
		s.PlanAt = r.At
	case NoPlan:
		s.setPlan(nil)
		s.NoPlan = e.Reason
	case PlanReviewed:
		if s.current(e.PlanHash) {
			s.Reviewed = &e
		}
	case PlanApproved:
		if s.current(e.Approval.PlanHash) && !s.Running() {
			s.Approval, s.Rejected = &e.Approval, nil
		}
	case PlanRejected:
		if s.current(e.PlanHash) {
			s.Rejected, s.Approval = &e, nil
		}
	case PlanSuperseded:
		if s.current(e.PlanHash) {
			s.setPlan(nil)
			s.Superseded = &e
		}
	case Refused:
		s.Refusals = append(s.Refusals, e)
	case StepIntended, StepDone, StepUnclear, StepDecided:
		s.step(r)
	case VerificationSampled:
		s.sampled(r, e)
	case Verified:
		s.Verification.Ended, s.Verification.OK, s.Verification.Checks = r.At, e.OK, e.Checks
		s.verified(r, e)
	case Closed:
		s.ClosedBy = &e
	case PostmortemDrafted:
		s.Postmortem = &e.Postmortem
	case PostmortemEdited:
		s.Postmortem, s.EditedBy = &e.Postmortem, &e.By
	case PostmortemPublished:
		s.Published = &e
	case PostmortemIndexed:
		s.Path = e.Path
	}
}

func (s *State) signal(r Recorded, g Signal) {
	if len(s.Log) == 1 {
		s.OpenedAt, s.Title, s.Channel = r.At, g.Title, g.Channel
	}
	i := slices.IndexFunc(s.Signals, func(o Signal) bool { return o.Fingerprint == g.Fingerprint })
	if i >= 0 {
		if s.Signals[i].Status == Resolved && g.Status == Firing {
			s.Investigation.LastSignal = r.At
		}
		s.Signals[i] = g
		return
	}
	s.Signals = append(s.Signals, g)
	if g.Status == Firing {
		s.Investigation.LastSignal = r.At
	}
}

// diagnosed starts over what followed from the diagnosis before, unless a run has begun: what is being done is not taken back.
func (s *State) diagnosed(r Recorded, d Diagnosis) {
	s.Investigation.Failures, s.Investigation.LastError, s.Investigation.Wanted = 0, "", false
	s.Investigation.LastTried = r.At
	s.Investigation.Looks++
	s.Diagnosis = &d
	s.Story, s.Similar, s.Recalled, s.RecallNote = nil, nil, false, ""
	if !s.Running() || s.RunEnded() {
		s.setPlan(nil)
	}
	if len(d.Causes) > 0 {
		s.Title = d.Causes[0].Title
	}
}

// verified resolves the incident, unless the plan that helped has left targets for the next one: then what it did stays done, and the
// cluster is looked at again.
func (s *State) verified(r Recorded, e Verified) {
	switch {
	case !e.OK:
	case s.Running() && s.Plan.Rest > 0:
		s.Undo, s.Investigation.Wanted = nil, true
	default:
		s.ResolvedAt = r.At
	}
}

func (s *State) current(hash string) bool { return s.Plan != nil && s.Plan.Hash == hash }

func (s *State) setPlan(p *Plan) {
	s.Plan, s.NoPlan = p, ""
	s.Reviewed, s.Rejected, s.Approval, s.Steps = nil, nil, nil, nil
	s.Verification = Verification{}
	if p != nil && p.InverseOf != "" {
		s.Undo = nil // it is on offer now
	}
}

func (s *State) step(r Recorded) {
	switch e := r.Event.(type) {
	case StepIntended:
		if !s.current(e.PlanHash) {
			return
		}
		if st := s.StepState(e.Step); st != nil { // an attempt that was observed not to have happened
			*st = StepState{Step: e.Step, Attempt: e.Attempt, Intended: r.At, Inverse: e.Inverse}
			return
		}
		s.Steps = append(s.Steps, StepState{Step: e.Step, Attempt: e.Attempt, Intended: r.At, Inverse: e.Inverse})
	case StepDone:
		if !s.current(e.PlanHash) {
			return
		}
		st := s.StepState(e.Step)
		if st == nil { // skipped without ever being intended
			s.Steps = append(s.Steps, StepState{Step: e.Step, Intended: r.At})
			st = &s.Steps[len(s.Steps)-1]
		}
		s.ended(st, r.At, e.Outcome, e.Detail)
	case StepUnclear:
		if st := s.StepState(e.Step); st != nil && s.current(e.PlanHash) {
			st.Unclear = e.Detail
		}
	case StepDecided:
		st := s.StepState(e.Step)
		if st == nil || !s.current(e.PlanHash) {
			return
		}
		if e.Done {
			s.ended(st, r.At, StepOK, "done, says "+e.By.Name)
		} else {
			s.ended(st, r.At, StepFailed, "not done, says "+e.By.Name)
		}
	}
}

func (s *State) ended(st *StepState, at time.Time, outcome StepOutcome, detail string) {
	st.Ended, st.Outcome, st.Detail, st.Unclear = at, outcome, detail, ""
	if outcome == StepOK && st.Inverse != nil {
		s.Undo = append([]Step{*st.Inverse}, s.Undo...)
	}
}

func (s *State) sampled(r Recorded, e VerificationSampled) {
	v := &s.Verification
	if v.Began.IsZero() || !v.Ended.IsZero() {
		*v = Verification{Began: r.At}
	}
	v.Checks = e.Checks
	switch {
	case !e.OK:
		v.GoodSince = time.Time{}
	case v.GoodSince.IsZero():
		v.GoodSince = r.At
	}
}
