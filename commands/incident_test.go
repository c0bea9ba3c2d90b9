package commands_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

var opened = incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: "a1",
	Title: "PodCrashLooping in 6 namespaces"}}

// stages are the founding incident, told step by step.
func stages() []struct {
	name   string
	events []incident.Event
} {
	plan := commandstest.Plan()
	step := func(id string) incident.StepIntended {
		return incident.StepIntended{PlanHash: plan.Hash, Step: id, Attempt: 1}
	}
	done := func(id string, o incident.StepOutcome, detail string) incident.StepDone {
		return incident.StepDone{PlanHash: plan.Hash, Step: id, Outcome: o, Detail: detail}
	}
	good := []incident.Check{{Name: "CoreDNS answers", OK: true}, {Name: "convocanvas is ready", OK: true, Detail: "2 of 2"}}
	pm := incident.Postmortem{Title: "CoreDNS forwarded to itself", Summary: "Names stopped resolving for **two days**.",
		Timeline: "- 02:15 `coredns` loops\n- 09:00 found",
		Cause:    "A Corefile that forwards to 127.0.0.1.", Evidence: "E1, E2", Actions: "Restored by Ada.", Followup: "Probe DNS.",
		Outcome: "resolved"}
	return []struct {
		name   string
		events []incident.Event
	}{
		{"01-opened", []incident.Event{opened}},
		{"02-diagnosed", []incident.Event{incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}}},
		{"03-told", []incident.Event{incident.Recalled{Similar: commandstest.Seen()}, incident.StoryTold{Story: *commandstest.Story()}}},
		{"04-proposed", []incident.Event{incident.PlanProposed{Plan: plan}}},
		{"05-approved", []incident.Event{incident.PlanApproved{Approval: incident.Approval{PlanHash: plan.Hash, By: commandstest.Ada,
			As: incident.Identity{User: "ada@example.com"}, At: commandstest.Start.Add(56 * time.Hour),
			Expires: commandstest.Start.Add(57 * time.Hour)}}}},
		{"06-running", []incident.Event{step("s1"), done("s1", incident.StepOK, "1 file written"), step("s2")}},
		{"07-unclear", []incident.Event{incident.StepUnclear{PlanHash: plan.Hash, Step: "s2", Detail: "the API did not answer"}}},
		{"08-verifying", []incident.Event{incident.StepDecided{PlanHash: plan.Hash, Step: "s2", By: commandstest.Ada, Done: true}, step("s3"),
			done("s3", incident.StepOK, ""),
			done("s4", incident.StepSkipped, ""), incident.VerificationSampled{OK: true, Checks: good}}},
		{"09-resolved", []incident.Event{incident.Verified{OK: true, Checks: good}, incident.PostmortemDrafted{Postmortem: pm}}},
		{"10-published", []incident.Event{incident.PostmortemPublished{By: commandstest.Ada},
			incident.PostmortemIndexed{Path: "2025-10-05-coredns-forwarded-to-itself.md"}}},
	}
}

func tell(s *incident.State) string {
	var b strings.Builder
	for _, m := range commands.IncidentMessages(s, commandstest.Start.Add(56*time.Hour+30*time.Minute)) {
		b.WriteString("#### " + m.Slot + ": " + m.Reply.Text + "\n\n" + commands.Plain(m.Reply) + "\n")
	}
	return b.String()
}

func TestAnIncidentFromBeginToEnd(t *testing.T) {
	k := commandstest.NewKeeper(nil)
	for _, stage := range stages() {
		s := k.Append("INC-1", stage.events...)
		golden(t, "incident-"+stage.name, tell(s))
		for _, m := range commands.IncidentMessages(s, commandstest.Start) {
			primary := 0
			for _, block := range m.Reply.Blocks {
				if buttons, ok := block.(commands.Actions); ok {
					for _, b := range buttons {
						if b.Style == commands.Primary {
							primary++
						}
						if words, err := commands.Parse(b.Value); err != nil || len(words) < 2 {
							t.Errorf("%s: button %s presses %q", stage.name, b.ID, b.Value)
						}
					}
				}
			}
			if primary > 1 {
				t.Errorf("%s: %s has %d primary buttons", stage.name, m.Slot, primary)
			}
		}
	}
}

