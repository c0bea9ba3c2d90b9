package commands

import (
	"context"
	"errors"
	"strings"

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
)

// Roles says who has which role. The error is a [Refusal].
type Roles interface {
	// May is nil where the person, of this workspace, has the role.
	May(p incident.Person, role Role) error
	// MayFromOutside is nil where people of other organisations have the role too.
	MayFromOutside(role Role) error
}

// may says whether who asks has a role; the error is a Refusal. Where nobody says who has which, people of other organisations may ask and no
// more.
func (s *Set) may(r Request, role Role) error {
	switch {
	case role == "":
		return nil
	case s.Roles == nil:
		if r.Outside && role != View {
			return &Refusal{Reason: "Only people of this workspace may do that."}
		}
		return nil
	case r.Outside:
		return s.Roles.MayFromOutside(role)
	}
	return s.Roles.May(r.Person, role)
}

// permitted says whether who asks may give the command. A no goes on the record of the incident that it was about; it is told to who asked alone.
func (s *Set) permitted(ctx context.Context, c command, r Request) error {
	err := s.may(r, c.role)
	var no *Refusal
	if !errors.As(err, &no) || s.Incidents == nil || len(r.Args) == 0 || !strings.Contains(c.usage, "INC-ID") || strings.EqualFold(r.Args[0], "all") {
		return err
	}
	if failed := s.Incidents.Refuse(ctx, incidentID(r.Args[0]), r.Person, c.name, no.Reason); failed != nil && !errors.As(failed, new(*Refusal)) {
		err = errors.Join(err, failed)
	}
	return err
}
