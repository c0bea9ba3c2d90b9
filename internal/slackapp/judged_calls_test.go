package slackapp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Whom the scenes mention; no other text of theirs may. The rules know these ids: see ALLOWED in e2e/slackjudges/rules.py.
var (
	cleo         = incident.Person{Team: "T0ACME", ID: "U0CLEO", Name: "Cleo"}
	onCallPerson = incident.Callee{ID: "U0ONCALL", Name: "Dana"}
	onCallGroup  = incident.Callee{ID: "S0ONCALL", Name: "platform-oncall"}
)

// judgedCalls are the incidents of which people are told anew, and for which somebody is called.
func judgedCalls(many int, with func(...any) []incident.Event, proposed incident.PlanProposed, yes []incident.Event,
	found incident.DiagnosisMade) []scene {
	hash, others := proposed.Plan.Hash, []string{"INC-2", "INC-3"}
	until := commandstest.Start.Add(60 * time.Hour)
	step := func(id string, n int) incident.Event {
		return incident.StepIntended{PlanHash: hash, Step: id, Attempt: n}
	}
	told := func(of int) incident.Notified { return incident.Notified{Of: of, To: cleo} }
	last, quiet := incident.Notified{Of: 6, Last: true, Until: until, Others: others, More: 3}, incident.Notified{Of: 8, Quiet: true}
	mild := found
	mild.Diagnosis.Findings, mild.Diagnosis.Totals = nil, nil
	firstly := incident.Called{Level: 1, To: onCallPerson, Others: others, More: 400, Next: onCallGroup, NextAt: until}
	waited := incident.Notified{Of: 6}
	two := proposed
	beside := two.Plan
	beside.Title, beside.Steps = "Another", beside.Steps[1:2]
	beside.Hash = beside.ComputeHash()
	two.Other = &beside
	other := yes[0].(incident.PlanApproved)
	other.Approval.PlanHash = beside.Hash
	edited := incident.PlanEdited{PlanHash: hash, By: cleo, Plan: beside}
	elsewhere := found
	elsewhere.Diagnosis.Others = incident.Others{Things: 2}
	scenes := []scene{
		{"rejected while it waited", with(proposed, waited, incident.PlanRejected{PlanHash: hash, By: cleo, Reason: "too much"})},
		{"withdrawn while it waited", with(proposed, waited, incident.PlanSuperseded{PlanHash: hash, Reason: "the Corefile has changed"})},
		{"edited while it waited", with(proposed, waited, edited)},
		{"the other one approved", with(two, waited, other)},
		{"looked at again while it waited", with(proposed, waited, found)},
		{"others elsewhere", []incident.Event{judgedAlert, elsewhere}},
		{"told anew", with(proposed, last, yes[0], quiet, yes[1], step("s1", 1),
			incident.StepUnclear{PlanHash: hash, Step: "s1", Detail: "the API did not answer"}, told(12),
			incident.StepDecided{PlanHash: hash, Step: "s1", By: cleo, Done: true}, step("s2", 1),
			incident.StepDone{PlanHash: hash, Step: "s2", Outcome: incident.StepFailed, Detail: "forbidden"}, told(16))},
		{"worse", []incident.Event{judgedAlert, mild, found, incident.Notified{Of: 3, To: incident.Person{ID: "root", Name: "root"}}}},
		{"called", with(firstly, incident.Called{Level: 2, To: onCallGroup}, incident.Claimed{By: cleo})},
		{"silent", with(proposed, incident.Notified{Of: 6, Quiet: true, Silent: true}, firstly,
			incident.Hushed{Hush: incident.Hush{Namespace: "shop <!here>"}, By: cleo, Until: until})},
		{"called with another", with(incident.Called{Level: 1, To: incident.Callee{ID: "S0ONCALL"}, With: "INC-2"}, incident.Called{Level: 2, To: onCallGroup},
			incident.Closed{By: cleo})},
	}
	if many > 0 {
		return scenes
	}
	var much []incident.Event
	for n := range incident.MostNews + 5 {
		p := proposed
		p.Plan.Title = fmt.Sprintf("%s %d", p.Plan.Title, n)
		much = append(much, p, incident.Notified{Of: 6 + 2*n})
	}
	return append(scenes, scene{"much news", with(much)})
}

// A mention is made of an id by who configured it or acted, and of nothing that a text says.
func TestOnlyIdsAreMentioned(t *testing.T) {
	for id, want := range map[string]string{"U0ADA": "<@U0ADA>", "W0ADA": "<@W0ADA>", "S0OPS": "<!subteam^S0OPS>", "": "@Ada &lt;!here&gt;",
		"channel": "@Ada &lt;!here&gt;", "U0ADA> <!here": "@Ada &lt;!here&gt;", "C0ADA": "@Ada &lt;!here&gt;", "here": "@Ada &lt;!here&gt;"} {
		r := render(commands.Reply{Text: "x", Blocks: []commands.Block{commands.Paragraph{commands.Mention(id, "Ada <!here>")}}}, rest{})
		if got := string(encoded(r.Blocks)); !strings.Contains(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(got), want) {
			t.Errorf("%q: %s, want %s", id, got, want)
		}
	}
	got := commands.Moments(commands.Mention("U0ADA", "at 2025-10-03 02:15 UTC"))
	if len(got) != 1 || got[0].Mention != "U0ADA" {
		t.Errorf("%+v", got)
	}
}
