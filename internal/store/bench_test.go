package store_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/store"
)

func openBench(b *testing.B) *store.Store {
	b.Helper()
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// One append with its job: what each step of the loop costs in the store.
func BenchmarkAppend(b *testing.B) {
	s, v := openBench(b), 0
	events := noted(strings.Repeat("x", 2000))
	for b.Loop() {
		var err error
		if v, err = s.Append(b.Context(), "a", v, events, []store.Job{step{1}}); err != nil {
			b.Fatal(err)
		}
	}
}

// From queueing a job to its running, with workers that are idle.
func BenchmarkJobStarts(b *testing.B) {
	s, started := openBench(b), make(chan int)
	w, err := s.Work(b.Context(), store.WorkOptions{Handlers: []store.Handler{
		store.Handle(0, func(_ context.Context, j step) error { started <- j.N; return nil }),
	}})
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		n++
		if err := s.Enqueue(b.Context(), step{n}); err != nil {
			b.Fatal(err)
		}
		<-started
	}
	if err := w.Stop(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// A state of 1,000 streams of 20 events of 2 kB.
func BenchmarkVerify(b *testing.B) {
	s := openBench(b)
	texts := make([]string, 20)
	for i := range texts {
		texts[i] = strings.Repeat("x", 2000)
	}
	for i := range 1000 {
		if _, err := s.Append(b.Context(), "incident/INC-"+string(rune('a'+i%26))+strings.Repeat("i", i/26), 0, noted(texts...), nil); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if r, err := s.Verify(b.Context()); err != nil || !r.OK() {
			b.Fatal(r, err)
		}
	}
}
