package slackapp_test

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// The question why a plan is rejected lies above the plan's window: Cancel leads back to it, and an answer closes both.
func TestAPlanIsRejectedFromItsWindow(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.deliver(t)
	b.listen(t, b.set)
	b.begin(t)
	b.review(t)
	plan := b.pageOf(t, "")
	if plan.Title != "INC-1: the plan" || plan.Submit != "Approve" || plan.Close != "Cancel" {
		t.Errorf("the window is %q with %q and %q", plan.Title, plan.Submit, plan.Close)
	}
	ask := func() slackemu.View {
		if err := b.slack.PressView(t.Context(), ada, plan.ID, "reject"); err != nil {
			t.Fatal(err)
		}
		b.wait(t, func(n slackemu.Snapshot) bool {
			v := n.Views(ada)
			return len(v) == 2 && v[1].Submit == "Reject the plan"
		})
		return b.slack.Views(ada)[1]
	}
	if err := b.slack.CloseView(t.Context(), ada, ask().ID); err != nil {
		t.Fatal(err)
	}
	if v := b.slack.Views(ada); len(v) != 1 || v[0].ID != plan.ID {
		t.Fatalf("after Cancel she sees %+v", v)
	}
	why := ask()
	if err := b.slack.Submit(t.Context(), ada, why.ID, nil); err == nil {
		t.Error("it was rejected without a reason")
	}
	if err := b.slack.Submit(t.Context(), ada, why.ID, map[string]string{"reason": "The backup <runs>"}); err != nil {
		t.Fatal(err)
	}
	if v := b.slack.Views(ada); len(v) != 0 {
		t.Errorf("after it she sees %+v", v)
	}
	b.wait(t, func(n slackemu.Snapshot) bool {
		return strings.Contains(n.Messages(channel)[0].Plain(), "Plan rejected by Ada Lovelace")
	})
	if s, _ := b.keeper.Get(t.Context(), "INC-1"); s.Rejected == nil || s.Rejected.Reason != "The backup <runs>" {
		t.Errorf("%+v", s.Rejected)
	}
	b.unharmed(t)
}

// A plan that destroys is approved by a word, which is asked for where the button is.
func TestWhatDestroysAsksForAWord(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.listen(t, b.set)
	plan := commandstest.Plan()
	plan.Risk = incident.Destructive
	plan.Hash = plan.ComputeHash()
	b.keeper.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: plan})
	b.review(t)
	v := b.pageOf(t, "")
	if err := b.slack.Submit(t.Context(), ada, v.ID, map[string]string{"word": "no"}); err == nil || !strings.Contains(err.Error(), "destroy") {
		t.Errorf("another word: %v", err)
	}
	if err := b.slack.Submit(t.Context(), ada, v.ID, map[string]string{"word": "destroy"}); err != nil {
		t.Fatal(err)
	}
	if s, _ := b.keeper.Get(t.Context(), "INC-1"); s.Approval() == nil {
		t.Error("it was not approved")
	}
	b.unharmed(t)
}

// One clock is on a screen: a moment within a text is shown in the reader's own zone, as every other is; what is shown as it is stays.
func TestMomentsWithinTexts(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.listen(t, b.set)
	plan := commandstest.Plan()
	plan.Steps[1].Source = "the copy last seen good 2025-10-03 09:00 UTC"
	plan.Steps[1].Diff = "+ # 2025-10-03 09:00 UTC\n"
	plan.Hash = plan.ComputeHash()
	b.keeper.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: plan})
	b.review(t)
	var raw strings.Builder
	for _, block := range b.pageOf(t, "").Blocks {
		if text, ok := block["text"].(map[string]any); ok {
			raw.WriteString(text["text"].(string) + "\n")
		}
	}
	for _, want := range []string{"the copy last seen good <!date^1759482000^", "+ # 2025-10-03 09:00 UTC"} {
		if !strings.Contains(raw.String(), want) {
			t.Errorf("it lacks %q:\n%s", want, raw.String())
		}
	}
	b.unharmed(t)
}
