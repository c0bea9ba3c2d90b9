package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// A ticker hints again and again at a job that keeps failing: a try or two wait
// (the first of a hint and a later one of another), not one for each hint.
func TestFailuresDoNotPileUp(t *testing.T) {
	path, ctx := newPath(t), t.Context()
	s := openAt(t, path, store.Options{})
	w, err := s.Work(ctx, store.WorkOptions{Handlers: []store.Handler{
		store.Handle(0, func(context.Context, step) error { return errors.New("as always") }),
	}})
	ok(t, err)
	db := rawDB(t, path)
	count := func(where string) (n int) {
		t.Helper()
		ok(t, db.QueryRowContext(ctx, `SELECT count(*) FROM river_job WHERE `+where).Scan(&n))
		return n
	}
	const hints = 12
	for range hints {
		ok(t, s.Enqueue(ctx, step{1}))
		for deadline := time.Now().Add(20 * time.Second); count(`attempt = 0 OR state = 'running'`) > 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("waited in vain")
			}
		}
	}
	ok(t, w.Stop(context.Background()))
	if n := count(`state IN ('available', 'retryable', 'scheduled')`); n < 1 || n > 3 {
		t.Errorf("%d tries wait after %d hints, want one or two", n, hints)
	}
}
