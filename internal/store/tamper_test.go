package store_test

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// Somebody goes around the store. Given two streams of four events, with a
// checkpoint after the third, and what was done, verification finds it in that
// stream and in no other.
func TestTamperingShows(t *testing.T) {
	const target = "incident/INC-1"
	tests := []struct {
		name       string
		statements []string
		want       string // how the first problem begins
	}{
		{"a byte of data", []string{
			`UPDATE events SET data = CAST('twO' AS BLOB) WHERE stream = 'incident/INC-1' AND version = 2`,
		}, target + ", event 2: its data was changed"},
		{"data and digest, by somebody who can hash", []string{
			`UPDATE events SET data = (SELECT data FROM events WHERE stream = 'incident/INC-1' AND version = 1),
			digest = (SELECT digest FROM events WHERE stream = 'incident/INC-1' AND version = 1)
			WHERE stream = 'incident/INC-1' AND version = 2`,
		}, target + ", event 2: its type, time, place or digest was changed"},
		{"a type", []string{
			`UPDATE events SET type = 'PlanApproved' WHERE stream = 'incident/INC-1' AND version = 4`,
		}, target + ", event 4: its type, time, place or digest was changed"},
		{"a time", []string{
			`UPDATE events SET at = at + 1 WHERE stream = 'incident/INC-1' AND version = 1`,
		}, target + ", event 1: its type, time, place or digest was changed"},
		{"a row deleted", []string{
			`DELETE FROM events WHERE stream = 'incident/INC-1' AND version = 2`,
		}, target + ", event 2: it is missing"},
		{"rows deleted and the rest moved up", []string{
			`DELETE FROM events WHERE stream = 'incident/INC-1' AND version = 2`,
			`UPDATE events SET version = 2 WHERE stream = 'incident/INC-1' AND version = 3`,
			`UPDATE events SET version = 3 WHERE stream = 'incident/INC-1' AND version = 4`,
		}, target + ", event 2: it does not follow from event 1"},
		{"two swapped", []string{
			`UPDATE events SET version = 99 WHERE stream = 'incident/INC-1' AND version = 2`,
			`UPDATE events SET version = 2 WHERE stream = 'incident/INC-1' AND version = 3`,
			`UPDATE events SET version = 3 WHERE stream = 'incident/INC-1' AND version = 99`,
		}, target + ", event 2: it does not follow from event 1"},
		{"an event put under another stream", []string{
			`UPDATE events SET stream = 'incident/INC-9' WHERE stream = 'incident/INC-1' AND version = 4`,
		}, target + ": it was cut short to 3 events"},
		{"the end cut off", []string{
			`DELETE FROM events WHERE stream = 'incident/INC-1' AND version > 3`,
		}, target + ": it was cut short to 3 events; there were 4"},
		{"the end cut off, list of streams and all, before the checkpoint", []string{
			`DELETE FROM events WHERE stream = 'incident/INC-1' AND version > 2`,
			`UPDATE streams SET version = 2, head = (SELECT hash FROM events WHERE stream = 'incident/INC-1' AND version = 2) WHERE stream = 'incident/INC-1'`,
		}, target + ": it was cut short to 2 events; the checkpoint of 2026-02-03T02:14:00Z recorded 3"},
		{"all events deleted", []string{
			`DELETE FROM events WHERE stream = 'incident/INC-1'`,
		}, target + ": all of its 4 events are gone"},
		{"the whole stream deleted, list of streams and all", []string{
			`DELETE FROM events WHERE stream = 'incident/INC-1'`,
			`DELETE FROM streams WHERE stream = 'incident/INC-1'`,
		}, target + ": the whole stream is gone; the checkpoint of 2026-02-03T02:14:00Z recorded 3 events"},
		{"a purge that is on no record", []string{
			`UPDATE events SET data = NULL, purged = 'nothing to see' WHERE stream = 'incident/INC-1' AND version = 2`,
		}, target + `, event 2: its data is gone, said to be purged ("nothing to see"), but no purge is on the record`},
		{"what is left of a purge", []string{
			`UPDATE events SET data = NULL, purged = 'x', kept = CAST('twO' AS BLOB) WHERE stream = 'incident/INC-1' AND version = 2`,
		}, target + `, event 2: its data is gone, said to be purged ("x"), but no purge is on the record`},
		{"data removed without a word", []string{
			`UPDATE events SET data = NULL WHERE stream = 'incident/INC-1' AND version = 2`,
		}, target + ", event 2: its data was changed"},
		{"the list of streams", []string{
			`DELETE FROM streams WHERE stream = 'incident/INC-1'`,
		}, target + ": it has events but the list of streams does not have it"},
		{"a checkpoint", []string{
			`UPDATE events SET data = CAST('{}' AS BLOB) WHERE stream = 'system' AND version = 1`,
		}, "system, event 1: its data was changed"},
		{"a checkpoint that can't be read", []string{
			`UPDATE events SET data = CAST('{' AS BLOB) WHERE stream = 'system' AND version = 1`,
		}, "system, event 1: it should record a checkpoint and can't be read"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := newPath(t)
			s := openAt(t, path, store.Options{})
			ctx := t.Context()
			for _, stream := range []string{target, "incident/INC-2"} {
				_, err := write(ctx, s, stream, 0, noted("one", "two", "three"))
				ok(t, err)
			}
			ok(t, s.Checkpoint(ctx, at))
			for _, stream := range []string{target, "incident/INC-2"} {
				_, err := write(ctx, s, stream, 3, noted("four"))
				ok(t, err)
			}
			alter(t, path, test.statements...)

			report, err := s.Verify(ctx)
			ok(t, err)
			if report.OK() || !strings.HasPrefix(report.Problems[0].String(), test.want) {
				t.Errorf("problems: %v\nwant first: %s…", report.Problems, test.want)
			}
			if len(report.Of("incident/INC-2")) != 0 {
				t.Errorf("the untouched stream has problems: %v", report.Problems)
			}
			broken := strings.Split(strings.Split(test.want, ",")[0], ": ")[0]
			alone, err := s.VerifyStream(ctx, broken)
			ok(t, err)
			if len(alone.Of(broken)) == 0 {
				t.Errorf("%s alone verifies", broken)
			}
			if alone, err = s.VerifyStream(ctx, "incident/INC-2"); err != nil || len(alone.Of("incident/INC-2")) != 0 {
				t.Errorf("the untouched stream alone: %v, %v", alone.Problems, err)
			}
		})
	}
}

