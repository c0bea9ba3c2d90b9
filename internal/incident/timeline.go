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
	Text string // in the past tense
	Kept bool   // it is told however long the timeline is: what people decided, each step, the proof and the end
}

// Timeline tells an incident in the moments that matter: its onsets, the alerts in one line, what was found, what people decided, each
// step, the proof and the end, in order of time. What repeats itself (looks that saw the same, samples, reviews) is left out.
func Timeline(s *State) []Moment {
	out := append(onsets(s), alarmsTold(s)...)
	t := teller{plans: map[string]*Plan{}, said: map[string]bool{}}
	for _, r := range s.Log {
		t.learn(r.Event)
		if done, ok := r.Event.(StepDone); ok && done.Outcome == StepSkipped {
			t.skip(r.At)
			continue
		}
		text, kept := t.tell(r.Event)
		if text == "" || !kept && t.said[text] {
			continue
		}
		t.said[text] = true
		t.flush()
		t.out = append(t.out, Moment{r.At, text, kept})
	}
	t.flush()
	out = append(out, t.out...)
	if !s.ResolvedAt.IsZero() {
		out = append(out, Moment{s.ResolvedAt, "It was resolved, " + spoken(s.ResolvedAt.Sub(s.OpenedAt)) + " after it was opened", true})
	}
	slices.SortStableFunc(out, func(a, b Moment) int { return a.At.Compare(b.At) })
	return out
}

// onsets are when the causes began, where that was before anybody noticed.
func onsets(s *State) []Moment {
	var out []Moment
	if s.Diagnosis == nil {
		return nil
	}
	for _, c := range s.Diagnosis.Causes {
		if !c.Since.IsZero() && c.Since.Before(s.OpenedAt) {
			out = append(out, Moment{At: c.Since, Text: "It began: “" + c.Title + "”"})
		}
	}
	return out
}

// alarmsTold are all alerts in one line, and in another all that the watch saw.
func alarmsTold(s *State) []Moment {
	return append(alarmsOf(s, WatchSignal, "The watch saw “%s”", "The watch saw %d things, the first “%s”", 0),
		alarmsOf(s, AlertSignal, "The alert “%s” fired", "%d alerts fired, the first “%s”", s.More.Count)...)
}

// alarmsOf are the signals of one kind, and so many more, in one line, at the time of the first.
func alarmsOf(s *State, kind, one, more string, n int) []Moment {
	first := ""
	for _, g := range s.Signals {
		if g.Kind == kind {
			if n++; first == "" {
				first = g.Title
			}
		}
	}
	if first == "" {
		return nil
	}
	text := fmt.Sprintf(one, first)
	if n > 1 {
		text = fmt.Sprintf(more, n, first)
	}
	for _, r := range s.Log {
		if e, ok := r.Event.(SignalReceived); ok && e.Signal.Kind == kind {
			return []Moment{{At: r.At, Text: text}}
		}
	}
	return nil
}

// teller puts events into words, one after another.
type teller struct {
	plans   map[string]*Plan
	said    map[string]bool
	out     []Moment
	skipped int // conditional steps in a row that were not needed, the last of them at since
	since   time.Time
}

// learn remembers the plans that later events name by their hashes.
func (t *teller) learn(e Event) {
	switch p := e.(type) {
	case PlanProposed:
		t.plans[p.Plan.Hash] = &p.Plan
		if p.Other != nil {
			t.plans[p.Other.Hash] = p.Other
		}
	case PlanEdited:
		t.plans[p.Plan.Hash] = &p.Plan
	}
}

func (t *teller) skip(at time.Time) { t.skipped, t.since = t.skipped+1, at }

// flush tells the steps that were not needed.
func (t *teller) flush() {
	switch {
	case t.skipped == 1:
		t.out = append(t.out, Moment{t.since, "1 step was not needed: its target came back by itself", true})
	case t.skipped > 1:
		t.out = append(t.out, Moment{t.since, fmt.Sprintf("%d steps were not needed: their targets came back by themselves", t.skipped), true})
	}
	t.skipped = 0
}

// plan names a plan by its title.
func (t *teller) plan(hash string) string {
	if p := t.plans[hash]; p != nil {
		return "“" + p.Title + "”"
	}
	return "a plan"
}

