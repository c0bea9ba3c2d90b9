package incident

import (
	"fmt"
	"strings"
	"testing"
)

func TestAPostmortemSaysWhatTheLogSays(t *testing.T) {
	p := withHash(Plan{Runbook: "dns", Title: "Mend DNS", Steps: []Step{{ID: "1", Title: "Set the Corefile"},
		{ID: "2", Title: "Restart grafana"}}})
	look := ill
	look.Diagnosis.Causes[0].Since = t0.Add(-60e9)
	look.Diagnosis.Causes[0].Evidence = []string{"E1"}
	look.Diagnosis.Evidence = []Evidence{{ID: "E1", Source: SourceLog, Object: Object{"Pod", "kube-system", "coredns-1"},
		Excerpt: "[FATAL] plugin/loop"}}
	s := Fold("INC-1", log(alert("a", Firing), look, Recalled{}, StoryTold{Story{Sentences: []Sentence{{"CoreDNS asks itself.",
		[]string{"E1"}}}}},
		PlanProposed{Plan: p}, PlanApproved{Approval{PlanHash: p.Hash, By: ada, As: Identity{User: "ada"}, Expires: t0.Add(1e12)}},
		StepIntended{PlanHash: p.Hash, Step: "1", Attempt: 1}, StepDone{PlanHash: p.Hash, Step: "1", Outcome: StepOK},
		StepDone{PlanHash: p.Hash, Step: "2", Outcome: StepSkipped, Detail: "healthy by itself"},
		VerificationSampled{OK: true}, Verified{OK: true}))
	pm := DraftPostmortem(s)
	for _, c := range []struct{ name, section, want string }{
		{"summary", pm.Summary, "INC-1 was opened on 2025-10-03 02:15:00 UTC by the alert"},
		{"summary", pm.Summary, "resolved after 10 seconds"},
		{"impact", pm.Impact, ", from 2025-10-03 02:14:00 UTC to 2025-10-03 02:15:10 UTC (70 seconds)."},
		{"cause", pm.Cause, "As it was told then:\n\n> CoreDNS asks itself. (E1)"},
		{"timeline", pm.Timeline, "- 2025-10-03 02:14:00 UTC: It began: “CoreDNS forwards to itself”\n"},
		{"timeline", pm.Timeline, "Ada approved “Mend DNS”, to run as ada"},
		{"timeline", pm.Timeline, "“Set the Corefile” was done"},
		{"timeline", pm.Timeline, "It was proved that all had stayed well\n- 2025-10-03 02:15:10 UTC: It was resolved, 10 seconds after"},
		{"cause", pm.Cause, "**CoreDNS forwards to itself** (DNSLoop"},
		{"evidence", pm.Evidence, "E1, log of `Pod/kube-system/coredns-1`: `[FATAL] plugin/loop`"},
		{"actions", pm.Actions, "Set the Corefile: done, approved by Ada"},
		{"actions", pm.Actions, "1 further steps were not needed"},
		{"what helped", pm.Helped, "- Set the Corefile\n"},
		{"follow-up", pm.Followup, "- Find out what brought about “CoreDNS forwards to itself” (owner: Ada)\n"},
	} {
		if !strings.Contains(c.section, c.want) {
			t.Errorf("%s lacks %q:\n%s", c.name, c.want, c.section)
		}
	}
	if len(pm.Worked) != 1 || pm.Worked[0] != "Set the Corefile" || len(pm.Failed) != 0 || pm.Outcome != "resolved" {
		t.Errorf("worked %q, failed %q, outcome %q", pm.Worked, pm.Failed, pm.Outcome)
	}
}

