package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// running is a runner on the office's state whose work is do; it runs until the test ends.
func (d *office) running(t *testing.T, do map[incident.WorkKind]doer, draw func(*incident.State) error) *runner {
	t.Helper()
	d.ledger.now = time.Now
	r := newRunner(runner{ledger: d.ledger, policy: incident.DefaultPolicy, do: do, redact: d.redact, logger: slog.New(slog.DiscardHandler),
		draw: func(_ context.Context, s *incident.State) error { return draw(s) }})
	duty, err := d.ledger.store.TakeDuty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		r.stop()
		if err := duty.End(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for began := time.Now(); !yes(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func fine(*incident.State) error { return nil }

// Work that fails again and again is said where people see it, and no longer once it works.
func TestWorkThatFailsIsSaid(t *testing.T) {
	d := open(t)
	var works atomic.Bool
	d.running(t, map[incident.WorkKind]doer{incident.Investigate: func(ctx context.Context, s *incident.State, _ incident.Work) error {
		if !works.Load() {
			return errors.New("append: too much of hunter2")
		}
		w := worker{ledger: d.ledger}
		return w.diagnosed(ctx, s, found(time.Now(), "X"))
	}}, fine)
	id := d.asks(t, "x")
	failing := func() []incident.WorkFailed {
		s, err := d.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return s.Failing
	}
	eventually(t, "it is said", func() bool { return len(failing()) == 1 })
	if f := failing()[0]; f.Work != "investigate" || f.Error != "append: too much of [REDACTED]" {
		t.Errorf("said: %+v", f)
	}
	works.Store(true)
	eventually(t, "it is no longer said", func() bool { return len(failing()) == 0 })
}

// An event that is too large to be recorded is said at the first failure: it will not get smaller.
func TestWhatIsTooLargeIsSaidAtOnce(t *testing.T) {
	d := open(t)
	var tries atomic.Int32
	d.running(t, map[incident.WorkKind]doer{incident.Investigate: func(context.Context, *incident.State, incident.Work) error {
		tries.Add(1)
		return fmt.Errorf("record: %w", store.ErrTooLarge)
	}}, fine)
	id := d.asks(t, "x")
	eventually(t, "it is said", func() bool {
		s, err := d.Get(t.Context(), id)
		return err == nil && len(s.Failing) == 1
	})
	if n := tries.Load(); n != 1 {
		t.Errorf("said after %d tries", n)
	}
}

// A panic in the work on one incident, or in the drawing of it, costs the others nothing.
func TestAPanicCostsItsOwnWorkAlone(t *testing.T) {
	d := open(t)
	one, two := d.asks(t, "x"), d.asks(t, "y")
	d.running(t, map[incident.WorkKind]doer{incident.Investigate: func(ctx context.Context, s *incident.State, _ incident.Work) error {
		if s.ID == one {
			panic("an odd object")
		}
		w := worker{ledger: d.ledger}
		return w.diagnosed(ctx, s, found(time.Now(), "X"))
	}}, func(s *incident.State) error {
		if s.ID == one {
			panic("an odd message")
		}
		return nil
	})
	eventually(t, "the other incident is diagnosed", func() bool {
		s, err := d.Get(t.Context(), two)
		return err == nil && s.Diagnosis != nil
	})
	eventually(t, "the panic is said", func() bool {
		s, err := d.Get(t.Context(), one)
		return err == nil && len(s.Failing) == 1 && s.Failing[0].Error == "investigate of "+one+": panic: an odd object"
	})
}

// However many incidents want to look, a bounded number looks at a time, and all of them do in the end.
func TestLooksAreBounded(t *testing.T) {
	d := open(t)
	var now, most, all atomic.Int32
	const n = 20
	limits := DefaultConfig()
	limits.Limits.OpenPerPerson = n
	d.access.Replace(limits)
	for i := range n {
		d.asks(t, fmt.Sprint("x", i))
	}
	d.running(t, map[incident.WorkKind]doer{incident.Investigate: func(ctx context.Context, s *incident.State, _ incident.Work) error {
		if k := now.Add(1); k > most.Load() {
			most.Store(k)
		}
		defer now.Add(-1)
		time.Sleep(5 * time.Millisecond)
		all.Add(1)
		w := worker{ledger: d.ledger}
		return w.diagnosed(ctx, s, found(time.Now(), "X"+s.ID))
	}}, fine)
	eventually(t, "all have looked", func() bool { return all.Load() >= n })
	if k := most.Load(); k > int32(atOnce[incident.Investigate]) {
		t.Errorf("%d looked at a time", k)
	}
}

// One incident that can't be read is set aside and said; the others are cared for. A state from before the projection is taken up.
func TestAnUnreadableIncidentIsSetAside(t *testing.T) {
	d := open(t)
	two := d.asks(t, "y")
	d.unreadable(t, "INC-1")
	if err := d.ledger.rebuild(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	d.running(t, map[incident.WorkKind]doer{incident.Investigate: func(ctx context.Context, s *incident.State, _ incident.Work) error {
		w := worker{ledger: d.ledger}
		return w.diagnosed(ctx, s, found(time.Now(), "X"))
	}}, fine)
	eventually(t, "the other one is diagnosed", func() bool {
		s, err := d.Get(t.Context(), two)
		return err == nil && s.Diagnosis != nil
	})
	eventually(t, "it is set aside", func() bool {
		aside, err := d.ledger.store.Aside(t.Context())
		return err == nil && len(aside) == 1 && aside[0].Stream == "incident/INC-1"
	})
}
