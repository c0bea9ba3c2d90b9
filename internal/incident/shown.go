package incident

import (
	"cmp"
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
	s.Pictured, s.drawing = e.At, time.Time{}
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
	return []Work{{Kind: Picture, Due: p.shows(s.drawing)}}
}

// uploading notes that a file is about to be shown in the thread.
func (s *State) uploading(r Recorded, e UploadIntended) {
	if e.Work == Share {
		s.sharing = r.At
	} else {
		s.drawing = r.At
	}
}

// uploadsShow is how long after an upload Slack may not show it yet: what is looked for sooner, and not found, would be there twice. Slack
// promises no time; it takes seconds.
const uploadsShow = 30 * time.Second

// shows is when a file that was about to be shown can be looked for; zero: none was.
func (p Policy) shows(intended time.Time) time.Time {
	if intended.IsZero() {
		return intended
	}
	return intended.Add(cmp.Or(p.UploadsShow, uploadsShow))
}
