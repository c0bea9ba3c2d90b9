package slackapp

import (
	"testing"

	"github.com/slack-go/slack"
)

func TestAPersonIsOfTheTeamThatIsProven(t *testing.T) {
	home := &slack.AuthTestResponse{TeamID: "T1"}
	org := &slack.AuthTestResponse{TeamID: "T1", EnterpriseID: "E1"}
	of := func(team, enterprise string, teams ...string) *slack.User {
		return &slack.User{TeamID: team, Enterprise: slack.EnterpriseUser{EnterpriseID: enterprise, Teams: teams}}
	}
	for name, c := range map[string]struct {
		said    string
		user    *slack.User
		home    *slack.AuthTestResponse
		team    string
		outside bool
	}{
		"of this workspace":                              {"T1", of("T1", ""), home, "T1", false},
		"of another workspace":                           {"T2", of("T2", ""), home, "T2", true},
		"of another one, in a command given here":        {"T1", of("T2", ""), home, "T2", true},
		"the id of one of ours, of another workspace":    {"T2", of("T1", ""), home, "T2", true},
		"the same in an organisation":                    {"T2", of("T1", "E1", "T1", "T3"), org, "T2", true},
		"of another workspace of the organisation":       {"T3", of("T3", "E1", "T3"), org, "T3", false},
		"of two workspaces of the organisation":          {"T3", of("T1", "E1", "T1", "T3"), org, "T1", false},
		"of another organisation":                        {"T4", of("T4", "E2", "T4"), org, "T4", true},
		"of no organisation, and neither are we":         {"T4", of("T4", ""), home, "T4", true},
		"where nothing was said":                         {"", of("T1", ""), home, "T1", false},
		"deleted":                                        {"T1", &slack.User{TeamID: "T1", Deleted: true}, home, "T1", true},
		"a stranger in a channel that is shared with us": {"T1", &slack.User{TeamID: "T1", IsStranger: true}, home, "T1", true},
	} {
		if team, outside := placed(c.said, c.user, c.home); team != c.team || outside != c.outside {
			t.Errorf("%s: team %s, outside %t", name, team, outside)
		}
	}
}
