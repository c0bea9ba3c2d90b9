package incident

import (
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
		{"summary", pm.Summary, "resolved after 10s"},
		{"summary", pm.Summary, "CoreDNS asks itself. (E1)"},
		{"timeline", pm.Timeline, "- 2025-10-03 02:14:00 UTC: Onset: CoreDNS forwards to itself\n"},
		{"timeline", pm.Timeline, "Ada approved plan " + p.Hash[:8] + ", to run as ada"},
		{"cause", pm.Cause, "**CoreDNS forwards to itself** (DNSLoop"},
		{"evidence", pm.Evidence, "E1, log of `Pod/kube-system/coredns-1`: `[FATAL] plugin/loop`"},
		{"actions", pm.Actions, "Set the Corefile: done, approved by Ada"},
		{"actions", pm.Actions, "1 further steps were not needed"},
		{"follow-up", pm.Followup, "CoreDNS forwards to itself"},
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
