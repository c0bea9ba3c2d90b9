package commands

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// rootLines are what people want to know first, a line each.
func rootLines(s *incident.State, phase incident.Phase, r room) Paragraph {
	var out Paragraph
	lines := []Paragraph{impactLine(s), doingLine(s, phase, r), whoLine(s, phase), hushedLine(s)}
	if slices.Contains(unattended, phase) {
		lines = append([]Paragraph{otherCauses(s.Diagnosis, r.others), elsewhereLine(s.Diagnosis)}, lines...)
		if r.others > 0 { // there is room
			lines = append(lines, seenLine(s))
		}
	}
	for _, line := range lines {
		if len(line) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, Text("\n"))
		}
		out = append(out, line...)
	}
	return out
}

// mostTitled is how many causes are named beside the first.
const mostTitled = 2

// otherCauses names at most so many of what is to be mended after the first cause, or says that there is none.
func otherCauses(d *incident.Diagnosis, most int) Paragraph {
	switch {
	case d == nil:
		return nil
	case len(d.Causes) == 0 && d.Wrong():
		return Paragraph{Text("The cause is not known.")}
	case len(d.Causes) == 0:
		return Paragraph{Text(foundNothing(d, whereabouts(d)))}
	}
	all := d.InOrder()
	var p Paragraph
	if first := all[0]; !first.Accepted.IsZero() {
		p = append(append(p, Text("The first cause is ")), append(acceptedBy(first.Accepted), Text(". "))...)
	}
	if len(all) == 1 {
		return p
	}
	var titles []string
	for _, c := range all[1:min(len(all), 1+most)] {
		titles = append(titles, briefly(c.Title, mostOther))
	}
	if more := d.Total().Causes - 1 - len(titles); more > 0 && len(titles) > 0 {
		titles = append(titles, "and "+count(more, "more cause"))
	} else if more > 0 {
		titles = append(titles, count(more, "more cause"))
	}
	return append(p, Bold("Also: "), Text(strings.Join(titles, "; ")))
}

// elsewhereLine counts what is wrong outside of what the incident is about.
func elsewhereLine(d *incident.Diagnosis) Paragraph {
	if d == nil || d.Others == (incident.Others{}) {
		return nil
	}
	what := count(d.Others.Causes, "other cause")
	if d.Others.Causes == 0 {
		what = count(d.Others.Things, "other thing") + " wrong"
	}
	return Paragraph{Bold("Elsewhere in the cluster: "), Text(what + "; "), Mono("/medic check")}
}

// mostOther bounds the title of another cause, in characters.
const mostOther = 120

// briefly is a title within so many characters, cut where a phrase ends.
func briefly(title string, most int) string { return clip.Phrase(incident.TightTitle(title), most) }

// atLength is a title within so many characters, with all that it says of what is wrong; what was before is left out where it does not fit.
func atLength(title string, most int) string {
	if len([]rune(title)) > most {
		title = incident.ShortTitle(title)
	}
	return clip.Phrase(title, most)
}

// impactLine says in numbers how much is hurt.
func impactLine(s *incident.State) Paragraph {
	if s.Diagnosis == nil || !s.Diagnosis.Wrong() {
		return nil
	}
	t := s.Diagnosis.Total()
	var hurt []string
	if t.Workloads > 0 {
		hurt = append(hurt, fmt.Sprintf("%s in %s", count(t.Workloads, "workload"), count(t.Namespaces, "namespace")))
	}
	if t.Nodes > 1 || t.Nodes == 1 && !namesNode(s) {
		hurt = append(hurt, count(t.Nodes, "node"))
	}
	p := Paragraph{Bold("Impact: ")}
	if len(hurt) > 0 {
		p = append(p, Text(strings.Join(hurt, ", ")+" "))
	}
	p = append(p, Text("since "), When(since(s)))
	if t.Restarts > 0 {
		p = append(p, Text(", "+count(t.Restarts, "restart")))
	}
	return p
}

// namesNode says whether the first cause is a node's, so that the title names it.
func namesNode(s *incident.State) bool {
	all := s.Diagnosis.InOrder()
	return len(all) > 0 && len(all[0].Objects) == 1 && all[0].Objects[0].Kind == "Node" && strings.Contains(s.Title, all[0].Objects[0].Name)
}

// doingLine is what is proposed, what is being done, or what was done.
func doingLine(s *incident.State, phase incident.Phase, r room) Paragraph {
	switch phase {
	case incident.Awaiting:
		return proposedLine(s, r)
	case incident.Approved, incident.Recovering, incident.Stopping:
		return stepNow(s)
	case incident.Verifying:
		p := Paragraph{Bold("Done: "), Text(doneSteps(s) + "; watching whether it helped since "), When(s.Verification.Began)}
		if !s.Verification.Until.IsZero() {
			p = append(p, Text(", until "), When(s.Verification.Until), Text(" at the latest"))
		}
		return p
	case incident.ResolvedPhase:
		return helpedLine(s)
	case incident.Diagnosed:
		if s.NoPlan != "" {
			first, _, _ := strings.Cut(s.NoPlan, "\n")
			return Paragraph{Bold("No plan: "), Text(sentence(clip.Phrase(first, min(r.why, mostReason))))}
		}
	}
	return nil
}

// mostReason bounds why there is no plan, in characters; the thread has the whole.
const mostReason = 160

