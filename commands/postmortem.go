package commands

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// section is a part of a postmortem that people write.
type section struct {
	id, label string
	text      func(*incident.Postmortem) *string
}

func sections() []section {
	return []section{
		{"title", "Title", func(p *incident.Postmortem) *string { return &p.Title }},
		{"summary", "Summary", func(p *incident.Postmortem) *string { return &p.Summary }},
		{"impact", "Impact", func(p *incident.Postmortem) *string { return &p.Impact }},
		{"timeline", "Timeline", func(p *incident.Postmortem) *string { return &p.Timeline }},
		{"cause", "Cause", func(p *incident.Postmortem) *string { return &p.Cause }},
		{"evidence", "Evidence", func(p *incident.Postmortem) *string { return &p.Evidence }},
		{"actions", "What was done, and by whom", func(p *incident.Postmortem) *string { return &p.Actions }},
		{"helped", "What helped", func(p *incident.Postmortem) *string { return &p.Helped }},
		{"followup", "What follows", func(p *incident.Postmortem) *string { return &p.Followup }},
	}
}

// mostParts is into how many inputs a long section is split; a longer one can't be edited in a form.
const mostParts = 5

// postmortem shows a write-up to be read, or, where that is asked for, to be edited.
func (s *Set) postmortem(ctx context.Context, r Request) (Reply, error) {
	state, rest, err := s.shown(ctx, r, "show the postmortem of")
	if err != nil {
		return Reply{}, err
	}
	edit := len(rest) == 1 && strings.EqualFold(rest[0], "edit")
	if len(rest) > 0 && !edit {
		return Reply{}, usageError("“" + clip.Runes(rest[0], 40) + "” is not understood")
	}
	if state.Postmortem == nil {
		return Reply{}, &Refusal{Reason: fmt.Sprintf("%s has no postmortem: it is %s.", state.ID, state.Phase(r.Now)),
			Try: "One is drafted when an incident is resolved. “catchup " + state.ID + "” tells where it stands."}
	}
	if !edit {
		return Reply{Text: state.Postmortem.Title, Blocks: postmortemText(state.WriteUp()), Data: state.WriteUp(),
			Form: &Form{ID: "postmortem", Title: state.ID + ": postmortem"}}, nil
	}
	if !state.Editable() {
		return Reply{}, &Refusal{Reason: "The postmortem is published already.", Try: "Edit its file in the knowledge folder."}
	}
	if err := s.may(r, Edit); err != nil {
		return Reply{}, err
	}
	form := PostmortemForm(state)
	note := Text("Markdown. Saving keeps it a draft; publishing is a step of its own.")
	if state.Published != nil {
		note = Text("Markdown. It is published and could not be written; once saved, it is tried again.")
	}
	return Reply{Text: state.Postmortem.Title, Form: &form, Data: state.Postmortem, Blocks: []Block{Note{note}}}, nil
}

// PostmortemForm edits the draft: an input for each section, several for one that is longer than an input.
func PostmortemForm(s *incident.State) Form {
	f := Form{ID: "postmortem", Command: Quote("save", s.ID), Title: s.ID + ": postmortem", Submit: "Save", Cancel: "Cancel"}
	for _, sec := range sections() {
		parts, ok := split(*sec.text(s.Postmortem), MaxField)
		if !ok {
			continue // too long for a form: it stays as it is
		}
		for i, part := range parts {
			field := FormField{ID: sec.id, Label: sec.label, Value: part, Multiline: sec.id != "title", Optional: sec.id != "title", Max: MaxField}
			if sec.id == "title" {
				field.Max = 200
				field.Value = clip.Runes(strings.Join(strings.Fields(part), " "), 200)
			}
			if i > 0 {
				field.ID, field.Label = fmt.Sprintf("%s.%d", sec.id, i+1), fmt.Sprintf("%s, continued", sec.label)
			}
			f.Fields = append(f.Fields, field)
		}
	}
	return f
}

// split cuts text into parts of at most n characters, at line ends where it can. ok is false if that takes too many.
func split(text string, n int) (parts []string, ok bool) {
	rest := []rune(text)
	for len(rest) > n {
		end := n
		for i := n; i > n/2; i-- {
			if rest[i] == '\n' {
				end = i
				break
			}
		}
		parts = append(parts, string(rest[:end]))
		if rest[end] == '\n' {
			end++
		}
		rest = rest[end:]
	}
	parts = append(parts, string(rest))
	return parts, len(parts) <= mostParts
}

