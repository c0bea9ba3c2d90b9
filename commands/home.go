package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Bounds of a Home: whatever there is, it fits into a hundred blocks.
const (
	mostHomeOpen    = 10
	mostHomeWaiting = 5
	mostHomeWritten = 5
	mostHomeLacks   = 10
)

// Lacks says what Paramedic itself can't see or do now, each with what to do about it.
type Lacks interface {
	// Lacks lists them; not known, if nobody has looked yet.
	Lacks() (all []incident.Check, known bool)
}

// Home is what a person is shown who opens the bot's own page: what is open, what waits for them, how the cluster was when it was last
// looked at, what was written up, what can't be seen or done now, and what to try. It looks at nothing but what is kept; see Glance. People
// of other organisations are shown nothing of the cluster.
func (s *Set) Home(ctx context.Context, r Request) Reply {
	if r.Prog == "" {
		r.Prog = "/medic"
	}
	reply := Reply{Text: "Paramedic"}
	if r.Outside {
		reply.Blocks = []Block{Paragraph{Bold("Paramedic"), Text(" looks after another organisation’s Kubernetes cluster. What it knows is " +
			"shown only to people there.")}}
		return reply
	}
	if err := s.may(r, View); err != nil {
		reply.Blocks = []Block{Paragraph{Text(s.clean(err.Error()))}}
		return reply
	}
	open, hidden, err := s.homeOpen(ctx, r)
	reply.Blocks = slices.Concat(s.homeIncidents(r, open, hidden, err), s.silencedNote(ctx, r), s.homeCluster(r, open), s.homeWritten(ctx, r),
		s.homeGrades(ctx), s.homeLacks(r), s.homeTry(ctx, r))
	return reply
}

// section is a part of a Home under its title.
func homeSection(title string, blocks ...Block) []Block {
	return append([]Block{Header{title}}, blocks...)
}

// homeOpen are the open incidents that who asks may see, and how many they may not.
func (s *Set) homeOpen(ctx context.Context, r Request) ([]*incident.State, int, error) {
	if s.Incidents == nil {
		return nil, 0, errMissing("Keeping incidents")
	}
	open, _, err := s.Incidents.List(ctx, false)
	if err != nil {
		return nil, 0, err
	}
	return s.visible(ctx, r, open)
}

// homeIncidents are what waits for who asks, and what is open.
func (s *Set) homeIncidents(r Request, open []*incident.State, hidden int, err error) []Block {
	const title = "Open incidents"
	if err != nil {
		return homeSection(title, Paragraph{Text("They could not be read: " + sentence(s.clean(clip.Runes(err.Error(), maxLine))))})
	}
	out := s.homeWaiting(r, open)
	list, buttons := List{}, Actions{}
	for i, state := range open {
		if i == mostHomeOpen {
			list = append(list, Item{Depth: 1, Spans: []Span{Text("… " + thousands(len(open)-i) + " more: "), Mono(r.Prog + " incidents")}})
			break
		}
		list = append(list, Item{Depth: 1, Spans: homeLine(state, r)})
		buttons = append(buttons, Button{ID: "show-" + state.ID, Label: state.ID, Value: Quote("incidents", state.ID),
			Accessibility: "Show " + state.ID})
	}
	var blocks []Block
	if len(open) == 0 {
		blocks = []Block{Paragraph{Text("None.")}}
	} else {
		blocks = []Block{list, buttons}
	}
	if hidden > 0 {
		blocks = append(blocks, Note{Text(capital(count(hidden, "more incident")) + ", about what you may not see here: the channel where it " +
			"is told shows it.")})
	}
	return append(out, homeSection(title, blocks...)...)
}

// homeLine is an incident in a line.
func homeLine(s *incident.State, r Request) []Span {
	spans := []Span{Bold(s.ID), Text(" " + briefly(s.Title, mostOther) + ": " + string(s.Phase(r.Now)) + ", since "),
		When(s.OpenedAt)}
	switch {
	case s.Claimed == nil:
	case s.Claimed.Key() == r.Person.Key():
		spans = append(spans, Text("; you have it"))
	default:
		spans = append(spans, Text("; "+clip.Runes(s.Claimed.Name, 80)+" has it"))
	}
	return spans
}

