package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

var sealing = store.Options{Seal: true}

// The forged event has the very hash that Paramedic gave to events before there were keys: without the seal it passes.
func TestForgedEventsPassWithoutAKeyAlone(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, store.Options{})
	_, err := write(t.Context(), s, "incident/INC-1", 0, noted("one"))
	ok(t, err)
	storetest.Forge(t, path, "incident/INC-1", "PlanApproved", "yes")
	wantWhole(t, s.Reader)
}

func wantWhole(t *testing.T, r *store.Reader) {
	t.Helper()
	report, err := r.Verify(t.Context())
	ok(t, err)
	if !report.OK() {
		t.Errorf("not whole: %s %v", report.Key, report.Problems)
	}
}

// wantBroken fails unless the stream, and no other, is broken so.
func wantBroken(t *testing.T, r *store.Reader, stream, what string) {
	t.Helper()
	report, err := r.Verify(t.Context())
	ok(t, err)
	if b := report.Broken(); len(b) != 1 || b[0] != stream || !strings.Contains(report.Problems[0].What, what) {
		t.Errorf("problems %v, want %s: …%s…", report.Problems, stream, what)
	}
	if !strings.HasPrefix(stream, "incident/") {
		return
	}
	if report, err = r.VerifyStream(t.Context(), stream); err != nil || report.OK() {
		t.Errorf("%s alone verifies, %v", stream, err)
	}
}

// Somebody who can write the file meets the key, however well they hash.
func TestASealedRecordTakesNothingWithoutTheKey(t *testing.T) {
	const target = "incident/INC-1"
	tests := []struct {
		name         string
		attack       func(t *testing.T, path string)
		stream, want string
	}{
		{"an event appended", func(t *testing.T, path string) { storetest.Forge(t, path, target, "PlanApproved", "yes") }, target,
			"written without the record's key"},
		{"a stream made up", func(t *testing.T, path string) { storetest.Forge(t, path, "incident/INC-9", "PlanApproved", "yes") },
			"incident/INC-9", "written without the record's key"},
		{"a doubt lifted", func(t *testing.T, path string) { storetest.Forge(t, path, "trust", "RecordAccepted", "{}") }, "trust",
			"written without the record's key"},
		{"the end cut off after the checkpoint", func(t *testing.T, path string) {
			alter(t, path, `DELETE FROM events WHERE stream = 'incident/INC-1' AND version = 4`,
				`UPDATE streams SET version = 3, head = (SELECT hash FROM events WHERE stream = 'incident/INC-1' AND version = 3) WHERE stream = 'incident/INC-1'`)
		}, target, "nobody who has the key has said that it ends here"},
		{"the end of the system stream cut off", func(t *testing.T, path string) {
			alter(t, path, `DELETE FROM events WHERE stream = 'system' AND version = 2`,
				`UPDATE streams SET version = 1, head = (SELECT hash FROM events WHERE stream = 'system' AND version = 1) WHERE stream = 'system'`)
		}, "system", "nobody who has the key"},
		{"an older event rewritten, and all after it", func(t *testing.T, path string) {
			alter(t, path, `DELETE FROM events WHERE stream = 'incident/INC-1'`,
				`UPDATE streams SET version = 0, head = zeroblob(32) WHERE stream = 'incident/INC-1'`)
			for range 4 {
				storetest.Forge(t, path, target, "Noted", "x")
			}
		}, target, "written without the record's key"},
		{"a last-good copy swapped", func(t *testing.T, path string) {
			evil := sha256.Sum256([]byte("evil"))
			alter(t, path, fmt.Sprintf(`INSERT INTO blobs (hash, data, at) VALUES ('%x', CAST('evil' AS BLOB), 0)`, evil),
				fmt.Sprintf(`UPDATE last_good SET hash = '%x'`, evil))
		}, "last-good dns", "was not kept by this Paramedic"},
		{"a last-good copy made older", func(t *testing.T, path string) { alter(t, path, `UPDATE last_good SET at = at - 1`) }, "last-good dns",
			"was not kept by this Paramedic"},
		{"a blob", func(t *testing.T, path string) { alter(t, path, `UPDATE blobs SET data = CAST('evil' AS BLOB)`) },
			"blob " + hashOf("good"), "its data was changed after it was kept"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path, ctx := newPath(t), t.Context()
			s := openAt(t, path, sealing)
			fill(t, s)
			wantWhole(t, s.Reader)
			if _, found, err := s.LastGood(ctx, "dns"); err != nil || !found {
				t.Fatal("no copy before the attack", err)
			}
			test.attack(t, path)
			wantBroken(t, s.Reader, test.stream, test.want)
			if strings.HasPrefix(test.stream, "last-good") {
				if g, _, err := s.LastGood(ctx, "dns"); !errors.Is(err, store.ErrForged) || g.Hash != "" {
					t.Errorf("a forged copy is offered: %+v, %v", g, err)
				}
			}
			r, err := store.OpenReadOnly(ctx, path) // as the audit does, in another process
			ok(t, err)
			defer r.Close()
			wantBroken(t, r, test.stream, test.want)
		})
	}
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// fill writes two incidents with a checkpoint in between, and a last-good copy.
func fill(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	for _, stream := range []string{"incident/INC-1", "incident/INC-2"} {
		_, err := write(ctx, s, stream, 0, noted("one", "two", "three"))
		ok(t, err)
	}
	ok(t, s.Checkpoint(ctx, at))
	_, err := write(ctx, s, "incident/INC-1", 3, noted("four"))
	ok(t, err)
	good, err := s.PutBlob(ctx, []byte("good"))
	ok(t, err)
	ok(t, s.SetLastGood(ctx, "dns", good, at))
}

