package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/commands/grammar"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Request is what a person asks.
type Request struct {
	Command string // its first word; empty means help
	Args    []string
	Values  map[string]string // of a submitted Form, by field
	Person  incident.Person
	Outside bool   // the person belongs to another organisation
	Channel string // where it was asked; empty at a terminal
	// Incident is the one in whose thread it was asked; empty elsewhere. A command that names none is about it.
	Incident string
	Now      time.Time // when
	Prog     string    // what the person types before a command: "/medic" if empty
}

// Looker looks at the cluster.
type Looker interface {
	// LookAt returns what is wrong with what is asked about; the Diagnosis' Scope says what that turned out to be. The error is an
	// *[incident.NoAnswer] where nothing can be said of it, neither good nor bad: it does not exist, or could not be seen.
	LookAt(ctx context.Context, asked incident.Asked) (*incident.Diagnosis, error)
}

// Explainer adds what a diagnosis does not say itself: a story, and what was seen before. Either may be missing; it does not fail.
type Explainer interface {
	Explain(ctx context.Context, d *incident.Diagnosis) (*incident.Story, []incident.Similar)
}

// Searcher searches the knowledge. The note says what it had to do without.
type Searcher interface {
	Search(ctx context.Context, words string, n int) (hits []incident.Similar, note string, err error)
}

// Incidents keeps the incidents and decides what may be done to them. An error that is a [Refusal] is told to the person as it
// stands. Each change returns the incident as it is after it.
type Incidents interface {
	// List returns incidents, the newest first: the open ones, or all.
	List(ctx context.Context, all bool) (newest []*incident.State, total int, err error)
	Get(ctx context.Context, id string) (*incident.State, error)
	// Open opens an incident, or joins the open one that the signal belongs to.
	Open(ctx context.Context, s incident.Signal) (*incident.State, error)
	// Review checks the rights of the plan with the hash and dry-runs it as the person; what it found is in State.Reviewed.
	Review(ctx context.Context, id, hash string, by incident.Person) (*incident.State, error)
	// Edit puts a plan with other values in the place of the one with the hash; a PlanEdited is the newest event about it.
	Edit(ctx context.Context, id, hash string, all []incident.Setting, by incident.Person) (*incident.State, error)
	Approve(ctx context.Context, id, hash string, by incident.Person) (*incident.State, error)
	// Stop lets no further step of the plan that is approved or running begin.
	Stop(ctx context.Context, id, reason string, by incident.Person) (*incident.State, error)
	Reject(ctx context.Context, id, hash, reason string, by incident.Person) (*incident.State, error)
	// Decide says whether a step of which nobody can tell was done.
	Decide(ctx context.Context, id, step string, done bool, by incident.Person) (*incident.State, error)
	LookAgain(ctx context.Context, id string, by incident.Person) (*incident.State, error)
	// Claim notes that the person has the incident, or gives it back.
	Claim(ctx context.Context, id string, back bool, by incident.Person) (*incident.State, error)
	Close(ctx context.Context, id, reason string, by incident.Person) (*incident.State, error)
	// Grade notes a person's word on the cause of an incident that is over, and what it was instead, if they say.
	Grade(ctx context.Context, id string, g incident.Grade, what string, by incident.Person) (*incident.State, error)
	EditPostmortem(ctx context.Context, id string, pm incident.Postmortem, by incident.Person) (*incident.State, error)
	Publish(ctx context.Context, id string, by incident.Person) (*incident.State, error)
	// Refuse records that a person was refused, once for each person, action and reason.
	Refuse(ctx context.Context, id string, by incident.Person, action, reason string) error
}

// Refusal is a no that a person can read.
type Refusal struct {
	Reason string // a sentence
	Try    string // what to do instead; may be empty
}

// Error is the whole of it in one line.
func (r *Refusal) Error() string {
	if r.Try == "" {
		return r.Reason
	}
	return r.Reason + " " + r.Try
}

// Set is the commands and what they need. A command whose part is nil says that it is not available. A Set is safe for concurrent
// use if its parts are.
type Set struct {
	Looker    Looker
	Explainer Explainer
	Incidents Incidents
	Searcher  Searcher
	// Acceptances keeps which findings are accepted; nil: none can be.
	Acceptances Acceptances
	Silences    Silences           // keeps by what nobody is woken; nil: nothing can be silenced
	Memory      Memory             // what was seen last; nil: nothing is remembered
	Chooser     Chooser            // reads what the grammar does not; nil: nobody does
	Books       []Book             // what can be mended
	Outcomes    Outcomes           // nil: nobody knows what helped, or was right
	Roles       Roles              // nil: whoever asks has every role, as at a terminal
	Sight       Sight              // nil: whoever asks is shown everything, as at a terminal
	Codes       []incident.CodeDoc // what can be found
	Lacks       Lacks              // what Paramedic itself can't see or do; nil: nobody looks
	Glances     *Glances           // of those who open their Home; nil: a Home shows nothing of the cluster
	Channel     string             // where incidents are told that name no other: a channel's name or id; empty: nowhere
	// Redact is applied to what people typed and to errors before an answer repeats them; nil: nothing is redacted.
	Redact func(string) string
}

