package app

import (
	"fmt"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

func TestACauseIsGradedOnceItIsOver(t *testing.T) {
	d := open(t)
	record := func(events ...incident.Event) {
		t.Helper()
		if _, err := d.ledger.update(t.Context(), "INC-1", func(*incident.State) ([]incident.Event, error) { return events, nil }); err != nil {
			t.Fatal(err)
		}
	}
	record(incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: d.clock, Causes: []incident.Cause{{ID: "C1", Code: "DNSLoop",
		Title: "CoreDNS loops", Confidence: incident.Certain}}}})
	if _, err := d.Grade(t.Context(), "INC-1", incident.GradeRight, "", ada); err == nil || !strings.Contains(err.Error(), "not over") {
		t.Errorf("graded while it is open: %v", err)
	}
	record(incident.Verified{OK: true})
	for _, g := range []incident.Grade{incident.GradeWrong, incident.GradeRight, incident.GradeRight} {
		if _, err := d.Grade(t.Context(), "INC-1", g, "a switch", ada); err != nil {
			t.Fatal(err)
		}
	}
	s, err := d.Grade(t.Context(), "INC-1", incident.GradeClose, "", ben)
	if err != nil || len(s.Grades) != 2 || s.Grades[0].Grade != incident.GradeRight || s.Grades[0].What != "a switch" {
		t.Fatalf("%v: %+v", err, s.Grades)
	}
	all, err := ReadIncidents(d.ledger.store.Reader).Grades(t.Context()) // as the terminal reads them
	if got := fmt.Sprint(all.Tallies(true)); err != nil || got != "[said “certain” once, graded 2 times: 1 right, 1 close]" {
		t.Errorf("%s, %v", got, err)
	}
	for _, g := range all {
		if g.What != "" || g.Incident != "INC-1" || g.Code != "DNSLoop" {
			t.Errorf("counted as %+v", g)
		}
	}
	if n := len(s.Log); incident.EventType(s.Log[n-1].Event) != "Graded" || incident.EventType(s.Log[n-4].Event) == "Graded" {
		t.Error("the same grade is recorded twice")
	}
}
