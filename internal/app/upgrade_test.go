package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// earlier is what an earlier program has left, one that told no news, called nobody and drew nothing: INC-1 is over, with a postmortem;
// INC-2 fires, and its plan waits.
func (d *office) earlier(t *testing.T) (slots map[string][]string) {
	t.Helper()
	raw, err := os.ReadFile("../incident/testdata/before-news.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Incident string
		Slots    []string
		Events   []struct {
			TypeVersion int
			Type        string
			At          int64
			Data        json.RawMessage
		}
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	slots = map[string][]string{}
	for _, h := range all {
		slots[h.Incident] = h.Slots
		w := store.Write{Stream: streamPrefix + h.Incident}
		for _, e := range h.Events {
			w.Events = append(w.Events, store.NewEvent{Type: e.Type, TypeVersion: e.TypeVersion, At: time.Unix(0, e.At), Data: e.Data})
		}
		if err := d.ledger.store.Append(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	return slots
}

// A state that an earlier program has left is gone on with: all its incidents are looked at at once, and nobody is told or called for what was
// before, nor is anything posted that the earlier program had not posted. The next alert is told as any other.
func TestAnUpgradeTellsNoOldNews(t *testing.T) {
	d := &office{oracle: &oracle{}, path: t.TempDir() + "/state.db", clock: time.Now()}
	d.restart(t)
	slots := d.earlier(t)
	if err := d.ledger.rebuild(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	for id, want := range slots {
		for _, m := range commands.IncidentMessages(d.get(t, id), time.Now()) {
			if !slices.Contains(want, m.Slot) {
				t.Errorf("%s: %s would be posted, which was not there before", id, m.Slot)
			}
		}
	}
	r := d.room(t, nil)
	if err := d.Receive(t.Context(), []incident.Signal{signal("new", incident.Firing)}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := r.slack.Wait(ctx, func(n slackemu.Snapshot) bool { return len(n.Messages("C0INCIDENTS")) >= 2 }); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // for what is not to come
	for _, id := range []string{"INC-1", "INC-2"} {
		log, err := d.ledger.store.Load(t.Context(), streamPrefix+id, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range log {
			if slices.Contains([]string{"Notified", "Called", "PicturesShared"}, e.Type) {
				t.Errorf("%s: there is %s", id, e.Type)
			}
		}
	}
	if n := len(r.slack.Snapshot().Mentioned(dana.ID)); n != 0 {
		t.Errorf("Dana was called %d times", n)
	}
	level, at := d.get(t, "INC-3").CallDue(calling())
	if level != 1 || at.Before(d.clock) {
		t.Errorf("the new one: level %d at %s", level, at)
	}
}
