package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/commands/grammar"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Memory is what was seen last, without looking again.
type Memory interface {
	// Last is the newest diagnosis of the whole cluster, which may be old; nil: there was none yet.
	Last(ctx context.Context) *incident.Diagnosis
	// Names are the objects that there are, Namespaces among them, as they were seen last.
	Names(ctx context.Context) ([]incident.Object, error)
}

// Question is one that can be chosen: a command that only reads.
type Question struct{ Name, Means string }

// Chooser chooses among the questions that can be asked. It has no way to answer anything else.
type Chooser interface {
	// Choose says which of the questions the words ask, and about which of the things; "" for none. by names who chose; empty: nobody
	// is there to choose.
	Choose(ctx context.Context, words string, questions []Question, things []string) (question, thing, by string, err error)
}

const (
	mostThings    = 60 // from which a Chooser chooses
	mostRightsFor = 60 // names about which it is asked whether somebody may read them, for one question
)

// ask answers a question in a person's own words.
func (s *Set) ask(ctx context.Context, r Request) (Reply, error) {
	line := strings.Join(r.Args, " ")
	if strings.TrimSpace(line) == "" {
		return Reply{}, usageError("ask what?")
	}
	return s.answerWords(ctx, r, line), nil
}

// unknown answers what is no command: one that was mistyped is said, and everything else is taken for a question.
func (s *Set) unknown(ctx context.Context, r Request) Reply {
	near := nearest(strings.ToLower(r.Command))
	commandLike := len(r.Args) == 0 && !grammar.Knows(r.Command) ||
		len(r.Args) > 0 && (namesIncident(r.Args[0]) || strings.HasPrefix(r.Args[0], "-"))
	if near != "" && commandLike {
		return unknownCommand(r, near)
	}
	if err := s.permitted(ctx, command{name: "ask", role: View}, Request{Person: r.Person, Outside: r.Outside, Now: r.Now}); err != nil {
		return s.failed(command{name: "ask"}, r, err)
	}
	return s.answerWords(ctx, r, strings.Join(append([]string{r.Command}, r.Args...), " "))
}

// inWords answers the words of a command that is not understood as such, if they are a question: “why is checkout down”. What
// follows “checks” is a code.
func (s *Set) inWords(ctx context.Context, c command, r Request) (Reply, bool) {
	option := func(a string) bool { return strings.HasPrefix(a, "-") }
	if len(r.Args) == 0 || c.name == "ask" || c.name == "checks" || slices.ContainsFunc(r.Args, option) ||
		namesIncident(r.Args[0]) && r.Args[0] != r.Incident {
		return Reply{}, false
	}
	if r.Incident == r.Args[0] {
		r.Args = r.Args[1:] // it was put there
	}
	line := strings.Join(append([]string{c.name}, r.Args...), " ")
	reading := grammar.Read(line, r.Incident, s.names(ctx, r))
	if len(reading.Words) == 0 || reading.Words[0] == c.name && slices.Equal(reading.Words[1:], r.Args) {
		return Reply{}, false
	}
	return s.answerReading(ctx, r, reading, ""), true
}

// answerWords answers words by the grammar, or else by who chooses; where nothing is understood it says what is nearest.
func (s *Set) answerWords(ctx context.Context, r Request, line string) Reply {
	reading := grammar.Read(line, r.Incident, s.names(ctx, r))
	by := ""
	if len(reading.Words) == 0 && !reading.Deed && len(reading.Choice) == 0 && s.Chooser != nil {
		reading.Words, by = s.chosen(ctx, r, line)
	}
	if len(reading.Words) == 0 {
		return s.notRead(r, reading, line)
	}
	return s.answerReading(ctx, r, reading, by)
}

// answerReading answers what was understood, and shows it.
func (s *Set) answerReading(ctx context.Context, r Request, reading grammar.Reading, by string) Reply {
	c, ok := lookup(reading.Words[0])
	if !ok || !grammar.Reads(reading.Words) { // nothing is ever done by words alone
		return s.notRead(r, grammar.Reading{Nearest: reading.Nearest}, "")
	}
	asked := r
	asked.Command, asked.Args, asked.Values = c.name, reading.Words[1:], nil
	if err := s.may(asked, c.role); err != nil {
		return s.failed(c, asked, err)
	}
	reply, err := c.answer(s, ctx, asked)
	if err != nil {
		reply = s.failed(c, asked, err)
	}
	note := Note{Text("Read as: "), Mono(clip.Runes(strings.Join(reading.Words, " "), maxName))}
	for _, f := range reading.Fixes {
		note = append(note, Text(fmt.Sprintf(" (“%s” for “%s”)", f.Meant, clip.Runes(s.clean(f.Said), 60))))
	}
	if by != "" {
		note = append(note, Text(", as "+by+" chose"))
	}
	if len(reply.Blocks) == 0 {
		reply.Blocks = []Block{Paragraph{Text(reply.Text)}}
	}
	reply.Blocks = append([]Block{note}, reply.Blocks...)
	return reply
}