// save takes the form's values.
func (s *Set) save(ctx context.Context, r Request) (Reply, error) {
	state, _, err := s.aboutIncident(ctx, r, "save the postmortem of")
	if err != nil {
		return Reply{}, err
	}
	if state.Postmortem == nil || len(r.Values) == 0 {
		return Reply{}, &Refusal{Reason: "There is nothing to save.", Try: fmt.Sprintf("Open the form with %s postmortem %s.", r.Prog, state.ID)}
	}
	pm, problems := edited(*state.Postmortem, r.Values)
	if len(problems) > 0 {
		return Reply{Text: "The postmortem is not complete.", Errors: problems, Exit: ExitWrong}, nil
	}
	if state, err = s.Incidents.EditPostmortem(ctx, state.ID, pm, r.Person); err != nil {
		return Reply{}, err
	}
	return done(state, state.ID+": the postmortem is saved."), nil
}

// edited is the draft with a form's values laid over it, and what is wrong with them, by field.
func edited(pm incident.Postmortem, values map[string]string) (incident.Postmortem, map[string]string) {
	problems := map[string]string{}
	for _, sec := range sections() {
		first, there := values[sec.id]
		if !there {
			continue
		}
		parts := []string{first}
		for i := 2; i <= mostParts; i++ {
			if v, ok := values[fmt.Sprintf("%s.%d", sec.id, i)]; ok {
				parts = append(parts, v)
			}
		}
		text := strings.TrimSpace(strings.Join(parts, "\n"))
		if !visibleText(text) && (sec.id == "title" || sec.id == "summary") {
			problems[sec.id] = sec.label + " can’t be empty."
		}
		*sec.text(&pm) = text
	}
	return pm, problems
}

// visibleText says whether a text has anything to see: emoji and all scripts count, blanks and control characters do not.
func visibleText(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) })
}

func (s *Set) publish(ctx context.Context, r Request) (Reply, error) {
	state, rest, err := s.aboutIncident(ctx, r, "publish the postmortem of")
	if err != nil {
		return Reply{}, err
	}
	if len(rest) > 0 { // nothing is done by what may be prose
		return Reply{}, usageError("“" + clip.Runes(rest[0], 40) + "” is not understood")
	}
	if state, err = s.Incidents.Publish(ctx, state.ID, r.Person); err != nil {
		return Reply{}, err
	}
	return done(state, state.ID+": the postmortem is published. The next incident like it will mention it."), nil
}

// postmortemText shows a write-up, section by section.
func postmortemText(pm *incident.Postmortem) []Block {
	blocks := []Block{Header{"Postmortem: " + pm.Title}}
	for _, sec := range sections()[1:] {
		if text := strings.TrimSpace(*sec.text(pm)); text != "" {
			blocks = append(blocks, append(Paragraph{Bold(sec.label), Text("\n")}, prose(clip.Runes(text, 1200))...))
		}
	}
	return blocks
}

// postmortemBlocks is the draft in the thread, and what can be done with it.
func postmortemBlocks(s *incident.State) []Block {
	if s.Postmortem == nil {
		return nil
	}
	blocks := []Block{Paragraph{Bold("Postmortem: "), Text(atLength(incident.TightTitle(s.Postmortem.Title), maxLine))}}
	if s.EditedBy != nil {
		blocks = append(blocks, Note{Text("Edited by " + s.EditedBy.Name + " "), When(decidedAt[incident.PostmortemEdited](s))})
	}
	read := Button{ID: "postmortem", Label: "Read the postmortem", Value: Quote("postmortem", s.ID),
		Accessibility: "Read the postmortem of " + s.ID}
	edit := Button{ID: "edit", Label: "Edit the postmortem", Value: Quote("postmortem", s.ID, "edit"),
		Accessibility: "Edit the postmortem of " + s.ID}
	if s.Published != nil {
		note := Note{Text("Published by " + s.Published.By.Name + " "), When(decidedAt[incident.PostmortemPublished](s))}
		note = append(note, fileLink(s)...)
		if s.Unwritten() != "" {
			return append(blocks, note, unwritten(s), Actions{read, edit})
		}
		return append(blocks, note, Actions{read})
	}
	return append(blocks, Actions{
		read, edit,
		{ID: "publish", Label: "Publish the postmortem", Style: Primary, Value: Quote("publish", s.ID),
			Accessibility: "Publish the postmortem of " + s.ID,
			Confirm: &Confirm{Title: "Publish the postmortem?", Text: "It becomes knowledge: the next incident like it will mention it.",
				Yes: "Publish", No: "Not yet"}},
	})
}

// fileLink leads to the file in the thread.
func fileLink(s *incident.State) []Span {
	if s.Link == "" {
		return nil
	}
	return []Span{Text(": "), {Text: s.ID + "-postmortem.md", URL: s.Link}}
}

// unwritten says why the published postmortem is not in the folder.
func unwritten(s *incident.State) Paragraph {
	return Paragraph{Bold("It could not be written: "), Text(sentence(clip.Runes(s.Unwritten(), maxLine)) + " Paramedic keeps trying.")}
}
