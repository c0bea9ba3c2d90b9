package commands

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// marks stand before a phase, so that a channel can be read at a glance.
var marks = map[incident.Phase]string{
	incident.Investigating: "🔎", incident.Diagnosed: "🩺", incident.Awaiting: "✋", incident.Approved: "▶️", incident.Recovering: "▶️",
	incident.Stopping: "⏹️", incident.StoppedPhase: "⏹️", incident.Stuck: "⚠️", incident.Verifying: "👀", incident.ResolvedPhase: "✅",
	incident.ClosedPhase: "⬜",
}

// maxHeader bounds a header, in characters, as Slack does.
const maxHeader = 150

// rootReply is the message in the channel, which is to be understood in five seconds: what is wrong, how much of it, what is proposed, who
// has it.
func rootReply(s *incident.State, now time.Time) Reply {
	phase := s.Phase(now)
	note := rootNote(s, phase, now)
	blocks := fitting(mostRootWords, func(r room) ([]Block, int) {
		out := []Block{Header{clip.Phrase(rootTitle(s), r.title)}, rootStatus(s, phase)}
		if p := rootLines(s, phase, r); len(p) > 0 {
			out = append(out, p)
		}
		return out, wordsOf(append(out, note))
	})
	blocks = append(blocks, failingBlocks(s)...)
	if a := rootActions(s, phase); len(a) > 0 {
		blocks = append(blocks, a)
	}
	if len(note) > 0 {
		blocks = append(blocks, note)
	}
	return Reply{Text: fmt.Sprintf("%s %s: %s (%s)", marks[phase], s.ID, atLength(s.Title, maxLine), phase), Blocks: blocks,
		Audience: Everybody}
}

// rootTitle is the cause to mend first in one sentence; where others stand beside it, its thread says what follows from it.
func rootTitle(s *incident.State) string {
	if s.Diagnosis != nil && len(s.Diagnosis.Causes) > 1 {
		return incident.TightTitle(s.Title)
	}
	return incident.ShortTitle(s.Title)
}

// rootStatus is where the incident stands, in a line.
func rootStatus(s *incident.State, phase incident.Phase) Paragraph {
	about := []string{s.ID}
	if d := s.Diagnosis; d != nil {
		if len(d.Causes) > 0 && s.Open() && d.InOrder()[0].Confidence != incident.Certain {
			about = append(about, "cause "+string(d.InOrder()[0].Confidence))
		}
		if d.Cluster != "" {
			about = append(about, d.Cluster)
		}
	}
	return Paragraph{Text(marks[phase] + " "), Bold(capital(string(phase))), Text("  " + strings.Join(about, " · "))}
}

// capital is s with its first letter large.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

// rootActions are the buttons that fit the phase; the first is the primary one.
func rootActions(s *incident.State, phase incident.Phase) Actions {
	again := Button{ID: "look", Label: "Look again", Value: Quote("look", s.ID), Accessibility: "Look at the cluster of " + s.ID + " again"}
	switch phase {
	case incident.Awaiting:
		var out Actions
		for i, p := range s.Offered() {
			out = append(out, openButton(s, p, []string{"plan", "plan-2"}[i]))
		}
		return append(out, claimButton(s), again)
	case incident.Investigating:
		return Actions{claimButton(s)}
	case incident.Diagnosed:
		again.Style = Primary
		return Actions{again, claimButton(s), closeButton(s)}
	case incident.Approved, incident.Recovering:
		return Actions{stopping(s)}
	case incident.Stuck, incident.StoppedPhase:
		if i := slices.IndexFunc(s.Steps, func(st incident.StepState) bool { return st.Unclear != "" && st.Ended.IsZero() }); i >= 0 {
			return unclearActions(s, s.Steps[i].Step)
		}
		again.Style = Primary
		return Actions{again, claimButton(s), closeButton(s)}
	case incident.ResolvedPhase:
		if s.Postmortem != nil && s.Published == nil {
			return Actions{{ID: "postmortem", Label: "Read the postmortem", Style: Primary, Value: Quote("postmortem", s.ID),
				Accessibility: "Read the postmortem of " + s.ID}}
		}
	}
	return nil
}

