package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	mostAccepted      = 8   // that are told with a diagnosis
	mostAcceptedRows  = 100 // of the list; -o json has all
	mostAcceptedWith  = 6   // findings, a cause and what follows from it, that a button accepts: nobody accepts an outage by a press
	mostAcceptValue   = 1800
	mostAcceptButtons = 3
)

func acceptName(a incident.Acceptance) string { return a.Code + " of " + a.Object.String() }

// acceptedBy says who accepted something, until when and why.
func acceptedBy(a incident.Acceptance) []Span {
	spans := []Span{Text("accepted by " + a.By)}
	if a.Annotation {
		spans = []Span{Text("accepted by an annotation of "), Mono(a.Object.String()), Text(", last written by " + a.By + ",")}
	}
	if a.Until.IsZero() {
		spans = append(spans, Text(" for good"))
	} else {
		spans = append(spans, Text(" until "), When(a.Until))
	}
	if a.Reason != "" {
		spans = append(spans, Text(": "+clip.Runes(a.Reason, maxLine)))
	}
	return spans
}

// acceptedRoot says of a cause that it was accepted and is told all the same.
func acceptedRoot(c incident.Cause) []Span {
	if c.Accepted.IsZero() {
		return nil
	}
	return append(append([]Span{Text("\n")}, acceptedBy(c.Accepted)...), Text(" (reported because of what follows from "+
		"it, which is not accepted)"))
}

// acceptedBlocks tell to who asks why what is silent.
func acceptedBlocks(d *incident.Diagnosis) []Block {
	if len(d.Accepted) == 0 {
		return nil
	}
	list := List{{Spans: []Span{Bold("Accepted, and reported nowhere else:")}}}
	for i, a := range d.Accepted {
		if i == mostAccepted {
			list = append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %s more", thousands(d.Total().Accepted-i)))}})
			break
		}
		spans := []Span{Text(string(a.Severity) + ": " + a.Title + " ("), Mono(a.Code + " " + a.Object.String()), Text("), ")}
		list = append(list, Item{Depth: 1, Spans: append(spans, acceptedBy(a.Acceptance)...)})
	}
	return []Block{list}
}

// acceptedNote is the one word that check has for what is silent.
func acceptedNote(d *incident.Diagnosis) []Block {
	switch n := d.Total().Accepted; n {
	case 0:
		return nil
	case 1:
		return []Block{Note{Text("1 finding is accepted (why shows it).")}}
	default:
		return []Block{Note{Text(count(n, "finding") + " are accepted (why shows them).")}}
	}
}

// acceptedReply says what was accepted, and what that does not do.
func acceptedReply(all []incident.Acceptance, now acceptedNow, prog string) Reply {
	text := acceptName(all[0]) + " is accepted"
	if len(all) > 1 {
		text = acceptName(all[0]) + " and " + count(len(all)-1, "more finding") + " are accepted"
	}
	if all[0].Until.IsZero() {
		text += " for good."
	} else {
		text += " until " + all[0].Until.Format("2006-01-02 15:04 MST") + "."
	}
	blocks := []Block{Paragraph{Text(text)}}
	for i, a := range all {
		switch {
		case !now.looked:
		case !now.found[i]:
			blocks = append(blocks, Note{Text(acceptName(a) + " is not found now; when it is, it will not be reported.")})
		case a.Worst.Rank() < incident.Critical.Rank():
			blocks = append(blocks, Note{Text(acceptName(a) + " is reported again when it is worse than " + string(a.Worst) + ".")})
		}
	}
	if !now.looked {
		blocks = append(blocks, Note{Text("The cluster could not be looked at, so it is not known how bad it is now, and it " +
			"will not be reported " +
			"again when it gets worse.")})
	}
	if n := len(now.follows); n > 0 {
		var names []string
		for _, f := range now.follows[:min(n, mostLoose)] {
			names = append(names, f.Code+" "+f.Object.String())
		}
		said := "It is reported as long as " + count(n, "finding") + " that it explains and that is not accepted is there: "
		if n > 1 {
			said = "It is reported as long as one of the " + count(n, "finding") + " that it explains, and that are not accepted, is there: "
		}
		said += strings.Join(names, ", ")
		if n > len(names) {
			said += " …"
		}
		blocks = append(blocks, Paragraph{Text(said)})
	}
	if len(blocks) > 12 {
		blocks = append(blocks[:12:12], Note{Text("…")})
	}
	blocks = append(blocks, Note{Text("Undo it with "), Mono(prog + " " + Quote("accept", "--withdraw", all[0].Code, all[0].Object.String()))})
	return Reply{Text: text, Blocks: blocks, Data: all}
}

// listAccepted lists what is accepted, as far as who asks may see.
func (s *Set) listAccepted(ctx context.Context, r Request) (Reply, error) {
	all, err := s.Acceptances.InForce(ctx)
	if err != nil {
		return Reply{}, err
	}
	seen, hidden := []incident.Acceptance{}, 0
	for _, a := range all {
		if s.Sight != nil {
			if err := s.Sight.MayRead(ctx, r.Person, a.Object); errors.As(err, new(*Refusal)) {
				hidden++
				continue
			} else if err != nil {
				return Reply{}, err
			}
		}
		seen = append(seen, a)
	}
	reply := Reply{Text: "Nothing is accepted.", Data: seen}
	switch len(seen) {
	case 0:
		reply.Blocks = []Block{Paragraph{Text(reply.Text)}}
	case 1:
		reply.Text = "1 finding is accepted."
	default:
		reply.Text = count(len(seen), "finding") + " are accepted."
	}
	if len(seen) > 0 {
		reply.Blocks = []Block{Paragraph{Text(reply.Text)}, acceptedTable(seen)}
	}
	if hidden > 0 {
		reply.Blocks = append(reply.Blocks, Note{Text("… " + count(hidden, "more") + " about what you may not see")})
	}
	reply.Blocks = append(reply.Blocks, Note{Text("What is accepted by an annotation on an object is shown by why.")})
	return reply, nil
}

func acceptedTable(all []incident.Acceptance) Table {
	t := Table{Columns: []Column{{"Code", false}, {"Object", false}, {"Until", false}, {"By", false}, {"Why", false}}}
	for i, a := range all {
		if i == mostAcceptedRows {
			t.More = len(all) - i
			break
		}
		until := Text("for good")
		if !a.Until.IsZero() {
			until = When(a.Until)
		}
		t.Rows = append(t.Rows, []Span{Mono(a.Code), Mono(a.Object.String()), until, Text(a.By), Text(clip.Runes(a.Reason, 150))})
	}
	return t
}
