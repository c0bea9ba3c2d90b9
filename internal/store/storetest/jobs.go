package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// patience is how long a test waits for what should come, before it fails.
const patience = 20 * time.Second

type echo struct {
	Text string  `json:"text"`
	N    float64 `json:"n,omitempty"`
}

func (echo) Kind() string { return "echo" }

type mark struct{ N int }

func (mark) Kind() string { return "mark" }

type kind string

func (k kind) Kind() string { return string(k) }

type unencodable struct{ C chan int }

func (unencodable) Kind() string { return "unencodable" }

// work works jobs until the test ends.
func (s *suite) work(t *testing.T, handlers ...store.Handler) *store.Workers {
	t.Helper()
	w := must[*store.Workers](t)(s.Work(s.ctx, store.WorkOptions{Handlers: handlers, Grace: time.Second}))
	t.Cleanup(func() { stop(t, w) })
	return w
}

func stop(t *testing.T, w *store.Workers) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ok(t, w.Stop(ctx))
}

// workOff works echoes until a mark, queued last, is done, and lists what
// ran. One worker takes jobs in the order in which they were queued.
func (s *suite) workOff(t *testing.T) []string {
	t.Helper()
	var mu sync.Mutex
	var ran []string
	done := make(chan int, 1)
	ok(t, s.Enqueue(s.ctx, mark{}))
	w := must[*store.Workers](t)(s.Work(s.ctx, store.WorkOptions{Concurrency: 1, Handlers: []store.Handler{
		store.Handle(0, func(_ context.Context, e echo) error {
			mu.Lock()
			defer mu.Unlock()
			ran = append(ran, e.Text)
			return nil
		}),
		store.Handle(0, func(context.Context, mark) error { done <- 1; return nil }),
	}}))
	await(t, done)
	stop(t, w)
	return ran
}

func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}

func jobsRun(t *testing.T, s *suite) {
	got := make(chan echo, 10)
	s.work(t, store.Handle(0, func(_ context.Context, e echo) error { got <- e; return nil }))
	want := echo{Text: "a \"quoted\" <tag> & é \u2028", N: 1e21}
	ok(t, s.Enqueue(s.ctx, want))
	if e := await(t, got); e != want {
		t.Errorf("handled %+v", e)
	}
	must[int](t)(s.Append(s.ctx, "a", 0, []store.NewEvent{event("Noted", "x")}, []store.Job{echo{Text: "appended"}}))
	if e := await(t, got); e.Text != "appended" {
		t.Errorf("handled %+v", e)
	}
	ok(t, s.Enqueue(s.ctx)) // nothing is no error
}

func waitingJobNotDoubled(t *testing.T, s *suite) {
	for range 5 {
		ok(t, s.Enqueue(s.ctx, echo{Text: "a <&> é", N: 1.5}, echo{Text: "b"}, echo{Text: "a <&> é", N: 1.5}))
		ok(t, s.EnqueueAt(s.ctx, time.Now().Add(time.Hour), echo{Text: "b"})) // the sooner stands for the later
	}
	ok(t, s.EnqueueAt(s.ctx, time.Now().Add(time.Hour), echo{Text: "c"}))
	ok(t, s.Enqueue(s.ctx, echo{Text: "c"})) // the later does not stand for the sooner
	ran := s.workOff(t)
	if diff := cmp.Diff([]string{"a <&> é", "b", "c"}, ran); diff != "" {
		t.Errorf("ran (-want +got):\n%s", diff)
	}
}

// What a job is to tell may have happened after its twin looked.
func twinRunsAfterwards(t *testing.T, s *suite) {
	started, finish := make(chan int), make(chan int)
	var mu sync.Mutex
	running, runs := 0, 0
	s.work(t, store.Handle(0, func(context.Context, echo) error {
		mu.Lock()
		running++
		runs++
		if running > 1 {
			t.Error("two twins run side by side")
		}
		n := runs
		mu.Unlock()
		started <- n
		<-finish
		mu.Lock()
		running--
		mu.Unlock()
		return nil
	}), store.Handle(0, func(context.Context, mark) error { started <- -1; return nil }))

	ok(t, s.Enqueue(s.ctx, echo{Text: "x"}))
	await(t, started)
	for range 5 {
		ok(t, s.Enqueue(s.ctx, echo{Text: "x"}))
	}
	// The marks were queued after the twins: those have come up when the second
	// mark runs.
	for n := range 2 {
		ok(t, s.Enqueue(s.ctx, mark{N: n}))
		if n := await(t, started); n != -1 {
			t.Fatalf("run %d began beside the first", n)
		}
	}
	finish <- 1
	if n := await(t, started); n != 2 {
		t.Fatalf("run %d after the first", n)
	}
	finish <- 1
	ok(t, s.Enqueue(s.ctx, mark{N: 2}))
	if n := await(t, started); n != -1 {
		t.Errorf("five hints made a run %d", n)
	}
}

func snoozeDoesNotHoldUp(t *testing.T, s *suite) {
	runs := make(chan int, 10)
	s.work(t, store.Handle(0, func(context.Context, echo) error {
		runs <- 1
		return store.Snooze(time.Hour)
	}))
	ok(t, s.Enqueue(s.ctx, echo{Text: "x"}))
	await(t, runs)
	ok(t, s.Enqueue(s.ctx, echo{Text: "x"}))
	await(t, runs)
}

