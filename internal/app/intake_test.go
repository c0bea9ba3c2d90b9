package app

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// counting is a store whose streams that are read are counted.
type counting struct {
	reading
	mu    sync.Mutex
	loads int
	lists int
	hook  func() // before a stream is read
}

func (c *counting) Load(ctx context.Context, stream string, after int) ([]store.Event, error) {
	c.mu.Lock()
	c.loads++
	hook := c.hook
	c.mu.Unlock()
	if hook != nil {
		hook()
	}
	return c.reading.Load(ctx, stream, after)
}

func (c *counting) Streams(ctx context.Context, prefix string) ([]store.StreamInfo, error) {
	c.mu.Lock()
	c.lists++
	c.mu.Unlock()
	return c.reading.Streams(ctx, prefix)
}

// counted makes the office count what it reads.
func (d *office) counted() *counting {
	c := &counting{reading: d.ledger.reading}
	d.ledger.reading = c
	return c
}

// history appends closed incidents.
func (d *office) history(t *testing.T, n int) {
	t.Helper()
	last, err := d.ledger.lastNumber(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []entry
	for i := range n {
		id := fmt.Sprintf("INC-%d", last+1+i)
		all = append(all, entry{&incident.State{ID: id}, []incident.Event{incident.SignalReceived{Signal: signal("old-"+id, incident.Firing)},
			incident.Closed{By: ben}}})
	}
	if err := d.ledger.append(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
	d.last = 0
}

func TestHistoryCostsAnAlertNothing(t *testing.T) {
	d := open(t)
	d.history(t, 1000)
	c := d.counted()
	for i := range 50 {
		if err := d.Receive(t.Context(), []incident.Signal{signal(fmt.Sprint("new", i), incident.Firing)}); err != nil {
			t.Fatal(err)
		}
	}
	if c.loads > 4*50 || c.lists > 1 {
		t.Errorf("50 alerts with 1,000 closed incidents behind read %d streams and listed all %d times", c.loads, c.lists)
	}
	s, err := d.Get(t.Context(), "INC-1002")
	if err != nil || len(s.Signals) != 50 {
		t.Errorf("they are not in one incident, the one being investigated: %d signals, %v", len(s.Signals), err)
	}
}

func TestAMessageOfAlertsIsOneDecision(t *testing.T) {
	d := open(t)
	const n = 1500
	var all []incident.Signal
	for i := range n {
		all = append(all, signal(fmt.Sprint("m", i), incident.Firing))
	}
	c := d.counted()
	for range 2 { // the second time it changes nothing
		if err := d.Receive(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	s, err := d.Get(t.Context(), "INC-2")
	if err != nil || len(s.Signals)+s.More.Count != n || s.Version != n {
		t.Fatalf("recorded %d signals, %d events: %v", len(s.Signals)+s.More.Count, s.Version, err)
	}
	if len(s.Signals) != incident.MostSignals || len(s.Log) > incident.MostSignals+1 {
		t.Errorf("the state holds %d signals and %d events, and should be bounded", len(s.Signals), len(s.Log))
	}
	if c.loads > 10 {
		t.Errorf("%d streams were read", c.loads)
	}
	for i := range all {
		all[i].Status = incident.Resolved
	}
	if err := d.Receive(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if s, err = d.Get(t.Context(), "INC-2"); err != nil || s.AlertsFiring() || !s.AlertsResolved() {
		t.Errorf("all are over, and the incident says that %d of those beyond fire: %v", s.More.Firing, err)
	}
}

func TestAlertsThatComeAtOnceAreRecordedTogether(t *testing.T) {
	d := open(t)
	const senders, each = 40, 25
	var all sync.WaitGroup
	errs := make(chan error, senders)
	for i := range senders {
		all.Go(func() {
			for k := range each {
				if err := d.Receive(t.Context(), []incident.Signal{signal(fmt.Sprintf("s%d-%d", i, k), incident.Firing)}); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	s, err := d.Get(t.Context(), "INC-2")
	if err != nil || len(s.Signals)+s.More.Count != senders*each {
		t.Errorf("%d of %d are recorded: %v", len(s.Signals)+s.More.Count, senders*each, err)
	}
}

func TestAnAlertWhoseStartMovesIsRecordedAndNothingGrows(t *testing.T) {
	d := open(t)
	g := signal("a", incident.Firing)
	for i := range 300 {
		g.Since = d.clock.Add(time.Duration(i) * time.Second)
		if err := d.Receive(t.Context(), []incident.Signal{g}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := d.Get(t.Context(), "INC-1")
	if err != nil || len(s.Signals) != 1 || !s.Signals[0].Since.Equal(g.Since) {
		t.Errorf("the incident has %d signals, the newest of %v: %v", len(s.Signals), s.Signals[0].Since, err)
	}
}

// An incident that closes between the look-up and the append must not swallow the alert.
func TestAnAlertIsNotLostWhenItsIncidentCloses(t *testing.T) {
	d := open(t)
	other := &ledger{Journal: NewJournal(d.ledger.store.Reader), store: d.ledger.store, now: d.ledger.now} // as another process
	c := d.counted()
	var once sync.Once
	c.hook = func() {
		once.Do(func() {
			if _, err := other.update(t.Context(), "INC-1", func(*incident.State) ([]incident.Event, error) {
				return []incident.Event{incident.Closed{By: ben}}, nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	g := signal("late", incident.Firing)
	g.Labels = map[string]string{"namespace": "shop", "deployment": "web"} // which INC-1 names
	g.Since = d.clock.Add(time.Hour)
	if err := d.Receive(t.Context(), []incident.Signal{g}); err != nil {
		t.Fatal(err)
	}
	s, err := d.Get(t.Context(), "INC-2")
	if err != nil || len(s.Signals) != 1 {
		t.Errorf("the alert is nowhere: %v", err)
	}
}

func TestAStormOfAlertsOpensBoundedIncidents(t *testing.T) {
	d := open(t)
	for i := range 3 * mostOpen {
		if err := d.Receive(t.Context(), []incident.Signal{signal(fmt.Sprint("x", i), incident.Firing)}); err != nil {
			t.Fatal(err)
		}
		newest, _, err := d.List(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		// so that the next one joins nobody
		_, err = d.ledger.update(t.Context(), newest[0].ID, func(s *incident.State) ([]incident.Event, error) {
			if s.Diagnosis != nil {
				return nil, nil
			}
			return []incident.Event{incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: d.clock}}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	open, _, err := d.List(t.Context(), false)
	if err != nil || len(open) != mostOpen {
		t.Fatalf("%d incidents are open, want %d: %v", len(open), mostOpen, err)
	}
	if n := len(d.get(t, fmt.Sprint("INC-", mostOpen)).Signals); n != 2*mostOpen+2 {
		t.Errorf("the newest has %d signals", n)
	}
	if s, err := d.Open(t.Context(), incident.Signal{Kind: "command", Fingerprint: "asked", Title: "look", By: ben}); err != nil ||
		len(s.Signals) != 1 {
		t.Errorf("a person who asks gets an incident nevertheless: %v", err)
	}
}

// unreadable appends an event of a type that this program does not know.
func (d *office) unreadable(t *testing.T, id string) {
	t.Helper()
	s, err := d.ledger.fold(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ledger.store.Append(t.Context(), store.Write{Stream: streamPrefix + id, Version: s.Version,
		Events: []store.NewEvent{{Type: "FromTheFuture", TypeVersion: 9, At: d.clock, Data: []byte("{}")}}}); err != nil {
		t.Fatal(err)
	}
}

func TestOneUnreadableEventStopsNobodyElse(t *testing.T) {
	d := open(t)
	d.unreadable(t, "INC-1")
	// The alert's fingerprint leads to the incident that can't be read.
	if err := d.Receive(t.Context(), []incident.Signal{signal("a", incident.Firing), signal("b", incident.Firing)}); err != nil {
		t.Fatalf("nothing is taken in any more: %v", err)
	}
	s, err := d.Get(t.Context(), "INC-2")
	if err != nil || len(s.Signals) != 2 {
		t.Errorf("the alerts are nowhere: %v", err)
	}
	_, err = d.Get(t.Context(), "INC-1")
	refused(t, err, "can't be read")
	open, _, err := d.List(t.Context(), false)
	if err != nil || len(open) != 2 || open[1].Phase(d.clock) != incident.Unreadable ||
		!strings.Contains(open[1].Unreadable, "FromTheFuture") {
		t.Errorf("the list does not say which can't be read, and why: %+v, %v", open, err)
	}
	if _, _, err := d.List(t.Context(), true); err != nil {
		t.Error(err)
	}
}

func TestWhoWaitsForADecisionThatPanicsIsTold(t *testing.T) {
	d := open(t)
	d.redact = func(s string) string { return s }
	d.ledger.reading = nil // what is called on it panics
	func() {
		defer func() { _ = recover() }()
		_ = d.Receive(t.Context(), []incident.Signal{signal("a", incident.Resolved), signal("z", incident.Firing)})
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		_ = d.Receive(t.Context(), []incident.Signal{signal("y", incident.Firing)})
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("after a panic nobody is answered any more")
	}
}

func TestWhatLeadsToAnIncidentFollowsFromItsLog(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	d.history(t, 3)
	for _, step := range []func() error{
		func() error {
			return d.Receive(ctx, []incident.Signal{signal("b", incident.Firing), signal("c", incident.Firing)})
		},
		func() error { return d.Receive(ctx, []incident.Signal{signal("a", incident.Resolved)}) },
		func() error { _, err := d.LookAgain(ctx, "INC-1", ben); return err },
		func() error { _, err := d.Close(ctx, "INC-5", "", ben); return err },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	problems, err := d.ledger.Compare(ctx)
	if err != nil || len(problems) != 0 {
		t.Errorf("what is kept beside the events does not follow from them: %v, %v", problems, err)
	}
	// Somebody goes around the store.
	if err := d.ledger.store.Rebuild(ctx, store.Rebuilt{Stream: "incident/INC-1", Version: 6, Change: store.Change{Open: false}}); err != nil {
		t.Fatal(err)
	}
	s, err := d.Get(ctx, "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ledger.store.Rebuild(ctx, store.Rebuilt{Stream: "incident/INC-1", Version: s.Version,
		Change: store.Change{Open: false}}); err != nil {
		t.Fatal(err)
	}
	problems, err = d.ledger.Compare(ctx)
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0].String(),
		"incident/INC-1: what is kept beside it: it says open: false") {
		t.Errorf("a projection that was changed does not show: %v, %v", problems, err)
	}
}

// Alerts and the watch open so many incidents an hour in a channel; what comes beyond joins the newest there. People open theirs, and in an
// hour there is room again.
func TestTheShareOfAlerts(t *testing.T) {
	d := open(t)
	d.share = newShare(2)
	alert := func(code string) {
		d.take(t, incident.Signal{Kind: incident.WatchSignal, Status: incident.Firing, Fingerprint: "watch/" + code, Title: code})
		for _, id := range d.openNow(t) { // what is still investigated takes in whatever comes
			if d.get(t, id).Diagnosis == nil {
				d.look(t, id, code)
			}
		}
	}
	for _, code := range []string{"A", "B", "C", "D"} {
		d.clock = d.clock.Add(outageWithin) // or it would belong to the outage that began just now
		alert(code)
	}
	if ids := d.openNow(t); len(ids) != 3 || len(d.get(t, "INC-3").Signals) != 3 { // one was open
		t.Fatalf("open: %v, INC-3 has %d signals", ids, len(d.get(t, "INC-3").Signals))
	}
	if id := d.asks(t, "ben's"); id != "INC-4" {
		t.Errorf("a person's is %s", id)
	}
	d.look(t, "INC-4", "E")
	d.clock = d.clock.Add(shareTime)
	alert("F")
	if ids := d.openNow(t); len(ids) != 5 {
		t.Errorf("after an hour: %v", ids)
	}
}

// What the watch sees to begin just after an incident began belongs to it; what begins later is an incident of its own.
func TestAnOutageShowsItselfByAndBy(t *testing.T) {
	d := open(t)
	sees := func(code string) {
		d.take(t, incident.Signal{Kind: incident.WatchSignal, Status: incident.Firing, Fingerprint: "watch/" + code, Title: code})
	}
	d.look(t, "INC-1", "other")
	d.clock = d.clock.Add(outageWithin)
	sees("DNS")
	d.look(t, "INC-2", "DNS")
	d.clock = d.clock.Add(time.Minute)
	sees("CNI")
	if n := len(d.get(t, "INC-2").Signals); n != 2 {
		t.Errorf("INC-2 has %d signals", n)
	}
	d.clock = d.clock.Add(outageWithin)
	sees("later")
	if ids := d.openNow(t); len(ids) != 3 {
		t.Errorf("open: %v", ids)
	}
}