// Whoever can rewrite a whole stream, hashes and all, meets the checkpoint.
func TestRewritingAStreamShows(t *testing.T) {
	path := newPath(t)
	s, ctx := openAt(t, path, store.Options{}), t.Context()
	_, err := write(ctx, s, "a", 0, noted("one", "two"))
	ok(t, err)
	ok(t, s.Checkpoint(ctx, at))
	alter(t, path, `DELETE FROM events WHERE stream = 'a'`, `DELETE FROM streams WHERE stream = 'a'`)
	_, err = write(ctx, s, "a", 0, noted("one", "forged", "three")) // a chain as good as any
	ok(t, err)
	report, err := s.Verify(ctx)
	ok(t, err)
	if len(report.Problems) != 1 || !strings.Contains(report.Problems[0].What, "the stream was rewritten") {
		t.Errorf("problems: %v", report.Problems)
	}
}

func TestReportIsBounded(t *testing.T) {
	path := newPath(t)
	s, ctx := openAt(t, path, store.Options{}), t.Context()
	_, err := write(ctx, s, "a", 0, noted(strings.Split(strings.Repeat("x ", 200), " ")...))
	ok(t, err)
	alter(t, path, `UPDATE events SET data = CAST('evil' AS BLOB)`)
	report, err := s.Verify(ctx)
	ok(t, err)
	if n := len(report.Problems); n != 10 || report.Events != 201 {
		t.Errorf("%d problems of %d events are listed", n, report.Events)
	}
	if broken := report.Broken(); len(broken) != 1 || broken[0] != "a" {
		t.Errorf("broken: %v", broken)
	}
}
