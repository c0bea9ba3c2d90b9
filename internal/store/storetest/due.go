package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

func (s *suite) claim(t *testing.T, at time.Time, most int) []string {
	t.Helper()
	return must[[]string](t)(s.Claim(s.ctx, at, at.Add(time.Minute), most))
}

func (s *suite) wantNext(t *testing.T, want time.Time) {
	t.Helper()
	if got := must[time.Time](t)(s.NextDue(s.ctx)); !got.Equal(want) {
		t.Errorf("next due at %v, want %v", got, want)
	}
}

func claimedOnce(t *testing.T, s *suite) {
	s.wantNext(t, time.Time{})
	for i, due := range []time.Time{start.Add(2), start.Add(1), {}, start.Add(time.Hour)} {
		s.project(t, fmt.Sprint("s", i), 0, store.Change{Open: true, Due: due})
	}
	s.wantNext(t, start.Add(1))
	if got := s.claim(t, start, 10); len(got) != 0 {
		t.Errorf("claimed before anything was due: %v", got)
	}
	if got := s.claim(t, start.Add(2), 1); !slices.Equal(got, []string{"s1"}) {
		t.Errorf("claimed %v, want the one that waits longest", got)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	claimed := map[string]int{}
	for range 8 {
		all.Go(func() {
			got, err := s.Claim(s.ctx, start.Add(2), start.Add(time.Minute), 10)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			for _, stream := range got {
				claimed[stream]++
			}
		})
	}
	all.Wait()
	if len(claimed) != 1 || claimed["s0"] != 1 {
		t.Errorf("eight at once claimed %v", claimed)
	}
	later := start.Add(10 * time.Second)
	ok(t, s.Settle(s.ctx, store.Settled{Stream: "s0", Version: 1, Due: later}, store.Settled{Stream: "s1", Version: 1}))
	s.wantNext(t, later)
	if got := s.claim(t, later, 10); !slices.Equal(got, []string{"s0"}) {
		t.Errorf("claimed later: %v", got)
	}
}

func appendMakesDue(t *testing.T, s *suite) {
	s.project(t, "a", 0, store.Change{Open: true, Due: start})
	if got := s.claim(t, start, 10); len(got) != 1 {
		t.Fatalf("claimed %v", got)
	}
	s.project(t, "a", 1, store.Change{Open: true, Due: start})
	ok(t, s.Settle(s.ctx, store.Settled{Stream: "a", Version: 1})) // of what was seen before the append
	if got := s.claim(t, start, 10); len(got) != 1 {
		t.Errorf("what was appended meanwhile was overlooked: %v", got)
	}
	ok(t, s.Settle(s.ctx, store.Settled{Stream: "a", Version: 2}))
	s.wantNext(t, time.Time{})
}

func claimRunsOut(t *testing.T, s *suite) {
	s.project(t, "a", 0, store.Change{Open: true, Due: start})
	s.claim(t, start, 10)
	if got := s.claim(t, start.Add(59*time.Second), 10); len(got) != 0 {
		t.Errorf("claimed while somebody else's claim held: %v", got)
	}
	if got := s.claim(t, start.Add(time.Minute), 10); len(got) != 1 {
		t.Errorf("nobody can claim what was claimed and not settled: %v", got)
	}
}

func asideStopsNobody(t *testing.T, s *suite) {
	change := store.Change{Open: true, Due: start, Keys: []store.Key{{Name: "k"}}}
	s.project(t, "good", 0, change)
	s.project(t, "bad", 0, change)
	s.append(t, "never-projected", 0, "one")
	ok(t, s.SetAside(s.ctx, "bad", "event 1 can't be read"))
	ok(t, s.SetAside(s.ctx, "never-projected", "event 1 can't be read"))
	if got := s.claim(t, start, 10); !slices.Equal(got, []string{"good"}) {
		t.Errorf("claimed %v", got)
	}
	if hits := must[[]store.Hit](t)(s.Find(s.ctx, []string{"k"}, start)); len(hits) != 1 || hits[0].Stream != "good" {
		t.Errorf("found %v", hits)
	}
	if open := must[[]string](t)(s.OpenStreams(s.ctx)); !slices.Equal(open, []string{"good"}) {
		t.Errorf("open: %v", open)
	}
	aside := must[[]store.Projection](t)(s.Aside(s.ctx))
	if len(aside) != 2 || aside[0].Stream != "bad" || aside[0].Aside != "event 1 can't be read" {
		t.Errorf("aside: %v", aside)
	}
	if err := s.SetAside(s.ctx, "nowhere", "x"); err == nil {
		t.Error("set aside what is not there")
	}
	d := must[*store.Duty](t)(s.TakeDuty(s.ctx))
	defer func() { ok(t, d.End()) }()
	if got := s.claim(t, start, 10); len(got) != 3 {
		t.Errorf("who takes the duty tries again what was set aside; claimed %v", got)
	}
}

func dutyIsOnes(t *testing.T, s *suite) {
	s.project(t, "a", 0, store.Change{Open: true, Due: start})
	s.claim(t, start, 10)
	d := must[*store.Duty](t)(s.TakeDuty(s.ctx))
	if got := s.claim(t, start, 10); len(got) != 1 {
		t.Errorf("what somebody gone had claimed is not due: %v", got)
	}
	if other, err := s.TakeDuty(s.ctx); err == nil {
		ok(t, other.End())
		t.Error("two have the duty")
	}
	ok(t, d.End())
	ok(t, d.End())
	d = must[*store.Duty](t)(s.TakeDuty(s.ctx))
	ok(t, d.End())
}

func collected(t *testing.T, s *suite) {
	deliver := func(incident string, at time.Time, sent bool) {
		t.Helper()
		must[bool](t)(s.Want(s.ctx, store.Delivery{Incident: incident, Slot: "root", Channel: "C", Wanted: []byte(incident)}, at))
		if d := must[[]store.Delivery](t)(s.Deliveries(s.ctx, incident))[0]; sent {
			d.TS = "1.1"
			ok(t, s.Sent(s.ctx, d, at))
		}
	}
	old, before := start, start.Add(time.Hour)
	deliver("old", old, true)
	deliver("open", old, true)
	deliver("unsent", old, false)
	deliver("young", before, true)
	blob := func(text string) string { return must[string](t)(s.PutBlob(s.ctx, []byte(text))) }
	oldBlob, good := blob("old"), blob("good")
	ok(t, s.SetLastGood(s.ctx, "k", good, old))
	s.clock.advance(30 * time.Minute)
	s.project(t, "open", 0, store.Change{Open: true}) // began when the clock of events says start
	s.project(t, "closed", 0, store.Change{Until: start, Keys: []store.Key{{Name: "k"}}})

	c := must[store.Collected](t)(s.Collect(s.ctx, before, []string{"open"}))
	if want := (store.Collected{Deliveries: 1, Keys: 1}); c != want {
		t.Errorf("while a stream as old as the blobs is open: %+v, want %+v", c, want)
	}
	s.project(t, "open", 1, store.Change{})
	if c = must[store.Collected](t)(s.Collect(s.ctx, before, nil)); c != (store.Collected{Deliveries: 1, Blobs: 1}) {
		t.Errorf("once it is closed: %+v", c)
	}
	if _, err := s.Blob(s.ctx, oldBlob); err == nil {
		t.Error("the old blob is still there")
	}
	if _, err := s.Blob(s.ctx, good); err != nil {
		t.Errorf("the last good copy is gone: %v", err)
	}
	for _, incident := range []string{"unsent", "young"} {
		if len(must[[]store.Delivery](t)(s.Deliveries(s.ctx, incident))) != 1 {
			t.Errorf("the message of %s is gone", incident)
		}
	}
}
