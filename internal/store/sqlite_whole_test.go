package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// Whichever way leads to a state, it is one state, which one process works at a time.
func TestOneStateHasOneLock(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "data", "state.db")
	ok(t, os.MkdirAll(filepath.Join(dir, "links"), 0o700))
	ok(t, os.Symlink("../data/state.db", filepath.Join(dir, "links", "file.db")))
	ok(t, os.Symlink(filepath.Dir(real), filepath.Join(dir, "links", "folder")))
	ok(t, os.Symlink("file.db", filepath.Join(dir, "links", "twice.db")))
	first := openAt(t, real, store.Options{})
	duty, err := first.TakeDuty(t.Context())
	ok(t, err)
	t.Chdir(dir)
	for _, path := range []string{real, "data/state.db", "./data/../data/state.db", "links/file.db", "links/folder/state.db", "links/twice.db",
		filepath.Join(dir, "links", "file.db")} {
		s := openAt(t, path, store.Options{})
		if s.Path() != real {
			t.Errorf("by %s it is %s, want %s", path, s.Path(), real)
		}
		second, err := s.TakeDuty(t.Context())
		wantError(t, err, "another process is working on this state")
		if second != nil {
			ok(t, second.End())
		}
		r, err := store.OpenReadOnly(t.Context(), path)
		ok(t, err)
		if on, err := r.OnDuty(t.Context()); err != nil || !on {
			t.Errorf("by %s nobody has the duty: %v, %v", path, on, err)
		}
		ok(t, r.Close())
	}
	ok(t, duty.End())
	for range 2 { // that it was looked at takes nothing from who comes next
		if on, err := first.OnDuty(t.Context()); err != nil || on {
			t.Errorf("somebody has the duty that was given back: %v, %v", on, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "links", "*.lock"))
	if err != nil || len(left) > 0 {
		t.Errorf("a lock beside a link: %v", left)
	}
}

// What has a second name for good, or is no file, is refused for writing and for reading.
func TestWhatIsNoPlaceForAState(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		says string
	}{
		"a second name": {func(p string) error {
			s, err := store.Open(t.Context(), p+".first", store.Options{})
			if err == nil {
				err = errors.Join(s.Close(), os.Link(p+".first", p))
			}
			return err
		}, "it has 2 names (hard links)"},
		"a pipe":      {func(p string) error { return syscall.Mkfifo(p, 0o600) }, "it is not a regular file"},
		"a directory": {func(p string) error { return os.Mkdir(p, 0o700) }, "it is a directory"},
		"a link to a pipe": {func(p string) error { return errors.Join(syscall.Mkfifo(p+".pipe", 0o600), os.Symlink(p+".pipe", p)) },
			"it is not a regular file"},
		"a link that circles":   {func(p string) error { return os.Symlink(p, p) }, "too many links"},
		"a link to nothing":     {func(p string) error { return os.Symlink(p+".gone", p) }, "it is a link, and what it leads to is not there"},
		"a file in a directory": {func(p string) error { return os.WriteFile(filepath.Dir(p)+"/f", []byte("x"), 0o600) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			ok(t, c.make(path))
			s, err := store.Open(t.Context(), path, store.Options{})
			if c.says == "" {
				ok(t, err)
				ok(t, s.Close())
				return
			}
			wantError(t, err, c.says)
			if _, err := store.OpenReadOnly(t.Context(), path); err == nil {
				t.Error("it was opened for reading")
			}
		})
	}
}