// homeWaiting are the plans that who asks may approve, the steps that they may decide about, and the incidents that they have.
func (s *Set) homeWaiting(r Request, open []*incident.State) []Block {
	var waits []Block
	n := 0
	add := func(blocks ...Block) {
		if n++; n <= mostHomeWaiting {
			waits = append(waits, blocks...)
		}
	}
	decides := s.has(r, Approve)
	for _, state := range open {
		mine := state.Claimed != nil && state.Claimed.Key() == r.Person.Key()
		switch phase := state.Phase(r.Now); {
		case decides && phase == incident.Awaiting && !approvedBy(state, r):
			add(Paragraph{Bold(state.ID + " waits for approval: "), Text(offeredTitles(state)), Text(askedByYou(state, r))}, homePlans(state))
		case decides && phase == incident.Stuck:
			add(Paragraph{Bold(state.ID + " needs a decision: "), Text(atLength(state.Title, mostOther))}, homeShow(state))
		case mine:
			add(Paragraph{Bold("You have " + state.ID + ": "), Text(atLength(state.Title, mostOther) + ", " + string(phase))}, homeShow(state))
		}
	}
	if n == 0 {
		return homeSection("Waiting for you", Paragraph{Text("Nothing.")})
	}
	if n > mostHomeWaiting {
		waits = append(waits, Note{Text("… " + thousands(n-mostHomeWaiting) + " more; see the open incidents.")})
	}
	return homeSection("Waiting for you", waits...)
}

// approvedBy says whether who asks has approved the plan already: then it waits for somebody else.
func approvedBy(s *incident.State, r Request) bool {
	return slices.ContainsFunc(s.Standing(r.Now), func(a incident.Approval) bool { return a.By.Key() == r.Person.Key() })
}

func askedByYou(s *incident.State, r Request) string {
	if s.Plan.Risk == incident.Safe || !s.Asked(r.Person) {
		return ""
	}
	return ". You opened this incident: if there is another approver, it is theirs to approve."
}

func offeredTitles(s *incident.State) string {
	var titles []string
	for _, p := range s.Offered() {
		titles = append(titles, atLength(p.Title, mostOther)+" ("+string(p.Risk)+")")
	}
	return strings.Join(titles, ", or ")
}

// homePlans open the plans on offer.
func homePlans(s *incident.State) Actions {
	var out Actions
	for _, p := range s.Offered() {
		out = append(out, openButton(s, p, "plan-"+s.ID))
	}
	return out
}

func homeShow(s *incident.State) Actions {
	return Actions{{ID: "mine-" + s.ID, Label: "Show " + s.ID, Value: Quote("incidents", s.ID), Accessibility: "Show " + s.ID}}
}

// homeCluster is how the cluster was when it was last looked at, as far as who asks may read it: by a glance, or for an incident of which
// they may read all.
func (s *Set) homeCluster(r Request, open []*incident.State) []Block {
	const title = "The cluster"
	as, may := s.glancing(r)
	switch {
	case s.Looker == nil || s.Glances == nil:
		return homeSection(title, Paragraph{Text("Looking at a cluster is not set up here.")})
	case !may:
		_, err := s.Sight.Reader(r.Person)
		return homeSection(title, Paragraph{Text(s.clean(clip.Runes(err.Error(), maxLine)))})
	}
	x := s.Glances.of(reader(as))
	for _, state := range open {
		if d := state.Diagnosis; d != nil && d.Scope.String() == "" && d.At.After(x.at) {
			x = glance{at: d.At, blocks: glanceBlocks(d)}
		}
	}
	if x.at.IsZero() {
		return homeSection(title, Paragraph{Text("Looking …")})
	}
	actions := Actions{{ID: "check", Label: "Look now", Value: "check", Accessibility: "Look at the cluster now"}}
	return homeSection(title, append(slices.Clone(x.blocks), actions)...)
}

