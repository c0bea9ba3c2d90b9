package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// aboutIncident reads the incident that a decision is about, and the words after it.
func (s *Set) aboutIncident(ctx context.Context, r Request, what string) (*incident.State, []string, error) {
	if s.Incidents == nil {
		return nil, nil, errMissing("Keeping incidents")
	}
	if len(r.Args) == 0 {
		return nil, nil, usageError(what + " which incident?")
	}
	if !namesIncident(r.Args[0]) {
		return nil, nil, usageError("“" + clip.Runes(s.clean(r.Args[0]), 40) + "” is not an incident’s id, such as INC-3")
	}
	state, err := s.Incidents.Get(ctx, incidentID(r.Args[0]))
	if err != nil {
		err = s.orNearest(ctx, r, err)
	}
	return state, r.Args[1:], err
}

// done is the answer to a decision that the incident's messages show by themselves.
func done(s *incident.State, text string) Reply {
	return Reply{Text: text, Quiet: true, Data: map[string]string{"id": s.ID, "done": text}}
}

func (s *Set) open(ctx context.Context, r Request) (Reply, error) {
	if s.Incidents == nil {
		return Reply{}, errMissing("Keeping incidents")
	}
	o, err := openOptions(r.Args)
	if err != nil {
		return Reply{}, err
	}
	for _, about := range o.about { // it is looked at, and told of, with the bot's rights
		if s.Sight == nil {
			break
		}
		if err := s.Sight.MayRead(ctx, r.Person, about); err != nil {
			return Reply{}, err
		}
	}
	title, fingerprint := clip.Runes(strings.Join(strings.Fields(strings.Join(o.words, " ")), " "), maxLine), o.as
	if title == "" {
		return Reply{}, usageError("what is it about?")
	}
	if fingerprint == "" {
		fingerprint = strings.Join([]string{"said", incident.Scope{Objects: o.about}.String(), strings.ToLower(title)}, "/")
	}
	kind := "command"
	if r.Channel == "" {
		kind = "cli"
	}
	asks := incident.Signal{Kind: kind, Status: incident.Firing, Fingerprint: fingerprint, Title: title, About: o.about, By: r.Person}
	state, err := s.Incidents.Open(ctx, asks)
	if err != nil {
		return Reply{}, err
	}
	text := fmt.Sprintf("%s is open: %s", state.ID, s.clean(title))
	if first := state.Signals[0]; first.Fingerprint != fingerprint || first.By.Key() != r.Person.Key() {
		text = fmt.Sprintf("That is %s, which is open already: %s", state.ID, atLength(state.Title, maxLine))
	}
	return s.toldAt(r, state, done(state, text), o.here), nil
}

// toldAt says with an answer where the incident is told; here says that everybody is told of it where it was asked, for nobody there is by
// the incident's own messages.
func (s *Set) toldAt(r Request, state *incident.State, reply Reply, here bool) Reply {
	if here {
		reply.Quiet, reply.Audience = false, Everybody
	}
	channel := cmp.Or(state.Channel, s.Channel)
	if r.Channel == "" || channel == "" || channel == r.Channel {
		return reply
	}
	name := "#" + strings.TrimPrefix(channel, "#")
	if channelID.MatchString(channel) {
		name = "the incidents’ channel"
	}
	reply.Quiet = false
	reply.Text = sentence(reply.Text) + " It is told in " + name + "."
	return reply
}

// channelID is the shape of a channel's id in a chat.
var channelID = regexp.MustCompile(`^[CG][A-Z0-9]{2,20}$`)

// opening is what "open" was told.
type opening struct {
	as    string // the fingerprint
	here  bool   // everybody is told of it where it was asked
	about []incident.Object
	words []string
}