// Half a state is refused, and what to do is said.
func TestHalfAState(t *testing.T) {
	for name, c := range map[string]struct {
		harm    func(t *testing.T, path string)
		says    string
		reading bool // refused for reading, too: what reading does not look at is left to Verify and CheckPages
	}{
		"empty":                   {func(t *testing.T, p string) { ok(t, os.Truncate(p, 0)) }, "the file is empty", true},
		"cut off":                 {func(t *testing.T, p string) { ok(t, os.Truncate(p, 3*4096)) }, "malformed", true},
		"its header alone":        {func(t *testing.T, p string) { ok(t, os.Truncate(p, 100)) }, "", true},
		"overwritten":             {func(t *testing.T, p string) { scribble(t, p, 0) }, "not a database", true},
		"a page of rubbish":       {func(t *testing.T, p string) { scribble(t, p, size(t, p)/4096/2*4096) }, "", false},
		"no table of events":      {func(t *testing.T, p string) { alter(t, p, `DROP TABLE events`) }, "table events", true},
		"no table of what is due": {func(t *testing.T, p string) { alter(t, p, `DROP TABLE projections`) }, "projections", true},
		"no index":                {func(t *testing.T, p string) { alter(t, p, `DROP INDEX seen_until`) }, "index seen_until", true},
		"no column": {func(t *testing.T, p string) { alter(t, p, `ALTER TABLE events DROP COLUMN purged`) }, "column events.purged",
			true},
		"no word of its schema": {func(t *testing.T, p string) { alter(t, p, `DROP TABLE schema_versions`) }, "which schema it has", true},
		"nothing in it": {func(t *testing.T, p string) { ok(t, os.Remove(p)); alter(t, p, `CREATE TABLE t (a)`) },
			"which schema it has", true},
		"its log alone": {func(t *testing.T, p string) {
			ok(t, os.Remove(p))
			ok(t, os.WriteFile(p+"-wal", []byte("what was written last"), 0o600))
		}, "state.db-wal is there", false},
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			s := openAt(t, path, store.Options{})
			for i := range 200 {
				_, err := write(t.Context(), s, "incident/INC-1", i, noted(strings.Repeat("lorem ipsum ", 100)))
				ok(t, err)
			}
			ok(t, s.Close())
			c.harm(t, path)
			_, err := store.Open(t.Context(), path, store.Options{})
			for _, says := range []string{path, c.says, "restore a backup"} {
				wantError(t, err, says)
			}
			if name != "overwritten" && !errors.Is(err, store.ErrDamaged) {
				t.Errorf("%v is not ErrDamaged", err)
			}
			r, err := store.OpenReadOnly(t.Context(), path)
			if c.reading {
				wantError(t, err, "restore a backup")
			}
			if err == nil {
				if _, err := r.CheckPages(t.Context(), 0); !errors.Is(err, store.ErrDamaged) {
					t.Errorf("its pages are well: %v", err)
				}
				ok(t, r.Close())
			}
		})
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	ok(t, err)
	return info.Size()
}

// scribble writes over one page.
func scribble(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	ok(t, err)
	_, err = f.WriteAt(bytes.Repeat([]byte("rubbish."), 512), at)
	ok(t, err)
	ok(t, f.Close())
}

// A process that was killed while it made the state leaves nothing that the next one stumbles over.
func TestAStateThatWasBeingMade(t *testing.T) {
	path := newPath(t)
	ok(t, os.MkdirAll(filepath.Dir(path), 0o700))
	for _, name := range []string{path + ".new", path + ".new-wal", path + ".lock"} {
		ok(t, os.WriteFile(name, nil, 0o600))
	}
	ok(t, os.WriteFile(path+".new-wal", []byte("half"), 0o600))
	s := openAt(t, path, store.Options{})
	_, err := write(t.Context(), s, "a", 0, noted("x"))
	ok(t, err)
	if left, _ := filepath.Glob(filepath.Dir(path) + "/*.new*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// The check of a large state ends in time, and says that it did not see all.
func TestTheCheckOfPagesIsBounded(t *testing.T) {
	s := openAt(t, newPath(t), store.Options{})
	if whole, err := s.CheckPages(t.Context(), 0); !whole || err != nil {
		t.Errorf("%v, %v", whole, err)
	}
	if whole, err := s.CheckPages(t.Context(), time.Nanosecond); whole || err != nil {
		t.Errorf("%v, %v", whole, err)
	}
}