// tell puts an event into words; empty for those that a reader of the timeline can do without.
func (t *teller) tell(e Event) (text string, kept bool) {
	switch e := e.(type) {
	case PlanProposed, PlanEdited, PlanApproved, Stopped, PlanRejected, PlanSuperseded:
		return t.tellPlan(e)
	case StepDone, StepUnclear, StepDecided:
		return t.tellStep(e), true
	case SignalReceived:
		if e.Signal.By.Name != "" {
			return fmt.Sprintf("%s asked: “%s”", e.Signal.By.Name, e.Signal.Title), false
		}
	case InvestigationFailed:
		return "The cluster could not be looked at: " + e.Error, false
	case DiagnosisMade:
		return tellFound(e.Diagnosis.Causes), false
	case LookAgainRequested:
		if e.Freed == "" {
			return e.By.Name + " asked for another look", false
		}
	case Refused:
		return fmt.Sprintf("%s was refused to %s: %s", e.By.Name, e.Action, e.Reason), false
	case Verified:
		if e.OK {
			return "It was proved that all had stayed well", true
		}
		return "The proof failed: not all was well", true
	case Purged:
		return e.By.Name + " removed a secret from the record", false
	case Claimed:
		if e.Back {
			return e.By.Name + " gave the incident back", false
		}
		return e.By.Name + " took the incident", false
	case Called:
		return tellCall(e), true
	case Hushed:
		return tellHushed(e), false
	case Graded:
		text = fmt.Sprintf("%s said that the cause was %s", e.By.Name, e.Grade)
		if e.What != "" {
			text += ": " + e.What
		}
		return text, false
	case Closed:
		return strings.TrimSuffix(fmt.Sprintf("%s closed the incident: %s", e.By.Name, e.Reason), ": "), true
	}
	return "", false
}

// tellCall says who was called: as the first on call, or the second.
func tellCall(e Called) string {
	which := map[int]string{2: ", the second on call,"}[e.Level]
	text := e.To.String() + which + " was called, for nobody had answered"
	if e.With != "" {
		text = e.To.String() + which + " was called for " + e.With + ", and this one was named: nobody had answered"
	}
	return text
}

// tellHushed says by whom and until when the incident was silenced, or that it is no more.
func tellHushed(e Hushed) string {
	if e.Hush.IsZero() {
		return "It was silenced no more"
	}
	return fmt.Sprintf("It was silent because of %s, silenced by %s until %s", e.Hush, e.By.Name, e.Until.UTC().Format("2006-01-02 15:04 UTC"))
}

func tellFound(causes []Cause) string {
	if len(causes) == 0 {
		return "The cluster was looked at, and no cause was found"
	}
	var titles []string
	for _, c := range causes[:min(3, len(causes))] {
		titles = append(titles, "“"+c.Title+"”")
	}
	return "The cause was found: " + strings.Join(titles, "; ")
}

func (t *teller) tellPlan(e Event) (text string, kept bool) {
	switch e := e.(type) {
	case PlanProposed:
		text = fmt.Sprintf("A plan of %d steps was proposed: %s", len(e.Plan.Steps), t.plan(e.Plan.Hash))
		if len(e.Plan.Steps) == 1 {
			text = "A plan was proposed: " + t.plan(e.Plan.Hash)
		}
		if e.Other != nil {
			text += "; or " + t.plan(e.Other.Hash)
		}
		return text, false
	case PlanEdited:
		var set []string
		for _, c := range e.Changes {
			set = append(set, c.Key+" to "+c.Value)
		}
		return fmt.Sprintf("%s set %s of %s", e.By.Name, strings.Join(set, ", "), t.plan(e.PlanHash)), true
	case PlanApproved:
		text = fmt.Sprintf("%s approved %s, to run as %s", e.Approval.By.Name, t.plan(e.Approval.PlanHash), e.Approval.As.User)
		if e.Approval.Terminal {
			text = fmt.Sprintf("%s approved %s in the terminal, as %s", e.Approval.By.Name, t.plan(e.Approval.PlanHash), e.Approval.As.User)
		}
		return text, true
	case Stopped:
		return strings.TrimSuffix(fmt.Sprintf("%s stopped %s: %s", e.By.Name, t.plan(e.PlanHash), e.Reason), ": "), true
	case PlanRejected:
		return strings.TrimSuffix(fmt.Sprintf("%s rejected %s: %s", e.By.Name, t.plan(e.PlanHash), e.Reason), ": "), true
	case PlanSuperseded:
		return fmt.Sprintf("%s was withdrawn: %s", t.plan(e.PlanHash), e.Reason), false
	}
	return "", false
}

func (t *teller) tellStep(e Event) string {
	name := func(hash, id string) string {
		if p := t.plans[hash]; p != nil && p.Step(id) != nil {
			return fmt.Sprintf("“%s”", p.Step(id).Title)
		}
		return "step " + id
	}
	switch e := e.(type) {
	case StepDone:
		how := "was done"
		if e.Outcome == StepFailed {
			how = "failed"
		}
		return strings.TrimSuffix(fmt.Sprintf("%s %s: %s", name(e.PlanHash, e.Step), how, e.Detail), ": ")
	case StepUnclear:
		return fmt.Sprintf("Nobody could tell whether %s was done: %s", name(e.PlanHash, e.Step), e.Detail)
	case StepDecided:
		done := map[bool]string{true: "done", false: "not done"}[e.Done]
		return fmt.Sprintf("%s said that %s was %s", e.By.Name, name(e.PlanHash, e.Step), done)
	}
	return ""
}

// tellSignal names what asked for attention.
func tellSignal(g Signal) string {
	switch {
	case g.By.Name != "":
		return g.By.Name + ", who asked: “" + g.Title + "”"
	case g.Kind == AlertSignal:
		return "the alert “" + g.Title + "”"
	case g.Kind == WatchSignal:
		return "the watch, which saw “" + g.Title + "”"
	}
	return "“" + g.Title + "”"
}
