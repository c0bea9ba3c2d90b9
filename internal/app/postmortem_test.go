package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
)

// written is a desk whose incident is resolved and has a draft, and a worker that writes it into dir.
func written(t *testing.T, dir string) (*office, *worker) {
	t.Helper()
	d := open(t)
	_, err := d.ledger.update(t.Context(), "INC-1", func(s *incident.State) ([]incident.Event, error) {
		return []incident.Event{incident.Verified{OK: true}, incident.PostmortemDrafted{Postmortem: incident.DraftPostmortem(s)}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	cfg.Knowledge, cfg.Ollama.Model, cfg.Ollama.Embedder = dir, "", ""
	mind, err := OpenMind(t.Context(), cfg, nil, redact.New(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return d, &worker{ledger: d.ledger, eyes: &Eyes{}, publish: mind.Publish}
}

// does is the runner whose work the worker does.
func (d *office) does(w *worker) *runner {
	return newRunner(runner{ledger: d.ledger, do: w.table(), redact: d.redact, logger: slog.New(slog.DiscardHandler)})
}

// work does what Next says is to be done.
func (d *office) work(t *testing.T, w *worker) (*incident.State, error) {
	t.Helper()
	s, err := d.Get(t.Context(), "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, work := range incident.Next(s, incident.DefaultPolicy, d.clock) {
		if work.Kind == incident.Index {
			err = d.does(w).work(t.Context(), s, work)
		}
	}
	after, failed := d.Get(t.Context(), "INC-1")
	if failed != nil {
		t.Fatal(failed)
	}
	return after, err
}

// Whatever its title, a postmortem that is published becomes a file, and nothing is left to be tried for ever.
func TestAPublishedPostmortemIsWritten(t *testing.T) {
	for name, title := range map[string]string{"emoji": strings.Repeat("🔥", 200), "10,000 characters": strings.Repeat("x", 10_000),
		"blanks": " \u00a0\t", "control characters": "\x00\x1b[2J"} {
		t.Run(name, func(t *testing.T) {
			d, w := written(t, filepath.Join(t.TempDir(), "postmortems"))
			if _, err := d.EditPostmortem(t.Context(), "INC-1", incident.Postmortem{Title: title, Summary: "It burnt."}, ada); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Publish(t.Context(), "INC-1", ada); err != nil {
				t.Fatal(err)
			}
			s, err := d.work(t, w)
			if err != nil || s.Path == "" || s.Unwritten() != "" {
				t.Fatalf("path %q, unwritten %q, %v", s.Path, s.Unwritten(), err)
			}
			text, err := os.ReadFile(s.Path)
			if err != nil || !strings.Contains(string(text), "It burnt.") {
				t.Errorf("%q, %v", text, err)
			}
			if _, err := d.EditPostmortem(t.Context(), "INC-1", *s.Postmortem, ada); err == nil {
				t.Error("what is in the folder was edited in the record")
			}
		})
	}
}

// Why a postmortem could not be written is told in its thread, once; it can still be edited, and once the folder is mended it is written as
// it was edited last.
func TestWhyAPostmortemIsNotWrittenIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "postmortems")
	d, w := written(t, filepath.Join(dir, "x"))
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	if _, err := d.Publish(t.Context(), "INC-1", ada); err != nil {
		t.Fatal(err)
	}
	var events []int
	for range 3 {
		s, err := d.work(t, w)
		if err == nil || s.Unwritten() == "" || !s.Editable() {
			t.Fatalf("unwritten %q, %v", s.Unwritten(), err)
		}
		events = append(events, len(s.Log))
		told := map[string]string{}
		for _, m := range commands.IncidentMessages(s, d.clock) {
			told[m.Slot] = commands.Plain(m.Reply)
		}
		if !strings.Contains(told["postmortem"], "It could not be written: ") ||
			!strings.Contains(told["postmortem"], "Edit the postmortem: postmortem INC-1 edit") ||
			!strings.Contains(told[commands.RootSlot], "could not be written") {
			t.Errorf("told: %s\n%s", told[commands.RootSlot], told["postmortem"])
		}
	}
	if events[0] != events[2] {
		t.Errorf("it is recorded with every try: %v", events)
	}
	if _, err := d.EditPostmortem(t.Context(), "INC-1", incident.Postmortem{Title: "As it was edited", Summary: "Later."}, eve); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	s, err := d.work(t, w)
	if err != nil || s.Unwritten() != "" || !strings.HasSuffix(s.Path, "as-it-was-edited.md") {
		t.Errorf("path %q, unwritten %q, %v", s.Path, s.Unwritten(), err)
	}
}

// What is edited while it is being written is not lost without a word.
func TestAnEditDuringTheWritingIsNotLost(t *testing.T) {
	d, w := written(t, t.TempDir())
	if _, err := d.Publish(t.Context(), "INC-1", ada); err != nil {
		t.Fatal(err)
	}
	s, err := d.Get(t.Context(), "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.ledger.update(t.Context(), "INC-1", func(*incident.State) ([]incident.Event, error) {
		return []incident.Event{incident.PostmortemEdited{By: eve, Postmortem: incident.Postmortem{Title: "Newer"}}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := d.does(w).work(t.Context(), s, incident.Work{Kind: incident.Index}); err == nil {
		t.Error("the older one was taken for it")
	}
	if s, err = d.Get(t.Context(), "INC-1"); err != nil || !strings.Contains(s.Unwritten(), "edited while it was being written") {
		t.Errorf("%q, %v", s.Unwritten(), err)
	}
}
