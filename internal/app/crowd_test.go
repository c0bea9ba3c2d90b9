package app

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// everything may be read by everybody who asks the API server.
type everything struct{}

func (everything) MayRead(context.Context, incident.Identity, string) (bool, error) { return true, nil }
func (everything) MayList(context.Context, incident.Identity, incident.Resource, string) (bool, error) {
	return true, nil
}

// crowded is a state with many incidents, some of them open, many grades, and as much silenced as can be; with what people ask it by.
func crowded(t *testing.T, incidents, open, grades int) *commands.Set {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), store.Options{Seal: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	events := func(all ...incident.Event) (out []store.NewEvent) {
		for _, e := range all {
			data, err := incident.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, store.NewEvent{Type: incident.EventType(e), TypeVersion: incident.EventVersion, At: time.Now(), Data: data})
		}
		return out
	}
	founding, plan := *commandstest.Founding(), commandstest.Plan()
	var writes []store.Write
	add := func(w store.Write) {
		if writes = append(writes, w); len(writes) == 500 {
			if err := st.Append(t.Context(), writes...); err != nil {
				t.Fatal(err)
			}
			writes = nil
		}
	}
	for i := 1; i <= incidents; i++ {
		g := signal(fmt.Sprint(i), incident.Firing)
		all := []incident.Event{incident.SignalReceived{Signal: g}, incident.DiagnosisMade{Diagnosis: founding}, incident.Recalled{},
			incident.StoryTold{}, incident.PlanProposed{Plan: plan}}
		if i <= incidents-open {
			all = append(all, incident.Verified{OK: true}, incident.PostmortemDrafted{Postmortem: incident.Postmortem{Title: "It crashed"}},
				incident.PostmortemPublished{By: ada})
		}
		add(store.Write{Stream: fmt.Sprint(streamPrefix, idPrefix, i), Events: events(all...)})
	}
	w := store.Write{Stream: gradesStream}
	for i := range grades {
		w.Events = append(w.Events, events(incident.Graded{Incident: fmt.Sprint(idPrefix, i), Code: fmt.Sprint("Code", i%200), Grade: incident.GradeRight,
			Confidence: incident.Certain, By: ada})...)
	}
	add(w)
	if err := st.Append(t.Context(), writes...); err != nil {
		t.Fatal(err)
	}
	l := &ledger{Journal: NewJournal(st.Reader), store: st, now: time.Now}
	if err := l.rebuildAll(t.Context(), streamsOf(t, st)); err != nil {
		t.Fatal(err)
	}
	c := DefaultConfig()
	for i := range 500 {
		c.People = append(c.People, PersonConfig{Slack: fmt.Sprint("U", i), User: fmt.Sprint("person-", i)})
	}
	access := NewAccess(c)
	access.SetHome("T1")
	silences := keptSilences(st, time.Now, nil)
	for i := range 1000 {
		err := silences.Silence(t.Context(), ada, incident.Silence{Hush: incident.Hush{Namespace: fmt.Sprint("n", i)}, Reason: "a migration",
			Until: time.Now().Add(time.Hour)})
		if (err == nil) != (i < incident.MostSilences) {
			t.Fatalf("the %d. silence: %v", i+1, err)
		}
	}
	i := &Incidents{ledger: l, access: access, silences: silences, redact: func(s string) string { return s }}
	return &commands.Set{Incidents: i, Outcomes: i, Silences: silences, Roles: access, Glances: &commands.Glances{},
		Sight: &sight{access, everything{}, st.Deliveries}}
}

func streamsOf(t *testing.T, st *store.Store) (out []string) {
	t.Helper()
	infos, err := st.Streams(t.Context(), streamPrefix)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		out = append(out, info.Stream)
	}
	return out
}

// With thousands of incidents, hundreds of them open, and hundreds of people who look on, a Home stays as small and is made as quickly, and says
// no more than was looked at.
func TestAHomeInACrowd(t *testing.T) {
	set := crowded(t, 5000, 200, 1000)
	began := time.Now()
	for i := range 500 {
		r := commands.Request{Person: incident.Person{Team: "T1", ID: fmt.Sprint("U", i)}, Now: time.Now()}
		reply := set.Home(t.Context(), r)
		text := commands.Plain(reply)
		if len(reply.Blocks) > 30 || len(text) > 4000 {
			t.Fatalf("%d blocks, %d bytes:\n%s", len(reply.Blocks), len(text), text)
		}
		for _, want := range []string{"INC-5000", "190 more", "None of the newest 100 incidents", "and 99 more", "1000 times"} {
			if !strings.Contains(text, want) {
				t.Fatalf("it does not say %q:\n%s", want, text)
			}
		}
	}
	took := time.Since(began)
	t.Logf("500 Homes in %s", took)
	if took > time.Minute { // 6 s on two idle cores; 25 s where each reads all grades and lists all incidents
		t.Errorf("500 Homes took %s", took)
	}
}
