package commands

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/commands/grammar"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

var incidentName = regexp.MustCompile(`^(?i:INC-?)?[0-9]{1,9}$`)

// namesIncident says whether a word is an incident's id, as incidentID forgives it.
func namesIncident(word string) bool { return incidentName.MatchString(strings.TrimSpace(word)) }

// meant is the command that was asked for, and what of the request belongs to it; not ok if it is none.
func meant(r Request) (command, Request, bool) {
	name := strings.ToLower(r.Command)
	switch {
	case name == "":
		name = "status"
	case name == "open" && len(r.Args) == 1 && (strings.EqualFold(r.Args[0], "incidents") || strings.EqualFold(r.Args[0], "incident")):
		name, r.Args = "incidents", nil // nobody opens one of that title
	case name == "why" && len(r.Args) == 0 && r.Incident != "":
		name, r.Args = "about", []string{r.Incident, grammar.Cause}
	}
	c, ok := lookup(name)
	return c, r, ok
}

// placed is the request with the incident of the thread in which it was asked, where the command is about one and names none.
func placed(c command, r Request) Request {
	if lacksIncident(c, r) {
		r.Args = slices.Concat([]string{r.Incident}, r.Args)
	}
	return r
}

// lacksIncident says whether a command that was given in an incident's thread is about it without naming it.
func lacksIncident(c command, r Request) bool {
	switch {
	case r.Incident == "" || !strings.HasPrefix(strings.TrimPrefix(c.usage, "["), "INC-ID"):
		return false
	case len(r.Args) == 0:
		return c.name != "incidents"
	case strings.EqualFold(r.Args[0], "all"):
		return false
	case strings.Contains(c.usage, "[1|2") && (r.Args[0] == "1" || r.Args[0] == "2"): // a plan of the thread's
		return true
	}
	return !namesIncident(r.Args[0])
}

// unsure is what is answered to words that may be a command, or mere talk: in a thread “close to done?” closes nothing, nor does
// “close 5 minutes ago” close INC-5, nor “open the door?” open an incident. At a terminal nobody talks.
func unsure(c command, r Request) *Reply {
	if !c.acts || r.Channel == "" || len(r.Args) == 0 || r.Values != nil {
		return nil
	}
	args, doubt := slices.Clone(r.Args), false
	if last := len(args) - 1; strings.HasSuffix(args[last], "?") && !c.form {
		args[last], doubt = strings.TrimRight(args[last], "?"), true
		args = slices.DeleteFunc(args, func(a string) bool { return a == "" })
	}
	reason, here := strings.HasSuffix(c.usage, "REASON]") || slices.Contains([]string{"stop", "grade", "wrong"}, c.name), lacksIncident(c, r)
	rest := r.Args[1:] // behind the incident's id
	if here {
		rest = r.Args
	}
	if strings.Contains(c.usage, "[1|2") && len(rest) > 0 && (rest[0] == "1" || rest[0] == "2") {
		rest = rest[1:]
	}
	switch {
	case !reason || !strings.Contains(c.usage, "INC-ID") || len(rest) == 0 || rest[0] == "--plan":
	case here:
		args, doubt = slices.Concat([]string{r.Incident}, args), true
	case c.role != Stop && namesIncident(r.Args[0]) && incidentID(r.Args[0]) != strings.ToUpper(r.Args[0]): // a bare number
		args[0], doubt = incidentID(args[0]), true
	}
	if !doubt {
		return nil
	}
	line := clip.Runes(Quote(append([]string{c.name}, args...)...), 1500)
	return &Reply{Text: "Nothing was done: that could be a command, or just talk.",
		Blocks: []Block{Paragraph{Text("Nothing was done: that could be a command, or just talk. To have it done, say it like this: "),
			Mono(clip.Runes(r.Prog+" "+line, 300))},
			Actions{{ID: "meant", Label: "Do it", Style: Danger, Value: line, Accessibility: capital(c.name) + ", with these words"}}},
		Exit: ExitNoAnswer}
}

// orNearest says of an incident that does not exist which there are.
func (s *Set) orNearest(ctx context.Context, r Request, err error) error {
	var no *Refusal
	if !errors.As(err, &no) {
		return err
	}
	said := incidentID(r.Args[0])
	open, _, failed := s.Incidents.List(ctx, false)
	if failed == nil {
		open, _, failed = s.visible(ctx, r, open)
	}
	if failed != nil || !strings.Contains(no.Reason, "no incident") || len(open) == 0 {
		return err
	}
	slices.SortStableFunc(open, func(a, b *incident.State) int {
		return grammar.Slips(a.ID, said) - grammar.Slips(b.ID, said)
	})
	var near []string
	for _, o := range open[:min(len(open), 3)] {
		near = append(near, o.ID+" ("+atLength(o.Title, 60)+")")
	}
	return &Refusal{Reason: no.Reason, Try: "Open are " + strings.Join(near, ", ") + "; see “incidents all” for those that are over."}
}
