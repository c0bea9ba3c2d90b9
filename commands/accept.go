package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Acceptances keeps which findings are accepted. An error that is a [Refusal] is told to the person as it stands.
type Acceptances interface {
	// InForce lists what is accepted now, in order of code and object; the error says why nothing counts.
	InForce(ctx context.Context) ([]incident.Acceptance, error)
	// Accept records acceptances, all or none.
	Accept(ctx context.Context, by incident.Person, all ...incident.Acceptance) error
	// Withdraw has a finding told again.
	Withdraw(ctx context.Context, by incident.Person, a incident.Acceptance) error
}

// accept lists what is accepted, accepts findings, or withdraws that.
func (s *Set) accept(ctx context.Context, r Request) (Reply, error) {
	if s.Acceptances == nil {
		return Reply{}, errMissing("Accepting findings")
	}
	if len(r.Args) == 0 {
		return s.listAccepted(ctx, r)
	}
	if err := s.may(r, Accept); err != nil {
		return Reply{}, err
	}
	o, err := s.acceptOptions(r.Args)
	if err != nil {
		return Reply{}, err
	}
	for _, a := range o.all {
		if s.Sight == nil {
			break
		}
		if err := s.Sight.MayRead(ctx, r.Person, a.Object); err != nil {
			return Reply{}, err
		}
	}
	if o.withdraw {
		return s.withdraw(ctx, r, o)
	}
	problems := map[string]string{}
	o.take(r, problems)
	if len(problems) > 0 && len(r.Values) > 0 {
		return Reply{Text: "That can’t be accepted like this.", Errors: problems, Exit: ExitWrong}, nil
	}
	for _, field := range []string{"until", "reason"} {
		if problems[field] != "" {
			return Reply{}, usageError(problems[field])
		}
	}
	seen := s.severities(ctx, r, o.all)
	if err := s.Acceptances.Accept(ctx, r.Person, o.all...); err != nil {
		return Reply{}, err
	}
	return acceptedReply(o.all, seen, r.Prog), nil
}

// withdraw has findings told again.
func (s *Set) withdraw(ctx context.Context, r Request, o accepting) (Reply, error) {
	if len(o.words) > 0 || o.last != "" || len(o.all) > 1 {
		return Reply{}, usageError("name one code and one object to withdraw")
	}
	if err := s.Acceptances.Withdraw(ctx, r.Person, o.all[0]); err != nil {
		return Reply{}, err
	}
	text := acceptName(o.all[0]) + " is no longer accepted: it is reported again."
	return Reply{Text: text, Data: map[string]string{"done": text}}, nil
}

// accepting is what "accept" was told.
type accepting struct {
	all      []incident.Acceptance // without reason and end, until take
	withdraw bool
	last     string // of --for or --until
	words    []string
}

// acceptOptions reads [--withdraw] CODE OBJECT [--and CODE OBJECT]… [--for TIME | --until DAY] [-n NAMESPACE] REASON.
func (s *Set) acceptOptions(args []string) (accepting, error) {
	var o accepting
	namespaces := []string{}
	for i := 0; i < len(args); i++ {
		name, value := args[i], ""
		switch inNamespace := name == "-n" || name == "--namespace"; {
		case inNamespace && len(o.words) > 0: // the reason's own
		case inNamespace, name == "--for", name == "--until":
			if i++; i == len(args) {
				return o, usageError(name + " needs a value")
			}
			value = args[i]
		}
		switch {
		case name == "--withdraw":
			o.withdraw = true
		case value != "" && name != "--for" && name != "--until":
			namespaces = append(namespaces, value)
		case value != "" && o.last != "":
			return o, usageError("say when it ends once")
		case value != "":
			o.last = value
		case name == "--and" || len(o.all) == 0 && !strings.HasPrefix(name, "-"):
			if name == "--and" {
				i++
			}
			if i+1 >= len(args) {
				return o, usageError("name a code and the object that it is about")
			}
			a, err := s.acceptance(args[i], args[i+1])
			if err != nil {
				return o, err
			}
			o.all = append(o.all, a)
			i++
		case strings.HasPrefix(name, "-") && len(o.words) == 0:
			return o, usageError("there is no option " + clip.Runes(name, 40))
		default:
			o.words = append(o.words, name)
		}
	}
	switch {
	case len(o.all) == 0:
		return o, usageError("name a code and the object that it is about")
	case len(namespaces) > 1:
		return o, usageError("name one namespace, or each object’s as KIND/NAMESPACE/NAME")
	}
	return o, o.place(strings.Join(namespaces, ""))
}

// place puts what is named without its namespace into one, wherever among the words that was named. A kind that lies in namespaces is not
// accepted without: nothing would be found of it.
func (o *accepting) place(namespace string) error {
	for i := range o.all {
		at := &o.all[i].Object
		lies, known := namespaced(at.Kind)
		if at.Namespace != "" || known && !lies {
			continue
		}
		if at.Namespace = namespace; namespace == "" && lies {
			return usageError("in which namespace? Say " + at.Kind + "/NAMESPACE/" + clip.Runes(at.Name, 80) + ", or -n NAMESPACE")
		}
	}
	return nil
}

// namespaced says whether a kind lies in namespaces, and whether that is known.
func namespaced(kind string) (lies, known bool) {
	for _, k := range snapshot.Kinds {
		if strings.EqualFold(k.Name, kind) {
			return k.Namespaced, true
		}
	}
	return false, false
}

