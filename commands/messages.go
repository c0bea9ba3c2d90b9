package commands

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Slots of an incident's messages, in the order in which a thread shows them. The first is the message in the channel, the others
// are its thread.
var slots = []string{"incident", "facts", "story", "similar", "plan", "progress", "verification", "resolution", "postmortem"}

// RootSlot is the slot of the message in the channel.
const RootSlot = "incident"

// SlotOrder is the place of a slot in its thread; unknown ones come last.
func SlotOrder(slot string) int {
	if i := slices.Index(slots, slot); i >= 0 {
		return i
	}
	return len(slots)
}

// IncidentMessages are the messages that tell an incident as it stands, in order of their slots; what there is nothing to say of is
// left out. now matters for approvals that expire, and for nothing else. A slot that once was there stays: where its subject is
// gone, because the cluster was looked at again, it says so.
func IncidentMessages(s *incident.State, now time.Time) []Message {
	if s == nil || s.ID == "" {
		return nil
	}
	root := Message{Slot: RootSlot, Reply: rootReply(s, now)}
	thread := fitting(mostThreadWords, func(r room) ([]Message, int) { return threadMessages(s, now, r) })
	return slices.Concat([]Message{root}, thread, onsetMessages(s), newsMessages(s, now), callMessages(s))
}

// threadMessages are the messages of an incident's thread that are kept up to date, and how many words they have.
func threadMessages(s *incident.State, now time.Time, r room) (messages []Message, words int) {
	add := func(slot string, blocks []Block, text string) {
		if words += wordsOf(blocks); len(blocks) > 0 {
			messages = append(messages, Message{Slot: slot, Reply: Reply{Text: text, Blocks: blocks, Audience: Everybody}})
		}
	}
	facts, text := factBlocks(s, r)
	add("facts", facts, text)
	add("story", storyMessage(s, r), s.ID+": what happened")
	add("similar", similarMessage(s), s.ID+": seen before")
	add("plan", planMessage(s, now, r), s.ID+": the plan")
	add("progress", progressBlocks(s), s.ID+": what is being done")
	add("verification", verificationBlocks(s, r), s.ID+": did it help")
	add("resolution", resolutionBlocks(s), s.ID+" is over")
	add("postmortem", postmortemBlocks(s), s.ID+": the postmortem")
	return messages, words
}

// happened says whether an event of E's type is in the log.
func happened[E incident.Event](s *incident.State) bool {
	return slices.ContainsFunc(s.Log, func(r incident.Recorded) bool { _, ok := r.Event.(E); return ok })
}

// outdated stands where something was that a new look has overtaken.
func outdated(what string) []Block { return []Block{Note{Text(what)}} }

