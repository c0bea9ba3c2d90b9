package store_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// One append: what each step of the loop costs in the store.
func BenchmarkAppend(b *testing.B) {
	s, v := openBench(b), 0
	events := noted(strings.Repeat("x", 2000))
	for b.Loop() {
		var err error
		if v, err = write(b.Context(), s, "a", v, events); err != nil {
			b.Fatal(err)
		}
	}
}

// One append of 5,000 events, each with a key of its own: a message of alerts.
func BenchmarkAppendMany(b *testing.B) {
	s, v := openBench(b), 0
	const n = 5000
	for b.Loop() {
		w := store.Write{Stream: "a", Version: v, Change: &store.Change{Open: true, Due: time.Now()}}
		for i := range n {
			w.Events = append(w.Events, noted(strings.Repeat("x", 700))...)
			w.Change.Keys = append(w.Change.Keys, store.Key{Name: fmt.Sprintf("fingerprint/%d/%d", v, i), Value: "firing"})
		}
		if err := s.Append(b.Context(), w); err != nil {
			b.Fatal(err)
		}
		v += n
	}
}

// Claim one stream among 10,000 that are not due, and settle it.
func BenchmarkClaim(b *testing.B) {
	s := openBench(b)
	for i := range 10000 {
		c := store.Change{Due: time.Now().Add(time.Hour)}
		if i == 0 {
			c.Due = time.Unix(0, 1)
		}
		if err := s.Append(b.Context(), store.Write{Stream: fmt.Sprintf("incident/INC-%d", i), Events: noted("x"), Change: &c}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		got, err := s.Claim(b.Context(), time.Now(), time.Now().Add(time.Minute), 64)
		if err != nil || len(got) != 1 {
			b.Fatal(got, err)
		}
		if err := s.Settle(b.Context(), store.Settled{Stream: got[0], Version: 1, Due: time.Unix(0, 1)}); err != nil {
			b.Fatal(err)
		}
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
		if _, err := write(b.Context(), s, "incident/INC-"+string(rune('a'+i%26))+strings.Repeat("i", i/26), 0, noted(texts...)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if r, err := s.Verify(b.Context()); err != nil || !r.OK() {
			b.Fatal(r, err)
		}
	}
}
