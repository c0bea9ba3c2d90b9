package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// Incidents keeps the incidents and decides what may be done to them. It implements commands.Incidents and the webhook's sink. Every
// decision is made on the newest state and recorded with it, so that of two people who press at once one is told that the other did.
type Incidents struct {
	ledger   *ledger
	recovery Recovery
	access   *Access
	route    func(labels map[string]string) (channel string) // where such alerts are told; nil, or an empty channel: where all others are
	// in the terminal: who the API server says that the person's own credentials are; nil elsewhere
	self    *incident.Identity
	expires time.Duration // of a plan, and of an approval
	// podsPerHour is how many pods plans may end or replace within an hour; zero: as many as they like.
	podsPerHour int
	redact      func(string) string
	silences    *Silences // nil: nothing is silenced
	shares      bool      // what is published is put into the incident's thread as a file
	// opened is told the kind of the signal that opened an incident; nil: nobody is.
	opened func(kind string)

	intake intake
	share  *share // of alerts and the watch; nil: they may open as many as there is room for
	last   int    // the greatest number of an incident, for who decides about signals; 0: not known
}

// Recovery is what Incidents needs of plans: whether one still fits the cluster, and what the server says to it.
type Recovery interface {
	// Recheck says whether the steps that have not begun would still come out as they are in the plan, and if not, why.
	Recheck(ctx context.Context, p *incident.Plan, begun map[string]bool) (same bool, why string, err error)
	// Review asks for each step's rights and dry-runs it, as somebody. It changes nothing.
	Review(ctx context.Context, p *incident.Plan, as incident.Identity) []incident.Check
	// Edit makes the plan in which values of another one are set otherwise; see recovery.Recovery.Edit.
	Edit(ctx context.Context, p *incident.Plan, all []incident.Setting, by string) (*incident.Plan, error)
}

var _ commands.Incidents = (*Incidents)(nil)

// mostListed bounds the incidents of the past that are listed.
const mostListed = 100

// List returns the open incidents, the newest first; with all those that are over too, the newest of them, and how many there are.
func (i *Incidents) List(ctx context.Context, all bool) ([]*incident.State, int, error) {
	if all {
		return i.ledger.List(ctx, mostListed)
	}
	open, err := i.ledger.Open(ctx)
	return open, len(open), err
}

// Get returns one incident.
func (i *Incidents) Get(ctx context.Context, id string) (*incident.State, error) {
	s, err := i.ledger.fold(ctx, strings.ToUpper(id))
	var unreadable *UnreadableError
	if errors.As(err, &unreadable) {
		return nil, &commands.Refusal{Reason: unreadable.ID + "'s record can't be read: " + unreadable.Reason.Error() + ".",
			Try: "Nothing is done for it; “paramedic audit verify” looks at the record."}
	}
	if err != nil {
		return nil, err
	}
	if s.Version == 0 {
		return nil, &commands.Refusal{Reason: fmt.Sprintf("There is no incident %s.", id), Try: "See “incidents”."}
	}
	return s, nil
}

// Open opens an incident for a person's signal, or joins the open one it belongs to.
func (i *Incidents) Open(ctx context.Context, g incident.Signal) (*incident.State, error) {
	ids, err := i.receive(ctx, []incident.Signal{g})
	if err != nil {
		return nil, err
	}
	if ids[0] == "" {
		return nil, &commands.Refusal{Reason: fmt.Sprintf("%s has opened %d incidents that are open still, and one person may have no more "+
			"(limits.openPerPerson).", g.By.Name, i.access.Limits().OpenPerPerson),
			Try: "See “incidents”: it may be one of them. Close what is over, or ask somebody else to open it."}
	}
	return i.Get(ctx, ids[0])
}

// LookAgain asks for a new diagnosis.
func (i *Incidents) LookAgain(ctx context.Context, id string, by incident.Person) (*incident.State, error) {
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		switch {
		case !s.Open():
			return nil, over(s)
		case s.Running() && !s.RunEnded():
			return nil, &commands.Refusal{Reason: s.ID + " is being recovered right now.", Try: "Look again when the run has ended."}
		case s.Investigation.Wanted || s.Diagnosis == nil:
			return nil, nil
		}
		return []incident.Event{incident.LookAgainRequested{By: by}}, nil
	})
}

// Claim gives the incident to the person, or takes it from them where back is set. What is so already stays so.
func (i *Incidents) Claim(ctx context.Context, id string, back bool, by incident.Person) (*incident.State, error) {
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		has := s.Claimed != nil && s.Claimed.Key() == by.Key()
		switch {
		case !s.Open():
			return nil, over(s)
		case back && !has:
			return nil, &commands.Refusal{Reason: "You don’t have " + s.ID + ".", Try: "“about " + s.ID + " who” tells who has."}
		case has != back:
			return nil, nil
		}
		return []incident.Event{incident.Claimed{By: by, Back: back}}, nil
	})
}

