package app

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/incident/incidenttest"
	"github.com/paramedic-bot/paramedic/internal/snapshot/snapshottest"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// What the domain bounds fits what the store keeps.
func TestTheBoundsAreTheStores(t *testing.T) {
	if incident.MaxEvent != store.MaxEventData || incident.MaxWhole > store.MaxBlob || incident.MaxDiagnosis >= incident.MaxEvent {
		t.Errorf("events of %d bytes in a store of %d, wholes of %d in blobs of %d", incident.MaxEvent, store.MaxEventData, incident.MaxWhole,
			store.MaxBlob)
	}
}

// A large outage is recorded, look after look: what is told in the event, the whole beside it, and each fact under one id.
func TestALargeOutageIsRecorded(t *testing.T) {
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	w := worker{ledger: &ledger{Journal: NewJournal(st.Reader), store: st, now: time.Now}}
	const id = "INC-1"
	s, err := w.ledger.update(t.Context(), id, func(*incident.State) ([]incident.Event, error) {
		return []incident.Event{incident.SignalReceived{Signal: signal("a", incident.Firing)}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	was := map[string]incident.Object{}
	for _, reasons := range []int{500, 500, 1, 500} {
		d := diagnosis.Diagnose(snapshottest.Outage(5000, reasons), diagnosis.Scope{})
		if err := w.diagnosed(t.Context(), s, d); err != nil {
			t.Fatal(err)
		}
		if s, err = w.ledger.Get(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		whole, err := w.whole(t.Context(), s.Diagnosis)
		if err != nil {
			t.Fatal(err)
		}
		if len(whole.Causes) != len(d.Causes) || len(whole.Findings) != len(d.Findings) || len(s.Diagnosis.Causes) > 50 ||
			s.Diagnosis.Total().Findings != len(d.Findings) {
			t.Errorf("%d causes and %d findings are kept of %d and %d, %d causes told", len(whole.Causes), len(whole.Findings), len(d.Causes),
				len(d.Findings), len(s.Diagnosis.Causes))
		}
		for _, x := range []*incident.Diagnosis{whole, s.Diagnosis} {
			for _, problem := range incidenttest.Unresolved(x, nil) {
				t.Fatal(problem)
			}
		}
		for _, c := range whole.Causes {
			if o, ok := was[c.ID]; ok && o != c.Objects[0] {
				t.Errorf("%s blamed %s and blames %s now", c.ID, o, c.Objects[0])
			}
			was[c.ID] = c.Objects[0]
		}
		for i := range s.Diagnosis.Causes { // what acts on the whole finds what was told there
			if c := whole.Cause(s.Diagnosis.Causes[i].ID); c == nil || c.Objects[0] != s.Diagnosis.Causes[i].Objects[0] {
				t.Errorf("%s is told, and the whole has %v", s.Diagnosis.Causes[i].ID, c)
			}
		}
	}
}
