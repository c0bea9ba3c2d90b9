package incident

import (
	"fmt"
	"strings"
	"testing"
)

func TestGradesAreCountedByPersonAndIncident(t *testing.T) {
	grade := func(id, by string, g Grade, code string, c Confidence) Recorded {
		return Recorded{Event: Graded{Incident: id, By: Person{Team: "T", ID: by, Name: by}, Grade: g, Code: code, Confidence: c}}
	}
	all := GradesOf([]Recorded{grade("INC-1", "ada", GradeWrong, "A", Certain), grade("INC-1", "ada", GradeRight, "A", Certain),
		grade("INC-1", "bob", GradeClose, "A", Certain), grade("INC-2", "ada", GradeRight, "B", Certain),
		grade("INC-3", "ada", GradeWrong, "A", Likely), {Event: Purged{}}})
	if got, want := fmt.Sprint(all.Tallies(false)), "[said “certain” 2 times, graded 3 times: 2 right, 1 close said "+
		"“likely” once: 1 wrong]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var codes []string
	for _, x := range all.Tallies(true) {
		codes = append(codes, x.Code+" "+x.String())
	}
	if got, want := strings.Join(codes, "; "), "A said “certain” once, graded 2 times: 1 right, 1 close; A said “likely” once: 1 wrong; "+
		"B said “certain” once: 1 right"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What is graded is what was said while it was ill, not the look that found all well; a person has one grade, the newest.
func TestAStatesGrades(t *testing.T) {
	said := Cause{Code: "DNSLoop", Title: "CoreDNS loops", Confidence: Certain}
	log := []Recorded{{Version: 1, Event: SignalReceived{}}, {Version: 2, Event: DiagnosisMade{Diagnosis: Diagnosis{Causes: []Cause{said}}}},
		{Version: 3, Event: DiagnosisMade{}}}
	s := Fold("INC-1", log)
	if s.Gradable() {
		t.Error("it can be graded while it is open")
	}
	s = s.With([]Recorded{{Version: 4, Event: Verified{OK: true}, At: s.OpenedAt.AddDate(2026, 1, 1)}})
	if c := s.GradedCause(); !s.Gradable() || c == nil || c.Code != "DNSLoop" {
		t.Fatalf("gradable %v, cause %v", s.Gradable(), c)
	}
	for i := range MostGrades + 20 {
		s = s.With([]Recorded{{Version: 5 + i, Event: Graded{By: Person{ID: fmt.Sprint(i), Name: fmt.Sprintf("P%d", i)}, Grade: GradeRight}}})
	}
	s = s.With([]Recorded{{Version: 999, Event: Graded{By: Person{ID: "9999", Name: "Ada"}, Grade: GradeRight}},
		{Version: 1000, Event: Graded{By: Person{ID: "9999", Name: "Ada"}, Grade: GradeWrong, What: "a switch"}}})
	if len(s.Grades) != MostGrades {
		t.Errorf("%d grades are held", len(s.Grades))
	}
	text := s.GradesSaid()
	if !strings.HasSuffix(text, "wrong by Ada (“a switch”).") || !strings.Contains(text, "194 more") || len(text) > 300 {
		t.Errorf("it is told as %q", text)
	}
	s.Postmortem = &Postmortem{Cause: "It looped.\n"}
	if got := s.WriteUp().Cause; !strings.HasPrefix(got, "It looped.\n\nThe cause was graded right by") || s.Postmortem.Cause != "It looped.\n" {
		t.Errorf("the postmortem says %q", got)
	}
	if into := Fold("INC-2", append(log, Recorded{Version: 4, Event: Closed{Into: "INC-1"}})); into.Gradable() {
		t.Error("an incident that goes on in another one can be graded")
	}
}
