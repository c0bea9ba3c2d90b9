package commands_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// A plan's conditional steps, of which there may be dozens, are one line in a thread as long as there is the same to say of them; one that
// had to be done stands by itself.
func TestConditionalStepsAreOneLine(t *testing.T) {
	plan := commandstest.Plan()
	for i := range 30 {
		plan.Steps = append(plan.Steps, incident.Step{ID: fmt.Sprint("w", i), Kind: "RestartWorkload", Title: fmt.Sprint("Restart w", i),
			Unless: time.Minute, Target: incident.Target{Object: incident.Object{Kind: "Deployment", Namespace: "shop", Name: fmt.Sprint("w", i)}}})
	}
	plan.Impact = []string{"The only pod of Deployment a is replaced; the new one is there before it ends", "b restarts", "c restarts"}
	plan.Took = "1 minute 9 seconds until all was proved well, as it took earlier (once, last on 2025-10-01)"
	plan.Hash = plan.ComputeHash()
	intended := func(id string) incident.StepIntended {
		return incident.StepIntended{PlanHash: plan.Hash, Step: id, Attempt: 1}
	}
	done := func(id string, o incident.StepOutcome) incident.StepDone {
		return incident.StepDone{PlanHash: plan.Hash, Step: id, Outcome: o, Detail: "ConfigMap/kube-system/coredns changed, as ada"}
	}
	k := commandstest.NewKeeper(nil)
	says := func(s *incident.State, words ...string) {
		t.Helper()
		text := tell(s)
		for _, w := range words {
			if !strings.Contains(text, w) {
				t.Errorf("it does not say %q:\n%s", w, text)
			}
		}
	}
	s := k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: plan})
	says(s, "3. Restart CoreDNS\n  - … 31 more, only if needed", "Risk: disruptive. The only pod of Deployment a is replaced; and 2 more.",
		"34 steps, about 1 minute, disruptive")
	s = k.Append("INC-1", incident.PlanApproved{Approval: incident.Approval{PlanHash: plan.Hash, By: commandstest.Ada,
		At: commandstest.Start.Add(56 * time.Hour), Expires: commandstest.Start.Add(57 * time.Hour)}},
		intended("s1"), done("s1", incident.StepOK), intended("s2"), done("s2", incident.StepOK), intended("s3"), done("s3", incident.StepOK))
	says(s, "UTC: changed, as ada", "  - ○ 4 to 34: only if needed\n")
	s = k.Append("INC-1", done("s4", incident.StepSkipped), done("w0", incident.StepSkipped), intended("w1"), done("w1", incident.StepOK),
		done("w2", incident.StepSkipped))
	says(s, "↷ 4 to 5: not needed\n", "✓ 6. Restart w1, ", "↷ 7. Restart w2, ", "○ 8 to 34: only if needed\n")
}
