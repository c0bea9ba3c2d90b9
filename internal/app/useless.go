package app

import "github.com/paramedic-bot/paramedic/internal/incident"

// useless says whether the same steps were run before in this incident, to their end, without mending it.
func useless(s *incident.State, plan *incident.Plan) bool {
	ran := map[string]bool{}
	for _, r := range s.Log {
		switch e := r.Event.(type) {
		case incident.StepIntended:
			ran[e.PlanHash] = true
		case incident.Stopped: // it could not show whether it helps
			delete(ran, e.PlanHash)
		}
	}
	for _, r := range s.Log {
		for _, p := range plansIn(r.Event) {
			if ran[p.Hash] && sameWork(*p, *plan) {
				return true
			}
		}
	}
	return false
}

// plansIn are the plans that an event offers.
func plansIn(e incident.Event) []*incident.Plan {
	switch e := e.(type) {
	case incident.PlanProposed:
		if e.Other != nil {
			return []*incident.Plan{&e.Plan, e.Other}
		}
		return []*incident.Plan{&e.Plan}
	case incident.PlanEdited:
		return []*incident.Plan{&e.Plan}
	}
	return nil
}

// sameWork compares what plans do and to what: the state of the targets aside, which differs between two tries.
func sameWork(a, b incident.Plan) bool {
	if a.Runbook != b.Runbook || len(a.Steps) != len(b.Steps) {
		return false
	}
	for i := range a.Steps {
		if a.Steps[i].Kind != b.Steps[i].Kind || a.Steps[i].Target.Object != b.Steps[i].Target.Object {
			return false
		}
	}
	return true
}
