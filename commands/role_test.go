package commands_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// holding is who has which role: the people named, by id.
type holding map[commands.Role]string

func (h holding) May(p incident.Person, role commands.Role) error {
	if strings.Contains(h[role], p.ID) {
		return nil
	}
	return &commands.Refusal{Reason: fmt.Sprintf("%s has not got the role %s.", p.Name, role)}
}

func (h holding) MayFromOutside(role commands.Role) error {
	return &commands.Refusal{Reason: "Nobody from outside has the role " + string(role) + "."}
}

func (h holding) Admit(incident.Person, time.Time) error { return nil }

var bystander = incident.Person{Team: "T1", ID: "UBY", Name: "By"}

func TestEachCommandTakesItsRole(t *testing.T) {
	for line, role := range map[string]commands.Role{
		"check": commands.View, "why": commands.View, "incidents": commands.View, "incidents INC-1": commands.View,
		"evidence INC-1": commands.View, "plan INC-1": commands.View,
		"postmortem INC-1": commands.View, "search dns": commands.View, "open fire": commands.Open, "look INC-1": commands.Open,
		"approve INC-1 " + commandstest.Plan().Hash: commands.Approve,
		"reject INC-1": commands.Approve, "decide INC-1 1 done": commands.Approve, "close INC-1 bye": commands.Close, "save INC-1": commands.Edit,
		"publish INC-1": commands.Publish,
	} {
		s, k := newSet(commandstest.Founding())
		before := k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()},
			incident.PlanProposed{Plan: commandstest.Plan()})
		s.Roles = holding{}
		words, err := commands.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		ask := func() commands.Reply {
			return s.Dispatch(t.Context(), commands.Request{Command: words[0], Args: words[1:], Person: bystander, Now: commandstest.Start})
		}
		r := ask()
		if r.Exit != commands.ExitWrong || !strings.Contains(r.Text, "role "+string(role)) || r.Audience != commands.AskerAlone {
			t.Errorf("%s without the role %s: exit %d, %q", line, role, r.Exit, r.Text)
		}
		after, _ := k.Get(t.Context(), "INC-1")
		if about := strings.Contains(line, "INC-1"); about != (len(after.Refusals) == 1) {
			t.Errorf("%s: %d refusals on the record", line, len(after.Refusals))
		}
		after.Refusals = before.Refusals
		if after.Phase(commandstest.Start) != before.Phase(commandstest.Start) {
			t.Errorf("%s without the role changed the incident", line)
		}
		s.Roles = holding{role: bystander.ID}
		if r := ask(); strings.Contains(r.Text, "has not got the role") {
			t.Errorf("%s with the role %s: %q", line, role, r.Text)
		}
	}
}

func TestAPlanIsShownToWhoMayNotDecide(t *testing.T) {
	s, k := newSet(commandstest.Founding())
	k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: commandstest.Plan()})
	s.Roles = holding{commands.View: bystander.ID + commandstest.Ada.ID, commands.Approve: commandstest.Ada.ID}
	r := s.Dispatch(t.Context(), commands.Request{Command: "plan", Args: []string{"INC-1"}, Person: bystander, Now: commandstest.Start})
	if r.Exit != 0 || r.Form == nil || r.Form.Submit != "" || r.Form.Command != "" {
		t.Errorf("a bystander is shown %+v, %q", r.Form, r.Text)
	}
	if state, _ := k.Get(t.Context(), "INC-1"); state.Reviewed != nil {
		t.Error("the plan was tried out for somebody who may not decide")
	}
	r = s.Dispatch(t.Context(), commands.Request{Command: "plan", Args: []string{"INC-1"}, Person: commandstest.Ada, Now: commandstest.Start})
	if r.Form == nil || r.Form.Submit == "" {
		t.Errorf("an approver is shown %+v, %q", r.Form, r.Text)
	}
}

func TestAPostmortemIsReadByWhoMayNotEdit(t *testing.T) {
	s, k := newSet(commandstest.Founding())
	k.Append("INC-1", opened, incident.PostmortemDrafted{Postmortem: incident.Postmortem{Title: "Fire", Summary: "It burned."}})
	s.Roles = holding{commands.View: bystander.ID}
	r := s.Dispatch(t.Context(), commands.Request{Command: "postmortem", Args: []string{"INC-1"}, Person: bystander, Now: commandstest.Start})
	if r.Exit != 0 || r.Form == nil || r.Form.Submit != "" || len(r.Form.Fields) > 0 || !strings.Contains(commands.Plain(r), "It burned.") {
		t.Errorf("form %+v\n%s", r.Form, commands.Plain(r))
	}
}
