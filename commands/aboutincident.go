package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/commands/grammar"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// topicMeans says what each topic of "about" tells.
func topicMeans() map[string]string {
	return map[string]string{grammar.Now: "where it stands now", grammar.Who: "who has it, and who decided", grammar.Cause: "why it happened",
		grammar.Log: "what logs said", grammar.Changes: "what changed before it", grammar.RuledOut: "what was ruled out",
		grammar.NotSeen: "what could not be looked at", grammar.Before: "when it was seen before, and what helped",
		grammar.Plan: "what is proposed"}
}

// topics answer one thing about an incident each; none of them asks anybody but its record.
func topics() map[string]func(*incident.State, Request) []Block {
	return map[string]func(*incident.State, Request) []Block{grammar.Now: nowBlocks, grammar.Who: whoBlocks, grammar.Cause: causeOf,
		grammar.Log: logBlocks, grammar.Changes: changesOf, grammar.RuledOut: ruledOutOf, grammar.NotSeen: notSeenOf, grammar.Before: beforeOf,
		grammar.Plan: planOf}
}

// about tells one thing about an incident.
func (s *Set) about(ctx context.Context, r Request) (Reply, error) {
	state, rest, err := s.shown(ctx, r, "tell about")
	if err != nil {
		return Reply{}, err
	}
	topic := grammar.Now
	if len(rest) > 0 {
		topic = strings.ToLower(rest[0])
	}
	tell := topics()[topic]
	if tell == nil || len(rest) > 1 {
		why := "“" + clip.Runes(strings.Join(rest, " "), 40) + "” is none of " + strings.Join(grammar.Topics, ", ")
		if near := nearTopic(topic); near != "" && len(rest) == 1 {
			why += "; did you mean " + near + "?"
		}
		return Reply{}, usageError(why)
	}
	text := fmt.Sprintf("%s: %s", state.ID, topicMeans()[topic])
	blocks := append([]Block{Paragraph{Bold(state.ID + ": "), Text(topicMeans()[topic])}}, tell(state, r)...)
	if !state.Open() {
		blocks = append(blocks, Note{Text(state.ID + " is over: it is " + string(state.Phase(r.Now)) + ".")})
	}
	return Reply{Text: text, Blocks: blocks, Data: detailOf(state, r.Now)}, nil
}

func nearTopic(said string) string {
	for _, t := range grammar.Topics {
		if grammar.Slips(t, said) <= 2 || len(said) > 2 && strings.HasPrefix(t, said) {
			return t
		}
	}
	return ""
}

// notLooked stands where a look would tell.
func notLooked(s *incident.State) []Block {
	return []Block{Paragraph{Text(s.ID + " has not been looked at yet.")}}
}

func nowBlocks(s *incident.State, r Request) []Block {
	phase := s.Phase(r.Now)
	blocks := []Block{Paragraph{Bold(atLength(s.Title, maxLine))}, rootStatus(s, phase)}
	if lines := rootLines(s, phase, rooms[0]); len(lines) > 0 {
		blocks = append(blocks, lines)
	}
	if n := rootNote(s, phase, r.Now); len(n) > 0 {
		blocks = append(blocks, n)
	}
	if s.Diagnosis != nil {
		blocks = append(blocks, Note{Text("Looked "), When(s.Diagnosis.At)})
	}
	return blocks
}

func whoBlocks(s *incident.State, r Request) []Block {
	who := whoLine(s, s.Phase(r.Now))
	switch {
	case s.Claimed != nil:
		who = Paragraph{Bold(s.Claimed.Name), Text(" has it since "), When(s.ClaimedAt), Text(".")}
	case len(who) == 0:
		who = Paragraph{Text("Nobody has taken it.")}
	}
	blocks := []Block{who}
	if len(s.Approvals) > 0 {
		blocks = append(blocks, Paragraph{Text("Its plan was approved by " + approvers(s) + ".")})
	}
	return append(blocks, signalBlocks(s)...)
}

