package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
	"github.com/paramedic-bot/paramedic/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) storetest.Store {
		return openAt(t, newPath(t), store.Options{Now: now})
	})
}

// Odd characters, because they have a meaning in the address of a database.
func newPath(t *testing.T) string {
	return filepath.Join(t.TempDir(), "a folder?with=odd&100%#names", "state.db")
}

func openAt(t *testing.T, path string, opts store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path, opts)
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("error %v, want one that says %q", err, part)
	}
}

func alter(t *testing.T, path string, statements ...string) {
	t.Helper()
	db := storetest.Raw(t, path)
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func noted(texts ...string) []store.NewEvent {
	var events []store.NewEvent
	for _, text := range texts {
		events = append(events, store.NewEvent{Type: "Noted", TypeVersion: 1, At: at, Data: []byte(text)})
	}
	return events
}

var at = time.Date(2026, 2, 3, 2, 14, 0, 0, time.UTC)

func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, store.Options{})
	_, err := write(t.Context(), s, "a", 0, noted("x"))
	ok(t, err)
	for name, want := range map[string]os.FileMode{
		filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600, path + ".lock": 0o600,
	} {
		info, err := os.Stat(name)
		ok(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(name), got, want)
		}
	}
}

func TestStateOutlivesItsProcess(t *testing.T) {
	path := newPath(t)
	s, err := store.Open(t.Context(), path, store.Options{})
	ok(t, err)
	_, err = write(t.Context(), s, "a", 0, noted("x"))
	ok(t, err)
	ok(t, s.Close())

	s = openAt(t, path, store.Options{})
	events, err := s.Load(t.Context(), "a", 0)
	ok(t, err)
	if len(events) != 1 || string(events[0].Data) != "x" {
		t.Errorf("after opening again: %v", events)
	}
}

func TestReadOnly(t *testing.T) {
	path := newPath(t)
	_, err := store.OpenReadOnly(t.Context(), path)
	wantError(t, err, "no such file")
	if _, err := os.Stat(path); err == nil {
		t.Error("reading made the file")
	}

	w, err := store.Open(t.Context(), path, store.Options{})
	ok(t, err)
	_, err = write(t.Context(), w, "a", 0, noted("one"))
	ok(t, err)
	read := func(when string, want int) {
		t.Helper()
		r, err := store.OpenReadOnly(t.Context(), path)
		ok(t, err)
		defer r.Close()
		events, err := r.Load(t.Context(), "a", 0)
		ok(t, err)
		report, err := r.Verify(t.Context())
		ok(t, err)
		if len(events) != want || !report.OK() {
			t.Errorf("%s: %d events, want %d; problems %v", when, len(events), want, report.Problems)
		}
	}
	read("while a writer has it open", 1)
	_, err = write(t.Context(), w, "a", 1, noted("two"))
	ok(t, err)
	read("after the writer wrote", 2)
	ok(t, w.Close())
	read("when nobody has it open", 2)
}

// As "paramedic approve" beside "paramedic serve": they wait for each other.
func TestTwoMayWrite(t *testing.T) {
	path, ctx := newPath(t), t.Context()
	errs := make(chan error, 2)
	for _, text := range []string{"one", "two"} {
		s := openAt(t, path, store.Options{})
		go func() {
			for range 50 {
				for {
					events, err := s.Load(ctx, "a", 0)
					if err == nil {
						_, err = write(ctx, s, "a", len(events), noted(text))
					}
					if errors.Is(err, store.ErrConflict) {
						continue
					}
					if err != nil {
						errs <- err
						return
					}
					break
				}
			}
			errs <- nil
		}()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	s := openAt(t, path, store.Options{})
	if events, err := s.Load(ctx, "a", 0); err != nil || len(events) != 100 {
		t.Errorf("%d events, %v", len(events), err)
	}
	if report, err := s.Verify(ctx); err != nil || !report.OK() {
		t.Errorf("problems: %v, %v", report.Problems, err)
	}
}

func TestSchemaOfAnotherProgram(t *testing.T) {
	ctx := t.Context()
	t.Run("newer", func(t *testing.T) {
		path := newPath(t)
		ok(t, openAt(t, path, store.Options{}).Close())
		alter(t, path, `INSERT INTO schema_versions (version) VALUES (99)`)
		_, err := store.Open(ctx, path, store.Options{})
		wantError(t, err, "newer paramedic")
		_, err = store.OpenReadOnly(ctx, path)
		wantError(t, err, "newer paramedic")
	})
	t.Run("older", func(t *testing.T) {
		path := newPath(t)
		ok(t, os.Mkdir(filepath.Dir(path), 0o700))
		ok(t, os.WriteFile(path, nil, 0o600))
		_, err := store.OpenReadOnly(ctx, path)
		wantError(t, err, "the state is damaged")
	})
	t.Run("not a state", func(t *testing.T) {
		path := newPath(t)
		ok(t, os.Mkdir(filepath.Dir(path), 0o700))
		ok(t, os.WriteFile(path, bytes.Repeat([]byte("no database. "), 1000), 0o600))
		_, err := store.Open(ctx, path, store.Options{})
		wantError(t, err, path)
	})
	t.Run("made by two at once", func(t *testing.T) {
		path := newPath(t)
		const n = 4
		errs := make(chan error, n)
		for range n {
			go func() {
				s, err := store.Open(ctx, path, store.Options{})
				if err == nil {
					err = s.Close()
				}
				errs <- err
			}()
		}
		for range n {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestPurgeLeavesNoTraceInTheFiles(t *testing.T) {
	path := newPath(t)
	s, err := store.Open(t.Context(), path, store.Options{})
	ok(t, err)
	secret := "hunter2-" + strings.Repeat("correct horse battery staple ", 300) // over several pages
	_, err = write(t.Context(), s, "a", 0, noted("before", secret, "after"))
	ok(t, err)
	if !traces(t, path, secret[:40]) {
		t.Fatal("the test looks in the wrong place")
	}
	ok(t, s.Purge(t.Context(), store.Purge{By: "ada", Reason: "a password leaked", Events: []store.Purged{{Stream: "a", Version: 2}}}))
	if traces(t, path, "hunter2") || traces(t, path, "battery staple") {
		t.Error("the secret is still in the files")
	}
	ok(t, s.Close())
}

// traces looks into the files by another process's eyes: to open and close them
// here would drop this process's locks on them.
func traces(t *testing.T, path, text string) bool {
	t.Helper()
	found := false
	for _, name := range []string{path, path + "-wal"} {
		out := child(t, "cat", name)
		data, err := out.output()
		ok(t, err)
		found = found || bytes.Contains(data, []byte(text))
	}
	return found
}

func TestBlobThatWasChangedIsRefused(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, store.Options{})
	hash, err := s.PutBlob(t.Context(), []byte("Corefile"))
	ok(t, err)
	alter(t, path, fmt.Sprintf(`UPDATE blobs SET data = CAST('evil' AS BLOB) WHERE hash = '%s'`, hash))
	_, err = s.Blob(t.Context(), hash)
	wantError(t, err, "changed")
}