func TestTheKeyIsForItsOwnerAlone(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sealing)
	fill(t, s)
	key := store.KeyFile(path)
	info, err := os.Stat(key)
	ok(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key has mode %o", info.Mode().Perm())
	}
	text, err := os.ReadFile(key)
	ok(t, err)
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	ok(t, err)
	ok(t, s.Close())
	for _, name := range []string{path, path + "-wal"} {
		data, err := os.ReadFile(name)
		if err == nil && (strings.Contains(string(data), string(raw)) || strings.Contains(string(data), strings.TrimSpace(string(text)))) {
			t.Errorf("the key stands in %s", name)
		}
	}
	ok(t, os.Chmod(key, 0o640))
	s = openAt(t, path, sealing)
	report, err := s.Verify(t.Context())
	ok(t, err)
	if report.OK() || !strings.Contains(report.Key, "run: chmod 600 "+key) {
		t.Errorf("a key that others can read: %+v", report)
	}
}

// What was recorded before there were keys is sealed at the first start, and counts; a second process has the key by then.
func TestAnOldRecordIsSealed(t *testing.T) {
	path := newPath(t)
	old := openAt(t, path, store.Options{})
	fill(t, old)
	ok(t, old.Close())
	s := openAt(t, path, sealing)
	wantWhole(t, s.Reader)
	if _, found, err := s.LastGood(t.Context(), "dns"); err != nil || !found {
		t.Error("the last-good copy is gone", err)
	}
	beside := openAt(t, path, store.Options{})
	_, err := write(t.Context(), beside, "incident/INC-2", 3, noted("four"))
	ok(t, err)
	_, err = write(t.Context(), s, "incident/INC-3", 0, noted("one"))
	ok(t, err)
	wantWhole(t, s.Reader)
	storetest.Forge(t, path, "incident/INC-2", "PlanApproved", "yes")
	wantBroken(t, s.Reader, "incident/INC-2", "written without the record's key")
}

// A process was killed between the seal and the key's move to its place.
func TestAKeyThatIsNotInItsPlaceYetIsMoved(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sealing)
	fill(t, s)
	ok(t, s.Close())
	ok(t, os.Rename(store.KeyFile(path), store.KeyFile(path)+".new"))
	wantWhole(t, openAt(t, path, sealing).Reader)
	ok(t, os.WriteFile(store.KeyFile(path)+".new", nil, 0o600))
	wantWhole(t, openAt(t, path, sealing).Reader)
}