func proposedLine(s *incident.State, r room) Paragraph {
	var titles []string
	for i, p := range s.Offered() {
		title := clip.Phrase(unsaid(s, p.Title), min(r.title, mostOther))
		if first, size := utf8.DecodeRuneInString(title); i > 0 && size > 0 {
			title = string(unicode.ToLower(first)) + title[size:]
		}
		titles = append(titles, title)
	}
	p := s.Plan
	facts := []string{count(len(p.Steps), "step")}
	if p.Took != "" {
		facts = append(facts, inShort(p.Took))
	}
	return Paragraph{Bold("Proposed: "), Text(strings.Join(titles, ", or ") + "; " + strings.Join(append(facts, string(p.Risk)), ", "))}
}

// unsaid is a plan's title without the object that the incident's title has just named.
func unsaid(s *incident.State, title string) string {
	if s.Diagnosis == nil || len(s.Diagnosis.Causes) == 0 || len(s.Diagnosis.InOrder()[0].Objects) == 0 {
		return title
	}
	o := s.Diagnosis.InOrder()[0].Objects[0]
	if !strings.Contains(s.Title, o.Name) {
		return title
	}
	return strings.Replace(title, " of "+strings.ToLower(o.Kind)+" "+o.Name, "", 1)
}

// inShort is how long a plan takes, in its greatest unit and without how that is known, which is told where the plan is opened.
func inShort(took string) string {
	took, _, _ = strings.Cut(took, " until ")
	if words := strings.Fields(took); len(words) > 2 && !slices.Contains(words, "to") {
		return "about " + strings.Join(words[:2], " ")
	}
	return took
}

// stepNow is the step that runs, or comes next.
func stepNow(s *incident.State) Paragraph {
	n := max(len(s.Steps), 1)
	if len(s.Steps) > 0 && !s.Steps[n-1].Ended.IsZero() && n < len(s.Plan.Steps) {
		n++
	}
	return Paragraph{Bold(fmt.Sprintf("Step %d of %d: ", n, len(s.Plan.Steps))), Text(atLength(s.Plan.Steps[n-1].Title, mostOther))}
}

// doneSteps counts the steps of the run that is over.
func doneSteps(s *incident.State) string {
	n := 0
	for _, st := range s.Steps {
		if st.Outcome == incident.StepOK {
			n++
		}
	}
	return fmt.Sprintf("%d of %s", n, count(len(s.Plan.Steps), "step"))
}

// helpedLine says how long it took, who approved and what helped.
func helpedLine(s *incident.State) Paragraph {
	p := Paragraph{Text("Resolved after " + Duration(s.ResolvedAt.Sub(since(s))))}
	if len(s.Approvals) == 0 || s.Plan == nil {
		return append(p, Text(". It went away by itself."))
	}
	return append(p, Text(", approved by "+approvers(s)+". "), Bold("What helped: "), Text(atLength(s.Plan.Title, mostOther)))
}

// unattended are the phases in which an incident waits for somebody.
var unattended = []incident.Phase{incident.Investigating, incident.Diagnosed, incident.Awaiting, incident.Stuck, incident.StoppedPhase}

// whoLine says who has an open incident.
func whoLine(s *incident.State, phase incident.Phase) Paragraph {
	switch {
	case !s.Open():
		return nil
	case s.Claimed == nil && slices.Contains(unattended, phase):
		if called := calledLine(s); called != nil {
			return called
		}
		return Paragraph{Text("Nobody has it.")}
	case s.Claimed == nil:
		return nil
	}
	return Paragraph{Bold(s.Claimed.Name), Text(" has it.")}
}

// hushedLine says that the incident wakes nobody, until when, and on whose word.
func hushedLine(s *incident.State) Paragraph {
	if s.Hushed == nil || !s.Open() {
		return nil
	}
	h := s.Hushed
	return Paragraph{Bold("Silent"), Text(" (" + h.Hush.String() + ") until "), When(h.Until), Text(", says " + clip.Runes(h.By.Name, 80) +
		": nobody is called, and news is told in the thread alone")}
}

// calledLine says who was called, where nobody has answered.
func calledLine(s *incident.State) Paragraph {
	if len(s.Calls) == 0 || s.Answer != nil {
		return nil
	}
	last := s.Calls[len(s.Calls)-1]
	return Paragraph{Text("Called: "), Bold(clip.Runes(last.To.String(), maxLabel))}
}

// seenLine says when something like it was seen, or how often, and what worked the last time.
func seenLine(s *incident.State) Paragraph {
	if len(s.Similar) == 0 || s.Running() {
		return nil
	}
	last := s.Similar[0]
	for _, m := range s.Similar {
		if m.Date > last.Date {
			last = m
		}
	}
	p := Paragraph{Bold("Seen before: ")}
	if n := len(s.Similar); n > 1 {
		p = append(p, Text(fmt.Sprintf("%d times", n)))
	} else {
		p = append(p, Text(cmp.Or(last.Date, atLength(last.Title, mostOther))))
	}
	if len(last.Worked) > 0 {
		p = append(p, Text(". "), Bold("Helped: "), Text(firstWords(last.Worked[0], mostHelped)))
	}
	return p
}

// mostHelped is how many words of what helped the incident's message has; its thread has all of them.
const mostHelped = 4

// firstWords are the first words of a text.
func firstWords(text string, most int) string {
	all := strings.Fields(text)
	if len(all) <= most {
		return clip.Runes(text, mostOther)
	}
	return clip.Runes(strings.Join(all[:most], " "), mostOther) + "\u00a0…"
}

// since is the onset, where it is known, or when an alert began, or when it was noticed.
func since(s *incident.State) time.Time {
	if s.Diagnosis != nil && len(s.Diagnosis.Causes) > 0 && !s.Diagnosis.Causes[0].Since.IsZero() {
		return s.Diagnosis.Causes[0].Since
	}
	at := s.OpenedAt
	for _, g := range s.Signals {
		if !g.Since.IsZero() {
			at = earlier(at, g.Since)
		}
	}
	return at
}
