package commands

import "github.com/paramedic-bot/paramedic/internal/incident"

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
