package incident

import (
	"slices"
	"time"
)

// Shown is a picture that was put into an incident's thread.
type Shown struct {
	Name   string `json:"name"`   // its file's
	Digest string `json:"digest"` // of its bytes, so that what has not changed is not shown again
}

// mostShown bounds the pictures of an incident: what a thread has is to be read.
const mostShown = 6

// pictured takes in what was shown, and of which moment.
func (s *State) pictured(e PicturesShared) {
	s.Pictured = e.At
	s.Shown = firstOf(append(slices.Clip(s.Shown), e.Shown...), mostShown)
}

// Picturable is the moment that the pictures of an incident are to show: its newest look while it is open, its end once it is over by
// itself or by a plan. Zero: there is nothing to be shown.
func (s *State) Picturable() time.Time {
	switch {
	case s.Diagnosis == nil || s.undrawn:
		return time.Time{}
	case !s.ResolvedAt.IsZero() && !s.Pictured.IsZero(): // there is something to compare it with
		return s.ResolvedAt
	case !s.Open() || s.Story == nil || !s.Diagnosis.Wrong(): // the facts and the story come first
		return time.Time{}
	}
	return s.Diagnosis.At
}

// nextSeen is what is to be drawn: once the diagnosis is told, again when another look told something else, and when it is over.
func nextSeen(s *State, p Policy) []Work {
	at := s.Picturable()
	if !p.Pictures || at.IsZero() || at.Equal(s.Pictured) || len(s.Shown) >= mostShown {
		return nil
	}
	return []Work{{Kind: Picture}}
}
