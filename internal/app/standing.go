package app

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Asks sets how many people must approve a plan of its risk, by the configuration as it is now. Where two are asked for and there is one
// approver, the terminal takes the place of the second.
func (a *Access) Asks(p *incident.Plan) {
	p.People, p.Terminal = 0, false
	if n := a.now.Load().people.of(p.Risk); n > 1 {
		p.People, p.Terminal = n, a.Approvers() < n && a.inSlack()
	}
	p.Hash = p.ComputeHash()
}

// inSlack says whether an approver has an id in Slack: one who has none gives no yes but in the terminal, which then can't be the second.
func (a *Access) inSlack() bool {
	for id := range a.now.Load().approvers {
		if !strings.HasPrefix(id, terminalTeam+"/") {
			return true
		}
	}
	return false
}

// withdrawn says in words why the approvals of the current plan stand no more by the configuration as it is now; empty if they do.
func (a *Access) withdrawn(s *incident.State) string {
	for _, given := range s.Approvals {
		if given.Terminal && s.Plan.Terminal {
			continue // given with rights of the person's own, which the configuration does not name
		}
		as, ok := a.approver(given)
		switch {
		case !ok:
			return given.By.Name + ", who approved it, is no approver any more"
		case !reflect.DeepEqual(as, given.As):
			return fmt.Sprintf("%s, who approved it as %s, acts as %s now", given.By.Name, given.As.User, as.User)
		}
	}
	now := *s.Plan
	a.Asks(&now)
	switch {
	case now.Asks() > s.Plan.Asks():
		return fmt.Sprintf("the configuration asks for the approval of %d people now", now.Asks())
	case s.Plan.Terminal && now.Asks() > 1 && !now.Terminal:
		return "more than one approver is configured now: the second approval is for one of them, not for the terminal"
	}
	return ""
}

// approver is whom a person acts as whose approval is on the record: at a terminal by the Kubernetes user that they were. That they are of
// the home team was known then: where Slack has not said yet which that is, their id is enough.
func (a *Access) approver(given incident.Approval) (incident.Identity, bool) {
	if given.Terminal {
		_, as, ok := a.approverAs(given.As.User)
		return as, ok
	}
	as, ok := a.Identity(given.By)
	if !ok && a.home.Load() == nil {
		as, ok = a.now.Load().approvers[given.By.ID]
	}
	return as, ok
}

// approverAs is the approver who acts as a Kubernetes user.
func (a *Access) approverAs(user string) (incident.Person, incident.Identity, bool) {
	for slack, as := range a.now.Load().approvers {
		if as.User == user {
			team, id, named := strings.Cut(slack, "/")
			if !named {
				team, id = "", slack
			}
			return incident.Person{Team: team, ID: id, Name: user}, as, true
		}
	}
	return incident.Person{}, incident.Identity{}, false
}

// of is how many people must approve a plan of the risk.
func (c PeopleConfig) of(r incident.Risk) int {
	switch r {
	case incident.Disruptive:
		return c.Disruptive
	case incident.Destructive:
		return c.Destructive
	}
	return 1
}
