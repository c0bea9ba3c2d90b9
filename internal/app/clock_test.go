package app

import (
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

func TestTheClockNeverRunsBack(t *testing.T) {
	start := time.Date(2026, 2, 3, 2, 14, 0, 0, time.UTC)
	system := start
	c := newClock(func() time.Time { return system }, start.Add(time.Hour))
	if got := c.Now(); !got.Equal(start.Add(time.Hour)) {
		t.Errorf("behind the newest event: %v", got)
	}
	system = start.Add(10 * time.Minute)
	if got := c.Now(); !got.Equal(start.Add(70 * time.Minute)) {
		t.Errorf("ten minutes later: %v", got)
	}
	if d := c.behind(); d != time.Hour {
		t.Errorf("behind by %v", d)
	}
	system = start // set back
	if got := c.Now(); !got.Equal(start.Add(70 * time.Minute)) {
		t.Errorf("it ran back to %v", got)
	}
	c = newClock(func() time.Time { return system }, start.Add(-time.Hour))
	system = start.Add(3 * time.Hour)
	if got := c.Now(); !got.Equal(system) || c.behind() != 0 {
		t.Errorf("it does not follow forward: %v", got)
	}
}

// The clock is set back, and Paramedic started anew: a plan that was too old to be approved is so still.
func TestAClockSetBackRevivesNoPlan(t *testing.T) {
	d, ctx := open(t), t.Context()
	began := d.clock
	d.clock = began.Add(time.Hour)
	d.take(t, signal("b", incident.Firing)) // the newest event is of now
	d.clock = began
	d.restart(t)
	newest, err := d.ledger.store.Newest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	d.ledger.now = newClock(func() time.Time { return d.clock }, newest).Now
	_, err = d.Approve(ctx, "INC-1", d.plan.Hash, ada)
	refused(t, err, "expired")
}

func TestAClockSetBackRevivesNoApproval(t *testing.T) {
	d, ctx := open(t), t.Context()
	d.yes(t, ada)
	s, err := d.Get(ctx, "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	c := newClock(func() time.Time { return d.clock }, time.Time{})
	began := d.clock
	d.clock = began.Add(time.Hour)
	c.Now()
	d.clock = began
	if s.ApprovalValid(c.Now()) {
		t.Error("an approval that had expired is valid again")
	}
}

// Everything is well and the clock is set forward by a day: a verification ends once enough looks were taken, or the time has really
// passed.
func TestAClockSetForwardEndsNoVerification(t *testing.T) {
	var w vigil
	p := incident.Policy{VerifyFor: time.Minute, VerifyEvery: 10 * time.Second, VerifyGiveUp: 2 * time.Minute}
	now := time.Now()
	for name, c := range map[string]struct {
		ok    bool
		looks int // it takes
	}{"well": {true, 5}, "not well": {false, 9}} {
		v := incident.Verification{Began: now}
		if c.ok {
			v.GoodSince = now
		}
		for n := 1; ; n++ {
			went := w.look("INC-1", v.Began, v.GoodSince)
			events := verdict(v, went, []incident.Check{{Name: "x", OK: c.ok}}, p, now.Add(24*time.Hour))
			if len(events) > 0 {
				if n != c.looks || events[0].(incident.Verified).OK != c.ok {
					t.Errorf("%s: ended at look %d: %+v", name, n, events)
				}
				break
			}
		}
		w.forget("INC-1")
	}
	v := incident.Verification{Began: now, GoodSince: now}
	for range 5 { // by looks that were well without a break
		w.look("INC-1", v.Began, v.GoodSince)
	}
	v.GoodSince = now.Add(time.Minute)
	if went := w.look("INC-1", v.Began, v.GoodSince); went.good.looks != 1 || went.all.looks != 6 {
		t.Errorf("after a break: %+v", went)
	}
	long := pass{since: time.Now().Add(-p.VerifyFor), looks: 2} // looks that take long
	if !long.enough(p.VerifyFor, p.VerifyEvery) {
		t.Error("the time itself has passed, and does not count")
	}
}
