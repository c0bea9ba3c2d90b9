package incident

import (
	"slices"
	"time"
)

// Callee is who is called: a person or a group of people of the chat, by their id there.
type Callee struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"` // empty: the id stands for it
}

// String is the name, or its id where it has none.
func (c Callee) String() string {
	if c.Name != "" {
		return c.Name
	}
	return c.ID
}

// OnCall is who is called when nobody answers, and when. Without First nobody is.
type OnCall struct {
	First, Second Callee
	After         time.Duration // without an answer until First is called
	Then          time.Duration // after that until Second is
	Apart         time.Duration // between two calls of the same level in one channel, at least
}

// at is who is called at a level, from 1.
func (o OnCall) at(level int) Callee {
	switch level {
	case 1:
		return o.First
	case 2:
		return o.Second
	}
	return Callee{}
}

// CallFor is who is called for what is told in a channel.
func (p Policy) CallFor(channel string) OnCall {
	if o, ok := p.OnCall[channel]; ok {
		return o
	}
	return p.OnCall[""]
}

// Called says that who is on call was called, for nobody had answered.
type Called struct {
	Level   int    `json:"level"` // 1: the first on call; 2: the second
	To      Callee `json:"to"`
	Channel string `json:"channel,omitempty"` // the incident's
	// With, where set, is the incident for which they were called: this one was named there, and nobody is mentioned once more.
	With string `json:"with,omitempty"`
	// Others are the incidents that were unanswered as well, and named in the call; there may be More.
	Others []string `json:"others,omitempty"`
	More   int      `json:"more,omitempty"`
	// Next is who is called at NextAt, should nobody answer until then.
	Next   Callee    `json:"next,omitzero"`
	NextAt time.Time `json:"nextAt,omitzero"`
}

func (Called) event() {}

// Calling is a call, and when it was.
type Calling struct {
	Called
	Version int
	At      time.Time
}

// Answer is that a person did something about the incident.
type Answer struct {
	By Person
	At time.Time
}

// alerted notes when the first alert fired, of those for which people are called.
func (s *State) alerted(r Recorded, g Signal) {
	if s.alertedAt.IsZero() && !r.history() && g.Alarms() && g.Status == Firing {
		s.alertedAt = r.At
	}
}

// answered takes in what of an event is an answer of a person's, the end of one, or a call.
func (s *State) answered(r Recorded) {
	by := Person{}
	switch e := r.Event.(type) {
	case Claimed:
		if e.Back {
			s.Answer, s.level = nil, 0
			if !r.history() {
				s.returned = r.At
			}
			return
		}
		by = e.By
	case PlanApproved:
		by = e.Approval.By
	case PlanRejected:
		by = e.By
	case PlanEdited:
		by = e.By
	case Stopped:
		by = e.By
	case StepDecided:
		by = e.By
	case LookAgainRequested:
		by = e.By
	case Closed:
		by = e.By
	case Hushed:
		s.hushed(r, e)
	case Called:
		s.Calls, s.level = append(s.Calls, Calling{e, r.Version, r.At}), e.Level
	}
	if by.ID != "" && s.Answer == nil {
		s.Answer = &Answer{by, r.At}
	}
}

// unanswered is since when an incident that alerts are about waits for somebody; zero if it does not, or is silenced.
func (s *State) unanswered() time.Time {
	if !s.Open() || s.Answer != nil || s.Hushed != nil || !s.AlertsFiring() {
		return time.Time{}
	}
	return latest(s.alertedAt, s.returned, s.woken)
}

// CallDue is the next call that there is to be if nobody answers: its level, and when; level 0 if there is none.
func (s *State) CallDue(p Policy) (level int, at time.Time) {
	since, o := s.unanswered(), p.CallFor(s.Channel)
	level = s.level + 1
	if since.IsZero() || o.at(level) == (Callee{}) {
		return 0, time.Time{}
	}
	if level == 1 {
		return level, since.Add(o.After)
	}
	return level, s.Calls[len(s.Calls)-1].At.Add(o.Then)
}

// Call is the call of a level at now, for which others go unanswered, too.
func (s *State) Call(p Policy, level int, others []string, now time.Time) Called {
	o := p.CallFor(s.Channel)
	c := Called{Level: level, To: o.at(level), Channel: s.Channel, Next: o.at(level + 1)}
	c.Others, c.More = some(others)
	if c.Next != (Callee{}) {
		c.NextAt = now.Add(o.Then)
	}
	return c
}

// mostNamed bounds the incidents that one message names beside its own.
const mostNamed = 10

// some are the first of the ids, and how many more there are.
func some(ids []string) (named []string, more int) {
	n := min(len(ids), mostNamed)
	return slices.Clone(ids[:n]), len(ids) - n
}

// callAgain is how often a call that has to wait for another one is tried.
const callAgain = 15 * time.Second

// nextPeople is what people are to be told of, and when somebody is to be called.
func nextPeople(s *State, p Policy, now time.Time) []Work {
	var work []Work
	if len(s.Untold(now)) > 0 {
		work = append(work, Work{Kind: Notify})
	}
	if level, at := s.CallDue(p); level > 0 {
		work = append(work, Work{Kind: Call, Due: at, Every: callAgain})
	}
	return work
}
