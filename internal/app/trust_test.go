package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// throughSlack is a stamp as Slack gives it back: JSON that was read.
func throughSlack(t *testing.T, stamp map[string]any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(stamp)
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

// An old copy of the state is restored. Slack has seen more of the record: nothing runs until somebody accepts it.
func TestAnOldCopyOfTheRecordRunsNothing(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	old := d.copied(t)

	if err := compareWithSlack(ctx, d.ledger.store, []map[string]any{throughSlack(t, stampOf(ctx, d.ledger.store.Reader,
		"INC-1"))}); err != nil {
		t.Fatal(err)
	}
	if why, err := doubted(ctx, d.ledger.store.Reader); err != nil || why != "" {
		t.Fatalf("the newest record is doubted: %s, %v", why, err)
	}
	if err := d.Receive(ctx, []incident.Signal{signal("a", incident.Resolved)}); err != nil {
		t.Fatal(err)
	}
	seen := throughSlack(t, stampOf(ctx, d.ledger.store.Reader, "INC-1"))
	d.moved(t, old)

	for range 2 { // also at the next start
		if err := compareWithSlack(ctx, d.ledger.store, []map[string]any{seen}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := d.Approve(ctx, "INC-1", d.plan.Hash, ada)
	refused(t, err, "Nothing may run now: the record is older than what Slack has seen")
	w := worker{ledger: d.ledger, access: d.access}
	s, err := d.Get(ctx, "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	if why, err := w.guard(ctx, s); err != nil || why == "" {
		t.Errorf("a step may begin: %q, %v", why, err)
	}
	if events := trustEvents(t, d, typeRolledBack); events != 1 {
		t.Errorf("the doubt is recorded %d times", events)
	}

	if what, err := AcceptRecord(ctx, d.path, "", "root"); err != nil || what == "" {
		t.Fatalf("accepted %q, %v", what, err)
	}
	if err := compareWithSlack(ctx, d.ledger.store, []map[string]any{seen}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Approve(ctx, "INC-1", d.plan.Hash, ada); err != nil {
		t.Errorf("after it was accepted: %v", err)
	}
	if what, err := AcceptRecord(ctx, d.path, "", "root"); err != nil || what != "" {
		t.Errorf("accepted again: %q, %v", what, err)
	}
}

func trustEvents(t *testing.T, d *office, typ string) (n int) {
	t.Helper()
	events, err := d.ledger.store.Load(t.Context(), trustStream, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Type == typ {
			n++
		}
	}
	return n
}

// copied is the path of a copy of the state as it is, and of its key.
func (d *office) copied(t *testing.T) string {
	t.Helper()
	d.closed(t)
	path := filepath.Join(t.TempDir(), "old.db")
	for from, to := range map[string]string{d.path: path, store.KeyFile(d.path): store.KeyFile(path)} {
		data, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	d.restart(t)
	return path
}

// moved goes on with another state.
func (d *office) moved(t *testing.T, path string) {
	t.Helper()
	d.closed(t)
	d.path = path
	d.restart(t)
}

func (d *office) closed(t *testing.T) {
	t.Helper()
	if err := d.ledger.store.Close(); err != nil {
		t.Fatal(err)
	}
}

// An incident's message in Slack may be of a stream that the record here has under another history.
func TestAnotherHistoryIsDoubted(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	seen := throughSlack(t, stampOf(ctx, d.ledger.store.Reader, "INC-1"))
	seen["head"] = "00" + seen["head"].(string)[2:]
	if err := compareWithSlack(ctx, d.ledger.store, []map[string]any{seen}); err != nil {
		t.Fatal(err)
	}
	if why, err := doubted(ctx, d.ledger.store.Reader); err != nil || why == "" {
		t.Errorf("a record with another history is trusted: %v", err)
	}
	for name, odd := range map[string]map[string]any{"none": nil, "no version": {"incident": "INC-1"},
		"words": {"incident": 7, "version": "x"}} {
		if err := compareWithSlack(ctx, d.ledger.store, []map[string]any{odd}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An old copy opens an incident that is posted before Slack is asked: what the other messages carry convicts it all the same.
func TestAnOldCopyIsNotHiddenByWhatItPosts(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	old := d.copied(t)
	d.look(t, d.asks(t, "x"), "Z")
	d.take(t, signal("a", incident.Resolved))
	one := throughSlack(t, stampOf(ctx, d.ledger.store.Reader, "INC-1"))
	d.moved(t, old)
	d.take(t, signal("b", incident.Firing)) // a new INC-2
	two := throughSlack(t, stampOf(ctx, d.ledger.store.Reader, "INC-2"))
	if err := compareWithSlack(ctx, d.ledger.store, []map[string]any{two, one}); err != nil {
		t.Fatal(err)
	}
	if why, err := doubted(ctx, d.ledger.store.Reader); err != nil || why == "" {
		t.Errorf("an old copy may execute: %v", err)
	}
}