// Without its key, or with another's, a sealed record is read and added to, but nothing in it counts, until a person seals it anew.
func TestWithoutItsKeyARecordDoesNotCount(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, key string){
		"gone":      func(t *testing.T, key string) { ok(t, os.Remove(key)) },
		"another's": func(t *testing.T, key string) { ok(t, os.WriteFile(key, []byte(strings.Repeat("ab", 32)), 0o600)) },
		"no key":    func(t *testing.T, key string) { ok(t, os.WriteFile(key, []byte("hunter2"), 0o600)) },
	} {
		t.Run(name, func(t *testing.T) {
			path, ctx := newPath(t), t.Context()
			s := openAt(t, path, sealing)
			fill(t, s)
			ok(t, s.Close())
			key := store.KeyFile(path)
			saved, err := os.ReadFile(key)
			ok(t, err)
			spoil(t, key)
			spoilt, _ := os.ReadFile(key)

			_, err = store.Open(ctx, path, store.Options{})
			wantError(t, err, "say with --key where it is")
			s = openAt(t, path, sealing)
			report, err := s.VerifyStream(ctx, "incident/INC-2")
			ok(t, err)
			if report.OK() || report.Key == "" || strings.Contains(report.Why(), "hunter2") {
				t.Errorf("it counts: %+v", report)
			}
			if now, _ := os.ReadFile(key); string(now) != string(spoilt) {
				t.Error("another key was made")
			}
			if _, found, err := s.LastGood(ctx, "dns"); err == nil || found {
				t.Error("a copy that nobody can vouch for is offered")
			}
			_, err = write(ctx, s, "incident/INC-1", 4, noted("five")) // an alert must not be lost
			ok(t, err)
			ok(t, s.Close())

			if name == "gone" { // and comes back
				ok(t, os.WriteFile(key, saved, 0o600))
				s = openAt(t, path, sealing)
				wantBroken(t, s.Reader, "incident/INC-1", "written without the record's key")
				ok(t, s.Close())
				ok(t, os.Remove(key))
			}
			if name == "no key" {
				_, err := store.Reseal(ctx, path, "", "ada")
				wantError(t, err, "is no key")
				ok(t, os.Remove(key))
			}
			done, err := store.Reseal(ctx, path, "", "ada")
			ok(t, err)
			if !done.Lost || done.Copies != 1 || done.Streams != 3 {
				t.Errorf("resealed %+v", done)
			}
			s = openAt(t, path, sealing)
			wantWhole(t, s.Reader)
			events, err := s.Load(ctx, store.SystemStream, 0)
			ok(t, err)
			if last := events[len(events)-1]; last.Type != store.TypeRecordSealed || !strings.Contains(string(last.Data), `"by":"ada"`) {
				t.Errorf("who sealed it is not recorded: %s %s", last.Type, last.Data)
			}
			alter(t, path, `UPDATE events SET at = at + 1 WHERE stream = 'incident/INC-2' AND version = 1`) // of which only the sum is known
			wantBroken(t, s.Reader, "incident/INC-2", "not as it was when the record was sealed")
		})
	}
}

