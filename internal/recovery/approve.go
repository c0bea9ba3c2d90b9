package recovery

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Approver is a person who may approve, and the Kubernetes user that they act as.
type Approver struct {
	// Person is "team/id", or an id of the home team. User ids are unique within a team only, so that an id alone must not match
	// somebody of another team in a shared channel.
	Person   string
	Identity incident.Identity
}

// Approvers maps a person's key to the user that they act as. Make it with [NewApprovers]; the zero value lets nobody approve.
type Approvers map[string]incident.Identity

// NewApprovers checks the entries, all at once. homeTeam is the team of ids given without one.
func NewApprovers(homeTeam string, entries []Approver) (Approvers, error) {
	a := Approvers{}
	var errs []error
	for _, e := range entries {
		key := e.Person
		if !strings.Contains(key, "/") {
			key = incident.Person{Team: homeTeam, ID: e.Person}.Key()
		}
		switch _, twice := a[key]; {
		case e.Person == "" || strings.HasSuffix(key, "/"):
			errs = append(errs, fmt.Errorf("approver %q: name a person, as team/id", e.Person))
		case e.Identity.User == "":
			errs = append(errs, fmt.Errorf("approver %s: name the Kubernetes user that they act as", e.Person))
		case slices.Contains(e.Identity.Groups, "system:masters"):
			errs = append(errs, fmt.Errorf("approver %s: system:masters bypasses every check of the API server; use a group of your own", e.Person))
		case twice:
			errs = append(errs, fmt.Errorf("approver %s: named twice", e.Person))
		default:
			a[key] = e.Identity
		}
	}
	return a, errors.Join(errs...)
}

// MayApprove says as which Kubernetes user a person may approve the plan, or in words why they may not. asked are those who asked for
// the plan and given the approvals it has: two different people must approve what is destructive, neither of whom asked for it.
func (a Approvers) MayApprove(p *incident.Plan, by incident.Person, asked []incident.Person, given []incident.Approval) (incident.Identity, error) {
	identity, ok := a[by.Key()]
	switch {
	case by.ID == "" || !ok:
		return incident.Identity{}, fmt.Errorf("%s is not one of those who may approve; they are named in the configuration", name(by))
	case p.Risk == incident.Destructive && slices.ContainsFunc(asked, func(o incident.Person) bool { return o.Key() == by.Key() }):
		return incident.Identity{}, fmt.Errorf("the plan is destructive: two people approve it, neither of whom asked for it; %s did", name(by))
	case slices.ContainsFunc(given, func(o incident.Approval) bool { return o.PlanHash == p.Hash && o.By.Key() == by.Key() }):
		return incident.Identity{}, fmt.Errorf("%s has approved this plan already", name(by))
	}
	return identity, nil
}

// Needed is how many people must approve a plan of the risk. A risk that is none of the three counts as the highest.
func Needed(r incident.Risk) int {
	if r == incident.Safe || r == incident.Disruptive {
		return 1
	}
	return 2
}

// Approved says whether the approvals given let the plan begin at now, and if not, what is missing: enough different people, for this
// very hash, none of them expired.
func Approved(p *incident.Plan, given []incident.Approval, now time.Time) (ok bool, why string) {
	people := map[string]bool{}
	expired := 0
	for _, g := range given {
		switch {
		case g.PlanHash != p.Hash:
		case !now.Before(g.Expires):
			expired++
		default:
			people[g.By.Key()] = true
		}
	}
	need := Needed(p.Risk)
	switch {
	case len(people) >= need:
		return true, ""
	case expired > 0:
		return false, fmt.Sprintf("%d of %d approvals given, %d expired", len(people), need, expired)
	}
	return false, fmt.Sprintf("%d of %d approvals given", len(people), need)
}

func name(p incident.Person) string {
	if p.Name != "" {
		return p.Name
	}
	if p.ID != "" {
		return p.ID
	}
	return "somebody unnamed"
}
