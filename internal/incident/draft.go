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
	pm.Actions, pm.Worked, pm.Failed = actions(s)
	pm.Summary = summary(s)
	pm.Impact = impactSection(s)
	pm.Timeline = timeline(s)
	pm.Cause, pm.Graph = causeSection(s), graphSection(s.Diagnosis)
	pm.Evidence = evidenceSection(s.Diagnosis, s.Story)
	pm.Helped = helpedSection(s, pm.Worked, pm.Failed)
	pm.Followup = followup(s)
	for _, section := range pm.Sections() {
		*section = fit(*section, maxSection)
	}
	return pm
}

// Sections are the texts of a postmortem, its title aside.
func (pm *Postmortem) Sections() []*string {
	return []*string{&pm.Summary, &pm.Impact, &pm.Timeline, &pm.Cause, &pm.Graph, &pm.Evidence, &pm.Actions, &pm.Helped, &pm.Followup}
}

// Markdown is a postmortem's sections under their headings, its title aside; empty ones are left out.
func (pm *Postmortem) Markdown() string {
	var b strings.Builder
	for _, s := range []struct{ heading, text string }{
		{"Summary", pm.Summary}, {"Impact", pm.Impact}, {"Cause", pm.Cause}, {"What broke what", pm.Graph},
		{"Timeline", pm.Timeline}, {"What was done", pm.Actions},
		{"What helped", pm.Helped}, {"What follows", pm.Followup}, {"Evidence", pm.Evidence},
	} {
		if text := strings.TrimSpace(s.text); text != "" {
			fmt.Fprintf(&b, "## %s\n\n%s\n\n", s.heading, text)
		}
	}
	if b.Len() == 0 {
		b.WriteString("Nobody has written anything down.\n")
	}
	return b.String()
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
		fmt.Fprintf(&b, " by %s", oneLine(tellSignal(s.Signals[0])))
	}
	b.WriteString(".")
	if s.Diagnosis != nil && len(s.Diagnosis.Causes) > 0 {
		c := s.Diagnosis.Causes[0]
		fmt.Fprintf(&b, " The cause was “%s” (%s).", oneLine(c.Title), c.Confidence)
	}
	if a := s.Approval(); a != nil && s.Plan != nil {
		fmt.Fprintf(&b, " %s approved the plan “%s”.", a.By.Name, oneLine(s.Plan.Title))
	}
	if !s.ResolvedAt.IsZero() {
		fmt.Fprintf(&b, " It was resolved after %s.", spoken(s.ResolvedAt.Sub(s.OpenedAt)))
	}
	return b.String()
}

// timeline keeps what always is told, and of the rest as much as there is room for.
func timeline(s *State) string {
	var b strings.Builder
	moments := Timeline(s)
	room := mostMoments
	for _, m := range moments {
		if m.Kept {
			room--
		}
	}
	left := 0
	for _, m := range moments {
		if !m.Kept {
			if room <= 0 {
				left++
				continue
			}
			room--
		}
		fmt.Fprintf(&b, "- %s: %s\n", stamp(m.At), Clip(oneLine(m.Text), maxTitle))
	}
	if left > 0 {
		fmt.Fprintf(&b, "- … %d lesser moments are in the incident's log\n", left)
	}
	return b.String()
}

// mostMoments is how many moments a timeline has, unless more than that always are told.
const mostMoments = 40

func causeSection(s *State) string {
	d := s.Diagnosis
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
			b.WriteString(" 1 consequence followed from it.")
		case n > 1:
			fmt.Fprintf(&b, " %d consequences followed from it.", n)
		}
		for _, block := range c.Blocks {
			fmt.Fprintf(&b, " It blocked the remedy of %s: %s", block.Cause, oneLine(block.Reason))
		}
		b.WriteByte('\n')
	}
	if n := d.Total().Causes - len(d.Causes); n > 0 {
		fmt.Fprintf(&b, "- … and %d more causes\n", n)
	}
	if s.Story != nil && len(s.Story.Sentences) > 0 {
		b.WriteString("\nAs it was told then:\n\n>")
		for _, sentence := range s.Story.Sentences {
			b.WriteString(" " + oneLine(sentence.Text))
			if len(sentence.Cites) > 0 {
				fmt.Fprintf(&b, " (%s)", strings.Join(sentence.Cites, ", "))
			}
		}
		b.WriteByte('\n')
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

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