// claimButton takes an incident, also from who has it.
func claimButton(s *incident.State) Button {
	return Button{ID: "claim", Label: "I have it", Value: Quote("claim", s.ID), Accessibility: "Say that you have " + s.ID}
}

func stopping(s *incident.State) Button {
	return Button{ID: "stop", Label: "Stop", Style: Danger, Value: Quote("stop", s.ID), Accessibility: "Let no further step of " + s.ID +
		" begin"}
}

func closeButton(s *incident.State) Button {
	return Button{ID: "close", Label: "Close", Value: Quote("close", s.ID), Accessibility: "Close " + s.ID + " without recovery",
		Confirm: &Confirm{Title: "Close the incident?", Text: "Paramedic stops following it. Nothing in the cluster is changed.", Yes: "Close",
			No: "Keep it open"}}
}

// unclearActions ask a person what happened to a step.
func unclearActions(s *incident.State, step string) Actions {
	name := "Step " + step
	if s.Plan != nil && s.Plan.Step(step) != nil {
		name = s.Plan.Step(step).Title
	}
	ask := func(id, label, word, text string) Button {
		return Button{ID: id, Label: label, Value: Quote("decide", s.ID, step, word), Accessibility: label + ": " + clip.Runes(name, 60),
			Confirm: &Confirm{Title: "Are you sure?", Text: clip.Runes(name, 150) + ". " + text, Yes: label, No: "Cancel"}}
	}
	yes := ask("done", "It was done", "done", "The plan goes on with the next step.")
	yes.Style = Primary
	return Actions{yes, ask("undone", "It was not done", "undone", "The plan ends here; what was done can be undone.")}
}

// rootNote says who decided, and when.
func rootNote(s *incident.State, phase incident.Phase, now time.Time) Note {
	switch {
	case s.Published != nil:
		note := Note{Text("Postmortem published by " + s.Published.By.Name + " "), When(decidedAt[incident.PostmortemPublished](s))}
		if s.Unwritten() != "" {
			note = append(note, Text(", but it could not be written; its thread says why"))
		}
		return append(note, fileLink(s)...)
	case s.Elsewhere() != "":
		return Note{Text("Closed "), When(s.ClosedAt), Text(": " + sentence(clip.Runes(s.ClosedBy.Reason, maxLine)))}
	case phase == incident.ClosedPhase:
		return Note{Text("Closed by " + s.ClosedBy.By.Name + " "), When(decidedAt[incident.Closed](s))}
	case phase == incident.ResolvedPhase:
		return Note{Text("Resolved "), When(s.ResolvedAt)}
	case phase == incident.Stuck && !s.RunEnded():
		return Note{Text("Nobody can tell whether a step was done. Look for yourself, then say so.")}
	case s.Stopped != nil:
		return stopNote(s)
	case s.ApprovalValid(now):
		return Note{Text("Approved by " + approvers(s) + " "), When(s.Approval().At)}
	case len(s.Standing(now)) > 0:
		return Note{Text("Approved by " + approvers(s) + ". " + second(s))}
	case s.Rejected != nil:
		return Note{Text("Plan rejected by " + s.Rejected.By.Name + " "), When(decidedAt[incident.PlanRejected](s))}
	}
	return nil
}

// stopNote says who stopped the recovery, when and why.
func stopNote(s *incident.State) Note {
	note := Note{Text("Stopped by " + s.Stopped.By.Name + " "), When(decidedAt[incident.Stopped](s))}
	if s.Stopped.Reason != "" {
		note = append(note, Text(": "+clip.Runes(s.Stopped.Reason, maxLine)))
	}
	return note
}

// approvers names those who approved the current plan.
func approvers(s *incident.State) string {
	var names []string
	for _, a := range s.Approvals {
		name := a.By.Name
		if a.Terminal {
			name += " (in the terminal)"
		}
		names = append(names, name)
	}
	return strings.Join(names, " and ")
}
