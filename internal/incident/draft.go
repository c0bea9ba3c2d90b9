package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// DraftPostmortem writes an incident up from its log. It states what the log says and leaves judgement to the person who edits it.
func DraftPostmortem(s *State) Postmortem {
	pm := Postmortem{Title: s.Title, Outcome: "closed"}
	if !s.ResolvedAt.IsZero() {
		pm.Outcome = "resolved"
	}
	if s.Diagnosis != nil {
		pm.Codes = s.Diagnosis.Codes()
	}
	pm.Summary = summary(s)
	pm.Timeline = timeline(s)
	pm.Cause = causeSection(s.Diagnosis)
	pm.Evidence = evidenceSection(s.Diagnosis, s.Story)
	pm.Actions, pm.Worked, pm.Failed = actions(s)
	pm.Followup = followup(s)
	for _, section := range []*string{&pm.Summary, &pm.Timeline, &pm.Cause, &pm.Evidence, &pm.Actions, &pm.Followup} {
		*section = fit(*section, maxSection)
	}
	return pm
}

// fit keeps a section's first lines where not all fit into limit bytes as JSON writes them, and says so.
func fit(section string, limit int) string {
	short := Clip(section, limit)
	if len(short) == len(section) {
		return section
	}
	if i := strings.LastIndexByte(short, '\n'); i > 0 {
		short = short[:i]
	}
	return short + "\n- … the rest is in the incident's log\n"
}

func summary(s *State) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s was opened on %s", s.ID, stamp(s.OpenedAt))
	if len(s.Signals) > 0 {
		fmt.Fprintf(&b, " by: %s", tellSignal(s.Signals[0]))
	}
	b.WriteString(".")
	if !s.ResolvedAt.IsZero() {
		fmt.Fprintf(&b, " It was resolved after %s.", s.ResolvedAt.Sub(s.OpenedAt).Round(time.Second))
	}
	if s.Story != nil {
		b.WriteString("\n\n")
		for i, sentence := range s.Story.Sentences {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(sentence.Text)
			if len(sentence.Cites) > 0 {
				fmt.Fprintf(&b, " (%s)", strings.Join(sentence.Cites, ", "))
			}
		}
	}
	return b.String()
}

func timeline(s *State) string {
	var b strings.Builder
	moments := Timeline(s)
	left := len(moments) - firstMoments - lastMoments
	for i, m := range moments {
		switch {
		case left > 0 && i == firstMoments:
			fmt.Fprintf(&b, "- … %d more moments are in the incident's log\n", left)
		case left > 0 && i > firstMoments && i < firstMoments+left:
		default:
			fmt.Fprintf(&b, "- %s: %s\n", stamp(m.At), Clip(oneLine(m.Text), maxTitle))
		}
	}
	return b.String()
}

// Of a long incident the timeline tells how it began and how it ended.
const firstMoments, lastMoments = 60, 60

func causeSection(d *Diagnosis) string {
	if d == nil || len(d.Causes) == 0 {
		return "No cause was found."
	}
	var b strings.Builder
	for _, c := range d.Causes {
		fmt.Fprintf(&b, "- **%s** (%s, %s)", oneLine(c.Title), c.Code, c.Confidence)
		for _, o := range c.Objects {
			fmt.Fprintf(&b, " `%s`", o)
		}
		if n := c.Faults() - len(c.Objects); n > 0 {
			fmt.Fprintf(&b, " and %d more", n)
		}
		fmt.Fprintf(&b, "\n  %s", oneLine(c.Reason))
		switch n := c.Consequences(); {
		case n == 1:
			b.WriteString(" 1 consequence follows from it.")
		case n > 1:
			fmt.Fprintf(&b, " %d consequences follow from it.", n)
		}
		for _, block := range c.Blocks {
			fmt.Fprintf(&b, " It blocks the remedy of %s: %s", block.Cause, oneLine(block.Reason))
		}
		b.WriteByte('\n')
	}
	if n := d.Total().Causes - len(d.Causes); n > 0 {
		fmt.Fprintf(&b, "- … and %d more causes\n", n)
	}
	return b.String()
}

