package commands_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// keys are those of an incident's notices, in order.
func keys(s *incident.State) string {
	var all []string
	for _, n := range commands.Notices(s, commandstest.Start.Add(57*time.Hour)).Notices {
		all = append(all, n.Key)
	}
	return strings.Join(all, " ")
}

func TestNoticesAreWhatNotifiesPeopleAndNothingElse(t *testing.T) {
	k := commandstest.NewKeeper(nil)
	alert := incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: "a", Title: "pods crash",
		Labels: map[string]string{"severity": "critical"}}}
	s := k.Append("INC-1", alert)
	told := commands.Notices(s, s.OpenedAt)
	if n := told.Notices[0]; keys(s) != "began" || !n.At.Equal(s.OpenedAt.Add(commands.BeginsWithin)) || n.Urgency != commands.UrgencyHigh {
		t.Errorf("without a diagnosis: %+v", told.Notices)
	}
	plan := commandstest.Plan()
	s = k.Append("INC-1", incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: plan})
	if n := commands.Notices(s, s.OpenedAt).Notices; keys(s) != "began" || !n[0].At.IsZero() {
		t.Errorf("news that was not told, or a beginning that waits: %+v", n)
	}
	s = k.Append("INC-1", incident.Notified{Of: s.News[0].Version, Quiet: true})
	if keys(s) != "began" {
		t.Errorf("what is told in a thread alone notifies nobody: %s", keys(s))
	}
	s = k.Append("INC-1", incident.Called{Level: 1, To: incident.Callee{Name: "Dana"}}, incident.Called{Level: 2,
		To: incident.Callee{Name: "Eve"}, With: "INC-7"})
	if got := commands.Notices(s, s.OpenedAt).Notices; keys(s) != fmt.Sprintf("began call-%d", s.Calls[0].Version) ||
		got[1].Urgency != commands.UrgencyCall || !strings.Contains(got[1].Title, "Dana") {
		t.Errorf("calls: %+v", got)
	}
	next := strings.Join(told.Next, "\n")
	told = commands.Notices(s, commandstest.Start.Add(56*time.Hour))
	if got := strings.Join(told.Next, "\n"); got != "paramedic plan INC-1\nparamedic approve INC-1 "+plan.Hash[:12] || next == got {
		t.Errorf("what can be typed next:\n%s\nand before:\n%s", got, next)
	}
	s = k.Append("INC-1", incident.Closed{By: commandstest.Ada, Reason: "a drill"})
	end := commands.Notices(s, commandstest.Start).Notices[2]
	if end.Key != "end" || end.Urgency != commands.UrgencyOver || !strings.Contains(end.Text, "a drill") {
		t.Errorf("the end: %+v", end)
	}
}

func TestNoticesKeepTheirBounds(t *testing.T) {
	k := commandstest.NewKeeper(nil)
	long := strings.Repeat("ü\x1b[31m very long title ", 2000)
	s := k.Append("INC-1", incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: "a", Title: long}},
		incident.DiagnosisMade{Diagnosis: *commandstest.Founding()})
	for i := range 10 * incident.MostNews {
		s = k.Append("INC-1", incident.PlanProposed{Plan: incident.Plan{Hash: strings.Repeat("a", 64), Title: fmt.Sprint(i) + long}})
		s = k.Append("INC-1", incident.Notified{Of: s.Version})
	}
	all := commands.Notices(s, commandstest.Start).Notices
	if len(all) < 2 || len(all) > 1+incident.MostNews+incident.MostOnsets {
		t.Fatalf("%d notices", len(all))
	}
	for _, n := range all {
		if utf8.RuneCountInString(n.Title) > commands.MaxNoticeTitle || utf8.RuneCountInString(n.Text) > commands.MaxNoticeText ||
			strings.ContainsAny(n.Title+n.Text, "\x1b") {
			t.Errorf("%d and %d characters: %q", utf8.RuneCountInString(n.Title), utf8.RuneCountInString(n.Text), n.Title)
		}
	}
}
