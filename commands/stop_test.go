package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// A stop names one incident, or all that run; what was not begun is shown with who stopped it, and there is no button left that stops it
// again.
func TestStopping(t *testing.T) {
	s, k := newSet(commandstest.Founding())
	plan := commandstest.Plan()
	if r := ask(t, s, "stop"); r.Exit != commands.ExitWrong || !strings.Contains(r.Text, "Nothing is approved or running") {
		t.Errorf("%+v", r)
	}
	for _, id := range []string{"INC-1", "INC-2", "INC-3"} {
		k.Append(id, opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: plan})
		if id == "INC-3" {
			continue // nobody has approved it
		}
		k.Append(id, incident.PlanApproved{Approval: incident.Approval{PlanHash: plan.Hash, By: commandstest.Ada,
			Expires: commandstest.Start.Add(1000 * time.Hour)}},
			incident.StepIntended{PlanHash: plan.Hash, Step: "s1", Attempt: 1})
	}
	if r := ask(t, s, "stop INC-3"); r.Exit != commands.ExitWrong {
		t.Errorf("nothing runs: %+v", r)
	}
	if r := ask(t, s, "stop 1 it restarts the wrong thing"); r.Exit != 0 ||
		r.Text != "INC-1: stopped. The step in progress finishes; no other begins." {
		t.Errorf("%+v", r)
	}
	if r := ask(t, s, "stop"); r.Exit != 0 || !strings.Contains(r.Text, "INC-2: stopped.") || strings.Contains(r.Text, "INC-3") {
		t.Errorf("%+v", r)
	}
	state := k.Append("INC-1", incident.StepDone{PlanHash: plan.Hash, Step: "s1", Outcome: incident.StepOK})
	told := tell(state)
	for _, want := range []string{"⏹️ Stopped", "it restarts the wrong thing", "– 2. ", "not begun, stopped by Ada Lovelace"} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in:\n%s", want, told)
		}
	}
	if strings.Contains(told, "→ Stop: ") {
		t.Error("it can be stopped again")
	}
}