func laterWaits(t *testing.T, s *suite) {
	const delay = 400 * time.Millisecond
	ran := make(chan time.Time, 10)
	s.work(t, store.Handle(0, func(context.Context, echo) error { ran <- time.Now(); return nil }))
	for _, enqueue := range []func(time.Time) error{
		func(at time.Time) error { return s.EnqueueAt(s.ctx, at, echo{Text: "enqueued"}) },
		func(at time.Time) error {
			_, err := s.Append(s.ctx, "a", 0, []store.NewEvent{event("Noted", "x")}, []store.Job{store.At(at, echo{Text: "appended"})})
			return err
		},
	} {
		due := time.Now().Add(delay)
		ok(t, enqueue(due))
		if early := due.Sub(await(t, ran)); early > time.Millisecond {
			t.Errorf("ran %v early", early)
		} else if early < -3*time.Second {
			t.Errorf("ran %v late", -early)
		}
	}
}

func comesBack(t *testing.T, s *suite) {
	var mu sync.Mutex
	runs := map[string]int{}
	done := make(chan string, 10)
	s.work(t, store.Handle(0, func(_ context.Context, e echo) error {
		mu.Lock()
		runs[e.Text]++
		n := runs[e.Text]
		mu.Unlock()
		switch {
		case e.Text == "snoozes" && n <= 3:
			return store.Snooze(10 * time.Millisecond)
		case e.Text == "fails" && n <= 1:
			return errors.New("the first time")
		}
		done <- e.Text
		return nil
	}))
	ok(t, s.Enqueue(s.ctx, echo{Text: "snoozes"}, echo{Text: "fails"}))
	got := []string{await(t, done), await(t, done)}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"fails", "snoozes"}, got); diff != "" {
		t.Errorf("came back (-want +got):\n%s", diff)
	}
	mu.Lock()
	defer mu.Unlock()
	if runs["snoozes"] != 4 || runs["fails"] != 2 {
		t.Errorf("runs: %v", runs)
	}
}

func conflictComesBack(t *testing.T, s *suite) {
	s.append(t, "a", 0, "one")
	known := 0 // stale at first
	done := make(chan int, 1)
	s.work(t, store.Handle(0, func(ctx context.Context, _ echo) error {
		v, err := s.Append(ctx, "a", known, []store.NewEvent{event("Noted", "two")}, nil)
		known = 1
		if err == nil {
			done <- v
		}
		return err
	}))
	begin := time.Now()
	ok(t, s.Enqueue(s.ctx, echo{}))
	if v := await(t, done); v != 2 {
		t.Errorf("appended version %d", v)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("came back after %v", took)
	}
}

func panicIsError(t *testing.T, s *suite) {
	runs, n := make(chan int, 10), 0
	s.work(t, store.Handle(0, func(context.Context, echo) error {
		n++
		runs <- n
		if n == 1 {
			panic("the first time")
		}
		return nil
	}))
	ok(t, s.Enqueue(s.ctx, echo{}))
	await(t, runs)
	await(t, runs)
}

func handlerTimesOut(t *testing.T, s *suite) {
	ended := make(chan error, 10)
	s.work(t, store.Handle(50*time.Millisecond, func(ctx context.Context, _ echo) error {
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}))
	ok(t, s.Enqueue(s.ctx, echo{}))
	if err := await(t, ended); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("context ended with %v", err)
	}
}

func stopLetsFinish(t *testing.T, s *suite) {
	started, finish, finished := make(chan int, 1), make(chan int), make(chan error, 1)
	w := must[*store.Workers](t)(s.Work(s.ctx, store.WorkOptions{Handlers: []store.Handler{
		store.Handle(0, func(ctx context.Context, _ echo) error {
			started <- 1
			<-finish
			finished <- ctx.Err()
			return nil
		}),
	}}))
	ok(t, s.Enqueue(s.ctx, echo{}))
	await(t, started)
	impatient, cancel := context.WithTimeout(s.ctx, 50*time.Millisecond)
	defer cancel()
	if err := w.Stop(impatient); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stop returned %v while a job ran", err)
	}
	close(finish)
	stop(t, w)
	if err := await(t, finished); err != nil {
		t.Errorf("the job's context had ended: %v", err)
	}
	if ran := s.workOff(t); len(ran) != 0 {
		t.Errorf("a finished job ran again: %v", ran)
	}
}

func stopEndsStubborn(t *testing.T, s *suite) {
	started := make(chan int, 1)
	w := must[*store.Workers](t)(s.Work(s.ctx, store.WorkOptions{Grace: 20 * time.Millisecond, Handlers: []store.Handler{
		store.Handle(0, func(ctx context.Context, _ echo) error {
			started <- 1
			<-ctx.Done()
			return ctx.Err()
		}),
	}}))
	ok(t, s.Enqueue(s.ctx, echo{Text: "interrupted"}))
	await(t, started)
	stop(t, w)
	// It was not done: it runs again with the next worker.
	again := make(chan int, 1)
	s.work(t, store.Handle(0, func(context.Context, echo) error { again <- 1; return nil }))
	await(t, again)
}

func oneWorks(t *testing.T, s *suite) {
	handler := store.Handle(0, func(context.Context, echo) error { return nil })
	w := must[*store.Workers](t)(s.Work(s.ctx, store.WorkOptions{Handlers: []store.Handler{handler}}))
	if _, err := s.Work(s.ctx, store.WorkOptions{Handlers: []store.Handler{handler}}); err == nil {
		t.Error("two work the same jobs")
	}
	stop(t, w)
	s.work(t, handler)
	for name, bad := range map[string]store.WorkOptions{
		"no handlers":        {},
		"two for a kind":     {Handlers: []store.Handler{handler, handler}},
		"a negative timeout": {Handlers: []store.Handler{store.Handle(-1, func(context.Context, mark) error { return nil })}},
	} {
		if _, err := s.Work(s.ctx, bad); err == nil {
			t.Errorf("%s: works", name)
		}
	}
}