// command is a row of the table.
type command struct {
	name   string
	usage  string // arguments
	help   string // one line; empty hides it: for buttons and forms
	form   bool   // its Reply is a Form
	acts   bool   // it decides or changes something
	role   Role   // who may ask it; empty: everybody
	answer func(s *Set, ctx context.Context, r Request) (Reply, error)
}

// commandTable lists the commands in the order in which help shows them.
func commandTable() []command {
	return []command{
		{"status", "", "how things stand, by what was seen last; /medic alone does the same", false, false, View, (*Set).status},
		{"ask", "QUESTION", "a question in your own words; so is whatever is no command", false, false, View, (*Set).ask},
		{"check", "[-n NAMESPACE]", "what is wrong in the cluster, and what restarts", false, false, View, (*Set).check},
		{"why", "[KIND/NAME] [-n NAMESPACE] [--trace]", "why: the causes, their consequences and the evidence", false, false, View, (*Set).why},
		{"incidents", "[INC-ID | all]", "incidents that are open, or one of them", false, false, View, (*Set).incidents},
		{"evidence", "INC-ID [ID…]", "an incident's evidence, or what its ids (E3, F1, C2, T7) stand for", false, false, View, (*Set).evidence},
		{"details", "INC-ID", "all that was found: causes, evidence, what else is wrong, what was not seen", true, false, View,
			(*Set).details},
		{"open", "[-n NAMESPACE] TITLE", "open an incident, about a namespace if one is named", false, true, Open, (*Set).open},
		{"plan", "INC-ID [1|2] [set STEP.NAME=VALUE…]", "the plan of an incident, or one of two, tried out with your own rights; set its values",
			true, true, View, (*Set).plan},
		{"edit", "INC-ID [1|2|HASH]", "", true, true, Approve, (*Set).editForm},
		{"set", "INC-ID [1|2|HASH] STEP.NAME=VALUE…", "", false, true, Approve, (*Set).set},
		{"page", "INC-ID HASH", "", true, true, View, (*Set).page},
		{"approve", "INC-ID HASH", "approve the plan with that hash", false, true, Approve, (*Set).approve},
		{"stop", "[INC-ID [REASON]]", "begin no further step of one recovery, or of all", false, true, Stop, (*Set).stop},
		{"reject", "INC-ID [1|2] [REASON]", "reject the plan", false, true, Approve, (*Set).reject},
		{"rejection", "INC-ID [1|2|HASH]", "", true, true, Approve, (*Set).rejectForm},
		{"look", "INC-ID", "look at the cluster again", false, true, Open, (*Set).look},
		{"claim", "INC-ID [--back]", "say that you have an incident, or give it back", false, true, Open, (*Set).claim},
		{"close", "INC-ID [REASON]", "close an incident without recovery", false, true, Close, (*Set).close},
		{"grade", "INC-ID right|close|wrong [WHAT IT WAS]", "say whether the cause of an incident that is over was right", false, true, View,
			(*Set).grade},
		{"wrong", "INC-ID", "", true, true, View, (*Set).wrong},
		{"grades", "[CODE]", "how often it was right: what was said with which confidence, and how people graded it", false, false, View,
			(*Set).grades},
		{"decide", "INC-ID STEP done|undone", "say whether an unclear step was done", false, true, Approve, (*Set).decide},
		{"postmortem", "INC-ID [edit]", "read an incident's postmortem, or edit it", true, true, View, (*Set).postmortem},
		{"save", "INC-ID", "", false, true, Edit, (*Set).save},
		{"publish", "INC-ID", "publish it, so that the next incident like it mentions it", false, true, Publish, (*Set).publish},
		{"accept", "[[--withdraw] CODE KIND/NAMESPACE/NAME [--for 7d | --until DAY] REASON]",
			"what is accepted and no longer reported; accept a finding", false, true, View, (*Set).accept},
		{"acceptance", "CODE KIND/NAMESPACE/NAME", "", true, true, Accept, (*Set).acceptForm},
		{"diagnose", "", "", true, false, View, (*Set).diagnoseThis},
		{"changes", "[-n NAMESPACE] [--since 2h | yesterday | monday]", "what changed", false, false, View, (*Set).changes},
		{"restarts", "[-n NAMESPACE]", "what restarts", false, false, View, (*Set).restarts},
		{"about", "INC-ID [" + strings.Join(grammar.Topics, " | ") + "]", "one thing about an incident", false, false, View, (*Set).about},
		{"catchup", "[INC-ID]", "where things stand, in eight lines at most", false, false, View, (*Set).catchup},
		{"silence", "[[--end] -n NAMESPACE | CODE | INC-ID] [--for 2h REASON]", "what wakes nobody now; silence something " +
			"for a while", false, true,
			View, (*Set).silence},
		{"search", "WORDS", "search the postmortems", false, false, View, (*Set).search},
		{"checks", "[CODE]", "what can be found, or what a code means", false, false, "", (*Set).checks},
		{"runbooks", "[NAME]", "what can be mended, and what has helped here", false, false, View, (*Set).runbooks},
		{"help", "", "this", false, false, "", (*Set).help},
	}
}