func TestTheSameStateIsToldTheSame(t *testing.T) {
	k := commandstest.NewKeeper(nil)
	for _, stage := range stages() {
		k.Append("INC-1", stage.events...)
	}
	s, _ := k.Get(context.Background(), "INC-1")
	later := commands.IncidentMessages(s, commandstest.Start.Add(1000*time.Hour))
	if diff := cmp.Diff(commands.IncidentMessages(s, commandstest.Start), later); diff != "" {
		t.Error(diff)
	}
}

// What a new look overtakes stays in the thread and says so, for its message is there and would otherwise lie.
func TestANewLookOvertakesWhatWasSaid(t *testing.T) {
	k := commandstest.NewKeeper(nil)
	s := k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.Recalled{},
		incident.StoryTold{Story: *commandstest.Story()},
		incident.PlanProposed{Plan: commandstest.Plan()}, incident.LookAgainRequested{By: commandstest.Ada},
		incident.DiagnosisMade{Diagnosis: *commandstest.Founding()})
	golden(t, "incident-again", tell(s))
}

// What was told to be like it, and is not any more, does not stay told.
func TestWhatIsNoLongerAlikeIsTakenBack(t *testing.T) {
	k := commandstest.NewKeeper(nil)
	d := incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}
	if s := k.Append("INC-1", opened, d, incident.Recalled{}); strings.Contains(tell(s), "#### similar") {
		t.Error("that nothing is known takes a message")
	}
	k.Append("INC-1", d, incident.Recalled{Similar: commandstest.Seen()})
	if s := k.Append("INC-1", d, incident.Recalled{}); !strings.Contains(tell(s), "no similar incident is known") {
		t.Errorf("what was said stays:\n%s", tell(s))
	}
}

func TestAFailedRunIsNotForgottenByTheNextPlan(t *testing.T) {
	k := commandstest.NewKeeper(nil)
	plan := commandstest.Plan()
	back := incident.Plan{Title: "Take it back", InverseOf: plan.Hash, Steps: []incident.Step{{ID: "u1", Title: "Remove the file"}}}
	back.Hash = back.ComputeHash()
	s := k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: plan},
		incident.PlanApproved{Approval: incident.Approval{PlanHash: plan.Hash, By: commandstest.Ada,
			Expires: commandstest.Start.Add(1000 * time.Hour)}},
		incident.StepIntended{PlanHash: plan.Hash, Step: "s1", Attempt: 2}, incident.StepDone{PlanHash: plan.Hash, Step: "s1",
			Outcome: incident.StepFailed, Detail: "read-only file system"},
		incident.PlanProposed{Plan: back})
	got := tell(s)
	for _, want := range []string{"✗ 1. Restore the CNI directory of leveling-pc", "read-only file system (attempt 2)",
		"– 2. Restore the Corefile: not begun", "It undoes plan " + plan.Hash[:12]} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not told:\n%s", want, got)
		}
	}
}

