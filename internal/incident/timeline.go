package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Moment is one entry of a timeline.
type Moment struct {
	At   time.Time
	Text string
}

// Timeline tells an incident in moments: the onsets that the diagnosis found, and what the log records, in order of time. What repeats
// itself (looks that saw the same, samples, reviews) is left out.
func Timeline(s *State) []Moment {
	var out []Moment
	if s.Diagnosis != nil {
		for _, c := range s.Diagnosis.Causes {
			if !c.Since.IsZero() && c.Since.Before(s.OpenedAt) {
				out = append(out, Moment{c.Since, "Onset: " + c.Title})
			}
		}
	}
	plans := map[string]*Plan{}
	for _, r := range s.Log {
		if p, ok := r.Event.(PlanProposed); ok {
			plans[p.Plan.Hash] = &p.Plan
			if p.Other != nil {
				plans[p.Other.Hash] = p.Other
			}
		}
		if p, ok := r.Event.(PlanEdited); ok {
			plans[p.Plan.Hash] = &p.Plan
		}
		if text := tell(r.Event, plans); text != "" {
			if n := len(out); n > 0 && out[n-1].Text == text {
				continue
			}
			out = append(out, Moment{r.At, text})
		}
	}
	slices.SortStableFunc(out, func(a, b Moment) int { return a.At.Compare(b.At) })
	return out
}

// tell puts an event into words; empty for those that a reader of the timeline can do without.
func tell(e Event, plans map[string]*Plan) string {
	switch e := e.(type) {
	case SignalReceived:
		return tellSignal(e.Signal)
	case InvestigationFailed:
		return "The cluster could not be looked at: " + e.Error
	case DiagnosisMade:
		if len(e.Diagnosis.Causes) == 0 {
			return "Looked at the cluster: nothing found"
		}
		var titles []string
		for _, c := range e.Diagnosis.Causes[:min(3, len(e.Diagnosis.Causes))] {
			titles = append(titles, c.Title)
		}
		return "Diagnosed: " + strings.Join(titles, "; ")
	case LookAgainRequested:
		if e.Freed != "" {
			return "Looking again: the plan of " + e.Freed + " is out of the way"
		}
		return e.By.Name + " asked to look again"
	case PlanProposed:
		steps := fmt.Sprintf("%d steps", len(e.Plan.Steps))
		if e.Plan.Rest > 0 {
			steps += fmt.Sprintf(" for %d of %d targets", e.Plan.Targets(), e.Plan.Targets()+e.Plan.Rest)
		}
		text := fmt.Sprintf("Proposed: %s (%s, plan %.8s)", e.Plan.Title, steps, e.Plan.Hash)
		if e.Other != nil {
			text += fmt.Sprintf("; or: %s (plan %.8s)", e.Other.Title, e.Other.Hash)
		}
		return text
	case PlanEdited:
		var set []string
		for _, c := range e.Changes {
			set = append(set, c.Key+" to "+c.Value)
		}
		return fmt.Sprintf("%s set %s of plan %.8s: plan %.8s", e.By.Name, strings.Join(set, ", "), e.PlanHash, e.Plan.Hash)
	case PlanApproved:
		if e.Approval.Terminal {
			return fmt.Sprintf("%s approved plan %.8s in the terminal, as %s", e.Approval.By.Name, e.Approval.PlanHash, e.Approval.As.User)
		}
		return fmt.Sprintf("%s approved plan %.8s, to run as %s", e.Approval.By.Name, e.Approval.PlanHash, e.Approval.As.User)
	case Stopped:
		return strings.TrimSuffix(fmt.Sprintf("%s stopped plan %.8s: %s", e.By.Name, e.PlanHash, e.Reason), ": ")
	case PlanRejected:
		return strings.TrimSuffix(fmt.Sprintf("%s rejected plan %.8s: %s", e.By.Name, e.PlanHash, e.Reason), ": ")
	case PlanSuperseded:
		return fmt.Sprintf("Plan %.8s was withdrawn: %s", e.PlanHash, e.Reason)
	case Refused:
		return fmt.Sprintf("%s was refused to %s: %s", e.By.Name, e.Action, e.Reason)
	case StepDone:
		if e.Outcome == StepSkipped {
			return ""
		}
		return tellStep(e, plans)
	case StepUnclear:
		return fmt.Sprintf("Step %s: nobody can tell whether it was done: %s", e.Step, e.Detail)
	case StepDecided:
		return fmt.Sprintf("Step %s: %s", e.Step, map[bool]string{true: "done, says ", false: "not done, says "}[e.Done]) + e.By.Name
	case Verified:
		if e.OK {
			return "Verified: everything has stayed well"
		}
		return "Verification gave up: not everything is well"
	case Purged:
		return e.By.Name + " removed a secret from the record"
	case Claimed:
		if e.Back {
			return e.By.Name + " gave the incident back"
		}
		return e.By.Name + " took the incident"
	case Closed:
		return strings.TrimSuffix(fmt.Sprintf("%s closed the incident: %s", e.By.Name, e.Reason), ": ")
	}
	return ""
}

func tellSignal(g Signal) string {
	switch {
	case g.Kind == "alert" && g.Status == Resolved:
		return "Alert over: " + g.Title
	case g.Kind == "alert":
		return "Alert: " + g.Title
	case g.By.Name != "":
		return g.By.Name + " asked: " + g.Title
	}
	return g.Title
}

func tellStep(e StepDone, plans map[string]*Plan) string {
	title := ""
	if p := plans[e.PlanHash]; p != nil {
		if step := p.Step(e.Step); step != nil {
			title = " (" + step.Title + ")"
		}
	}
	return strings.TrimSuffix(fmt.Sprintf("Step %s%s %s: %s", e.Step, title, e.Outcome, e.Detail), ": ")
}
