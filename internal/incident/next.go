package incident

import (
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/internal/backoff"
)

// WorkKind names what is to be done.
type WorkKind string

// The kinds of work.
const (
	Investigate WorkKind = "investigate" // look at the cluster, append DiagnosisMade or InvestigationFailed
	Recall      WorkKind = "recall"      // search the knowledge, append Recalled
	Tell        WorkKind = "tell"        // append StoryTold
	Propose     WorkKind = "propose"     // append PlanProposed or NoPlan
	Execute     WorkKind = "execute"     // append StepIntended, apply, append StepDone
	Observe     WorkKind = "observe"     // a step was intended and nobody knows how it ended: look
	Verify      WorkKind = "verify"      // take a sample, append VerificationSampled or Verified
	Draft       WorkKind = "draft"       // append PostmortemDrafted
	Index       WorkKind = "index"       // write the published postmortem to the knowledge, append PostmortemIndexed
	Share       WorkKind = "share"       // put it into the thread as a file, append PostmortemShared
	Picture     WorkKind = "picture"     // draw what broke what and the restarts, put them into the thread, append PicturesShared
	Notify      WorkKind = "notify"      // tell people what is new in a message of its own, append Notified
	Call        WorkKind = "call"        // call who is on call, append Called
)

// Work is one thing to be done.
type Work struct {
	Kind WorkKind
	Step string    // the step's id, for Execute and Observe
	Due  time.Time // not before; zero or past: now
	// Every, where set, is the least time between two goes at this work: looks that change nothing leave no event to count from.
	Every time.Duration
}

// stepWork begins the keys of work on steps.
const stepWork = "step/"

// Key identifies work within its incident. Work of one key must not run twice at a time; Execute and Observe of one step share it.
func (w Work) Key() string {
	if w.Step != "" {
		return stepWork + w.Step
	}
	return string(w.Kind)
}

// Policy holds the durations by which Next decides.
type Policy struct {
	// VerifyFor is how long everything must stay well. Longer than five minutes, the kubelet's greatest restart back-off
	// (MaxContainerBackOff in k8s.io/kubernetes/pkg/kubelet), makes "no restarts" mean something.
	VerifyFor time.Duration
	// VerifyEvery is the time between samples.
	VerifyEvery time.Duration
	// VerifyGiveUp ends a verification that has not passed by then.
	VerifyGiveUp time.Duration
	// OnCall says who is called when nobody answers, by the channel in which an incident is told; what stands under the empty one holds for
	// every other channel. Nil: nobody ever is.
	OnCall map[string]OnCall
	// Pictures says that pictures are put into an incident's thread.
	Pictures bool
	// UploadsShow is how long after an upload Slack may not show it yet; 0: half a minute.
	UploadsShow time.Duration
}

// DefaultPolicy is what serve uses unless told otherwise.
var DefaultPolicy = Policy{VerifyFor: 6 * time.Minute, VerifyEvery: 10 * time.Second, VerifyGiveUp: 20 * time.Minute}

const (
	relookAfter = time.Minute // a look that found nothing is repeated, for an alert can be quicker than its symptom
	relookMost  = 5
	settle      = 30 * time.Second // new alerts within this time of a look are taken to be about what it saw
)

// retry is how long after a failed look it is repeated.
var retry = backoff.Backoff{First: 5 * time.Second, Most: 5 * time.Minute}

// Next says what is to be done for an incident at now. It is pure: the same state and time give the same work. Work that is due
// later is listed too, so that the caller knows when to ask again. A state without work waits for a person or is over.
func Next(s *State, p Policy, now time.Time) []Work {
	if s.ID == "" || s.Unreadable != "" {
		return nil
	}
	work := nextSeen(s, p)
	if !s.Open() {
		return append(nextWritten(s, p), work...)
	}
	return slices.Concat(nextCare(s, p, now), nextPeople(s, p, now), work)
}

// nextCare is what is left to be done about the cluster.
func nextCare(s *State, p Policy, now time.Time) []Work {
	if s.Diagnosis == nil {
		return []Work{{Kind: Investigate, Due: retryAt(s)}}
	}
	if s.Running() && !s.RunEnded() || s.ApprovalValid(now) && !s.Running() {
		return append(nextRun(s), nextTold(s)...)
	}
	work := nextTold(s)
	verify := Work{Kind: Verify, Every: p.VerifyEvery}
	switch {
	case s.Running() && s.helpless():
		if len(s.Undo) > 0 {
			return append(work, Work{Kind: Propose}) // the way back
		}
	case s.Running() && s.Plan.InverseOf == "" && s.Verification.Ended.IsZero():
		return append(work, verify)
	case !s.Running() && s.AlertsResolved() && s.Verification.Ended.IsZero():
		work = append(work, verify) // it ended by itself: prove it
	}
	if s.Plan == nil && s.NoPlan == "" {
		work = append(work, Work{Kind: Propose})
	}
	if look, ok := relook(s); ok {
		work = append(work, look)
	}
	return work
}