func causeOf(s *incident.State, r Request) []Block {
	if s.Diagnosis == nil {
		return notLooked(s)
	}
	return append(foundBlocks(s.Diagnosis, rooms[0]), lookedNote(s.Diagnosis), Note{Text("All of it: "), Mono(r.Prog + " details " + s.ID)})
}

// mostLogs bounds the log excerpts that are shown.
const mostLogs = 5

func logBlocks(s *incident.State, r Request) []Block {
	if s.Diagnosis == nil {
		return notLooked(s)
	}
	var blocks []Block
	n := 0
	for _, id := range looks(s)[0].ordered() {
		e := s.Diagnosis.EvidenceByID(id)
		if e == nil || e.Source != incident.SourceLog {
			continue
		}
		if n++; n <= mostLogs {
			blocks = append(blocks, evidenceBlocks(e)...)
		}
	}
	switch {
	case n == 0:
		return []Block{Paragraph{Text("No line of a log is among its evidence. What there is: "), Mono(r.Prog + " evidence " + s.ID)}}
	case n > mostLogs:
		blocks = append(blocks, Note{Text(fmt.Sprintf("… %d more: ", n-mostLogs)), Mono(r.Prog + " evidence " + s.ID)})
	}
	return append(blocks, lookedNote(s.Diagnosis))
}

func changesOf(s *incident.State, r Request) []Block {
	if s.Diagnosis == nil {
		return notLooked(s)
	}
	var newest []incident.Change
	for _, c := range s.Diagnosis.Changes {
		if !c.At.After(s.Diagnosis.At) {
			newest = append(newest, c)
		}
	}
	if len(newest) == 0 {
		return []Block{Paragraph{Text("Nothing is recorded that changed before it.")}, lookedNote(s.Diagnosis)}
	}
	slices.Reverse(newest)
	return []Block{changeTable(newest), lookedNote(s.Diagnosis)}
}

func ruledOutOf(s *incident.State, r Request) []Block {
	switch {
	case s.Diagnosis == nil:
		return notLooked(s)
	case len(s.Diagnosis.RuledOut) == 0:
		return []Block{Paragraph{Text("Nothing was ruled out.")}, lookedNote(s.Diagnosis)}
	}
	return []Block{ruledOutList("Ruled out:", s.Diagnosis.RuledOut), lookedNote(s.Diagnosis)}
}

func notSeenOf(s *incident.State, r Request) []Block {
	switch {
	case s.Diagnosis == nil:
		return notLooked(s)
	case len(s.Diagnosis.Unseen()) == 0:
		return []Block{Paragraph{Text("Everything that was to be looked at was seen.")}, lookedNote(s.Diagnosis)}
	}
	return append(notSeenBlocks(s.Diagnosis), lookedNote(s.Diagnosis))
}

func beforeOf(s *incident.State, r Request) []Block {
	if len(s.Similar) > 0 {
		return append([]Block{similarList(s.Similar)}, similarBrief(nil, s.RecallNote)...)
	}
	if !s.Recalled {
		return []Block{Paragraph{Text("The postmortems have not been searched yet.")}}
	}
	return append([]Block{Paragraph{Text("There is no postmortem of anything like it.")}}, similarBrief(nil, s.RecallNote)...)
}

func planOf(s *incident.State, r Request) []Block {
	if s.Plan == nil {
		return []Block{Paragraph{Text(noPlan(s).Error())}}
	}
	blocks := append(append(planBrief(s.Plan, false, rooms[0]), choiceBlocks(s)...), recordBlocks(s)...)
	if s.Running() {
		return append(blocks, progressBlocks(s)...)
	}
	if s.Rejected != nil {
		blocks = append(blocks, Note{Text("It was rejected by " + s.Rejected.By.Name + ".")})
	}
	return append(blocks, Note{Text("Open it, and approve it there: "), Mono(r.Prog + " plan " + s.ID)})
}