// Grade records a person's word on whether the cause of an incident that is over was told right.
func (i *Incidents) Grade(ctx context.Context, id string, g incident.Grade, what string, by incident.Person) (*incident.State, error) {
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		switch {
		case s.Open():
			return nil, &commands.Refusal{Reason: s.ID + " is not over yet.", Try: "Grade it once it is resolved or closed."}
		case !s.Gradable():
			return nil, &commands.Refusal{Reason: s.ID + " named no cause that could be graded."}
		}
		cause := s.GradedCause()
		e := incident.Graded{Incident: s.ID, By: by, Grade: g, Code: cause.Code, Confidence: cause.Confidence, What: i.redact(what)}
		known := slices.IndexFunc(s.Grades, func(o incident.Graded) bool { return o.By.Key() == by.Key() })
		switch {
		case known >= 0 && s.Grades[known] == e:
			return nil, nil
		case known < 0 && len(s.Grades) >= incident.MostGrades:
			return nil, &commands.Refusal{Reason: fmt.Sprintf("%d people have graded %s, and no more are counted.", len(s.Grades), s.ID)}
		}
		return []incident.Event{e}, nil
	})
}

// Close ends an incident by a person's word.
func (i *Incidents) Close(ctx context.Context, id, reason string, by incident.Person) (*incident.State, error) {
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		switch {
		case !s.Open():
			return nil, over(s)
		case s.Running() && !s.RunEnded():
			return nil, &commands.Refusal{Reason: s.ID + " is being recovered right now.", Try: "Stop it first: “stop " + s.ID + "”."}
		}
		return []incident.Event{incident.Closed{By: by, Reason: i.redact(reason)}}, nil
	})
}

// EditPostmortem replaces the draft.
func (i *Incidents) EditPostmortem(ctx context.Context, id string, pm incident.Postmortem, by incident.Person) (*incident.State, error) {
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		switch {
		case s.Postmortem == nil:
			return nil, &commands.Refusal{Reason: s.ID + " has no postmortem yet.", Try: "One is drafted when it is resolved."}
		case !s.Editable():
			return nil, &commands.Refusal{Reason: "The postmortem is published already.", Try: "Edit its file in the knowledge folder."}
		}
		return []incident.Event{incident.PostmortemEdited{By: by, Postmortem: i.redactPostmortem(pm)}}, nil
	})
}

// Publish makes the draft known.
func (i *Incidents) Publish(ctx context.Context, id string, by incident.Person) (*incident.State, error) {
	return i.decide(ctx, id, func(s *incident.State) ([]incident.Event, error) {
		switch {
		case s.Postmortem == nil:
			return nil, &commands.Refusal{Reason: s.ID + " has no postmortem yet.", Try: "One is drafted when it is resolved."}
		case s.Published != nil:
			return nil, &commands.Refusal{Reason: s.Published.By.Name + " has published it already."}
		}
		return []incident.Event{incident.PostmortemPublished{By: by, Share: i.shares}}, nil
	})
}

// decide is update for an incident that must exist.
func (i *Incidents) decide(ctx context.Context, id string, decide func(*incident.State) ([]incident.Event, error)) (*incident.State,
	error) {
	return i.ledger.update(ctx, strings.ToUpper(id), func(s *incident.State) ([]incident.Event, error) {
		if s.Version == 0 {
			return nil, &commands.Refusal{Reason: fmt.Sprintf("There is no incident %s.", id), Try: "See “incidents”."}
		}
		return decide(s)
	})
}

func over(s *incident.State) error {
	if other := s.Elsewhere(); other != "" {
		return &commands.Refusal{Reason: fmt.Sprintf("%s is closed: %s.", s.ID, s.ClosedBy.Reason), Try: "See “incidents " + other + "”."}
	}
	try := "“catchup " + s.ID + "” tells how it ended; “open” opens another one."
	if s.ClosedBy != nil {
		return &commands.Refusal{Reason: fmt.Sprintf("%s was closed by %s.", s.ID, s.ClosedBy.By.Name), Try: try}
	}
	return &commands.Refusal{Reason: fmt.Sprintf("%s is resolved.", s.ID), Try: try}
}

func (i *Incidents) redactPostmortem(pm incident.Postmortem) incident.Postmortem {
	for _, field := range append(pm.Sections(), &pm.Title) {
		*field = i.redact(*field)
	}
	return pm
}

// ReadIncidents reads incidents from a state that is open for reading only. What would change one is refused.
func ReadIncidents(r *store.Reader) *Incidents {
	return &Incidents{ledger: &ledger{Journal: NewJournal(r), now: time.Now}, access: NewAccess(DefaultConfig())}
}
