package app

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Access is what the configuration says now about who may do what. It is safe for concurrent use, and implements commands.Roles. What is
// asked of it is asked anew each time, so that who was taken out of the configuration is out at once.
type Access struct {
	now   atomic.Pointer[grants]
	quota *quota
	home  atomic.Pointer[string] // the workspace's team; nil until Slack has said it
}

// grants is one reading of the configuration. It does not change.
type grants struct {
	approvers, mapped map[string]incident.Identity // by Person.Key, or by id alone: of the home team
	roles             map[commands.Role]Holders
	readEverybody     bool
	limits            LimitConfig
	people            PeopleConfig
}

// NewAccess is what a configuration says.
func NewAccess(c Config) *Access {
	a := &Access{quota: newQuota()}
	a.Replace(c)
	return a
}

// Replace takes what a newer configuration says, from now on.
func (a *Access) Replace(c Config) {
	g := &grants{approvers: map[string]incident.Identity{}, mapped: map[string]incident.Identity{}, roles: c.Roles.table(), limits: c.Limits,
		people: c.Plans.People}
	for _, p := range c.Approvers {
		g.mapped[p.id()] = p.identity()
		if h := g.roles[commands.Approve]; h.Who == holdApprovers || slices.Contains(h.People, p.id()) {
			g.approvers[p.id()] = p.identity()
		}
	}
	for _, p := range c.People {
		g.mapped[p.id()] = p.identity()
	}
	g.readEverybody = c.Read == readEverybody || c.Read == "" && len(g.approvers) <= 1
	a.now.Store(g)
}

// SetHome says which team's people are named by their id alone. Until it is known they are nobody.
func (a *Access) SetHome(team string) { a.home.Store(&team) }

// Identity returns whom a person's plans run as; ok is false for people who are no approvers.
func (a *Access) Identity(p incident.Person) (as incident.Identity, ok bool) {
	return find(a, a.now.Load().approvers, p)
}

// Mapped returns the Kubernetes user that a person is, approver or not; ok is false for people whom the configuration does not name.
func (a *Access) Mapped(p incident.Person) (as incident.Identity, ok bool) {
	return find(a, a.now.Load().mapped, p)
}

// Approvers is how many people may approve.
func (a *Access) Approvers() int { return len(a.now.Load().approvers) }

// ReadEverybody says that what the bot reads is shown to whoever may ask, mapped or not.
func (a *Access) ReadEverybody() bool { return a.now.Load().readEverybody }

// Limits are how much one person may ask for.
func (a *Access) Limits() LimitConfig { return a.now.Load().limits }

// Admit counts a person's request, and refuses what is more than one person may ask for.
func (a *Access) Admit(p incident.Person, now time.Time) error {
	return a.quota.take(p, now, a.Limits().RequestsPerMinute)
}

// find looks a person up by team and id, and by the id alone where they are of the home team.
func find[T any](a *Access, table map[string]T, p incident.Person) (T, bool) {
	if v, ok := table[p.Key()]; ok {
		return v, true
	}
	home := a.home.Load()
	if p.ID == "" || home == nil || p.Team != *home {
		var none T
		return none, false
	}
	v, ok := table[p.ID]
	return v, ok
}

// May says whether a person of this workspace has a role; the error is a *commands.Refusal that says who has it, and how one gets it.
func (a *Access) May(p incident.Person, role commands.Role) error {
	g := a.now.Load()
	h := g.roles[role]
	ok := false
	switch h.Who {
	case holdEverybody, holdMembers:
		ok = true
	case holdMapped:
		_, ok = find(a, g.mapped, p)
	case holdApprovers:
		_, ok = find(a, g.approvers, p)
	default:
		people := map[string]bool{}
		for _, id := range h.People {
			people[id] = true
		}
		_, ok = find(a, people, p)
	}
	if ok {
		return nil
	}
	return refusedRole(cmp.Or(p.Name, p.ID, "Somebody unknown"), role, h, g)
}

// MayFromOutside says whether people of other organisations have a role.
func (a *Access) MayFromOutside(role commands.Role) error {
	if a.now.Load().roles[role].Who == holdEverybody {
		return nil
	}
	return &commands.Refusal{Reason: fmt.Sprintf("Only people in this workspace may %s.", roleWords[role]), Try: "Ask one of them."}
}

// roleWords say what a role lets people do.
var roleWords = map[commands.Role]string{
	commands.View: "see incidents", commands.Open: "open incidents and have them looked at again", commands.Approve: "decide upon plans",
	commands.Close: "close incidents", commands.Edit: "edit postmortems", commands.Publish: "publish postmortems",
	commands.Stop: "stop what runs", commands.Accept: "accept findings",
}

// refusedRole refuses a person who has not got a role. It advises no more than the role itself.
func refusedRole(name string, role commands.Role, h Holders, g *grants) error {
	reason := fmt.Sprintf("%s is not among %s, who alone may %s here.", name, h.words(), roleWords[role])
	if who := g.holders(h); who != "" {
		reason += " Whoever may: " + who + "."
	}
	try := fmt.Sprintf("Ask one of them. Whoever runs Paramedic says who has the role “%s”, under “roles” in its configuration.", role)
	switch h.Who {
	case holdApprovers:
		if role == commands.Approve {
			try = "Ask one of them. Whoever runs Paramedic names them under “approvers” in its configuration."
		}
	case holdMapped:
		try = "Ask one of them. Whoever runs Paramedic can name you under “people” in its configuration, with the Kubernetes user that you are."
	}
	return &commands.Refusal{Reason: reason, Try: try}
}

// mostNamed bounds the people that a refusal names.
const mostNamed = 5

// holders names who has a role, by their Kubernetes users.
func (g *grants) holders(h Holders) string {
	named := map[string]bool{}
	switch h.Who {
	case holdApprovers:
		for _, as := range g.approvers {
			named[as.User] = true
		}
	case holdMapped:
		for _, as := range g.mapped {
			named[as.User] = true
		}
	default:
		for _, id := range h.People {
			named[cmp.Or(g.mapped[id].User, id)] = true
		}
	}
	names := slices.Sorted(maps.Keys(named))
	if len(names) > mostNamed {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNamed], ", "), len(names)-mostNamed)
	}
	return strings.Join(names, ", ")
}
