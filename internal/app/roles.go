package app

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/commands"
)

// Who may have a role, instead of a list of people.
const (
	holdEverybody = "everybody" // whoever is in the channel, people of other organisations too
	holdMembers   = "members"   // of this workspace
	holdMapped    = "mapped"    // approvers and people
	holdApprovers = "approvers"
)

// Holders says who has a role: Who, or the People listed.
type Holders struct {
	Who    string
	People []string // as in approvers[].slack
}

// UnmarshalJSON reads a word, or a list of Slack ids.
func (h *Holders) UnmarshalJSON(raw []byte) error {
	*h = Holders{}
	if json.Unmarshal(raw, &h.Who) == nil {
		return nil
	}
	return json.Unmarshal(raw, &h.People)
}

// MarshalJSON writes what UnmarshalJSON reads.
func (h Holders) MarshalJSON() ([]byte, error) {
	if h.Who == "" {
		return json.Marshal(h.People)
	}
	return json.Marshal(h.Who)
}

// words name them in a sentence.
func (h Holders) words() string {
	switch h.Who {
	case holdApprovers:
		return "the approvers"
	case holdMapped:
		return "the people of Paramedic’s configuration"
	case holdMembers:
		return "the people of this workspace"
	case holdEverybody:
		return "everybody"
	}
	return "those named for it"
}

// RoleConfig says who has which role.
type RoleConfig struct {
	View    Holders `json:"view"`
	Open    Holders `json:"open"`
	Approve Holders `json:"approve"`
	Close   Holders `json:"close"`
	Edit    Holders `json:"edit"`
	Publish Holders `json:"publish"`
	Stop    Holders `json:"stop"`
	Accept  Holders `json:"accept"`
}

// defaultRoles let a bystander ask and stop, and no more.
func defaultRoles() RoleConfig {
	return RoleConfig{View: Holders{Who: holdEverybody}, Open: Holders{Who: holdMembers}, Approve: Holders{Who: holdApprovers},
		Close: Holders{Who: holdApprovers},
		Edit:  Holders{Who: holdMapped}, Publish: Holders{Who: holdApprovers}, Stop: Holders{Who: holdMembers},
		Accept: Holders{Who: holdApprovers}}
}

func (r RoleConfig) table() map[commands.Role]Holders {
	return map[commands.Role]Holders{commands.View: r.View, commands.Open: r.Open, commands.Approve: r.Approve, commands.Close: r.Close,
		commands.Edit: r.Edit, commands.Publish: r.Publish, commands.Stop: r.Stop, commands.Accept: r.Accept}
}

// validate reports what no role can be.
func (r RoleConfig) validate(approvers []PersonConfig, report func(field, format string, args ...any)) {
	for role, h := range r.table() {
		field := "roles." + string(role)
		if h.Who != "" && !slices.Contains([]string{holdEverybody, holdMembers, holdMapped, holdApprovers}, h.Who) {
			report(field, "must be everybody, members, mapped, approvers or a list of Slack ids; it is %q", h.Who)
		}
		if h.Who == "" && len(h.People) == 0 {
			report(field, "names nobody; leave it out for the default, or list Slack ids")
		}
		for _, id := range h.People {
			if why := slackID(id); why != "" {
				report(field, "%q %s", id, why)
			}
		}
		if role != commands.Approve || h.Who == holdApprovers {
			continue
		}
		if h.Who != "" {
			report(field, "must be approvers, or a list of some of them: only who is mapped to a Kubernetes user by “approvers” can approve")
		}
		for _, id := range h.People {
			if !slices.ContainsFunc(approvers, func(p PersonConfig) bool { return p.id() == id }) {
				report(field, "%s is not under approvers", id)
			}
		}
	}
}

// slackID says what is wrong with what should be a Slack user's id; empty: nothing.
func slackID(id string) string {
	if user, ok := strings.CutPrefix(id, terminalTeam+"/"); ok && user != "" {
		return ""
	}
	if !slackPattern.MatchString(id) {
		return "is no Slack user id such as U012AB3CD, or TEAM/USER"
	}
	return ""
}
