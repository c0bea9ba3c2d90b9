package demo

import (
	"bytes"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// founding is an incident as Play demands it.
func founding() *incident.State {
	s := &incident.State{
		ID: "INC-1", ResolvedAt: time.Unix(1, 0), Verification: incident.Verification{OK: true},
		Diagnosis: &incident.Diagnosis{Causes: []incident.Cause{
			{ID: "C1", Code: "DNSLoop", Explains: make([]string, 12)},
			{ID: "C2", Code: "NodeCNIMissing", Blocks: []incident.Block{{Cause: "C1"}}},
		}},
		Plan:      &incident.Plan{Hash: "h", Steps: []incident.Step{{ID: "1"}, {ID: "2"}, {ID: "3"}, {ID: "4"}}},
		Approvals: []incident.Approval{{PlanHash: "h", As: incident.Identity{User: "ada"}}},
		Similar:   []incident.Similar{{ID: "2026-11-23-inc-1", Worked: []string{"a", "b", "c"}}},
	}
	for _, id := range []string{"1", "2", "3"} {
		s.Steps = append(s.Steps, incident.StepState{Step: id, Outcome: incident.StepOK})
	}
	s.Steps = append(s.Steps, incident.StepState{Step: "4", Outcome: incident.StepSkipped})
	return s
}

func TestTheScriptIsHardToPlease(t *testing.T) {
	all := func(s *incident.State) error {
		for _, complaint := range []func(*incident.State) error{twoCauses, mended, seenBefore} {
			if err := complaint(s); err != nil {
				return err
			}
		}
		return nil
	}
	if err := all(founding()); err != nil {
		t.Fatalf("complains of what is as it should be: %v", err)
	}
	for what, spoil := range map[string]func(*incident.State){
		"no diagnosis":             func(s *incident.State) { s.Diagnosis = nil },
		"the causes change places": func(s *incident.State) { c := s.Diagnosis.Causes; c[0], c[1] = c[1], c[0] },
		"a third cause": func(s *incident.State) {
			s.Diagnosis.Causes = append(s.Diagnosis.Causes, incident.Cause{Code: "PodCrashLoop"})
		},
		"nothing is blocked":        func(s *incident.State) { s.Diagnosis.Causes[1].Blocks = nil },
		"dependants are not folded": func(s *incident.State) { s.Diagnosis.Causes[0].Explains = nil },
		"no approval":               func(s *incident.State) { s.Approvals = nil },
		"another plan was approved": func(s *incident.State) { s.Approvals[0].PlanHash = "other" },
		"it ran as somebody else":   func(s *incident.State) { s.Approvals[0].As.User = "paramedic" },
		"a step is missing":         func(s *incident.State) { s.Steps = s.Steps[:3] },
		"steps in another order":    func(s *incident.State) { s.Steps[0], s.Steps[1] = s.Steps[1], s.Steps[0] },
		"a remedy was skipped":      func(s *incident.State) { s.Steps[2].Outcome = incident.StepSkipped },
		"a step failed":             func(s *incident.State) { s.Steps[3].Outcome = incident.StepFailed },
		"not proved":                func(s *incident.State) { s.Verification.OK = false },
		"not resolved":              func(s *incident.State) { s.ResolvedAt = time.Time{} },
		"not seen before":           func(s *incident.State) { s.Similar[0].ID = "2025-10-05-k3s-resurrection" },
		"nobody knows what worked":  func(s *incident.State) { s.Similar[0].Worked = nil },
	} {
		s := founding()
		spoil(s)
		if all(s) == nil {
			t.Errorf("%s: no complaint", what)
		}
	}
}

func TestWhatIsSaidIsPrintedOnceAndOfAChangeWhatIsNew(t *testing.T) {
	var out bytes.Buffer
	e := ear{out: &out, heard: map[string]string{}}
	e.told("1", "    Paramedic", "one\ntwo")
	e.told("1", "    Paramedic", "one\ntwo")
	e.told("1", "    Paramedic", "one\nthree")
	const want = "    Paramedic:\n      one\n      two\n    Paramedic, changed:\n      three\n"
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}
