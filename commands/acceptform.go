package commands

import (
	"context"
	"fmt"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// acceptForm asks why, and until when, something is to be accepted. Its words are those of accept.
func (s *Set) acceptForm(_ context.Context, r Request) (Reply, error) {
	if s.Acceptances == nil {
		return Reply{}, errMissing("Accepting findings")
	}
	o, err := s.acceptOptions(r.Args)
	if err != nil {
		return Reply{}, err
	}
	list := List{{Spans: []Span{Bold("No longer reported:")}}}
	words := []string{"accept"}
	for i, a := range o.all {
		list = append(list, Item{Depth: 1, Spans: []Span{Text(a.Code + " of "), Mono(a.Object.String())}})
		if i > 0 {
			words = append(words, "--and")
		}
		words = append(words, a.Code, a.Object.String())
	}
	note := Note{Text("“check” and alerts say nothing of it; “why” shows it as accepted. It is reported again when that " +
		"is over or withdrawn, " +
		"when it gets worse, or when something follows from it that is not accepted.")}
	return Reply{Text: "Accept " + acceptName(o.all[0]), Blocks: []Block{list, note}, Form: &Form{ID: "accept", Command: Quote(words...),
		Title: "Accept a finding", Submit: "Accept", Cancel: "Cancel", Fields: []FormField{
			{ID: "reason", Label: "Why", Hint: "Shown, with your name, to whoever asks why.", Multiline: true, Max: maxLine},
			{ID: "until", Label: "Until", Hint: "7d, 12h, or a day such as 2027-01-31. Leave empty for good.", Optional: true, Max: 20},
		}}}, nil
}

// foundActions offer what can be made of what was found: an incident, or to accept it.
func (s *Set) foundActions(whole *incident.Diagnosis) Actions {
	d := incident.Brief(whole)
	if s.Acceptances == nil {
		return openActions(d)
	}
	return append(openActions(d), acceptButtons(d)...)
}

// acceptButtons offer to accept the first causes, each with what follows from it. A cause that stands for several, or from which too much
// follows for anybody to oversee, is accepted by typing.
func acceptButtons(d *incident.Diagnosis) Actions {
	var out Actions
	for i, c := range d.Causes[:min(len(d.Causes), mostAcceptButtons)] {
		words, ok := acceptWords(d, c)
		if !ok {
			continue
		}
		out = append(out, Button{ID: fmt.Sprintf("accept-%d", i+1), Label: fmt.Sprintf("Accept cause %d …", i+1), Value: Quote(words...),
			Accessibility: fmt.Sprintf("Stop reporting cause %d and what follows from it", i+1)})
	}
	return out
}

// acceptWords are the words that accept a cause and all that follows from it; not ok if that is not all named, or too much.
func acceptWords(d *incident.Diagnosis, c incident.Cause) (words []string, ok bool) {
	if c.Count > 0 && c.Count != len(c.Objects) || c.Consequences() != max(len(c.Explains)-1, 0) || len(c.Explains) > mostAcceptedWith {
		return nil, false
	}
	words = []string{"acceptance"}
	for i, id := range c.Explains {
		f := d.Finding(id)
		if f == nil || f.Stands() > 1 {
			return nil, false
		}
		if i > 0 && f.Severity == incident.Info {
			continue
		}
		if i > 0 {
			words = append(words, "--and")
		}
		words = append(words, f.Code, f.Object.String())
	}
	return words, len(words) > 1 && len(Quote(words...)) <= mostAcceptValue
}