func TestApproving(t *testing.T) {
	s, k := newSet(commandstest.Founding())
	plan := commandstest.Plan()
	k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: plan})

	review := ask(t, s, "plan inc-1 "+plan.Hash)
	golden(t, "plan-review", commands.Plain(review))
	if review.Form == nil || review.Form.Submit == "" {
		t.Fatal("the plan can't be approved from where it is read")
	}
	for line, says := range map[string]string{
		"approve INC-1":              "Open it with /medic plan INC-1",
		"approve INC-1 abc":          "At least 12",
		"approve INC-1 0123456789ab": "has changed",
		"approve INC-7 0123456789ab": "no incident",
		"plan INC-1 0123456789ab":    "is not on offer",
	} {
		if r := ask(t, s, line); r.Exit == 0 || !strings.Contains(r.Text, says) {
			t.Errorf("%s: exit %d, %q", line, r.Exit, r.Text)
		}
	}
	bob := s.Dispatch(context.Background(), commands.Request{Command: "approve", Args: []string{"INC-1", plan.Hash}, Person: commandstest.Bob})
	if bob.Exit != commands.ExitWrong || !strings.Contains(bob.Text, "not among those") {
		t.Errorf("Bob: %+v", bob)
	}
	if r := ask(t, s, "approve 1 "+plan.Hash[:12]); r.Exit != 0 || !r.Quiet || !strings.Contains(r.Text, "runs as ada@example.com") {
		t.Errorf("%+v", r)
	}
	if r := ask(t, s, review.Form.Command); r.Exit != commands.ExitWrong || !strings.Contains(r.Text, "approved already, by Ada") {
		t.Errorf("the second time: %+v", r)
	}
	if r := ask(t, s, "plan INC-1"); r.Form == nil || r.Form.Submit != "" {
		t.Errorf("an approved plan can be approved again: %+v", r.Form)
	}
}

func TestAFailedReviewCannotBeApproved(t *testing.T) {
	k := commandstest.NewKeeper(nil)
	s := k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()},
		incident.PlanProposed{Plan: commandstest.Plan()})
	r := commands.PlanReview(s, s.Plan, &incident.PlanReviewed{Checks: []incident.Check{{Name: "may patch configmaps", OK: false,
		Detail: "ada@example.com may not"}}})
	if r.Form.Submit != "" || r.Exit != commands.ExitWrong ||
		!strings.Contains(commands.Plain(r), "✗ may patch configmaps: ada@example.com may not") {
		t.Errorf("%+v\n%s", r.Form, commands.Plain(r))
	}
}

// renamed reviews as somebody whom the asker turned out to be, as at a terminal.
type renamed struct{ *commandstest.Keeper }

func (k renamed) Review(_ context.Context, id, _ string, _ incident.Person) (*incident.State, error) {
	s, err := k.Get(context.Background(), id)
	if err != nil {
		return nil, err
	}
	return k.Append(id, incident.PlanReviewed{PlanHash: s.Plan.Hash, By: commandstest.Bob, As: incident.Identity{User: "bob@example.com"},
		Checks: []incident.Check{{Name: "may patch configmaps", OK: false}}}), nil
}

// What a review found is told to whoever asked for it, by whatever name they are known.
func TestAReviewIsTheAskers(t *testing.T) {
	s, k := newSet(commandstest.Founding())
	s.Incidents = renamed{k}
	k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: commandstest.Plan()})
	if r := ask(t, s, "plan INC-1"); r.Form == nil || r.Form.Submit != "" || r.Exit != commands.ExitWrong {
		t.Errorf("what speaks against the plan is not said: %+v", r.Form)
	}
}

// The hash, with which a plan can be approved by typing, is shown at the end of the whole plan and nowhere before it.
func TestTheHashStandsAtTheEnd(t *testing.T) {
	s, k := newSet(commandstest.Founding())
	plan := commandstest.Plan()
	state := k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: plan})
	shown := func(blocks []commands.Block) bool {
		var seen []commands.Block
		for _, b := range blocks {
			if _, button := b.(commands.Actions); !button { // its value is not shown in Slack
				seen = append(seen, b)
			}
		}
		return strings.Contains(commands.Plain(commands.Reply{Blocks: seen}), plan.Hash[:8])
	}
	for _, m := range commands.IncidentMessages(state, commandstest.Start) {
		if shown(m.Reply.Blocks) || strings.Contains(m.Reply.Text, plan.Hash[:8]) {
			t.Errorf("message %s shows it", m.Slot)
		}
	}
	for _, line := range []string{"approve INC-1", "approve INC-1 0123456789ab", "incidents", "incidents INC-1", "page INC-1",
		"plan INC-1 0123456789ab", "look INC-1"} {
		if r := ask(t, s, line); shown(r.Blocks) || strings.Contains(r.Text, plan.Hash[:8]) {
			t.Errorf("%s shows it: %s", line, r.Text)
		}
	}
	f := ask(t, s, "plan INC-1").Form
	if n := len(f.Whole) - 1; shown(f.Whole[:n]) || !shown(f.Whole[n:]) {
		t.Error("it does not stand at the end")
	}
}

