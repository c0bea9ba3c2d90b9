package incident

import (
	"slices"
	"strings"
	"time"
)

// Fold makes the State of the incident with the id from its whole log.
func Fold(id string, log []Recorded) *State {
	return (&State{ID: id}).With(log)
}

// With is the State after more of its log. s stays as it is.
func (s *State) With(more []Recorded) *State {
	next := *s
	next.Signals, next.Steps = slices.Clone(s.Signals), slices.Clone(s.Steps)
	next.fired = slices.Clone(s.fired)
	next.Onsets, next.Failing = slices.Clone(s.Onsets), slices.Clone(s.Failing)
	next.News = slices.Clone(s.News)
	next.Log, next.Refusals, next.Calls = slices.Clip(s.Log), slices.Clip(s.Refusals), slices.Clip(s.Calls) // what is appended goes elsewhere
	for _, r := range more {
		next.apply(r)
	}
	return &next
}

// apply folds one more event in. Events about a plan other than the current one change nothing but the log.
func (s *State) apply(r Recorded) {
	s.Version = r.Version
	if signal, ok := r.Event.(SignalReceived); ok {
		s.signal(r, signal)
		s.alerted(r, signal.Signal)
		return
	}
	s.Log = append(s.Log, r)
	s.Failing = slices.DeleteFunc(s.Failing, func(f WorkFailed) bool { return f.Work == doneBy(r.Event) })
	switch e := r.Event.(type) {
	case WorkFailed:
		s.failing(e)
	case InvestigationFailed:
		s.Investigation.Failures++
		s.Investigation.LastError = e.Error
		s.Investigation.LastTried = r.At
	case DiagnosisMade:
		s.diagnosed(r, e)
	case Recalled:
		s.Similar, s.Recalled, s.RecallNote = e.Similar, true, e.Note
	case StoryTold:
		s.Story = &e.Story
	case LookAgainRequested:
		s.Investigation.Wanted, s.Investigation.Healed = true, e.Healed
	case PlanProposed:
		s.setPlan(&e.Plan)
		s.Other, s.Idle, s.Rates, s.PlanAt = e.Other, e.Idle, e.Rates, r.At
	case NoPlan:
		s.setPlan(nil)
		s.NoPlan = e.Reason
	case PlanReviewed:
		if s.Offer(e.PlanHash) != nil {
			s.Reviewed = &e
		}
	case PlanEdited:
		s.edited(r, e)
	case PlanApproved:
		if s.Offer(e.Approval.PlanHash) != nil && !s.Running() {
			s.choose(e.Approval.PlanHash)
			s.approved(e.Approval)
		}
	case Stopped:
		if s.current(e.PlanHash) {
			s.stopped(e)
		}
	case PlanRejected:
		s.declined(e)
	case PlanSuperseded:
		if s.Offer(e.PlanHash) != nil {
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
	case Claimed:
		s.claimed(r, e)
	case Graded:
		s.graded(e)
	case Closed:
		s.ClosedBy, s.ClosedAt, s.Failing = &e, r.At, nil
	case PostmortemDrafted:
		s.Postmortem = &e.Postmortem
	case PostmortemEdited:
		s.Postmortem, s.EditedBy, s.Link = &e.Postmortem, &e.By, ""
	case PostmortemPublished:
		s.Published = &e
	case PostmortemIndexed:
		s.Path = e.Path
	case PostmortemShared:
		s.Link, s.sharing = e.Link, time.Time{}
	case PicturesShared:
		s.pictured(e)
	case UploadIntended:
		s.uploading(r, e)
	case Purged:
		s.Purges++
	}
	s.answered(r)
	s.learn(r)
}

// signal keeps the first MostSignals whole, and counts the others by what their events say was known of them.
func (s *State) signal(r Recorded, e SignalReceived) {
	g := e.Signal
	if s.OpenedAt.IsZero() {
		s.OpenedAt, s.Title, s.Channel = r.At, g.Title, g.Channel
	}
	known := e.Before
	if i := slices.IndexFunc(s.Signals, func(o Signal) bool { return o.Fingerprint == g.Fingerprint }); i >= 0 {
		if s.begins(g, s.Signals[i]) {
			s.began(r.At, g, e.Silent || !s.fired[i].IsZero() && r.At.Sub(s.fired[i]) <= onsetApart)
			s.fired[i] = r.At
		}
		s.Signals[i] = g
	} else {
		if g.Status == Firing && known != Firing {
			s.began(r.At, g, e.Silent || known != "")
		}
		if len(s.Signals) == MostSignals {
			s.More.count(known, g.Status)
			return
		}
		s.Signals, s.fired = append(s.Signals, g), append(s.fired, r.At)
	}
	if len(s.Log) < mostLogged {
		s.Log = append(s.Log, r)
	}
}

// mostLogged bounds the log of a State for signals: what flaps for weeks is in the stream, and told by its newest.
const mostLogged = 2000

func (m *MoreSignals) count(before, now SignalStatus) {
	if before == "" && now == Resolved { // of an event that says nothing of before: what is not known is never recorded as over
		before = Firing
	}
	if before == "" {
		m.Count++
	}
	if now == Firing && before != Firing {
		m.Firing++
	}
	if now != Firing && before == Firing {
		m.Firing--
	}
}

// onsetApart is the quiet time after which what begins is an onset of its own. Alerts of one outage come over as many minutes as their
// rules wait: 15 in most of those that people copy (the "for" of kubernetes-mixin's alerts).
const onsetApart = 20 * time.Minute

// begins says whether a signal that is known begins to fire, or fires anew.
func (s *State) begins(g, known Signal) bool {
	anew := known.Status == Firing && !known.Since.IsZero() && g.Since.After(known.Since.Add(onsetApart))
	return g.Status == Firing && (known.Status != Firing || anew)
}

// began notes that a signal began to fire. One that flaps hides nothing that begins beside it, and is no onset either.
func (s *State) began(at time.Time, g Signal, flaps bool) {
	s.Investigation.LastSignal = at
	if flaps {
		return
	}
	quiet := at.Sub(s.lastBegan) > onsetApart
	s.lastBegan = at
	if s.Diagnosis != nil && g.Alarms() && quiet && !s.recovering() {
		s.onset(at, g.Title)
	}
}

// recovering says whether a run or its verification is under way: what begins then is most likely its doing, and is shown there.
func (s *State) recovering() bool { return s.Running() && s.Verification.Ended.IsZero() }

func (s *State) onset(at time.Time, title string) {
	if n := len(s.Onsets); n > 0 && (n == MostOnsets || at.Sub(s.Onsets[n-1].At) <= onsetApart) {
		s.Onsets[n-1].Count++
		return
	}
	s.Onsets = append(s.Onsets, Onset{At: at, Title: title, Count: 1})
}

// failing remembers the last failure of each kind of work.
func (s *State) failing(e WorkFailed) {
	s.Failing = slices.DeleteFunc(s.Failing, func(f WorkFailed) bool { return f.Work == e.Work })
	s.Failing = append(s.Failing, e)
}

// diagnosed starts over what followed from the diagnosis before, unless a run has begun: what is being done is not taken back.
func (s *State) diagnosed(r Recorded, e DiagnosisMade) {
	d := e.Diagnosis
	s.Investigation.Failures, s.Investigation.LastError, s.Investigation.Wanted, s.Investigation.Healed = 0, "", false, ""
	s.Investigation.LastTried = r.At
	s.Investigation.Looks++
	if s.Diagnosis != nil && !s.recovering() && !e.Silent && s.newRoot(r.At, &d) {
		s.onset(r.At, d.Causes[0].Title)
	}
	s.Diagnosis, s.undrawn = &d, r.history()
	s.Story, s.Similar, s.Recalled, s.RecallNote = nil, nil, false, ""
	if !s.Running() || s.RunEnded() {
		s.setPlan(nil)
	}
	if len(d.Causes) > 0 {
		s.Title = d.InOrder()[0].Title
	}
}

// newRoot says whether what ranks first now was no cause before, and is no part of the same beginning either.
func (s *State) newRoot(at time.Time, now *Diagnosis) bool {
	if !now.Wrong() || len(now.Causes) == 0 || at.Sub(s.lastBegan) < onsetApart {
		return false
	}
	first := now.Causes[0]
	return !slices.ContainsFunc(s.Diagnosis.Causes, func(c Cause) bool {
		shared := func(o Object) bool { return slices.Contains(first.Objects, o) }
		return c.Code == first.Code && (slices.ContainsFunc(c.Objects, shared) || len(c.Objects)+len(first.Objects) == 0)
	})
}

// verified resolves the incident, unless the plan that helped has left targets for the next one: then what it did stays done, and the
// cluster is looked at again.
func (s *State) verified(r Recorded, e Verified) {
	switch {
	case !e.OK:
	case s.Running() && s.Plan.Rest > 0:
		s.Undo, s.Investigation.Wanted = nil, true
	default:
		s.ResolvedAt, s.Failing = r.At, nil
	}
}

// approved takes a yes in. A person's newest stands for those before, wherever they were given, and what has expired by then is gone.
func (s *State) approved(a Approval) {
	gone := func(o Approval) bool { return s.Plan.SamePerson(o, a) || !a.At.Before(o.Expires) }
	s.Approvals = append(slices.DeleteFunc(slices.Clone(s.Approvals), gone), a)
	s.Rejected, s.Stopped = nil, nil
}

// stopped ends a run. Where it has not begun, what was approved is not any more.
func (s *State) stopped(e Stopped) {
	s.Stopped = &e
	if !s.Running() {
		s.Approvals = nil
	}
}

func (s *State) current(hash string) bool { return s.Plan != nil && s.Plan.Hash == hash }

func (s *State) setPlan(p *Plan) {
	s.Plan, s.Other, s.Idle, s.Rates, s.NoPlan = p, nil, nil, nil, ""
	s.Reviewed, s.Rejected, s.Approvals, s.Stopped, s.Steps = nil, nil, nil, nil, nil
	s.Failing = slices.DeleteFunc(s.Failing, func(f WorkFailed) bool { return strings.HasPrefix(f.Work, stepWork) })
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
	v.Checks, v.Until = e.Checks, e.Until
	switch {
	case !e.OK:
		v.GoodSince = time.Time{}
	case v.GoodSince.IsZero():
		v.GoodSince = r.At
	}
}
