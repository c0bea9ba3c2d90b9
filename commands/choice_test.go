package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// twoPlans are on offer, the second with a value that can be set.
func twoPlans(k *commandstest.Keeper) (first, second incident.Plan) {
	first = commandstest.Plan()
	first.Record = []incident.Record{{Treated: incident.Treated{Runbook: "restore-dns", Code: "DNSLoop"}, Helped: 4, Useless: 1,
		Last: commandstest.Start}}
	second = incident.Plan{Runbook: "more", Title: "Run more of CoreDNS", Risk: incident.Safe, Steps: []incident.Step{{ID: "1", Kind: "Scale",
		Title: "Scale Deployment kube-system/coredns from 1 to 2", Params: map[string]string{"value": "2"}}},
		Inputs: []incident.Input{{Step: "1", Name: "value", Label: "pods of Deployment kube-system/coredns", Value: "2", Bounds: "a number"}}}
	second.Hash = second.ComputeHash()
	k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: first, Other: &second,
		Idle: []incident.Prospect{{At: commandstest.Start.Add(100 * time.Hour), Text: "the rollout is given up"},
			{At: commandstest.Start, Text: "what is past"}}})
	return first, second
}

func TestTwoPlansStandSideBySide(t *testing.T) {
	s, k := newSet(commandstest.Founding())
	_, second := twoPlans(k)
	for _, line := range []string{"plan INC-1", "plan INC-1 2", "plan INC-1 " + second.Hash[:12], "incidents INC-1"} {
		text := commands.Plain(ask(t, s, line))
		for _, want := range []string{"Plan 1", "Plan 2", "Run more of CoreDNS", "helped 4 of 5 times", "If nobody does anything",
			"The rollout is given up"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q:\n%s", line, want, text)
			}
		}
	}
	if f := ask(t, s, "plan INC-1 2").Form; f.Command != commands.Quote("approve", "INC-1", second.Hash) {
		t.Errorf("the second is approved by %q", f.Command)
	}
	if r := ask(t, s, "plan INC-1 3"); r.Exit != commands.ExitWrong {
		t.Errorf("a third: %+v", r)
	}
	if r := ask(t, s, "reject INC-1"); !strings.Contains(r.Text, "two plans") {
		t.Errorf("which is rejected: %s", r.Text)
	}
}

func TestAValueIsSetByTypingAndInAForm(t *testing.T) {
	s, k := newSet(commandstest.Founding())
	_, second := twoPlans(k)
	typed := ask(t, s, "plan INC-1 2 set 1.value=3")
	if typed.Form == nil || strings.Contains(typed.Form.Command, second.Hash) || !strings.Contains(typed.Form.Command, "approve INC-1 ") {
		t.Errorf("%+v", typed)
	}
	f := ask(t, s, "edit INC-1 2").Form
	if f == nil || len(f.Fields) != 1 || f.Fields[0].ID != "1.value" || f.Fields[0].Value != "3" {
		t.Fatalf("%+v", f)
	}
	words, err := commands.Parse(f.Command)
	if err != nil {
		t.Fatal(err)
	}
	r := s.Dispatch(t.Context(), commands.Request{Command: words[0], Args: words[1:], Values: map[string]string{"1.value": "4"},
		Person: commandstest.Ada})
	state, err := k.Get(t.Context(), "INC-1")
	if err != nil || r.Exit != commands.ExitFine || state.Other.Inputs[0].Value != "4" {
		t.Errorf("%s: %+v, %v", r.Text, state.Other, err)
	}
	if r := ask(t, s, "plan INC-1 set 1.value"); r.Exit != commands.ExitNoAnswer {
		t.Errorf("without a value: %+v", r)
	}
}
