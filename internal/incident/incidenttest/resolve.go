// Package incidenttest checks what must hold of every diagnosis.
package incidenttest

import (
	"fmt"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Unresolved lists the ids that a diagnosis, or a story of it, cites and that stand for nothing in it, and those that stand for two things.
// A nil story cites nothing.
func Unresolved(d *incident.Diagnosis, s *incident.Story) []string {
	var problems []string
	there := map[string]bool{}
	add := func(id string) {
		if there[id] {
			problems = append(problems, id+" stands for two things")
		}
		there[id] = true
	}
	for _, e := range d.Evidence {
		add(e.ID)
	}
	for _, f := range d.Findings {
		add(f.ID)
	}
	for _, c := range d.Changes {
		add(c.ID)
	}
	for _, c := range d.Causes {
		add(c.ID)
	}
	cite := func(who string, ids ...string) {
		for _, id := range ids {
			if !there[id] {
				problems = append(problems, fmt.Sprintf("%s cites %s, which is nowhere", who, id))
			}
		}
	}
	for _, f := range d.Findings {
		cite(f.ID, f.Evidence...)
	}
	for _, c := range d.Causes {
		cite(c.ID, c.Explains...)
		cite(c.ID, c.Evidence...)
		cite(c.ID, c.Changes...)
		for _, l := range c.Links {
			cite(c.ID, l.From, l.To)
		}
		for _, b := range c.Blocks {
			cite(c.ID, b.Cause)
		}
	}
	if s != nil {
		if s.Cause != incident.Unknown {
			cite("the story", s.Cause)
		}
		for _, x := range s.Sentences {
			cite("the story", x.Cites...)
		}
	}
	return problems
}
