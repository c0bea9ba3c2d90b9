package guard_test

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/guard"
)

func dereference(p *int) int { return *p }

func TestAPanicBecomesAnErrorWithItsStack(t *testing.T) {
	before := guard.Panics()
	err := guard.Do("read a payload", func() error { dereference(nil); return nil })
	var caught *guard.Error
	if !errors.As(err, &caught) {
		t.Fatalf("it is %v", err)
	}
	if got := err.Error(); !strings.HasPrefix(got, "read a payload: panic: runtime error: invalid memory address") ||
		strings.Contains(got, "\n") {
		t.Errorf("it says %q", got)
	}
	if !strings.Contains(string(caught.Stack), "dereference") {
		t.Errorf("the stack does not name where it happened:\n%s", caught.Stack)
	}
	if guard.Panics() != before+1 {
		t.Errorf("%d panics are counted, and %d before", guard.Panics(), before)
	}
}

func TestWhatDoesNotPanicIsLeftAlone(t *testing.T) {
	before := guard.Panics()
	want := errors.New("refused")
	if err := guard.Do("x", func() error { return want }); err != want { //nolint:errorlint // the very same
		t.Errorf("%v", err)
	}
	if err := guard.Do("x", func() error { return nil }); err != nil || guard.Panics() != before {
		t.Errorf("%v, %d panics", err, guard.Panics()-before)
	}
}

func TestAnErrorThatWasPanickedWithCanBeAskedFor(t *testing.T) {
	if err := guard.Do("x", func() error { panic(io.EOF) }); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	if err := guard.Do("x", func() error { panic("words") }); errors.Unwrap(err) != nil {
		t.Errorf("%v", err)
	}
}

// lines collects what is logged.
type lines struct {
	mu sync.Mutex
	strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Builder.Write(p)
}

func TestAGoroutineThatPanicsIsLogged(t *testing.T) {
	var log lines
	logger := slog.New(slog.NewTextHandler(&log, nil))
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if guard.Run(logger, "answer", func() { dereference(nil) }) {
				t.Error("it came to its end")
			}
		})
	}
	group.Wait()
	if n := strings.Count(log.String(), "something panicked"); n != 100 || !strings.Contains(log.String(), "dereference") {
		t.Errorf("%d of 100 are logged: %.300s", n, log.String())
	}
	if !guard.Run(nil, "answer", func() {}) {
		t.Error("it did not come to its end")
	}
}
