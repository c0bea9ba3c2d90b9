package app

import (
	"context"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// clock is the time that decisions are made by. It follows the system's clock forward, and never runs back: not behind the newest event of
// the record, and not behind itself. When the system's clock is set back it goes on by what really passes.
type clock struct {
	system func() time.Time

	mu   sync.Mutex
	read time.Time // the system's clock when it was last read, with the monotonic reading that tells what passed since
	now  time.Time
}

// newClock makes a clock that does not run behind newest.
func newClock(system func() time.Time, newest time.Time) *clock {
	c := &clock{system: system, read: system()}
	c.now = c.read.Round(0)
	if newest.After(c.now) {
		c.now = newest
	}
	return c
}

// clockOf makes a clock that does not run behind what was recorded last. system is the system's; nil: time.Now.
func clockOf(ctx context.Context, r *store.Reader, system func() time.Time) (*clock, error) {
	if system == nil {
		system = time.Now
	}
	newest, err := r.Newest(ctx)
	return newClock(system, newest), err
}

// Now is the time. It has no monotonic reading: what is subtracted from it was made by this clock too.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.system()
	c.now = c.now.Add(max(0, t.Sub(c.read)))
	if wall := t.Round(0); wall.After(c.now) {
		c.now = wall
	}
	c.read = t
	return c.now
}

// behindMost is how far the system's clock may be behind before it is said.
const behindMost = time.Minute

// behind is how far the system's clock is behind; 0 unless it is more than behindMost.
func (c *clock) behind() time.Duration {
	if d := c.Now().Sub(c.system().Round(0)); d > behindMost {
		return d.Round(time.Second)
	}
	return 0
}

// pass counts what goes by during a verification: looks taken, and the time that really passed. The clock alone could be set forward, and
// the log holds only what changed. After a restart it begins anew, and the verification takes that much longer.
type pass struct {
	since time.Time // by the monotonic clock
	looks int
}

// enough says whether as much went by as d means, where there is a look every so often: three quarters of the looks, or the time itself.
func (p pass) enough(d, every time.Duration) bool {
	return !p.since.IsZero() && (time.Since(p.since) >= d || time.Duration(p.looks)*every >= d/4*3)
}

func (p *pass) count() {
	if p.since.IsZero() {
		p.since = time.Now()
	}
	p.looks++
}

// passes are those of one verification: since it began, and since all has been well.
type passes struct{ all, good pass }

// vigil counts the looks of every verification that is under way. It is safe for concurrent use; the zero value is ready.
type vigil struct {
	mu sync.Mutex
	of map[string]*watched // by incident
}

type watched struct {
	began, goodSince time.Time // of the verification, by its log
	passes
}

// look counts one more look at an incident whose verification began at began and has been well since goodSince, and returns what went by.
func (w *vigil) look(id string, began, goodSince time.Time) passes {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == nil {
		w.of = map[string]*watched{}
	}
	v := w.of[id]
	if v == nil || !v.began.Equal(began) {
		v = &watched{began: began}
		w.of[id] = v
	}
	v.all.count()
	if !v.goodSince.Equal(goodSince) {
		v.goodSince, v.good = goodSince, pass{}
	}
	if !goodSince.IsZero() {
		v.good.count()
	}
	return v.passes
}

// forget ends the count of an incident.
func (w *vigil) forget(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.of, id)
}
