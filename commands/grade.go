package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// gradeLabels are the buttons that grade a cause.
var gradeLabels = map[incident.Grade]string{incident.GradeRight: "The cause was right", incident.GradeClose: "It was close",
	incident.GradeWrong: "It was wrong"}

// gradeBlocks ask whether the cause was told right, once an incident is over, and say how it was graded.
func gradeBlocks(s *incident.State) []Block {
	if !s.Gradable() {
		return nil
	}
	var blocks []Block
	if said := s.GradesSaid(); said != "" {
		blocks = append(blocks, Note{Text(clip.Runes(said, maxLine))})
	}
	var buttons Actions
	for _, g := range incident.AllGrades {
		line := Quote("grade", s.ID, string(g))
		if g == incident.GradeWrong {
			line = Quote("wrong", s.ID)
		}
		buttons = append(buttons, Button{ID: "grade-" + string(g), Label: gradeLabels[g], Value: line,
			Accessibility: "The cause of " + s.ID + " was " + string(g)})
	}
	return append(blocks, buttons)
}

// graded records a grade of who asks, if they may see the incident.
func (s *Set) graded(ctx context.Context, r Request, what string, g incident.Grade, instead string) (*incident.State, error) {
	if r.Outside {
		return nil, &Refusal{Reason: "Only people in this workspace may grade what was found."}
	}
	state, _, err := s.shown(ctx, r, what)
	if err != nil {
		return nil, err
	}
	return s.Incidents.Grade(ctx, state.ID, g, clip.Runes(strings.Join(strings.Fields(instead), " "), maxLine), r.Person)
}

// grade takes a person's grade.
func (s *Set) grade(ctx context.Context, r Request) (Reply, error) {
	if len(r.Args) > 0 && len(r.Args) < 2 {
		return Reply{}, usageError("was its cause right, close or wrong?")
	}
	var g incident.Grade
	instead := r.Values["what"]
	if len(r.Args) > 1 {
		if g = incident.Grade(strings.ToLower(r.Args[1])); !slices.Contains(incident.AllGrades, g) {
			return Reply{}, usageError("“" + clip.Runes(r.Args[1], 40) + "” is not right, close or wrong")
		}
		if instead == "" {
			instead = strings.Join(r.Args[2:], " ")
		}
	}
	state, err := s.graded(ctx, r, "grade", g, instead)
	if err != nil {
		return Reply{}, err
	}
	return done(state, fmt.Sprintf("%s: graded %s. Thank you.", state.ID, g)), nil
}

// wrong takes a grade, and asks what it was instead, which needs no answer.
func (s *Set) wrong(ctx context.Context, r Request) (Reply, error) {
	state, err := s.graded(ctx, r, "grade", incident.GradeWrong, "")
	if err != nil {
		return Reply{}, err
	}
	form := &Form{ID: "wrong", Command: Quote("grade", state.ID, string(incident.GradeWrong)), Title: state.ID + ": wrong", Submit: "Send",
		Cancel: "Skip", Fields: []FormField{{ID: "what", Label: "What was it?", Hint: "It is shown in the thread and the postmortem.",
			Multiline: true, Optional: true, Max: maxLine}}}
	return Reply{Text: state.ID + ": graded wrong. Thank you.", Form: form,
		Blocks: []Block{Paragraph{
			Text("Thank you, that is noted. Paramedic said: “" + atLength(state.GradedCause().Title, maxLine) + "”.")}}}, nil
}

// mostTallies is how many codes are listed.
const mostTallies = 50

// grades says how people graded what was found: by the word of confidence, and by code.
func (s *Set) grades(ctx context.Context, r Request) (Reply, error) {
	if s.Outcomes == nil {
		return Reply{}, errMissing("Keeping incidents")
	}
	if len(r.Args) > 1 {
		return Reply{}, usageError("grades shows one code at a time")
	}
	all, err := s.Outcomes.Grades(ctx)
	if err != nil {
		return Reply{}, err
	}
	of := "."
	if len(r.Args) == 1 {
		of = " with the code “" + clip.Runes(r.Args[0], 60) + "”."
		all = slices.DeleteFunc(slices.Clone(all), func(g incident.Graded) bool { return !strings.EqualFold(g.Code, r.Args[0]) })
	}
	if len(all) == 0 {
		return Reply{Text: "Nobody has graded a cause yet" + of, Data: []incident.Tally{}}, nil
	}
	byCode := all.Tallies(true)
	list := List{}
	for _, t := range all.Tallies(false) {
		list = append(list, Item{Spans: []Span{Text(capital(t.String()))}})
	}
	table := Table{Columns: []Column{{"Code", false}, {"Said", false}, {"Right", true}, {"Close", true}, {"Wrong", true}}}
	for i, t := range byCode {
		if i == mostTallies {
			table.More = len(byCode) - i
			break
		}
		table.Rows = append(table.Rows, []Span{Mono(t.Code), Text(string(t.Confidence)), Text(thousands(t.Right)), Text(thousands(t.Close)),
			Text(thousands(t.Wrong))})
	}
	return Reply{Text: count(len(all), "grade") + " of what was found", Blocks: []Block{list, table}, Data: byCode}, nil
}

// homeGrades are how people graded what was found, a line for each word of confidence; what can't be known is not said.
func (s *Set) homeGrades(ctx context.Context) []Block {
	if s.Outcomes == nil {
		return nil
	}
	all, err := s.Outcomes.Grades(ctx)
	if err != nil || len(all) == 0 {
		return nil
	}
	list := List{}
	for _, t := range all.Tallies(false) {
		list = append(list, Item{Depth: 1, Spans: []Span{Text("Paramedic " + t.String())}})
	}
	return homeSection("How often it was right", list)
}