// What was done is told, whichever plan it was of: the second on offer, or one that a person has edited.
func TestAPostmortemTellsOfThePlanThatWasChosen(t *testing.T) {
	plan := func(step string) Plan {
		return withHash(Plan{Title: step, Steps: []Step{{ID: "1", Title: step}}})
	}
	first, second, edited := plan("Raise the limit"), plan("Roll it back"), plan("Raise the limit further")
	run := func(p Plan) []Event {
		return []Event{PlanApproved{Approval{PlanHash: p.Hash, By: ada, As: Identity{User: "ada"}, Expires: t0.Add(1e12)}},
			StepIntended{PlanHash: p.Hash, Step: "1", Attempt: 1}, StepDone{PlanHash: p.Hash, Step: "1", Outcome: StepOK},
			VerificationSampled{OK: true}, Verified{OK: true}}
	}
	before := []Event{alert("a", Firing), ill, PlanProposed{Plan: first, Other: &second}}
	for _, c := range []struct {
		chosen Plan
		events []Event
	}{
		{first, run(first)},
		{second, run(second)},
		{edited, append([]Event{PlanEdited{PlanHash: first.Hash, Plan: edited, By: ada}}, run(edited)...)},
	} {
		pm := DraftPostmortem(Fold("INC-1", log(append(before[:len(before):len(before)], c.events...)...)))
		if !strings.Contains(pm.Actions, c.chosen.Title+": done, approved by Ada") || len(pm.Worked) != 1 || pm.Worked[0] != c.chosen.Title {
			t.Errorf("%s: actions %q, worked %q", c.chosen.Title, pm.Actions, pm.Worked)
		}
	}
}

// Alerts are one line however many they are, and of a long incident what people decided, each step, the proof and the end are told whatever
// else there was.
func TestATimelineTellsWhatMatters(t *testing.T) {
	var events []Event
	for i := range 16 {
		events = append(events, alert(fmt.Sprintf("a%d", i), Firing))
	}
	p := Plan{Title: "Mend DNS"}
	for i := range 20 {
		p.Steps = append(p.Steps, Step{ID: fmt.Sprint(i + 1), Title: fmt.Sprintf("Restart web-%d", i+1)})
	}
	p = withHash(p)
	events = append(events, ill)
	for i := range 100 {
		events = append(events, Claimed{By: Person{ID: fmt.Sprint(i), Name: fmt.Sprintf("Person %d", i)}})
	}
	events = append(events, PlanProposed{Plan: p}, PlanApproved{Approval{PlanHash: p.Hash, By: ada, As: Identity{User: "ada"},
		Expires: t0.Add(1e12)}})
	for i, step := range p.Steps {
		outcome := StepOK
		if i >= 15 {
			outcome = StepSkipped
		}
		events = append(events, StepIntended{PlanHash: p.Hash, Step: step.ID, Attempt: 1}, StepDone{PlanHash: p.Hash, Step: step.ID,
			Outcome: outcome})
	}
	s := Fold("INC-1", log(append(events, VerificationSampled{OK: true}, Verified{OK: true})...))
	got := DraftPostmortem(s).Timeline
	for _, want := range []string{"16 alerts fired, the first “", "The cause was found", "Ada approved “Mend DNS”", "“Restart web-1” was done",
		"“Restart web-15” was done", "5 steps were not needed", "It was proved", "It was resolved", "lesser moments are in the incident's log"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%q is there %d times:\n%s", want, strings.Count(got, want), got)
		}
	}
	if n := strings.Count(got, "\n"); n > mostMoments+1 {
		t.Errorf("it has %d lines", n)
	}
	for _, present := range []string{"Alert:", "Diagnosed:", "Proposed:", " fires", " is done"} {
		if strings.Contains(got, present) {
			t.Errorf("it says %q:\n%s", present, got)
		}
	}
}

// Who is to see to what follows is whoever had the incident; what ended by itself says so, and that nobody is to see to it yet.
func TestWhatFollowsHasOwners(t *testing.T) {
	bea := Person{ID: "U2", Name: "Bea"}
	s := Fold("INC-1", log(alert("a", Firing), ill, Claimed{By: bea}, alert("a", Resolved), VerificationSampled{OK: true}, Verified{OK: true}))
	if pm := DraftPostmortem(s); !strings.Contains(pm.Followup, "(owner: Bea)") || !strings.HasPrefix(pm.Helped, "It ended by itself") {
		t.Errorf("%q, %q", pm.Followup, pm.Helped)
	}
	s = Fold("INC-1", log(alert("a", Firing), ill, alert("a", Resolved), VerificationSampled{OK: true}, Verified{OK: true}))
	if pm := DraftPostmortem(s); !strings.Contains(pm.Followup, "(owner: nobody yet)") {
		t.Errorf("%q", pm.Followup)
	}
}