// names are what may be named, as far as who asks may know of it. Where that is not known, nothing is.
func (s *Set) names(ctx context.Context, r Request) *grammar.Names {
	if s.Memory == nil || s.may(r, View) != nil {
		return nil
	}
	if s.Sight != nil {
		if _, err := s.Sight.Reader(r.Person); err != nil {
			return nil
		}
	}
	all, err := s.Memory.Names(ctx)
	if err != nil {
		return nil
	}
	return grammar.NewNames(all, s.mayKnow(ctx, r))
}

// mayKnow says of a few objects whether who asks may know of them: of a namespace once, and of no more than mostRightsFor.
func (s *Set) mayKnow(ctx context.Context, r Request) func(incident.Object) bool {
	if s.Sight == nil {
		return nil
	}
	known := map[incident.Object]bool{}
	return func(o incident.Object) bool {
		if o.Kind == "Namespace" {
			o = incident.Object{Kind: "Pod", Namespace: o.Name}
		} else if o.Namespace != "" {
			o = incident.Object{Kind: "Pod", Namespace: o.Namespace}
		}
		may, asked := known[o]
		if !asked && len(known) < mostRightsFor {
			may = s.Sight.MayRead(ctx, r.Person, o) == nil
			known[o] = may
		}
		return may
	}
}

// chosen has the Chooser choose among what can be asked.
func (s *Set) chosen(ctx context.Context, r Request, line string) (words []string, by string) {
	questions := []Question{{"check", "whether all is well, or what is wrong in the cluster or a namespace"},
		{"why", "why something is unhealthy"},
		{"changes", "what changed"}, {"restarts", "what restarts"}, {"incidents", "which incidents there are"}, {"status", "how things stand"},
		{"help", "what can be asked"}}
	if r.Incident != "" {
		for topic, means := range topicMeans() {
			questions = append(questions, Question{"about " + topic, "of the incident that is spoken about: " + means})
		}
		slices.SortFunc(questions, func(a, b Question) int { return strings.Compare(a.Name, b.Name) })
	}
	things := s.things(ctx, r)
	question, thing, by, err := s.Chooser.Choose(ctx, s.clean(line), questions, things)
	if err != nil || question == "" || !slices.ContainsFunc(questions, func(q Question) bool { return q.Name == question }) {
		return nil, ""
	}
	words = strings.Fields(question)
	if words[0] == "about" {
		return []string{"about", r.Incident, words[1]}, by
	}
	name, isNamespace := strings.CutPrefix(thing, "namespace/")
	switch {
	case thing == "" || !slices.Contains(things, thing):
	case isNamespace && slices.Contains([]string{"check", "why", "changes", "restarts"}, question):
		words = append(words, "-n", name)
	case !isNamespace && (question == "why" || question == "check"):
		words = []string{"why", thing}
	}
	return words, by
}

// things are the namespaces, and what was wrong when it was looked last, as far as who asks may know of them.
func (s *Set) things(ctx context.Context, r Request) []string {
	if s.Memory == nil {
		return nil
	}
	var out []string
	may := s.mayKnow(ctx, r)
	add := func(o incident.Object, name string) {
		if len(out) < mostThings && !slices.Contains(out, name) && (may == nil || may(o)) {
			out = append(out, name)
		}
	}
	if d := s.Memory.Last(ctx); d != nil {
		for _, f := range d.Findings {
			add(f.Object, f.Object.String())
		}
	}
	all, err := s.Memory.Names(ctx)
	if err != nil {
		return out
	}
	for _, o := range all {
		if o.Kind == "Namespace" {
			add(o, "namespace/"+o.Name)
		}
	}
	return out
}

// notRead says that words were not understood, and what can be asked that is nearest.
func (s *Set) notRead(r Request, reading grammar.Reading, line string) Reply {
	text := "I don’t understand “" + clip.Runes(s.clean(line), 80) + "”."
	switch {
	case reading.Deed:
		text = "Words change nothing here; commands do, each by its name: " + r.Prog + " help lists them."
		if r.Incident != "" {
			text = "Words change nothing here. A plan is opened, and approved there, with " + r.Prog + " plan " + r.Incident + "."
		}
	case len(reading.Choice) > 0:
		text = "There is nothing of that name. Did you mean " + strings.Join(reading.Choice, ", or ") + "?"
	}
	var buttons Actions
	list := List{{Spans: []Span{Text("You can ask:")}}}
	for i, words := range reading.Nearest {
		line := Quote(words...)
		list = append(list, Item{Depth: 1, Spans: []Span{Mono(clip.Runes(r.Prog+" "+line, maxName))}})
		if len(line) < 500 {
			buttons = append(buttons, Button{ID: fmt.Sprintf("ask-%d", i+1), Label: clip.Runes(strings.Join(words, " "), 60), Value: line,
				Accessibility: "Ask " + clip.Runes(strings.Join(words, " "), 60)})
		}
	}
	reply := Reply{Text: text, Blocks: []Block{Paragraph{Text(text)}}, Exit: ExitNoAnswer}
	if len(buttons) > 0 {
		list = append(list, Item{Depth: 1, Spans: []Span{Mono(r.Prog + " help"), Text(" lists all commands")}})
		reply.Blocks = append(reply.Blocks, list, buttons)
	}
	return reply
}