// openOptions reads --here, --as FINGERPRINT, -n NAMESPACE and --about KIND/NAMESPACE/NAME before a title.
func openOptions(args []string) (opening, error) {
	var o opening
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if args[0] == "--here" {
			o.here, args = true, args[1:]
			continue
		}
		if len(args) == 1 {
			return o, usageError(clip.Runes(args[0], 40) + " needs a value")
		}
		switch value := args[1]; args[0] {
		case "--as":
			o.as = value
		case "-n", "--namespace":
			o.about = append(o.about, incident.Object{Kind: "Namespace", Name: value})
		case "--about":
			object, err := incident.ParseObject(value)
			if err != nil {
				return o, usageError("“" + clip.Runes(value, 80) + "” is not KIND/NAMESPACE/NAME")
			}
			o.about = append(o.about, object)
		default:
			return o, usageError("there is no option " + clip.Runes(args[0], 40))
		}
		args = args[2:]
	}
	o.words = args
	return o, nil
}

func (s *Set) approve(ctx context.Context, r Request) (Reply, error) {
	state, rest, err := s.aboutIncident(ctx, r, "approve")
	if err != nil {
		return Reply{}, err
	}
	if len(rest) == 0 {
		return Reply{}, hashNeeded(state, r.Prog)
	}
	hash, err := wholeHash(state, rest[0])
	if err != nil {
		return Reply{}, err
	}
	word := r.Values["word"]
	if len(rest) > 1 {
		word = strings.Join(rest[1:], " ")
	}
	switch p := state.Offer(hash); {
	case lacksWord(p, word) && r.Values != nil:
		return Reply{Text: "The plan is not approved.", Errors: map[string]string{"word": "Type “" + destroyWord + "”."}, Exit: ExitWrong}, nil
	case lacksWord(p, word):
		return Reply{}, &Refusal{Reason: "The plan of " + state.ID + " destroys what can’t be brought back.",
			Try: "Type “" + destroyWord + "” behind its hash."}
	case len(rest) > 1 && (p == nil || p.Risk != incident.Destructive):
		return Reply{}, usageError("that is more than one hash")
	}
	state, err = s.Incidents.Approve(ctx, state.ID, hash, r.Person)
	if err != nil {
		return Reply{}, err
	}
	return done(state, approved(state, r.Now)), nil
}

// approved says what follows from an approval.
func approved(s *incident.State, now time.Time) string {
	a := s.Approval()
	switch {
	case a == nil:
		return s.ID + ": approved."
	case s.ApprovalValid(now):
		return fmt.Sprintf("%s: approved. It runs as %s.", s.ID, a.As.User)
	}
	return s.ID + ": approved by " + a.By.Name + ". " + second(s)
}

// second says whose approval is still waited for.
func second(s *incident.State) string {
	if s.Plan.Terminal {
		return "It needs a second approval, in the terminal with a kubeconfig of your own: “paramedic approve " + s.ID + "”."
	}
	return "It needs another person’s approval, too."
}

// stop stops one recovery, or without an incident all of them.
func (s *Set) stop(ctx context.Context, r Request) (Reply, error) {
	if s.Incidents == nil {
		return Reply{}, errMissing("Keeping incidents")
	}
	if len(r.Args) > 0 && (len(r.Args) > 1 || !strings.EqualFold(r.Args[0], "all")) {
		state, _, err := s.aboutIncident(ctx, r, "stop")
		if err != nil {
			return Reply{}, err
		}
		state, err = s.Incidents.Stop(ctx, state.ID, clip.Runes(strings.Join(r.Args[1:], " "), maxLine), r.Person)
		if err != nil {
			return Reply{}, err
		}
		return done(state, stopped(state)), nil
	}
	open, _, err := s.Incidents.List(ctx, false)
	if err != nil {
		return Reply{}, err
	}
	var said []string
	for _, o := range open {
		if o.RunEnded() || o.Running() && o.Stopped != nil || !o.Running() && len(o.Approvals) == 0 {
			continue
		}
		state, err := s.Incidents.Stop(ctx, o.ID, "", r.Person)
		var over *Refusal
		switch {
		case errors.As(err, &over): // it has ended meanwhile
		case err != nil:
			said = append(said, fmt.Sprintf("%s could not be stopped: %v.", o.ID, err))
		default:
			said = append(said, stopped(state))
		}
	}
	if len(said) == 0 {
		return Reply{}, &Refusal{Reason: "Nothing is approved or running.", Try: "“incidents” lists what is open."}
	}
	return Reply{Text: strings.Join(said, " "), Data: map[string][]string{"stopped": said}}, nil
}

