package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/commands/grammar"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Book is a runbook as people read of it.
type Book struct {
	Name  string   `json:"name"`
	Means string   `json:"means"`
	Codes []string `json:"codes"` // of the causes that it treats
}

// Outcomes says how the runs of plans ended, and how people graded what was found.
type Outcomes interface {
	Runs(ctx context.Context) (incident.Runs, error)
	Grades(ctx context.Context) (incident.Grades, error)
}

// told is a runbook with what became of its runs.
type told struct {
	Book
	Records []incident.Record `json:"records"`
}

// runbooks lists what can be mended, and how it has fared here; of one runbook by each code.
func (s *Set) runbooks(ctx context.Context, r Request) (Reply, error) {
	if s.Books == nil {
		return Reply{}, errMissing("The list of runbooks")
	}
	var ended incident.Runs
	if s.Outcomes != nil {
		var err error
		if ended, err = s.Outcomes.Runs(ctx); err != nil {
			return Reply{}, err
		}
	}
	records := ended.Records()
	var all []told
	for _, b := range s.Books {
		if len(r.Args) > 0 && !strings.EqualFold(b.Name, r.Args[0]) {
			continue
		}
		t := told{Book: b, Records: []incident.Record{}}
		for _, x := range records {
			if x.Runbook == b.Name {
				t.Records = append(t.Records, x)
			}
		}
		all = append(all, t)
	}
	if len(all) == 0 {
		text := "There is no runbook “" + clip.Runes(s.clean(r.Args[0]), 60) + "”."
		for _, b := range s.Books {
			if grammar.Slips(b.Name, strings.ToLower(r.Args[0])) <= nearWithin {
				text += " Did you mean " + b.Name + "?"
				break
			}
		}
		return Reply{Text: text + " “runbooks” lists them.", Exit: ExitNoAnswer}, nil
	}
	reply := Reply{Text: count(len(all), "runbook"), Data: all}
	table := Table{Columns: []Column{{"Runbook", false}, {"What it does", false}, {"Here", false}}}
	for _, t := range all {
		var here []string
		for _, x := range t.Records {
			here = append(here, x.Code+": "+x.String())
		}
		if len(here) == 0 {
			here = []string{incident.Record{}.String()}
		}
		table.Rows = append(table.Rows, []Span{Mono(t.Name), Text(t.Means), Text(strings.Join(here, "; "))})
	}
	reply.Blocks = []Block{table}
	if len(r.Args) > 0 {
		reply.Blocks = append(reply.Blocks, Paragraph{Bold("Treats: "), Text(strings.Join(slices.Sorted(slices.Values(all[0].Codes)), ", "))})
	}
	return reply, nil
}
