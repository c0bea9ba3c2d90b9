package commands

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// mostListed bounds the list of incidents.
const mostListed = 20

func (s *Set) incidents(ctx context.Context, r Request) (Reply, error) {
	if s.Incidents == nil {
		return Reply{}, errMissing("Keeping incidents")
	}
	switch {
	case len(r.Args) > 1:
		return Reply{}, usageError("that is more than one incident")
	case len(r.Args) == 1 && !strings.EqualFold(r.Args[0], "all"):
		state, _, err := s.shown(ctx, r, "show")
		if err != nil {
			return Reply{}, err
		}
		return IncidentReply(state, r.Now), nil
	}
	all := len(r.Args) == 1
	states, total, err := s.Incidents.List(ctx, all)
	if err != nil {
		return Reply{}, err
	}
	states, hidden, err := s.visible(ctx, r, states)
	if err != nil {
		return Reply{}, err
	}
	reply := listReply(states, total-hidden, all, r.Now)
	if hidden > 0 {
		if len(reply.Blocks) == 0 {
			reply.Blocks = []Block{Paragraph{Text(reply.Text)}}
		}
		reply.Blocks = append(reply.Blocks, Note{Text("… " + count(hidden, "more incident") +
			", told in another channel, about what you may not see")})
	}
	if silent := s.silencedNote(ctx, r); len(silent) > 0 {
		if len(reply.Blocks) == 0 {
			reply.Blocks = []Block{Paragraph{Text(reply.Text)}}
		}
		reply.Blocks = append(reply.Blocks, silent...)
	}
	return reply, nil
}

// incidentID forgives lower case and a missing prefix.
func incidentID(said string) string {
	id := strings.ToUpper(strings.TrimSpace(said))
	if id != "" && !strings.HasPrefix(id, "INC-") {
		id = "INC-" + id
	}
	return clip.Runes(id, 64)
}

// Summary is an incident in a list, in JSON.
type Summary struct {
	ID       string            `json:"id"`
	Title    string            `json:"title"`
	Phase    incident.Phase    `json:"phase"`
	Severity incident.Severity `json:"severity,omitempty"`
	Cluster  string            `json:"cluster,omitempty"`
	OpenedAt time.Time         `json:"openedAt"`
	Ended    time.Time         `json:"ended,omitzero"`
	Who      string            `json:"who,omitempty"` // has it, or else has answered first; empty: nobody
	PlanHash string            `json:"planHash,omitempty"`
}

func summary(s *incident.State, now time.Time) Summary {
	m := Summary{ID: s.ID, Title: s.Title, Phase: s.Phase(now), OpenedAt: s.OpenedAt, Ended: s.ResolvedAt}
	switch {
	case s.Claimed != nil:
		m.Who = s.Claimed.Name
	case s.Answer != nil:
		m.Who = s.Answer.By.Name
	}
	if s.Diagnosis != nil {
		m.Severity, m.Cluster = s.Diagnosis.Worst(), s.Diagnosis.Cluster
	}
	if s.Plan != nil {
		m.PlanHash = s.Plan.Hash
	}
	return m
}

func listReply(states []*incident.State, total int, all bool, now time.Time) Reply {
	summaries := []Summary{}
	for _, s := range states {
		summaries = append(summaries, summary(s, now))
	}
	which := "open incident"
	if all {
		which = "incident"
	}
	if len(states) == 0 {
		return Reply{Text: "No " + which + ".", Data: summaries}
	}
	table := Table{Columns: []Column{{"Incident", false}, {"Where it stands", false}, {"Who", false}, {"What", false}, {"Since", false}}}
	for i, m := range summaries {
		if i == mostListed {
			table.More = total - i
			break
		}
		who := cmp.Or(clip.Runes(m.Who, maxLabel), "nobody")
		table.Rows = append(table.Rows, []Span{Text(m.ID), Text(string(m.Phase)), Text(who), Text(atLength(m.Title, 150)), When(m.OpenedAt)})
	}
	text := "There are " + count(total, which) + "."
	if total == 1 {
		text = "There is 1 " + which + "."
	}
	return Reply{Text: text, Blocks: []Block{Paragraph{Text(text)}, table}, Data: summaries}
}

// IncidentReply shows one incident whole: its messages, one after the other.
func IncidentReply(s *incident.State, now time.Time) Reply {
	reply := Reply{Text: fmt.Sprintf("%s: %s (%s)", s.ID, atLength(s.Title, maxLine), s.Phase(now)), Data: detailOf(s, now)}
	seen := map[string]bool{}
	for i, m := range IncidentMessages(s, now) {
		if i > 0 {
			reply.Blocks = append(reply.Blocks, Divider{})
		}
		for _, b := range m.Reply.Blocks {
			if a, ok := b.(Actions); ok {
				b = unpressed(a, seen)
			}
			reply.Blocks = append(reply.Blocks, unmentioned(b))
		}
	}
	return reply
}

// unpressed are the buttons that no message before has offered.
func unpressed(a Actions, seen map[string]bool) Actions {
	var left Actions
	for _, b := range a {
		if !seen[b.Value] {
			seen[b.Value] = true
			left = append(left, b)
		}
	}
	return left
}

// Detail is an incident in JSON.
type Detail struct {
	Summary
	Signals      []incident.Signal     `json:"signals"`
	Diagnosis    *Report               `json:"diagnosis"`
	Plan         *incident.Plan        `json:"plan"`
	Other        *incident.Plan        `json:"other,omitempty"` // the plan beside it
	Idle         []incident.Prospect   `json:"idle,omitempty"`  // what happens if nobody does anything
	NoPlan       string                `json:"noPlan,omitempty"`
	Approval     *incident.Approval    `json:"approval"` // as whose identity the plan runs
	Approvals    []incident.Approval   `json:"approvals"`
	Stopped      *incident.Stopped     `json:"stopped,omitempty"`
	Steps        []incident.StepState  `json:"steps"`
	Verification incident.Verification `json:"verification"`
	Calls        []incident.Called     `json:"calls,omitempty"` // of who is on call
	Postmortem   *incident.Postmortem  `json:"postmortem"`
	Path         string                `json:"path,omitempty"`
	Link         string                `json:"link,omitempty"` // to the postmortem's file in the incident's thread
}

func calls(s *incident.State) []incident.Called {
	var all []incident.Called
	for _, c := range s.Calls {
		all = append(all, c.Called)
	}
	return all
}

func detailOf(s *incident.State, now time.Time) Detail {
	d := Detail{Summary: summary(s, now), Signals: full(s.Signals), Plan: s.Plan, Other: s.Other, Idle: s.Idle, NoPlan: s.NoPlan,
		Approval: s.Approval(), Approvals: full(s.Approvals), Stopped: s.Stopped,
		Steps: full(s.Steps), Calls: calls(s), Verification: s.Verification, Postmortem: s.Postmortem, Path: s.Path, Link: s.Link}
	if s.Diagnosis != nil {
		r := NewReport(s.Diagnosis, s.Story, s.Similar)
		d.Diagnosis = &r
	}
	return d
}