func lookup(name string) (command, bool) {
	for _, c := range commandTable() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}

// Opens says whether a command's Reply is a Form, so that a face can open a window before it is there.
func (s *Set) Opens(name string) bool {
	c, ok := lookup(strings.ToLower(name))
	return ok && c.form
}

// Acts says whether a command decides or changes something, so that a face can let it go before questions.
func (s *Set) Acts(name string) bool {
	c, ok := lookup(strings.ToLower(name))
	return ok && c.acts
}

// Dispatch answers a request. It never fails: what went wrong is in the Reply.
func (s *Set) Dispatch(ctx context.Context, r Request) Reply {
	if r.Prog == "" {
		r.Prog = "/medic"
	}
	c, r, ok := meant(r)
	if !ok {
		return s.unknown(ctx, r)
	}
	if sure := unsure(c, r); sure != nil {
		return *sure
	}
	return s.run(ctx, c, placed(c, r))
}

// run answers a command that was understood.
func (s *Set) run(ctx context.Context, c command, r Request) Reply {
	if err := s.permitted(ctx, c, r); err != nil {
		return s.failed(c, r, err)
	}
	reply, err := c.answer(s, ctx, r)
	if errors.As(err, new(usageError)) {
		if said, ok := s.inWords(ctx, c, r); ok {
			return said
		}
	}
	if err != nil {
		return s.failed(c, r, err)
	}
	return reply
}

// usageError says that arguments were not understood.
type usageError string

func (e usageError) Error() string { return string(e) }

// errMissing is returned by commands whose part was not given.
func errMissing(what string) error {
	return &Refusal{Reason: what + " is not set up here.", Try: "Ask whoever runs Paramedic, or run `paramedic doctor`."}
}

// clean is a text without secrets.
func (s *Set) clean(text string) string {
	if s.Redact == nil {
		return text
	}
	return s.Redact(text)
}

// failed tells an error to a person, without the secrets that it may repeat.
func (s *Set) failed(c command, r Request, err error) Reply {
	var none *incident.NoAnswer
	if errors.As(err, &none) {
		said := *none
		said.Reason = s.clean(said.Reason)
		err = &said
	}
	reply := failure(c, r, err)
	reply.Text = s.clean(reply.Text)
	return reply
}

// failure tells an error to a person.
func failure(c command, r Request, err error) Reply {
	var usage usageError
	if errors.As(err, &usage) {
		text := fmt.Sprintf("%s Usage: %s", sentence(string(usage)), strings.TrimSpace(r.Prog+" "+c.name+" "+c.usage))
		return Reply{Text: text, Blocks: []Block{
			Paragraph{Text(sentence(string(usage)) + " Usage: "), Mono(strings.TrimSpace(r.Prog + " " + c.name + " " + c.usage))},
		}, Exit: ExitNoAnswer}
	}
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return Reply{Text: clip.Runes(refusal.Error(), maxLine), Exit: ExitWrong}
	}
	var none *incident.NoAnswer
	if errors.As(err, &none) {
		return unanswered(none)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Reply{Text: "It took too long. Try again, or narrow it down with -n NAMESPACE.", Exit: ExitNoAnswer}
	}
	return Reply{Text: clip.Runes(sentence(strings.TrimSpace(r.Prog+" "+c.name)+" did not work: "+err.Error()), maxLine), Exit: ExitNoAnswer}
}

// Unanswered is what "-o json" prints of a question that has no answer.
type Unanswered struct {
	Text string   `json:"text"` // why
	Near []string `json:"near"` // what may have been meant, as it would be typed
}

// unanswered says that there is no answer, and what may have been meant.
func unanswered(n *incident.NoAnswer) Reply {
	near := make([]string, len(n.Near))
	for i, name := range n.Near {
		near[i] = clip.Runes(name, maxName)
	}
	blocks := []Block{Paragraph{Text(clip.Runes(n.Reason, maxLine))}}
	if len(near) > 0 {
		p := Paragraph{Text(clip.Runes(n.Reason, maxLine) + " Did you mean ")}
		for i, name := range near {
			if i > 0 {
				p = append(p, Text(", "))
			}
			p = append(p, Mono(name))
		}
		blocks[0] = append(p, Text("?"))
	}
	return Reply{Text: clip.Runes(n.Error(), maxLine), Blocks: blocks, Exit: ExitNoAnswer, Data: Unanswered{Text: n.Reason, Near: near}}
}

const (
	// maxName is the most that is shown of a Kubernetes name with its kind and namespace.
	maxName = 400
	maxLine = 500 // characters of an error or a title that came from outside
	// shortHash is how many characters of a plan's hash are shown, and the fewest that approve accepts.
	shortHash = 12
)

// sentence gives s a capital and a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	if !strings.ContainsAny(s[len(s)-1:], ".!?") && !strings.HasSuffix(s, "…") {
		s += "."
	}
	return capital(s)
}
