package incident

import (
	"slices"
	"time"
)

// Hushed says that the incident is silenced from now on: nobody on call is called for it, and its news is told in its thread alone. Where
// Hush is nothing it says that it is silenced no more; calls begin anew then. It is of the size of what was recorded of the silence.
type Hushed struct {
	Hush  Hush      `json:"hush,omitzero"`
	By    Person    `json:"by,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

func (Hushed) event() {}

// HushedBy is the silence, of those in force, for which people are not woken by the incident, nil if they are to be: one about the incident
// or its first cause; or as many as it takes to be about every alert that fires in it, of which it is the one that ends first.
func (s *State) HushedBy(all []Silence) *Silence {
	var by *Silence
	first := func(of func(Silence) bool) *Silence {
		var found *Silence
		for i := range all {
			if of(all[i]) && (found == nil || all[i].Until.After(found.Until)) {
				found = &all[i]
			}
		}
		return found
	}
	look := func(x Silence) bool { return s.Diagnosis != nil && x.QuietsLook(s.ID, s.Diagnosis) }
	whole := first(func(x Silence) bool { return x.Incident == s.ID || x.Namespace == "" && look(x) })
	if whole != nil || len(all) == 0 {
		return whole
	}
	if !s.AlertsFiring() {
		return first(look)
	}
	if s.More.Firing > 0 { // what those are about is not known any more
		if by = first(look); by == nil {
			return nil
		}
	}
	for _, g := range s.Signals {
		if !g.Alarms() || g.Status != Firing {
			continue
		}
		x := first(func(x Silence) bool { return x.Quiets(g, s) || g.Labels["namespace"] == "" && look(x) })
		if x == nil {
			return nil
		}
		if by == nil || x.Until.Before(by.Until) {
			by = x
		}
	}
	return by
}

// Hushing is what there is to be recorded of the silences in force about the incident: that it is silenced, by another one than before, or
// no more. Nil: nothing.
func (s *State) Hushing(all []Silence) Event {
	by := s.HushedBy(all)
	switch {
	case !s.Open(), by == nil && s.Hushed == nil:
		return nil
	case by == nil:
		return Hushed{}
	case s.Hushed != nil && s.Hushed.Hush == by.Hush && s.Hushed.Until.Equal(by.Until):
		return nil
	}
	return Hushed{Hush: by.Hush, By: by.By, Until: by.Until}
}

// hushed takes in that the incident is silenced, or no more: who is on call is called as if it had begun to fire then.
func (s *State) hushed(r Recorded, e Hushed) {
	if !e.Hush.IsZero() {
		s.Hushed = &e
		return
	}
	s.Hushed, s.woken, s.level = nil, r.At, 0
}

// latest is the last of some times.
func latest(all ...time.Time) time.Time { return slices.MaxFunc(all, time.Time.Compare) }