// evidenceSection lists what the causes themselves rest on, and what the story cites; what the consequences rest on can be looked up in the
// log.
func evidenceSection(d *Diagnosis, story *Story) string {
	if d == nil {
		return ""
	}
	var ids []string
	if story != nil {
		for _, x := range story.Sentences {
			ids = append(ids, x.Cites...)
		}
	}
	for i := range d.Causes {
		ids = append(ids, d.Causes[i].Evidence...)
	}
	cited := map[string]bool{}
	for _, id := range ids {
		cited[id] = true
	}
	var b strings.Builder
	for _, e := range d.Evidence {
		if cited[e.ID] {
			fmt.Fprintf(&b, "- %s, %s of `%s`: `%s`\n", e.ID, e.Source, e.Object, strings.ReplaceAll(oneLine(e.Excerpt), "`", "'"))
		}
	}
	return b.String()
}

// actions says what was done and by whom, over all plans that ran. Steps that brought the end about are what worked.
func actions(s *State) (text string, worked, failed []string) {
	var b strings.Builder
	plans := map[string]*Plan{}
	by := map[string][]string{} // who approved each plan
	needless := 0
	for _, r := range s.Log {
		switch e := r.Event.(type) {
		case PlanProposed:
			plans[e.Plan.Hash] = &e.Plan
			if e.Other != nil {
				plans[e.Other.Hash] = e.Other
			}
		case PlanEdited:
			plans[e.Plan.Hash] = &e.Plan
		case PlanApproved:
			if names := by[e.Approval.PlanHash]; !slices.Contains(names, e.Approval.By.Name) {
				by[e.Approval.PlanHash] = append(names, e.Approval.By.Name)
			}
		case StepDone:
			if e.Outcome == StepSkipped {
				needless++
				continue
			}
			p := plans[e.PlanHash]
			if p == nil || p.Step(e.Step) == nil {
				continue
			}
			title := p.Step(e.Step).Title
			fmt.Fprintf(&b, "- %s: %s: %s, approved by %s", stamp(r.At), oneLine(title), e.Outcome, strings.Join(by[e.PlanHash], " and "))
			if e.Detail != "" {
				fmt.Fprintf(&b, " (%s)", oneLine(e.Detail))
			}
			b.WriteByte('\n')
			if from := p.Step(e.Step).Source; from != "" {
				fmt.Fprintf(&b, "  - where it came from: %s\n", oneLine(from))
			}
			switch {
			case e.Outcome == StepOK && s.Plan != nil && e.PlanHash == s.Plan.Hash && s.Verification.OK:
				worked = append(worked, title)
			default:
				failed = append(failed, title)
			}
		}
	}
	if needless > 0 {
		fmt.Fprintf(&b, "- %d further steps were not needed: what they would have restarted came back by itself\n", needless)
	}
	if b.Len() == 0 {
		return "Nothing was done by Paramedic.", nil, nil
	}
	return b.String(), worked, failed
}

func followup(s *State) string {
	var b strings.Builder
	if s.Diagnosis != nil {
		for _, c := range s.Diagnosis.Causes {
			fmt.Fprintf(&b, "- Find out what brought about: %s\n", oneLine(c.Title))
		}
		for _, n := range s.Diagnosis.NotSeen {
			fmt.Fprintf(&b, "- Let Paramedic see %s (%s)\n", n.What, oneLine(n.Why))
		}
	}
	for _, st := range s.Steps {
		if p := s.Plan; p != nil && st.Outcome == StepOK && p.Step(st.Step) != nil && p.Step(st.Step).Instead != "" {
			fmt.Fprintf(&b, "- %s: %s\n", oneLine(p.Step(st.Step).Title), oneLine(p.Step(st.Step).Instead))
		}
	}
	if s.NoPlan != "" {
		fmt.Fprintf(&b, "- No plan could be offered: %s\n", oneLine(s.NoPlan))
	}
	return b.String()
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
