package incident

import "time"

// Prospect is something that happens if nobody does anything.
type Prospect struct {
	At   time.Time `json:"at,omitzero"` // by when, where that is known
	Text string    `json:"text"`        // a sentence
}

// Rate is the share of a service's requests that fail, by the configured metric.
type Rate struct {
	Service Object  `json:"service"`
	Value   float64 `json:"value"`
}

// Input is a value of a plan's step that a person may set otherwise, within bounds.
type Input struct {
	Step   string `json:"step"`
	Name   string `json:"name"`  // within the step: "value", "limits.memory"
	Label  string `json:"label"` // in words
	Value  string `json:"value"` // as the plan has it
	Bounds string `json:"bounds"`
}

// Key is how the input is named by who types: "2.limits.memory".
func (i Input) Key() string { return i.Step + "." + i.Name }

// Setting is a person's wish that an input has another value.
type Setting struct {
	Key   string `json:"key"` // see Input.Key
	Value string `json:"value"`
}

// PlanEdited puts a plan in the place of another one on offer: the same but for values that a person set. What was approved of the other is
// approved no more.
type PlanEdited struct {
	PlanHash string    `json:"planHash"` // of the one that was edited
	By       Person    `json:"by"`
	Changes  []Setting `json:"changes"`
	Plan     Plan      `json:"plan"`
}

func (PlanEdited) event() {}

// Offered are the plans on offer: the current one, and where there is a choice the other.
func (s *State) Offered() []*Plan {
	var out []*Plan
	for _, p := range []*Plan{s.Plan, s.Other} {
		if p != nil {
			out = append(out, p)
		}
	}
	return out
}

// Offer is the plan on offer that has the hash, or nil.
func (s *State) Offer(hash string) *Plan {
	for _, p := range s.Offered() {
		if p.Hash == hash {
			return p
		}
	}
	return nil
}

// choose makes a plan on offer the only one: the first yes withdraws the other.
func (s *State) choose(hash string) {
	if s.Other != nil && s.Other.Hash == hash {
		s.Plan = s.Other
	}
	s.Other = nil
}

// declined takes a rejected plan from what is on offer. The last one stays, as rejected.
func (s *State) declined(e PlanRejected) {
	switch {
	case s.Offer(e.PlanHash) == nil:
	case s.Other == nil:
		s.Rejected, s.Approvals = &e, nil
	case s.Other.Hash == e.PlanHash:
		s.Other = nil
	default:
		s.Plan, s.Other = s.Other, nil
	}
}

// edited puts an edited plan in the place of the one before.
func (s *State) edited(r Recorded, e PlanEdited) {
	switch {
	case s.Running() || s.Offer(e.PlanHash) == nil:
		return
	case s.current(e.PlanHash):
		s.Plan, s.Approvals = &e.Plan, nil
	default:
		s.Other = &e.Plan
	}
	s.PlanAt, s.Reviewed, s.Stopped = r.At, nil, nil
}