func TestEditingAPostmortem(t *testing.T) {
	s, k := newSet(nil)
	long := strings.Repeat("- 02:15 a line of the timeline\n", 250)
	pm := incident.Postmortem{Title: "T", Summary: "S", Timeline: strings.TrimSpace(long), Evidence: strings.Repeat("e", 20000),
		Codes: []string{"DNSLoop"}}
	k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.Verified{OK: true},
		incident.PostmortemDrafted{Postmortem: pm})

	r := ask(t, s, "postmortem INC-1 edit")
	values := map[string]string{}
	for _, f := range r.Form.Fields {
		if n := len([]rune(f.Value)); n > commands.MaxField {
			t.Errorf("%s holds %d characters", f.ID, n)
		}
		values[f.ID] = f.Value
	}
	if len(values["timeline.3"]) == 0 || values["evidence"] != "" {
		t.Errorf("fields: %v", len(values))
	}
	save := func() commands.Reply {
		return s.Dispatch(context.Background(), commands.Request{Command: "save", Args: []string{"INC-1"}, Values: values,
			Person: commandstest.Ada})
	}
	values["title"] = " "
	if r := save(); r.Errors["title"] == "" {
		t.Errorf("an empty title was taken: %+v", r)
	}
	values["title"] = "A better title"
	if r := save(); r.Exit != 0 {
		t.Fatalf("%+v", r)
	}
	state, _ := k.Get(context.Background(), "INC-1")
	want := pm
	want.Title = "A better title"
	if diff := cmp.Diff(want, *state.Postmortem); diff != "" {
		t.Errorf("what was not edited has changed: %s", diff)
	}
	if r := ask(t, s, "publish INC-1"); r.Exit != 0 {
		t.Errorf("%+v", r)
	}
	if r := ask(t, s, "publish INC-1"); r.Exit != 1 || !strings.Contains(r.Text, "already") {
		t.Errorf("%+v", r)
	}
}

// Text from a cluster can't move a terminal's cursor.
func TestPlainObeysNothing(t *testing.T) {
	got := commands.Plain(commands.Reply{Blocks: []commands.Block{commands.Paragraph{commands.Text("a\x1b[2Jb\u202ec\r\xff")}}})
	if got != "a[2Jbc\ufffd\n" {
		t.Errorf("%q", got)
	}
}

// An incident of which the pods could not be seen is not called well.
func TestAnIncidentIsNotWellUnseen(t *testing.T) {
	k := commandstest.NewKeeper(nil)
	s := k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: commandstest.Start,
		Scope: incident.Scope{Unseen: []incident.NotSeen{{What: "pods", Why: "forbidden"}}}}})
	for _, m := range commands.IncidentMessages(s, commandstest.Start) {
		if text := commands.Plain(m.Reply); strings.Contains(text, "Nothing wrong was found") ||
			!strings.Contains(text, "pods could not be looked at") {
			t.Errorf("%s says: %s", m.Slot, text)
		}
	}
}

// Whatever a doubt says, and in whatever script, it is told.
func TestADoubtIsTold(t *testing.T) {
	for why, want := range map[string]string{"": "in doubt", "its chain is broken": "Its chain is broken.", "über alles": "Über alles."} {
		if text := commands.Plain(commands.DoubtMessages(why)[0].Reply); !strings.Contains(text, want) {
			t.Errorf("%q: %s", why, text)
		}
	}
}