// Where the key is to be mounted, none is made; and a key beside a record that is not sealed by it seals nothing by itself.
func TestAKeyElsewhereIsNotMade(t *testing.T) {
	path, ctx := newPath(t), t.Context()
	elsewhere := filepath.Join(t.TempDir(), "record.key")
	s := openAt(t, path, store.Options{Seal: true, KeyFile: elsewhere})
	_, err := write(ctx, s, "a", 0, noted("one"))
	ok(t, err)
	report, err := s.Verify(ctx)
	ok(t, err)
	if report.OK() || !strings.Contains(report.Key, "no such file") {
		t.Errorf("without the key that is named: %+v", report)
	}
	ok(t, s.Close())
	ok(t, os.WriteFile(elsewhere, []byte(strings.Repeat("0f", 32)+"\n"), 0o600))
	s = openAt(t, path, store.Options{Seal: true, KeyFile: elsewhere})
	if report, err = s.Verify(ctx); err != nil || report.OK() || !strings.Contains(report.Key, "is not sealed by it") {
		t.Errorf("what was there before the key: %+v, %v", report, err)
	}
	ok(t, s.Close())
	_, err = store.Reseal(ctx, path, elsewhere, "ada")
	ok(t, err)
	s = openAt(t, path, store.Options{Seal: true, KeyFile: elsewhere})
	wantWhole(t, s.Reader)

	fresh := newPath(t) // nothing was recorded: the key that is there seals it
	f := openAt(t, fresh, store.Options{Seal: true, KeyFile: elsewhere})
	fill(t, f)
	wantWhole(t, f.Reader)
	if _, err := os.Stat(store.KeyFile(fresh)); err == nil {
		t.Error("a key was made beside the state as well")
	}
}

// Somebody puts back a record from before there were keys, the system stream and all.
func TestARecordMadeOldIsNotSealedAnew(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sealing)
	ok(t, s.Close())
	alter(t, path, `DELETE FROM events`, `DELETE FROM streams`)
	storetest.Forge(t, path, "incident/INC-1", "PlanApproved", "yes")
	s = openAt(t, path, sealing)
	report, err := s.VerifyStream(t.Context(), "incident/INC-1")
	ok(t, err)
	if report.OK() || !strings.Contains(report.Key, "somebody wrote it anew") {
		t.Errorf("it counts: %+v", report)
	}
}

// A stream of another installation is put in, with its own hashes.
func TestAnotherInstallationsStreamDoesNotCount(t *testing.T) {
	path, other := newPath(t), newPath(t)
	s, o := openAt(t, path, sealing), openAt(t, other, sealing)
	fill(t, s)
	fill(t, o)
	_, err := write(t.Context(), o, "incident/INC-5", 0, noted("one"))
	ok(t, err)
	ok(t, o.Close())
	alter(t, path, `ATTACH '`+other+`' AS other; INSERT INTO events SELECT * FROM other.events WHERE stream = 'incident/INC-5';
		INSERT INTO streams SELECT * FROM other.streams WHERE stream = 'incident/INC-5'`)
	wantBroken(t, s.Reader, "incident/INC-5", "was changed after it was written")
}

func TestTimeNeverRunsBackInAStream(t *testing.T) {
	s, ctx := openAt(t, newPath(t), sealing), context.Background()
	early := noted("early")
	early[0].At = at.Add(-time.Hour)
	_, err := write(ctx, s, "a", 0, append(noted("one"), early...))
	ok(t, err)
	_, err = write(ctx, s, "a", 2, early)
	ok(t, err)
	events, err := s.Load(ctx, "a", 0)
	ok(t, err)
	for _, e := range events {
		if e.At.Before(at) {
			t.Errorf("event %d is of %v", e.Version, e.At)
		}
	}
	wantWhole(t, s.Reader)
}

// What ten thousand incidents of before there were keys cost at the first start: less than it took to write them.
func TestSealingIsQuick(t *testing.T) {
	path, ctx := newPath(t), t.Context()
	s := openAt(t, path, store.Options{})
	began := time.Now()
	for n := range 10 {
		var writes []store.Write
		for i := range 1000 {
			writes = append(writes, store.Write{Stream: fmt.Sprintf("incident/INC-%d", n*1000+i), Events: noted("a", "b", "c")})
		}
		ok(t, s.Append(ctx, writes...))
	}
	ok(t, s.Close())
	wrote := time.Since(began)
	began = time.Now()
	s = openAt(t, path, sealing)
	if took := time.Since(began); took > wrote {
		t.Errorf("writing 10,000 streams took %v, and sealing them %v", wrote, took)
	} else {
		t.Logf("writing 10,000 streams took %v, and sealing them %v", wrote, took)
	}
	wantWhole(t, s.Reader)
}
