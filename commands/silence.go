package commands

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/commands/grammar"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Silences keeps by what nobody is woken. An error that is a [Refusal] is told to the person as it stands.
type Silences interface {
	// InForce lists what is silenced now, in order of what it is about; the error says why nothing counts.
	InForce(ctx context.Context) ([]incident.Silence, error)
	// Silence records one.
	Silence(ctx context.Context, by incident.Person, s incident.Silence) error
	// End ends one before its time.
	End(ctx context.Context, by incident.Person, h incident.Hush) error
}

// silence lists what is silenced, silences something, or ends that.
func (s *Set) silence(ctx context.Context, r Request) (Reply, error) {
	if s.Silences == nil {
		return Reply{}, errMissing("Silencing")
	}
	if len(r.Args) == 0 {
		return s.listSilenced(ctx, r)
	}
	if err := s.may(r, Accept); err != nil {
		return Reply{}, err
	}
	o, err := s.hushing(r)
	if err != nil {
		return Reply{}, err
	}
	if err := s.mayHush(ctx, r, o.hush); err != nil {
		return Reply{}, err
	}
	if o.end {
		if err := s.Silences.End(ctx, r.Person, o.hush); err != nil {
			return Reply{}, err
		}
		text := "The silence of " + o.hush.String() + " has ended: people are woken by it again, and alerts that it held and that still " +
			"fire are " +
			"taken in now."
		return Reply{Text: text, Data: map[string]string{"done": text}}, nil
	}
	x := incident.Silence{Hush: o.hush, Reason: strings.Join(o.words, " "), Until: o.until, By: r.Person, At: r.Now}
	if err := s.Silences.Silence(ctx, r.Person, x); err != nil {
		return Reply{}, err
	}
	reply := silencedReply(x, r.Prog)
	reply.Blocks = append(reply.Blocks, s.noSuchNamespace(ctx, r, x.Namespace)...)
	return reply, nil
}

// noSuchNamespace says of a namespace that was silenced that there is none of the name, and which may have been meant.
func (s *Set) noSuchNamespace(ctx context.Context, r Request, name string) []Block {
	if s.Memory == nil || name == "" {
		return nil
	}
	all, err := s.Memory.Names(ctx)
	if err != nil || len(all) == 0 {
		return nil // it is not known what there is
	}
	may, near := s.mayKnow(ctx, r), []string(nil)
	for _, o := range all {
		switch {
		case o.Namespace == name || o.Kind == "Namespace" && o.Name == name:
			return nil
		case o.Kind == "Namespace" && len(near) < mostNearNames && (may == nil || may(o)) &&
			grammar.Slips(o.Name, name) <= max(1, min(2, len(name)/3)):
			near = append(near, o.Name)
		}
	}
	p := Paragraph{Text("⚠️ "), Bold("There is no namespace " + clip.Runes(name, 63)),
		Text(": none was seen when the cluster was last looked at. ")}
	if len(near) > 0 {
		p = append(p, Text("Did you mean "), Mono(strings.Join(near, ", ")), Text("? "))
	}
	return []Block{append(p, Text("The silence stands all the same."))}
}

// mostNearNames is how many names are said that may have been meant.
const mostNearNames = 3

// hushed is what "silence" was told.
type hushed struct {
	hush  incident.Hush
	end   bool
	until time.Time
	words []string
}

