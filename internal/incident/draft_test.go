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