// helpless says whether the run that ended has failed, was stopped, or did not help.
func (s *State) helpless() bool {
	return s.RunFailed() || s.Stopped != nil || !s.Verification.Ended.IsZero() && !s.Verification.OK
}

// nextTold is what is still to be said about the diagnosis: prior incidents first, for the story may mention them.
func nextTold(s *State) []Work {
	switch {
	case !s.Recalled:
		return []Work{{Kind: Recall}}
	case s.Story == nil:
		return []Work{{Kind: Tell}}
	}
	return nil
}

// nextRun is the next step of an approved plan; none while a person must decide about one.
func nextRun(s *State) []Work {
	if s.unclear() != nil {
		return nil
	}
	if st := s.inFlight(); st != nil {
		return []Work{{Kind: Observe, Step: st.Step}}
	}
	for _, step := range s.Plan.Steps {
		if s.StepState(step.ID) == nil {
			return []Work{{Kind: Execute, Step: step.ID}}
		}
	}
	return nil
}

// nextWritten is what is left when an incident is over.
func nextWritten(s *State, p Policy) []Work {
	if s.Postmortem == nil && s.Diagnosis != nil && s.ClosedBy == nil {
		return []Work{{Kind: Draft}}
	}
	var work []Work
	if s.Published != nil && s.Path == "" {
		work = append(work, Work{Kind: Index})
	}
	if s.Published != nil && s.Published.Share && s.Link == "" {
		work = append(work, Work{Kind: Share, Due: p.shows(s.sharing)})
	}
	return work
}

// relook says when to look at the cluster again without being told to.
func relook(s *State) (Work, bool) {
	i := s.Investigation
	w := Work{Kind: Investigate, Due: retryAt(s)}
	switch {
	case i.Wanted:
		return w, true
	case i.LastSignal.After(s.Diagnosis.At.Add(settle)):
		return w, true
	case s.lastActed().After(s.Diagnosis.At): // a run ended without a proof that it helped
		return w, true
	case i.Looks == 1 && s.seenEarly(): // what follows from it is not there yet
		w.Due = s.Diagnosis.At.Add(relookAfter)
		return w, true
	case !s.Diagnosis.Wrong() && (s.AlertsFiring() || s.asked()) && i.Looks < relookMost:
		w.Due = s.Diagnosis.At.Add(relookAfter)
		return w, true
	}
	return w, false
}

// asked says whether a person opened it: they may be quicker than the symptom, too.
func (s *State) asked() bool { return len(s.Signals) > 0 && s.Signals[0].By.Name != "" }

// seenEarly says whether the watch saw it, just as it began.
func (s *State) seenEarly() bool {
	return len(s.Signals) > 0 && s.Signals[0].Kind == WatchSignal && s.AlertsFiring() && s.Diagnosis.At.Sub(s.Signals[0].Since) < relookAfter
}

// lastActed is when the current run, or the verification of it, came to its end without success; zero if it did not.
func (s *State) lastActed() time.Time {
	if !s.Verification.Ended.IsZero() {
		return s.Verification.Ended
	}
	if s.RunEnded() && (s.RunFailed() || s.Stopped != nil || s.Plan.InverseOf != "") {
		return s.Steps[len(s.Steps)-1].Ended
	}
	return time.Time{}
}

// retryAt is when a look may be tried: at once, or after the back-off that its failures earned.
func retryAt(s *State) time.Time {
	i := s.Investigation
	if i.Failures == 0 {
		return time.Time{}
	}
	return i.LastTried.Add(retry.After(i.Failures))
}

// doneBy is the key of the work that an event is the outcome of; empty for events that are none's.
func doneBy(e Event) string {
	switch e := e.(type) {
	case DiagnosisMade, InvestigationFailed:
		return string(Investigate)
	case Recalled:
		return string(Recall)
	case StoryTold:
		return string(Tell)
	case PlanProposed, NoPlan, PlanEdited:
		return string(Propose)
	case StepIntended:
		return Work{Step: e.Step}.Key()
	case StepDone:
		return Work{Step: e.Step}.Key()
	case StepUnclear:
		return Work{Step: e.Step}.Key()
	case VerificationSampled, Verified:
		return string(Verify)
	case PostmortemDrafted:
		return string(Draft)
	case PostmortemIndexed:
		return string(Index)
	case PostmortemShared:
		return string(Share)
	case PicturesShared:
		return string(Picture)
	case Notified:
		return string(Notify)
	case Called:
		return string(Call)
	}
	return ""
}
