package commands_test

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// statesOf are an incident as it may stand, by the events that led there.
func statesOf() map[string][]incident.Event {
	plan := commandstest.Plan()
	found := []incident.Event{incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: "a",
		Title: "pods crash"}}, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.Recalled{Similar: commandstest.Seen()}}
	with := func(more ...incident.Event) []incident.Event {
		return append(append([]incident.Event{}, found...), more...)
	}
	proposed := incident.PlanProposed{Plan: plan}
	yes := incident.PlanApproved{Approval: incident.Approval{PlanHash: plan.Hash, By: commandstest.Ada, At: commandstest.Start,
		Expires: commandstest.Start.AddDate(1, 0, 0)}}
	ran := []incident.Event{proposed, yes}
	for _, st := range plan.Steps {
		ran = append(ran, incident.StepIntended{PlanHash: plan.Hash, Step: st.ID, Attempt: 1},
			incident.StepDone{PlanHash: plan.Hash, Step: st.ID, Outcome: incident.StepOK})
	}
	return map[string][]incident.Event{
		"not looked at": found[:1], "diagnosed": with(incident.NoPlan{Reason: "nothing mends it"}), "awaiting": with(proposed),
		"approved": with(proposed, yes), "running": with(proposed, yes, incident.StepIntended{PlanHash: plan.Hash, Step: "s1", Attempt: 1}),
		"unclear": with(proposed, yes, incident.StepIntended{PlanHash: plan.Hash, Step: "s1", Attempt: 1},
			incident.StepUnclear{PlanHash: plan.Hash, Step: "s1", Detail: "no answer"}),
		"verifying": with(ran...), "resolved": with(append(ran, incident.Verified{OK: true})...),
		"drafted": with(append(ran, incident.Verified{OK: true}, incident.PostmortemDrafted{Postmortem: incident.Postmortem{Title: "t"}})...),
		"closed":  with(incident.Closed{By: commandstest.Bob, Reason: "known"}),
		"claimed": with(incident.Claimed{By: commandstest.Bob}),
	}
}

// Whatever is asked of an incident however it stands, in words or by a command, right or mistyped, the answer says what is, and never that
// something was done which was not.
func TestEveryCommandInEveryState(t *testing.T) {
	reads := []string{"status", "incidents", "incidents INC-1", "evidence INC-1", "details INC-1", "about INC-1", "about INC-1 who",
		"about INC-1 cause", "about INC-1 log", "about INC-1 changes", "about INC-1 ruled-out", "about INC-1 not-seen", "about INC-1 before",
		"about INC-1 plan", "catchup INC-1", "catchup", "postmortem INC-1", "about INC-1 whoo", "incidents INC-7", "plan INC-1 st x=1",
		"approve INC-1 000000000000", "postmortem INC-1 edti", "decide INC-1 s1 doen", "runbooks restore-dsn", "claim INC-1 --bck",
		"look INC-1 closely", "publish INC-1 now"}
	for name, events := range statesOf() {
		for _, line := range reads {
			k := commandstest.NewKeeper(nil)
			before := k.Append("INC-1", events...).Version
			s := &commands.Set{Incidents: k, Books: []commands.Book{{Name: "restore-dns"}}}
			r := ask(t, s, line)
			if r.Text == "" || strings.Contains(r.Text, "\n") || len(r.Text) > 1000 {
				t.Errorf("%s: %q answers %q", name, line, r.Text)
			}
			state, _ := k.Get(t.Context(), "INC-1")
			if state.Version != before {
				t.Errorf("%s: %q has changed the incident", name, line)
			}
		}
	}
}

// Who comes late is told in eight lines at most.
func TestCatchingUpIsShort(t *testing.T) {
	for name, events := range statesOf() {
		k := commandstest.NewKeeper(nil)
		for _, id := range strings.Fields("INC-1 INC-2 INC-3 INC-4 INC-5 INC-6 INC-7 INC-8 INC-9 INC-10") {
			k.Append(id, events...)
		}
		for _, line := range []string{"catchup INC-1", "catchup"} {
			text := commands.Plain(ask(t, &commands.Set{Incidents: k}, line))
			if n := strings.Count(strings.TrimSpace(text), "\n") + 1; n > 8 {
				t.Errorf("%s: %s tells %d lines:\n%s", name, line, n, text)
			}
		}
	}
}
