package commands

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Role is what a person may do. Who has it, the configuration says.
type Role string

// The roles. A command that needs none, such as help, is for everybody.
const (
	View    Role = "view"    // read incidents, their evidence and plans; ask about the cluster as far as one may read it
	Open    Role = "open"    // open incidents, and have one looked at again
	Approve Role = "approve" // decide upon plans and steps
	Close   Role = "close"   // end an incident by one's word
	Edit    Role = "edit"    // edit a postmortem
	Publish Role = "publish" // make a postmortem knowledge
	Stop    Role = "stop"    // stop what runs: easy, for it harms less than going on
	Accept  Role = "accept"  // have findings told no more
)

// Roles says who has which role. The error is a [Refusal].
type Roles interface {
	// May is nil where the person, of this workspace, has the role.
	May(p incident.Person, role Role) error
	// MayFromOutside is nil where people of other organisations have the role too.
	MayFromOutside(role Role) error
	// Admit is nil where the person may ask for something more now. It counts.
	Admit(p incident.Person, now time.Time) error
}

// Sight says what a person is shown of what Paramedic reads. An error may be a [Refusal].
type Sight interface {
	// Reader returns the Kubernetes user whose rights bound what a person is shown of the cluster; nil: nothing bounds it.
	Reader(p incident.Person) (*incident.Identity, error)
	// MaySee is nil where a person who asks in that channel may be shown the incident.
	MaySee(ctx context.Context, p incident.Person, channel string, s *incident.State) error
	// MayRead is nil where a person may be shown the object.
	MayRead(ctx context.Context, p incident.Person, o incident.Object) error
}

// shown reads an incident for who asks, if they may see it.
func (s *Set) shown(ctx context.Context, r Request, what string) (*incident.State, []string, error) {
	state, rest, err := s.aboutIncident(ctx, r, what)
	if err == nil && s.Sight != nil {
		err = s.Sight.MaySee(ctx, r.Person, r.Channel, state)
	}
	return state, rest, err
}

// visible are the incidents that who asks may see, and how many they may not.
func (s *Set) visible(ctx context.Context, r Request, states []*incident.State) (seen []*incident.State, hidden int, err error) {
	if s.Sight == nil {
		return states, 0, nil
	}
	for _, state := range states {
		err := s.Sight.MaySee(ctx, r.Person, r.Channel, state)
		switch {
		case err == nil:
			seen = append(seen, state)
		case errors.As(err, new(*Refusal)):
			hidden++
		default:
			return nil, 0, err
		}
	}
	return seen, hidden, nil
}

// may says whether who asks has a role; the error is a Refusal. Where nobody says who has which, people of other organisations may ask and
// no more.
func (s *Set) may(r Request, role Role) error {
	switch {
	case role == "":
		return nil
	case s.Roles == nil:
		if r.Outside && role != View {
			return &Refusal{Reason: "Only people in this workspace may do that."}
		}
		return nil
	case r.Outside:
		return s.Roles.MayFromOutside(role)
	}
	return s.Roles.May(r.Person, role)
}

// permitted says whether who asks may give the command. A no goes on the record of the incident that it was about; it is told to who asked
// alone.
func (s *Set) permitted(ctx context.Context, c command, r Request) error {
	if s.Roles != nil && c.role != Stop { // stopping must always be possible
		if err := s.Roles.Admit(r.Person, r.Now); err != nil {
			return err
		}
	}
	err := s.may(r, c.role)
	var no *Refusal
	if !errors.As(err, &no) || s.Incidents == nil || len(r.Args) == 0 || !strings.Contains(c.usage, "INC-ID") ||
		strings.EqualFold(r.Args[0], "all") {
		return err
	}
	if failed := s.Incidents.Refuse(ctx, incidentID(r.Args[0]), r.Person, c.name, no.Reason); failed != nil &&
		!errors.As(failed, new(*Refusal)) {
		err = errors.Join(err, failed)
	}
	return err
}

// has says whether the person who asks has the role.
func (s *Set) has(r Request, role Role) bool { return s.may(r, role) == nil }
