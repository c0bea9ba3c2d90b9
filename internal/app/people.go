package app

import (
	"fmt"
	"regexp"
	"strings"
)

// Who is shown what the bot reads.
const (
	readMapped    = "mapped"    // mapped people, as far as their Kubernetes users may read
	readEverybody = "everybody" // whoever may see incidents
)

// slackPattern is a Slack user's id, or TEAM/USER.
var slackPattern = regexp.MustCompile(`^([A-Z][A-Z0-9]*/)?[A-Z][A-Z0-9]*$`)

// validatePeople reports people that can't be, and those that are in it twice: of two people who are one Kubernetes user nobody can tell
// who acted.
func (c *Config) validatePeople(report func(field, format string, args ...any)) {
	ids, users := map[string]string{}, map[string]string{}
	for _, list := range []struct {
		name   string
		people []PersonConfig
	}{{"approvers", c.Approvers}, {"people", c.People}} {
		for n, p := range list.people {
			field := fmt.Sprintf("%s[%d]", list.name, n)
			if p.User == "" {
				report(field, "needs a Kubernetes user, and a slack id unless they decide in the terminal alone")
				continue
			}
			if why := slackID(p.Slack); p.Slack != "" && why != "" {
				report(field, "%q %s", p.Slack, why)
			}
			if why := reservedUser(p.User); why != "" {
				report(field, "the user %s %s", p.User, why)
			}
			for _, g := range p.Groups {
				if why := reservedGroup(g); why != "" {
					report(field, "the group %q %s", g, why)
				}
			}
			if first := sameSlack(ids, p.Slack); p.Slack != "" && first != "" {
				report(field, "%s is in it twice: at %s too; approvers read as well, so they need no entry under people", p.Slack, first)
			}
			if first := users[p.User]; first != "" {
				report(field, "the Kubernetes user %s is that of %s too, so that nobody could tell who acted; give each person a user of their own, "+
					"in a common group", p.User, first)
			}
			ids[p.id()], users[p.User] = field, field
		}
	}
}

// sameSlack is where an id is already, with its team or without.
func sameSlack(ids map[string]string, id string) string {
	if first := ids[id]; first != "" {
		return first
	}
	team, bare, named := strings.Cut(id, "/")
	if named {
		return ids[bare]
	}
	for other, first := range ids {
		if _, user, _ := strings.Cut(other, "/"); user == team {
			return first
		}
	}
	return ""
}

// reservedUser says why a person can't be that Kubernetes user; empty: they can.
func reservedUser(user string) string {
	account, is := strings.CutPrefix(user, "system:serviceaccount:")
	switch namespace, _, _ := strings.Cut(account, ":"); {
	case is && strings.HasPrefix(namespace, "kube-"):
		return "is an account of the cluster itself; use a user of the person's own"
	case !is && strings.HasPrefix(user, "system:"):
		return "is the cluster's own; use a user of the person's own"
	case strings.TrimSpace(user) != user:
		return "has blanks around it"
	}
	return ""
}

// reservedGroup says why no person may be put into that group; empty: they may.
func reservedGroup(group string) string {
	switch {
	case group == "system:masters":
		return "bypasses every check of the API server; use a group of your own"
	case strings.HasPrefix(group, "system:") && group != "system:authenticated":
		return "is the cluster's own; use a group of your own"
	case group == "" || strings.TrimSpace(group) != group:
		return "is empty or has blanks around it"
	}
	return ""
}