var alertName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{2,99}$`)

// hushing reads [--end] [-n NAMESPACE | CODE | INC-ID] [--for TIME | --until DAY] REASON. In an incident's thread that one is meant where
// nothing is named.
func (s *Set) hushing(r Request) (hushed, error) {
	var o hushed
	args, last := slices.Clone(r.Args), ""
	for _, name := range []string{"--for", "--until"} {
		value, rest, err := cutOption(args, name)
		if err != nil {
			return o, err
		}
		if value != "" && last != "" {
			return o, usageError("say when it ends once")
		}
		if args = rest; value != "" {
			last = value
		}
	}
	if i := slices.Index(args, "--end"); i >= 0 {
		o.end, args = true, slices.Delete(args, i, i+1)
	}
	args, err := s.hush(r, args, last != "", &o)
	if err != nil {
		return o, err
	}
	if o.words = args; o.end {
		if last != "" || len(args) > 0 {
			return o, usageError("--end takes what is silenced alone")
		}
		return o, nil
	}
	return o, o.take(r, last)
}

// hush reads what is to be silent, and returns the arguments behind it.
func (s *Set) hush(r Request, args []string, timed bool, o *hushed) ([]string, error) {
	switch {
	case len(args) > 1 && (args[0] == "-n" || args[0] == "--namespace"):
		o.hush.Namespace = args[1]
		if len(args[1]) > 63 || strings.ContainsAny(args[1], "/* \t\n") {
			return nil, usageError("“" + clip.Runes(args[1], 40) + "” is not the name of a namespace")
		}
		return args[2:], nil
	case len(args) > 0 && strings.HasPrefix(args[0], "-"):
		return nil, usageError("there is no option " + clip.Runes(args[0], 40))
	case len(args) > 0 && namesIncident(args[0]):
		o.hush.Incident = incidentID(args[0])
		return args[1:], nil
	case r.Incident != "" && (len(args) == 0 || timed && !s.isCode(args[0])):
		o.hush.Incident = r.Incident
		return args, nil
	case len(args) == 0:
		return nil, usageError("silence what? Name a namespace with -n, a code, an alert, or an incident")
	}
	for _, d := range s.Codes {
		if strings.EqualFold(d.Code, args[0]) {
			o.hush.Code = d.Code
			return args[1:], nil
		}
	}
	near := nearCodes(s.Codes, args[0])
	if len(near) > 0 && grammar.Slips(strings.ToLower(near[0]), strings.ToLower(args[0])) <= 2 || !alertName.MatchString(args[0]) {
		no := &Refusal{Reason: "There is no code, and no alert can have the name “" + clip.Runes(s.clean(args[0]), 60) + "”."}
		if len(near) > 0 {
			no = &Refusal{Reason: "There is no code “" + clip.Runes(args[0], 60) + "”.", Try: "Did you mean " + strings.Join(near, ", ") + "?"}
		}
		return nil, no
	}
	o.hush.Code = args[0]
	return args[1:], nil
}

// isCode says whether a word is a code, or looks like an alert's name.
func (s *Set) isCode(word string) bool {
	code := func(d incident.CodeDoc) bool { return strings.EqualFold(d.Code, word) }
	return slices.ContainsFunc(s.Codes, code) || alertName.MatchString(word) && strings.ToLower(word[1:]) != word[1:]
}

// take fills in the end and the reason: there is no silence without either.
func (o *hushed) take(r Request, last string) error {
	if last == "" {
		return usageError("for how long? Say --for 2h: a silence always ends")
	}
	until, err := acceptedUntil(last, r.Now)
	switch {
	case err != nil:
		return usageError(err.Error())
	case until.Sub(r.Now) > incident.LongestSilence:
		return usageError("a silence lasts 31 days at most; what is to be silent for longer is accepted")
	}
	o.until = until
	reason := clip.Runes(strings.Join(o.words, " "), maxLine)
	if !visibleText(reason) {
		return usageError("say why, behind the time: whoever asks is told")
	}
	o.words = []string{reason}
	return nil
}

// mayHush says whether who asks may see what they would silence.
func (s *Set) mayHush(ctx context.Context, r Request, h incident.Hush) error {
	if h.Incident != "" && s.Incidents != nil {
		asked := r
		asked.Args = []string{h.Incident}
		state, _, err := s.shown(ctx, asked, "silence")
		if err == nil && !state.Open() {
			err = &Refusal{Reason: state.ID + " is over: it is " + string(state.Phase(r.Now)) + ", and wakes nobody.", Try: "See “incidents”."}
		}
		return err
	}
	if h.Namespace != "" && s.Sight != nil {
		return s.Sight.MayRead(ctx, r.Person, incident.Object{Kind: "Namespace", Name: h.Namespace})
	}
	return nil
}

// silencedReply says what is silent now, and what that does not do.
func silencedReply(x incident.Silence, prog string) Reply {
	text := capital(x.String()) + " is silenced until " + x.Until.Format("2006-01-02 15:04 MST") + "."
	what := "Alerts that belong to an open incident join it and wake nobody; others open none, are held, and are taken in when the silence " +
		"ends if they still fire. Questions are answered as before."
	if x.Incident != "" {
		what = "Anything new in it wakes nobody. It is told and kept up to date as before."
	}
	end := []string{"silence", "--end", x.Incident + x.Code}
	if x.Namespace != "" {
		end = []string{"silence", "--end", "-n", x.Namespace}
	}
	return Reply{Text: text, Data: x, Blocks: []Block{Paragraph{Text(capital(x.String()) + " is silenced until "), When(x.Until),
		Text(": " + x.Reason)},
		Note{Text(what)}, Note{Text("End it with "), Mono(prog + " " + Quote(end...))}}}
}

// silenced are the silences in force that who asks may know of. What a code or an alert is silenced for is about the whole cluster, and
// everybody may meet it: that it is silent, until when and on whose word is for all, and why for those who may read something of it.
func (s *Set) silenced(ctx context.Context, r Request) (seen []incident.Silence, hidden int, err error) {
	all, err := s.Silences.InForce(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, x := range all {
		var no error
		switch {
		case s.Sight == nil:
		case x.Namespace != "":
			no = s.Sight.MayRead(ctx, r.Person, incident.Object{Kind: "Namespace", Name: x.Namespace})
		case x.Incident != "" && s.Incidents != nil:
			asked := r
			asked.Args = []string{x.Incident}
			_, _, no = s.shown(ctx, asked, "show")
		default:
			if _, err := s.Sight.Reader(r.Person); err != nil || r.Outside {
				x.Reason = ""
			}
		}
		switch {
		case errors.As(no, new(*Refusal)):
			hidden++
		case no != nil:
			return nil, 0, no
		default:
			seen = append(seen, x)
		}
	}
	return seen, hidden, nil
}

// listSilenced lists what is silent now, why, by whom, until when, and what was held.
func (s *Set) listSilenced(ctx context.Context, r Request) (Reply, error) {
	all, hidden, err := s.silenced(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	text := "Nothing is silenced."
	if len(all) > 0 {
		text = capital(count(len(all), "silence")) + ":"
	}
	blocks := []Block{Paragraph{Text(text)}}
	t := Table{Columns: []Column{{"What", false}, {"Until", false}, {"Why", false}, {"By", false}, {"Alerts held", true}}}
	for _, x := range all {
		t.Rows = append(t.Rows, []Span{Text(x.String()), When(x.Until), Text(clip.Runes(x.Reason, 150)), Text(clip.Runes(x.By.Name, 60)),
			Text(thousands(len(x.Held) + x.More))})
	}
	if len(all) > 0 {
		blocks = append(blocks, t)
	}
	if hidden > 0 {
		blocks = append(blocks, Note{Text("… " + count(hidden, "more silence") + " about what you may not see")})
	}
	return Reply{Text: text, Blocks: blocks, Data: full(all)}, nil
}

// silencedNote is the line that the status has for what is silent.
func (s *Set) silencedNote(ctx context.Context, r Request) []Block {
	if s.Silences == nil {
		return nil
	}
	all, _, err := s.silenced(ctx, r)
	switch {
	case err != nil:
		return []Block{Note{Text("What is silenced does not count: " + clip.Runes(s.clean(err.Error()), maxLine))}}
	case len(all) == 0:
		return nil
	}
	held := 0
	for _, x := range all {
		held += len(x.Held) + x.More
	}
	note := Note{Text(fmt.Sprintf("Silenced: %s until ", all[0])), When(all[0].Until)}
	if len(all) > 1 {
		note = append(note, Text(fmt.Sprintf(", and %d more", len(all)-1)))
	}
	return []Block{append(note, Text("; "+count(held, "alert")+" held. "), Mono(r.Prog+" silence"))}
}