// homeWritten are the newest postmortems that were published.
func (s *Set) homeWritten(ctx context.Context, r Request) []Block {
	const title = "Recent postmortems"
	if s.Incidents == nil {
		return nil
	}
	all, total, err := s.Incidents.List(ctx, true)
	none := "None yet."
	if total > len(all) { // the older ones are not looked through
		none = "None of the newest " + count(len(all), "incident") + "."
	}
	if err == nil {
		all = slices.DeleteFunc(slices.Clone(all), func(x *incident.State) bool { return x.Published == nil || x.Postmortem == nil })
		all, _, err = s.visible(ctx, r, all)
	}
	if err != nil {
		return homeSection(title, Paragraph{Text("They could not be read: " + sentence(s.clean(clip.Runes(err.Error(), maxLine))))})
	}
	if len(all) == 0 {
		return homeSection(title, Paragraph{Text(none)})
	}
	list, buttons := List{}, Actions{}
	for _, state := range all[:min(len(all), mostHomeWritten)] {
		spans := []Span{Bold(state.ID + " "), {Text: atLength(state.Postmortem.Title, mostOther), URL: state.Link}, Text(" "),
			When(state.EndedAt())}
		if state.Link == "" { // no file lies in its thread: a window shows it
			buttons = append(buttons, Button{ID: "written-" + state.ID, Label: "Read " + state.ID, Value: Quote("postmortem", state.ID),
				Accessibility: "Read the postmortem of " + state.ID})
		}
		list = append(list, Item{Depth: 1, Spans: spans})
	}
	if len(buttons) > 0 {
		return homeSection(title, list, buttons)
	}
	return homeSection(title, list)
}

// homeLacks are what Paramedic itself can't see or do now.
func (s *Set) homeLacks(r Request) []Block {
	const title = "What Paramedic can’t see or do now"
	if s.Lacks == nil {
		return nil
	}
	all, known := s.Lacks.Lacks()
	switch {
	case !known:
		return homeSection(title, Paragraph{Text("Looking …")})
	case len(all) == 0:
		return homeSection(title, Paragraph{Text("Nothing is missing.")})
	}
	list := List{}
	for i, c := range all {
		if i == mostHomeLacks {
			list = append(list, Item{Depth: 1, Spans: []Span{Text("… " + thousands(len(all)-i) + " more: "), Mono("paramedic doctor")}})
			break
		}
		detail := Text(s.clean(clip.Runes(c.Detail, maxLine)))
		list = append(list, Item{Depth: 1, Spans: []Span{Bold(clip.Runes(c.Name, mostOther) + ": "), detail}})
	}
	return homeSection(title, list)
}

// something is an object that there is, as it is typed: a workload with which something was wrong when it was looked at
// last. Where none is known, it
// is the shape of one.
func (s *Set) something(ctx context.Context, r Request) string {
	var all []incident.Object
	if s.Memory != nil {
		if d := s.Memory.Last(ctx); d != nil {
			for _, f := range d.Findings {
				all = append(all, f.Object)
			}
		}
	}
	may := s.mayKnow(ctx, r)
	for _, o := range all {
		if slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet"}, o.Kind) && (may == nil || may(o)) {
			return strings.ToLower(o.Kind) + "/" + o.Name + " -n " + o.Namespace
		}
	}
	return "KIND/NAME -n NAMESPACE"
}

// homeTry are three things to begin with.
func (s *Set) homeTry(ctx context.Context, r Request) []Block {
	return homeSection("Three things to try", List{
		{Depth: 1, Spans: []Span{Mono(r.Prog + " check"), Text(" says what is wrong in the cluster, and what restarts")}},
		{Depth: 1, Spans: []Span{Mono(r.Prog + " why " + s.something(ctx, r)), Text(" says what is wrong with one thing, with the evidence")}},
		{Depth: 1, Spans: []Span{Mono(r.Prog + " search dns loop"), Text(" searches the postmortems for something like it")}},
	})
}
