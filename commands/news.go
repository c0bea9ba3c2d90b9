package commands

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// newsMessages tell what became worse, waits for somebody or failed, each in a message of its own, for an edited message notifies nobody.
func newsMessages(s *incident.State, now time.Time) []Message {
	var messages []Message
	last := -1
	for i := range s.News {
		if s.News[i].Told != nil {
			last = i
		}
	}
	for i, n := range s.News {
		if n.Told == nil {
			continue
		}
		blocks := newsBlocks(s, n, now)
		if s.MoreNews > 0 && i == last {
			blocks = append(blocks, Note{Text("Left out: " + count(s.MoreNews, "more such message") +
				". The incident's own message says where it stands.")})
		}
		messages = append(messages, Message{Slot: fmt.Sprintf("news-%d", n.Version), Broadcast: !n.Told.Quiet,
			Reply: Reply{Text: s.ID + ": " + lowered(newsHead[n.Kind]) + ": " + atLength(n.Title, maxLine), Blocks: blocks, Audience: Everybody}})
	}
	return messages
}

// newsHead is what the message begins with.
var newsHead = map[incident.NewsKind]string{incident.Worse: "It got worse", incident.Waits: "A plan waits for approval",
	incident.Failed: "A step failed", incident.Asks: "Somebody has to say whether a step was done"}

func newsBlocks(s *incident.State, n incident.News, now time.Time) []Block {
	var p Paragraph
	if n.Told.To.ID != "" {
		p = append(personMention(n.Told.To), Text(" "))
	}
	p = append(p, Bold(newsHead[n.Kind]+": "), Text(atLength(n.Title, maxLine)))
	if n.Detail != "" {
		p = append(p, Text(". "+sentence(clip.Runes(n.Detail, maxLine))))
	}
	stands := s.Stands(n, now)
	if !stands && n.Kind == incident.Waits {
		return []Block{append(Note{Text("A plan waited for approval. ")}, became(s, n.Plan)...)}
	}
	blocks := []Block{p}
	switch {
	case stands && n.Kind == incident.Waits:
		var open Actions
		for i, offered := range s.Offered() {
			open = append(open, openButton(s, offered, []string{"plan", "plan-2"}[i]))
		}
		if s.Answer == nil {
			open = append(open, claimButton(s))
		}
		blocks = append(blocks, open)
	case stands && n.Kind == incident.Asks:
		blocks = append(blocks, unclearActions(s, n.Step))
	case stands:
	case n.Kind == incident.Asks:
		blocks = append(blocks, Note{Text("That has been decided.")})
	}
	if note := dampedNote(n.Told); len(note) > 0 {
		blocks = append(blocks, note)
	}
	return blocks
}

// became says what became of a plan that waited.
func became(s *incident.State, hash string) Note {
	for _, r := range slices.Backward(s.Log) {
		switch e := r.Event.(type) {
		case incident.PlanApproved:
			if e.Approval.PlanHash == hash {
				return Note{Text("Approved by " + clip.Runes(e.Approval.By.Name, maxLabel) + " "), When(r.At)}
			}
			if beside(s, e.Approval.PlanHash, hash) {
				return Note{Text("The other plan was approved by " + clip.Runes(e.Approval.By.Name, maxLabel) + " "), When(r.At)}
			}
		case incident.PlanRejected:
			if e.PlanHash == hash {
				return Note{Text("Rejected by " + clip.Runes(e.By.Name, maxLabel) + " "), When(r.At)}
			}
		case incident.PlanSuperseded:
			if e.PlanHash == hash {
				return Note{Text("Withdrawn: " + sentence(clip.Phrase(e.Reason, mostReason)))}
			}
		case incident.PlanEdited:
			if e.PlanHash == hash {
				return Note{Text("Edited by " + clip.Runes(e.By.Name, maxLabel) + "; the new one waits instead.")}
			}
		}
	}
	return Note{Text("The cluster was looked at again, and it was withdrawn.")}
}

// beside says whether two plans were offered side by side.
func beside(s *incident.State, one, other string) bool {
	for _, r := range s.Log {
		if e, ok := r.Event.(incident.PlanProposed); ok && e.Other != nil &&
			(e.Plan.Hash == one && e.Other.Hash == other || e.Plan.Hash == other && e.Other.Hash == one) {
			return true
		}
	}
	return false
}