// acceptance is of a code and an object as they were typed. Every object is named: there is no word for all of them.
func (s *Set) acceptance(code, object string) (incident.Acceptance, error) {
	var a incident.Acceptance
	i := slices.IndexFunc(s.Codes, func(d incident.CodeDoc) bool { return strings.EqualFold(d.Code, code) })
	if i < 0 {
		no := &Refusal{Reason: "There is no code “" + clip.Runes(code, 60) + "”."}
		if near := nearCodes(s.Codes, code); len(near) > 0 {
			no.Try = "Did you mean " + strings.Join(near, ", ") + "?"
		}
		return a, no
	}
	o, err := incident.ParseObject(object)
	if err != nil || strings.ContainsAny(object, "* \t\n") || len(object) > maxName {
		return a, usageError("“" + clip.Runes(object, 80) + "” is not KIND/NAMESPACE/NAME, nor KIND/NAME")
	}
	return incident.Acceptance{Code: s.Codes[i].Code, Object: o, Worst: s.Codes[i].Severity}, nil
}

// take fills in the reason and the end, from a form's fields or from what was typed, and says what is wrong with them.
func (o *accepting) take(r Request, problems map[string]string) {
	reason, last := strings.Join(o.words, " "), o.last
	if len(r.Values) > 0 {
		reason, last = r.Values["reason"], r.Values["until"]
	}
	if reason = clip.Runes(strings.Join(strings.Fields(reason), " "), maxLine); !visibleText(reason) {
		problems["reason"] = "Say why it is accepted."
	}
	until, err := acceptedUntil(strings.TrimSpace(last), r.Now)
	if err != nil {
		problems["until"] = err.Error()
	}
	for i := range o.all {
		o.all[i].Reason, o.all[i].Until, o.all[i].By = reason, until, r.Person.Name
	}
}

// acceptedUntil reads "7d", "12h", "2w" or a day, to whose end in UTC it holds; zero of "": for good.
func acceptedUntil(said string, now time.Time) (time.Time, error) {
	if said == "" {
		return time.Time{}, nil
	}
	until, err := time.Parse(time.DateOnly, said)
	if err == nil {
		until = until.Add(24*time.Hour - time.Second)
	} else {
		unit := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[said[len(said)-1]]
		n, err := strconv.Atoi(said[:len(said)-1])
		if err != nil || unit == 0 || n <= 0 || n > 10000 {
			return until, fmt.Errorf("“%s” is no time such as 7d or 12h, nor a day such as 2027-01-31", clip.Runes(said, 40))
		}
		until = now.UTC().Add(time.Duration(n) * unit).Truncate(time.Second)
	}
	if !until.After(now) {
		return until, fmt.Errorf("“%s” is past", clip.Runes(said, 40))
	}
	return until, nil
}

// acceptedNow is what a look says of what is being accepted.
type acceptedNow struct {
	looked  bool
	found   []bool             // for each, whether it is found now
	follows []incident.Finding // what follows from them and is not accepted with them
}

// severities looks how bad what is accepted is now, so that it is told again when it gets worse. What is not found, or could not be looked
// at, may be as bad as its code usually is.
func (s *Set) severities(ctx context.Context, r Request, all []incident.Acceptance) acceptedNow {
	now := acceptedNow{found: make([]bool, len(all))}
	if s.Looker == nil {
		return now
	}
	d, err := s.diagnose(ctx, r, incident.Asked{})
	if err != nil {
		return now
	}
	now.looked = true
	var ids []string
	for i := range all {
		severest := incident.Info
		note := func(severity incident.Severity) {
			if now.found[i] = true; severity.Rank() > severest.Rank() {
				severest = severity
			}
		}
		for _, f := range d.Findings {
			same := (incident.Acceptance{Code: f.Code, Object: f.Object}).Same(all[i])
			if same {
				all[i].Object = f.Object // with the kind as it is written
			}
			if same || faultOf(d, f, all[i]) {
				note(f.Severity)
				ids = append(ids, f.ID)
			}
		}
		for _, f := range d.Accepted {
			if (incident.Acceptance{Code: f.Code, Object: f.Object}).Same(all[i]) || f.Acceptance.Same(all[i]) {
				note(f.Severity)
			}
		}
		if now.found[i] {
			all[i].Worst = severest
		}
	}
	now.follows = following(d, ids, all)
	return now
}

// faultOf says whether a finding is the root of a cause of which the object of the acceptance alone is at fault.
func faultOf(d *incident.Diagnosis, f incident.Finding, a incident.Acceptance) bool {
	return slices.ContainsFunc(d.Causes, func(c incident.Cause) bool {
		return len(c.Explains) > 0 && c.Explains[0] == f.ID && len(c.Objects) == 1 &&
			(incident.Acceptance{Code: f.Code, Object: c.Objects[0]}).Same(a)
	})
}

// following is what follows from findings, by the links of the causes, and is not accepted with them.
func following(d *incident.Diagnosis, ids []string, all []incident.Acceptance) []incident.Finding {
	reached := map[string]bool{}
	for len(ids) > 0 {
		id := ids[0]
		if ids = ids[1:]; reached[id] {
			continue
		}
		reached[id] = true
		for _, c := range d.Causes {
			for _, l := range c.Links {
				if l.From == id {
					ids = append(ids, l.To)
				}
			}
		}
	}
	var out []incident.Finding
	for _, f := range d.Findings {
		with := slices.ContainsFunc(all, incident.Acceptance{Code: f.Code, Object: f.Object}.Same)
		if reached[f.ID] && f.Severity != incident.Info && !with {
			out = append(out, f)
		}
	}
	return out
}
