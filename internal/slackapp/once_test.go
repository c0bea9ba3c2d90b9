package slackapp

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"
)

// memory is a Seen that outlives a process; err makes it fail.
type memory struct {
	seen map[string]bool
	err  error
}

func (m *memory) FirstSeen(_ context.Context, scope, id string, _ time.Duration) (bool, error) {
	first := !m.seen[scope+"/"+id]
	m.seen[scope+"/"+id] = true
	return first, m.err
}

func TestOnce(t *testing.T) {
	m := &memory{seen: map[string]bool{}}
	process := func() *once {
		return &once{seen: m, log: slog.New(slog.NewTextHandler(io.Discard, nil)), working: map[string]bool{}, answers: map[string]any{}}
	}
	o := process()
	is := func(what string, got, want bool) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %v", what, got)
		}
	}
	is("new", o.begin(t.Context(), "a"), true)
	is("again while it is worked on", o.begin(t.Context(), "a"), false)
	o.done(t.Context(), "a", "yes")
	is("again after it is done", o.begin(t.Context(), "a"), false)
	if o.answer("a") != "yes" {
		t.Errorf("it would be answered %v", o.answer("a"))
	}
	is("another, killed while it is worked on", o.begin(t.Context(), "b"), true)

	o = process()
	is("done by a process before", o.begin(t.Context(), "a"), false)
	is("begun but not done by a process before", o.begin(t.Context(), "b"), true)
	o.done(t.Context(), "b", nil)

	o = process()
	is("done at the second try", o.begin(t.Context(), "b"), false)
	m.err = errors.New("disk full")
	is("better twice than never", o.begin(t.Context(), "c"), true)
	for range 2 * mostAnswers {
		o.done(t.Context(), time.Now().String(), nil)
	}
	if len(o.answers) > mostAnswers+1 || len(o.order) > mostAnswers+1 {
		t.Errorf("it remembers %d answers", len(o.answers))
	}
}