// factBlocks tell what is being looked at, and then what was found.
func factBlocks(s *incident.State, r room) ([]Block, string) {
	if s.Diagnosis == nil {
		blocks := []Block{Paragraph{Bold("Looking at the cluster: "),
			Text("nodes, pods and their last logs, workloads, services, DNS, networking, storage, what changed.")}}
		blocks = append(blocks, signalBlocks(s)...)
		if i := s.Investigation; i.Failures > 0 {
			blocks = append(blocks, Paragraph{Bold("Could not look at the cluster"),
				Text(fmt.Sprintf(" (%s): %s ", times(i.Failures), clip.Runes(i.LastError,
					maxLine))),
				Text("Paramedic keeps trying.")})
		}
		return blocks, s.ID + ": looking at the cluster"
	}
	blocks := foundBlocks(s.Diagnosis, r)
	blocks = append(blocks, signalBlocks(s)...)
	if s.Investigation.Failures > 0 {
		blocks = append(blocks, Note{Text("The cluster could not be looked at again, and Paramedic keeps trying: " +
			clip.Runes(s.Investigation.LastError, maxLine))})
	}
	if s.Investigation.Wanted {
		blocks = append(blocks, Note{Text("Looking at the cluster again.")})
	}
	actions := Actions{{ID: "details", Label: "All that was found", Value: Quote("details", s.ID),
		Accessibility: "Show all that was found of " + s.ID}}
	if len(s.Diagnosis.Evidence) > 0 {
		actions = append(actions, evidenceAction(s)...)
		if s.Open() {
			actions = append(actions, acceptButtons(s.Diagnosis)...)
		}
	}
	return append(blocks, actions), headline(s.Diagnosis)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// manyAlike tells signals of one kind, one by its words, more by their number, and how many there are beyond those that are held whole.
func manyAlike(signals []incident.Signal, kind string, more incident.MoreSignals) string {
	over := more.Count - more.Firing
	for _, g := range signals {
		if g.Status == incident.Resolved {
			over++
		}
	}
	n, text := len(signals)+more.Count, kind+" “"+atLength(signals[0].Title, 150)+"”"
	if n > 1 {
		text = count(n, kind)
	}
	switch {
	case over == n:
		return text + " (over)"
	case over > 0:
		return text + fmt.Sprintf(" (%s over)", thousands(over))
	}
	return text
}

// signalBlocks tell what asked for attention: people by their words, one alert by its own, more by their number, and that it was the watch.
func signalBlocks(s *incident.State) []Block {
	var said []string
	var alerts, seen []incident.Signal
	for _, g := range s.Signals {
		switch {
		case g.Kind == incident.WatchSignal:
			seen = append(seen, g)
		case g.By.Name == "":
			alerts = append(alerts, g)
		case len(said) < mostSignals:
			said = append(said, g.By.Name+": “"+atLength(g.Title, 150)+"”")
		}
	}
	more := s.More
	if len(alerts) > 0 {
		said = append(said, manyAlike(alerts, alerts[0].Kind, more))
		more = incident.MoreSignals{}
	}
	if len(seen) == 1 && more.Count == 0 {
		said = append(said, "the watch")
	} else if len(seen) > 0 {
		said = append(said, "the watch, by "+manyAlike(seen, "finding", more))
	}
	if len(said) == 0 {
		return nil
	}
	return []Block{Note{Text("Raised by " + strings.Join(said, "; "))}}
}

// mostSentences is how much of a story a thread tells.
const mostSentences = 5

// shortStory is the beginning of a story, which tells the cause first, with one citation a sentence: the evidence has the others.
func shortStory(s *incident.Story, r room) *incident.Story {
	out := *s
	out.Sentences = slices.Clone(s.Sentences[:min(len(s.Sentences), r.sentences)])
	for i, line := range out.Sentences {
		out.Sentences[i].Text = r.inRoom(line.Text)
		out.Sentences[i].Cites = line.Cites[:min(len(line.Cites), 1)]
	}
	if unconfigured(out.Note) {
		out.Note = ""
	}
	return &out
}

func storyMessage(s *incident.State, r room) []Block {
	switch {
	case s.Story != nil:
		blocks := storyBlocks(shortStory(s.Story, r))
		if ids := cites(s.Story); len(ids) > 0 {
			blocks = append(blocks, evidenceAction(s, ids...))
		}
		return blocks
	case happened[incident.StoryTold](s):
		return outdated("The cluster was looked at again; the story follows.")
	}
	return nil
}

// recalledSome says whether an event named something that was seen before, so that a message told of it.
func recalledSome(r incident.Recorded) bool {
	e, ok := r.Event.(incident.Recalled)
	return ok && len(e.Similar) > 0
}

func similarMessage(s *incident.State) []Block {
	note := s.RecallNote
	if unconfigured(note) {
		note = ""
	}
	switch {
	case s.Recalled && len(s.Similar) == 0 && note == "":
		if slices.ContainsFunc(s.Log, recalledSome) {
			return outdated("The cluster was looked at again; no similar incident is known.")
		}
		return nil
	case s.Recalled:
		return similarBrief(s.Similar, note)
	case happened[incident.Recalled](s):
		return outdated("The cluster was looked at again; similar incidents follow.")
	}
	return nil
}

// planMessage shows the plan, or why there is none, and what was decided about it.
func planMessage(s *incident.State, now time.Time, r room) []Block {
	var blocks []Block
	if p := s.Superseded; p != nil && s.Plan == nil {
		blocks = append(blocks, Note{Text("Plan "), Mono(short(p.PlanHash)), Text(" was withdrawn: " + sentence(clip.Runes(p.Reason, maxLine)))})
	}
	switch {
	case s.Plan != nil:
		for _, p := range s.Offered() {
			if s.Other != nil {
				blocks = append(blocks, Header{planName(s, p)})
			}
			blocks = append(append(blocks, planBrief(p, s.Running(), r)...), editedNote(s, p)...)
		}
		if s.Other != nil {
			blocks = append(blocks, Divider{})
		}
		if s.Rejected == nil && !s.Running() {
			blocks = append(blocks, choiceBlocks(s)...)
		}
		if s.Plan.InverseOf != "" {
			blocks = append(blocks, Note{Text("It undoes plan "), Mono(short(s.Plan.InverseOf)), Text(".")})
		}
		blocks = append(blocks, decision(s, now)...)
	case s.NoPlan != "":
		blocks = append(blocks, noPlanLines(s.NoPlan, r))
	case len(blocks) > 0:
	case happened[incident.PlanProposed](s) || happened[incident.NoPlan](s):
		return outdated("The cluster was looked at again; the plan that was here no longer stands.")
	}
	return blocks
}

// noPlanLines are the first reasons why there is no plan, a line each.
func noPlanLines(reason string, r room) Paragraph {
	p, all := Paragraph{Bold("No plan: ")}, strings.Split(reason, "\n")
	for i, why := range all {
		if i > 0 {
			p = append(p, Text("\n"))
		}
		if i == r.whys {
			return append(p, Text("… "+count(len(all)-i, "more reason")))
		}
		p = append(p, Text(sentence(clip.Phrase(why, r.why))))
	}
	return p
}

// decision offers the plan's buttons, or says who decided, and when.
func decision(s *incident.State, now time.Time) []Block {
	switch {
	case s.Rejected != nil:
		note := Note{Text("Rejected by " + s.Rejected.By.Name + " "), When(decidedAt[incident.PlanRejected](s))}
		if s.Rejected.Reason != "" {
			note = append(note, Text(": "+clip.Runes(s.Rejected.Reason, maxLine)))
		}
		return []Block{note}
	case s.ApprovalValid(now) || s.Running():
		return []Block{Note{Text("Approved by " + approvers(s) + " "), When(s.Approval().At), Text(", runs as "), Mono(s.Approval().As.User)}}
	case !s.Open():
		return nil
	}
	var blocks []Block
	switch a := s.Approval(); {
	case s.Stopped != nil:
		blocks = append(blocks, stopNote(s))
	case len(s.Standing(now)) > 0:
		blocks = append(blocks, Note{Text("Approved by " + approvers(s) + ". " + second(s))})
	case a != nil:
		blocks = append(blocks, Note{Text("The approval by " + a.By.Name + " expired "), When(a.Expires), Text(" before the run began.")})
	}
	for _, p := range s.Offered() {
		blocks = append(blocks, planActions(s, p))
	}
	return blocks
}

// planActions are the buttons of a plan on offer. They name which where there are two.
func planActions(s *incident.State, p *incident.Plan) Actions {
	out := Actions{openButton(s, p, "review")}
	if name := strings.ToLower(planName(s, p)); len(p.Inputs) > 0 {
		out = append(out, Button{ID: "edit", Label: "Edit " + name, Value: Quote("edit", s.ID, p.Hash),
			Accessibility: "Change values of " + name + " of " + s.ID})
	}
	return append(out, rejectButton(s, p))
}

// openButton opens a plan on offer; of two, the first is the primary one.
func openButton(s *incident.State, p *incident.Plan, id string) Button {
	name, style := strings.ToLower(planName(s, p)), Primary
	if p != s.Plan {
		style = ""
	}
	return Button{ID: id, Label: "Open " + name, Style: style, Value: Quote("plan", s.ID, p.Hash),
		Accessibility: "Open " + name + " of " + s.ID + " to approve it"}
}

// decidedAt is when the newest event of E's type was recorded.
func decidedAt[E incident.Event](s *incident.State) time.Time {
	for i := len(s.Log) - 1; i >= 0; i-- {
		if _, ok := s.Log[i].Event.(E); ok {
			return s.Log[i].At
		}
	}
	return time.Time{}
}
