package commands

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// idPattern is what a diagnosis numbers: evidence, findings, causes and changes.
var idPattern = regexp.MustCompile(`^[EFCT][0-9]{1,6}$`)

// Piece is what one id of an incident stands for: one of Evidence, Finding, Cause and Change is set.
type Piece struct {
	ID       string             `json:"id"`
	Look     int                `json:"look"`   // the newest look that has it so, counted from 1
	At       time.Time          `json:"at"`     // when that look was
	Newest   bool               `json:"newest"` // it is the newest look
	Evidence *incident.Evidence `json:"evidence,omitempty"`
	Finding  *incident.Finding  `json:"finding,omitempty"`
	Cause    *incident.Cause    `json:"cause,omitempty"`
	Change   *incident.Change   `json:"change,omitempty"`
	CitedBy  []Citation         `json:"citedBy"` // in that look
}

// Citation is who rests on a piece: a cause, a finding, or the story.
type Citation struct {
	ID   string `json:"id"` // of the cause or the finding, or "story"
	Text string `json:"text"`
}

// lookMade is one diagnosis of an incident, and the story that was told of it.
type lookMade struct {
	n         int
	diagnosis *incident.Diagnosis
	story     *incident.Story
}

// looks are an incident's diagnoses, the newest first.
func looks(s *incident.State) []lookMade {
	var out []lookMade
	for _, r := range s.Log {
		switch e := r.Event.(type) {
		case incident.DiagnosisMade:
			out = append(out, lookMade{n: len(out) + 1, diagnosis: &e.Diagnosis})
		case incident.StoryTold:
			if len(out) > 0 {
				out[len(out)-1].story = &e.Story
			}
		}
	}
	slices.Reverse(out)
	return out
}

// mostVersions bounds how many different things of one id are shown, when looks have used it anew.
const mostVersions = 3

// pieces are what an id stands for, the newest look's first; several only where older looks had something else under it.
func pieces(s *incident.State, id string) []Piece {
	var out []Piece
	for i, l := range looks(s) {
		p, ok := l.piece(id)
		if !ok || slices.ContainsFunc(out, func(o Piece) bool { return sameContent(o, p) }) {
			continue
		}
		p.Newest = i == 0
		if out = append(out, p); len(out) == mostVersions {
			break
		}
	}
	return out
}

func sameContent(a, b Piece) bool {
	switch {
	case a.Evidence != nil && b.Evidence != nil:
		return *a.Evidence == *b.Evidence
	case a.Change != nil && b.Change != nil:
		return *a.Change == *b.Change
	case a.Finding != nil && b.Finding != nil:
		return a.Finding.Code == b.Finding.Code && a.Finding.Object == b.Finding.Object && a.Finding.Title == b.Finding.Title
	case a.Cause != nil && b.Cause != nil:
		return a.Cause.Code == b.Cause.Code && reflect.DeepEqual(a.Cause.Objects, b.Cause.Objects)
	}
	return false
}

func (l lookMade) piece(id string) (Piece, bool) {
	d := l.diagnosis
	p := Piece{ID: id, Look: l.n, At: d.At, CitedBy: l.citations(id)}
	p.Evidence, p.Finding, p.Cause = d.EvidenceByID(id), d.Finding(id), d.Cause(id)
	if i := slices.IndexFunc(d.Changes, func(c incident.Change) bool { return c.ID == id }); i >= 0 {
		p.Change = &d.Changes[i]
	}
	return p, p.Evidence != nil || p.Finding != nil || p.Cause != nil || p.Change != nil
}

// citations are who rests on an id: causes first, by rank, then findings, then the story's sentences.
func (l lookMade) citations(id string) []Citation {
	out := []Citation{}
	for _, c := range l.diagnosis.Causes {
		if slices.Contains(c.Evidence, id) || slices.Contains(c.Changes, id) || slices.Contains(c.Explains, id) {
			out = append(out, Citation{c.ID, c.Title})
		}
	}
	for _, f := range l.diagnosis.Findings {
		if slices.Contains(f.Evidence, id) {
			out = append(out, Citation{f.ID, fmt.Sprintf("%s %s", f.Code, f.Object)})
		}
	}
	if l.story != nil {
		for _, line := range l.story.Sentences {
			if slices.Contains(line.Cites, id) {
				out = append(out, Citation{"story", strings.TrimSpace(line.Text)})
			}
		}
	}
	return out
}

// cites are the ids that a story cites, each once, in order.
func cites(s *incident.Story) []string {
	var out []string
	for _, line := range s.Sentences {
		for _, id := range line.Cites {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}
