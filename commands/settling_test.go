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

func TestACheckCountsWhatMaySettle(t *testing.T) {
	for n, want := range map[int]string{0: "", 1: "1 more thing may still settle and is not counted yet",
		2: "2 more things may still settle and are not counted yet"} {
		said := commands.Plain(commands.CheckReply(&incident.Diagnosis{At: commandstest.Start, Settling: n}))
		if strings.Contains(said, "settle") != (n > 0) || !strings.Contains(said, want) {
			t.Errorf("%d:\n%s", n, said)
		}
	}
}

// A plan that waits no more is said to be what it became.
func TestWhatBecameOfAPlanThatWaited(t *testing.T) {
	plan := commandstest.Plan()
	for want, then := range map[string]incident.Event{
		"Approved by Ada": incident.PlanApproved{Approval: incident.Approval{PlanHash: plan.Hash, By: commandstest.Ada,
			Expires: commandstest.Start.Add(1000 * time.Hour)}},
		"Rejected by Ada":        incident.PlanRejected{PlanHash: plan.Hash, By: commandstest.Ada},
		"Withdrawn: It changed.": incident.PlanSuperseded{PlanHash: plan.Hash, Reason: "it changed"},
	} {
		s := commandstest.NewKeeper(nil).Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()},
			incident.PlanProposed{Plan: plan}, incident.Notified{Of: 3}, then)
		if said := tell(s); !strings.Contains(said, want) {
			t.Errorf("%q is not told:\n%s", want, said)
		}
	}
}

// Who asks what changed sees rollouts, however many nodes joined since.
func TestNodesThatJoinedAreCounted(t *testing.T) {
	d := commandstest.Founding()
	d.Changes = []incident.Change{{At: d.At.Add(-time.Hour), Object: incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"},
		What: "revision 2 was rolled out"}}
	for i := range 64 {
		d.Changes = append(d.Changes, incident.Change{At: d.At.Add(-time.Minute), Object: incident.Object{Kind: "Node", Name: fmt.Sprint("n", i)},
			What: "joined the cluster v1.36.3"})
	}
	s, _ := newSet(d)
	said := commands.Plain(ask(t, s, "changes"))
	if !strings.Contains(said, "revision 2 was rolled out") || !strings.Contains(said, "64 changes of nodes") ||
		strings.Contains(said, "v1.36.3") {
		t.Error(said)
	}
}