// dampedNote says what the channel is not told one by one, and where it is listed.
func dampedNote(n *incident.Notified) Note {
	var note Note
	if len(n.Others) > 0 {
		note = Note{Text("Since the last such message there was also news in the threads of " + incidentNames(n.Others, n.More) + ". ")}
	}
	switch {
	case n.Silent:
		return Note{Text("It is told here alone: the incident was silenced.")}
	case n.Quiet:
		note = append(note, Text("It is told only here, because the channel had a lot of news within minutes. "))
	case n.Last:
		note = append(note, Text("The channel had a lot of news within minutes: until "), When(n.Until), Text(" the rest is "+
			"told only in the threads. "))
	}
	if len(note) > 0 {
		note = append(note, Mono("incidents"), Text(" lists all that is open."))
	}
	return note
}

// incidentNames are incidents in words.
func incidentNames(named []string, more int) string {
	text := strings.Join(named, ", ")
	if more > 0 {
		text += " and " + count(more, "more incident")
	}
	return text
}

// lowered is s with its first letter small.
func lowered(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// personMention calls a person by whom the chat knows them; one who is known in the terminal alone is named.
func personMention(p incident.Person) Paragraph {
	if p.Team == "" {
		return Paragraph{Bold(p.Name)}
	}
	return Paragraph{Mention(p.ID, p.Name)}
}

// callMessages call who is on call. An incident that was named in another one's call says so in its thread alone.
func callMessages(s *incident.State) []Message {
	var messages []Message
	for i, c := range s.Calls {
		who := clip.Runes(c.To.String(), maxLabel)
		blocks := []Block{append(Paragraph{Mention(c.To.ID, who)}, calledFor(s, c)...)}
		if c.With != "" {
			blocks = []Block{Note{Bold(who), Text(" was called "), When(c.At), Text(" for "), Mono(c.With),
				Text(", and this incident was named there.")}}
		} else if i == len(s.Calls)-1 {
			blocks = append(blocks, afterCall(s, c)...)
		}
		messages = append(messages, Message{Slot: fmt.Sprintf("call-%d", c.Version), Broadcast: c.With == "",
			Reply: Reply{Text: fmt.Sprintf("%s: nobody has answered; %s is called", s.ID, who), Blocks: blocks, Audience: Everybody}})
	}
	return messages
}

// maxLabel bounds the name of who is called, in characters.
const maxLabel = 80

func calledFor(s *incident.State, c incident.Calling) Paragraph {
	p := Paragraph{Text(": nobody has answered "), Bold(s.ID), Text(", “" + atLength(s.Title, maxLine) + "”, open since "), When(s.OpenedAt),
		Text(".")}
	if c.Level > 1 {
		p = append(p, Text(" Whoever was called first has not answered either."))
	}
	if len(c.Others) > 0 {
		p = append(p, Text(" Unanswered, too: "+incidentNames(c.Others, c.More)+"; "), Mono("incidents"), Text(" lists all that is open."))
	}
	return p
}

// afterCall says what comes next, or that somebody has answered.
func afterCall(s *incident.State, c incident.Calling) []Block {
	switch {
	case !s.Open():
		return []Block{Note{Text("It is over.")}}
	case s.Answer != nil:
		return []Block{Note{Text("Answered by " + cmp.Or(s.Answer.By.Name, "somebody") + " "), When(s.Answer.At)}}
	}
	if s.Hushed != nil {
		return []Block{Actions{claimButton(s)}, append(Note{}, hushedLine(s)...)}
	}
	note := Note{Text("Taking it, deciding on its plan, looking again or closing it counts as an answer.")}
	if c.Next != (incident.Callee{}) {
		note = append(note, Text(" Otherwise "), Bold(clip.Runes(c.Next.String(), maxLabel)), Text(" is called "), When(c.NextAt), Text("."))
	}
	return []Block{Actions{claimButton(s)}, note}
}

// unmentioned is a block in which people are named and not called, for who only asks calls nobody.
func unmentioned(b Block) Block {
	if p, ok := b.(Paragraph); ok {
		out := make(Paragraph, len(p))
		for i, span := range p {
			span.Mention = ""
			out[i] = span
		}
		return out
	}
	return b
}