func stopped(s *incident.State) string {
	if s.Phase(time.Time{}) == incident.Stopping {
		return s.ID + ": stopped. The step in progress finishes; no other begins."
	}
	return s.ID + ": stopped. Nothing else begins."
}

// hashNeeded says how to name the plan that is approved, for an approval is of what was seen: the hash stands at the end of the plan.
func hashNeeded(s *incident.State, prog string) error {
	if s.Plan == nil {
		return &Refusal{Reason: s.ID + " has no plan to approve."}
	}
	return &Refusal{Reason: "An approval names the plan that you saw by its hash, which stands at the plan’s end.",
		Try: fmt.Sprintf("Open it with %s plan %s; it can be approved there.", prog, s.ID)}
}

// wholeHash completes a hash of which the beginning was typed, as much of it as is shown. What does not fit goes on as it is: the refusal
// is the keeper's.
func wholeHash(s *incident.State, said string) (string, error) {
	if len(said) < shortHash {
		return "", usageError(fmt.Sprintf("at least %d characters of the hash are needed", shortHash))
	}
	for _, p := range s.Offered() {
		if strings.HasPrefix(p.Hash, strings.ToLower(said)) {
			return p.Hash, nil
		}
	}
	return said, nil
}

// short is what is shown of a hash.
func short(hash string) string { return hash[:min(len(hash), shortHash)] }

func (s *Set) look(ctx context.Context, r Request) (Reply, error) {
	state, rest, err := s.aboutIncident(ctx, r, "look again at")
	if err != nil {
		return Reply{}, err
	}
	if len(rest) > 0 { // nothing is done by what may be prose
		return Reply{}, usageError("“" + clip.Runes(rest[0], 40) + "” is not understood")
	}
	if state, err = s.Incidents.LookAgain(ctx, state.ID, r.Person); err != nil {
		return Reply{}, err
	}
	return done(state, state.ID+": looking at the cluster again."), nil
}

// claim says who has an incident.
func (s *Set) claim(ctx context.Context, r Request) (Reply, error) {
	state, rest, err := s.shown(ctx, r, "claim")
	if err != nil {
		return Reply{}, err
	}
	back := len(rest) == 1 && rest[0] == "--back"
	if len(rest) > 0 && !back {
		return Reply{}, usageError("“" + clip.Runes(rest[0], 40) + "” is not understood")
	}
	if state, err = s.Incidents.Claim(ctx, state.ID, back, r.Person); err != nil {
		return Reply{}, err
	}
	if back {
		return done(state, state.ID+": nobody has it now."), nil
	}
	return done(state, state.ID+": you have it."), nil
}

func (s *Set) close(ctx context.Context, r Request) (Reply, error) {
	state, rest, err := s.aboutIncident(ctx, r, "close")
	if err != nil {
		return Reply{}, err
	}
	if state, err = s.Incidents.Close(ctx, state.ID, clip.Runes(strings.Join(rest, " "), maxLine), r.Person); err != nil {
		return Reply{}, err
	}
	return done(state, state.ID+" is closed."), nil
}

func (s *Set) decide(ctx context.Context, r Request) (Reply, error) {
	state, rest, err := s.aboutIncident(ctx, r, "decide about")
	if err != nil {
		return Reply{}, err
	}
	if len(rest) != 2 || rest[1] != "done" && rest[1] != "undone" {
		return Reply{}, usageError("name the step and say done or undone")
	}
	if state, err = s.Incidents.Decide(ctx, state.ID, rest[0], rest[1] == "done", r.Person); err != nil {
		return Reply{}, err
	}
	return done(state, fmt.Sprintf("%s: step %s counts as %s.", state.ID, clip.Runes(rest[0], 40), rest[1])), nil
}
