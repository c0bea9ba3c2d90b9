package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

func (d *office) get(t *testing.T, id string) *incident.State {
	t.Helper()
	s, err := d.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (d *office) take(t *testing.T, signals ...incident.Signal) {
	t.Helper()
	if err := d.Receive(t.Context(), signals); err != nil {
		t.Fatal(err)
	}
}

func (d *office) record(t *testing.T, id string, decide func(*incident.State) ([]incident.Event, error)) {
	t.Helper()
	if _, err := d.ledger.update(t.Context(), id, decide); err != nil {
		t.Fatal(err)
	}
}

// heal verifies an incident's recovery.
func (d *office) heal(t *testing.T, id string) {
	t.Helper()
	one, err := d.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&worker{ledger: d.ledger}).healed(t.Context(), one, []incident.Event{incident.Verified{OK: true}}); err != nil {
		t.Fatal(err)
	}
}

// the look after the healing finds something else that is critical
func TestWhatIsNotHealedStaysOpenWithANewCause(t *testing.T) {
	d := open(t)
	d.take(t, []incident.Signal{signal("fire", incident.Firing)}...)
	two := "INC-2"
	d.look(t, two, "B")
	d.heal(t, "INC-1")
	s := d.look(t, two, "Z")
	if !s.Open() && s.Diagnosis.Wrong() && s.AlertsFiring() {
		t.Errorf("closed %q with critical %v and firing alerts", s.ClosedBy.Reason, s.Diagnosis.Causes[0].Code)
	}
	d.clock = d.clock.Add(time.Minute)
	g := signal("fire", incident.Firing)
	g.Since = d.clock.Add(-2 * time.Minute)
	before := s.Version
	ids, err := d.receive(t.Context(), []incident.Signal{g})
	s = d.get(t, two)
	t.Log("the alert that still fires goes to", ids, err, "recorded:", s.Version != before)
}

// one cause with three objects, of which the first is mended
func TestHalfMendedStaysOpen(t *testing.T) {
	d := open(t)
	two := d.asks(t, "x")
	w := worker{ledger: d.ledger}
	mk := func(names ...string) *incident.Diagnosis {
		x := found(d.clock, "B")
		x.Causes[0].Objects = nil
		for _, n := range names {
			x.Causes[0].Objects = append(x.Causes[0].Objects, incident.Object{Kind: "Node", Name: n})
		}
		return x
	}
	s := d.get(t, two)
	if err := w.diagnosed(t.Context(), s, mk("n1", "n2", "n3")); err != nil {
		t.Fatal(err)
	}
	d.heal(t, "INC-1")
	s = d.get(t, two)
	if err := w.diagnosed(t.Context(), s, mk("n2", "n3")); err != nil {
		t.Fatal(err)
	}
	if s = d.get(t, two); !s.Open() {
		t.Errorf("closed %q with n2, n3 still broken", s.ClosedBy.Reason)
	}
}

// look that saw nothing
func TestABlindLookClosesNothing(t *testing.T) {
	d := open(t)
	two := d.asks(t, "x")
	d.look(t, two, "B")
	d.heal(t, "INC-1")
	w := worker{ledger: d.ledger}
	s := d.get(t, two)
	blind := found(d.clock)
	blind.Scope.Unseen = []incident.NotSeen{{}}
	if err := w.diagnosed(t.Context(), s, blind); err != nil {
		t.Fatal(err)
	}
	if s = d.get(t, two); !s.Open() {
		t.Errorf("closed %q by a look that did not see", s.ClosedBy.Reason)
	}
}

// approved, and a look that was under way lands
func TestAnApprovedPlanIsNotClosedUnderItsApprover(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	d.look(t, "INC-1", "A")
	two := d.asks(t, "x")
	d.look(t, two, "A", "B")
	d.record(t, two, func(*incident.State) ([]incident.Event, error) {
		return []incident.Event{incident.PlanProposed{Plan: d.plan}}, nil
	})
	before := d.get(t, two) // look begins
	if _, err := d.Approve(ctx, two, d.plan.Hash, ada); err != nil {
		t.Fatal(err)
	}
	w := worker{ledger: d.ledger}
	if err := w.diagnosed(ctx, before, found(d.clock, "A")); err != nil {
		t.Fatal(err)
	}
	s := d.get(t, two)
	if !s.Open() {
		t.Errorf("closed under an approval: %q; work %v", s.ClosedBy.Reason, incident.Next(s, incident.DefaultPolicy, d.clock))
	}
}

func TestALookInFlightDropsNoApprovedPlan(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	before := d.get(t, "INC-1") // look begins
	if _, err := d.Approve(ctx, "INC-1", d.plan.Hash, ada); err != nil {
		t.Fatal(err)
	}
	w := worker{ledger: d.ledger}
	if err := w.diagnosed(ctx, before, found(d.clock, "X")); err != nil {
		t.Fatal(err)
	}
	s := d.get(t, "INC-1")
	if s.Plan == nil || s.Approval() == nil {
		t.Errorf("an approved plan is gone without a word; work %v", incident.Next(s, incident.DefaultPolicy, d.clock))
	}
}

func TestAllSignalsAreHandedOver(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	d.look(t, "INC-1", "A")
	var all []incident.Signal
	for i := range 300 {
		g := signal(fmt.Sprint("m", i), incident.Firing)
		g.Since = d.clock.Add(-time.Minute)
		all = append(all, g)
	}
	if err := d.Receive(ctx, all); err != nil {
		t.Fatal(err)
	}
	if s := d.look(t, "INC-2", "A"); s.Open() {
		t.Fatal("not closed")
	}
	one := d.get(t, "INC-1")
	if n := len(one.Signals) + one.More.Count; n != 301 {
		t.Errorf("INC-1 has %d of 301", n)
	}
	d.clock = d.clock.Add(time.Minute)
	if err := d.Receive(ctx, all); err != nil {
		t.Fatal(err)
	}
	one = d.get(t, "INC-1")
	if n := len(one.Signals) + one.More.Count; n != 301 {
		t.Errorf("sent again and accepted, INC-1 still has %d of 301", n)
	}
}

// a, which has ended, fires anew a moment before the incident is resolved
func TestAnAlertThatFiresAnewAtTheEndIsNotLost(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	g := signal("a", incident.Resolved)
	d.take(t, []incident.Signal{g}...)
	d.clock = d.clock.Add(10 * time.Minute)
	refire := signal("a", incident.Firing)
	refire.Since = d.clock.Add(-20 * time.Second) // group_wait
	d.record(t, "INC-1", func(*incident.State) ([]incident.Event, error) {
		return []incident.Event{incident.Verified{OK: true}}, nil
	})
	d.clock = d.clock.Add(10 * time.Second)
	ids, err := d.receive(ctx, []incident.Signal{refire})
	s := d.get(t, "INC-1")
	last := s.Signals[0]
	if last.Status != incident.Firing && ids[0] == "INC-1" {
		t.Errorf("accepted (%v), recorded nowhere: %v, INC-1 knows %s", err, ids, last.Status)
	}
}

func TestWhatIsSetAsideIsSaid(t *testing.T) {
	for name, by := range map[string]func(t *testing.T, d *office){
		"rebuild": func(t *testing.T, d *office) { // projection is behind, as after an upgrade
			if err := d.ledger.rebuild(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
		},
		"intake": func(t *testing.T, d *office) {
			d.ledger.memory = newMemory()
			if err := d.Receive(t.Context(), []incident.Signal{signal("a", incident.Resolved)}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			d.unreadable(t, "INC-1")
			duty, err := d.ledger.store.TakeDuty(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = duty.End() }()
			said := 0
			d.ledger.aside = func(context.Context, *UnreadableError) { said++ }
			by(t, d)
			r := newRunner(runner{ledger: d.ledger, policy: incident.DefaultPolicy,
				draw:   func(context.Context, *incident.State) error { return nil },
				redact: d.redact, logger: slog.New(slog.DiscardHandler)})
			d.clock = time.Now().Add(time.Minute)
			for range 3 {
				if _, _, err := r.round(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			r.stop()
			aside, err := d.ledger.Aside(t.Context())
			if err != nil || said == 0 || len(aside) != 1 {
				t.Error("set aside, and nobody is told")
			}
		})
	}
}

func TestAnExpiredApprovalIsDrawn(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	if _, err := d.Approve(ctx, "INC-1", d.plan.Hash, ada); err != nil {
		t.Fatal(err)
	}
	began, passed := d.clock, atomic.Int64{}
	now := func() time.Time { return began.Add(time.Duration(passed.Load())) }
	d.ledger.now = now
	var draws atomic.Int32
	var last atomic.Value
	last.Store(incident.Phase(""))
	r := newRunner(runner{ledger: d.ledger, policy: incident.DefaultPolicy, draw: func(_ context.Context, s *incident.State) error {
		draws.Add(1)
		last.Store(s.Phase(now()))
		return nil
	}, do: map[incident.WorkKind]doer{incident.Execute: func(context.Context, *incident.State, incident.Work) error {
		return fmt.Errorf("the API server is away")
	}},
		redact: d.redact, logger: slog.New(slog.DiscardHandler)})
	for range 60 {
		if _, _, err := r.round(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
		passed.Add(int64(time.Minute))
	}
	r.stop()
	s := d.get(t, "INC-1")
	if want := s.Phase(now()); last.Load() != want || draws.Load() > 5 {
		t.Errorf("drawn %d times, shows %v; it is %s", draws.Load(), last.Load(), want)
	}
}

func TestTheOrderOfLooksDoesNotMatter(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	d.Receive(ctx, []incident.Signal{signal("n", incident.Firing)}) // INC-2, being looked at
	three := d.asks(t, "x")                                         // a person opens INC-3 meanwhile
	d.look(t, three, "A")
	s2 := d.look(t, "INC-2", "A")
	s3 := d.get(t, three)
	if s2.Open() && s3.Open() && !s3.Investigation.Wanted && !s2.Investigation.Wanted {
		t.Errorf("%s and %s are open with one cause", s2.ID, s3.ID)
	}
}

func TestAHealingDuringALookIsLookedAt(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	two := d.asks(t, "x")
	d.look(t, two, "B")
	if _, err := d.LookAgain(ctx, two, ben); err != nil {
		t.Fatal(err)
	}
	before := d.get(t, two)
	d.heal(t, "INC-1")
	w := worker{ledger: d.ledger}
	if err := w.diagnosed(ctx, before, found(d.clock, "B")); err != nil { // what was seen before INC-1's recovery was done
		t.Fatal(err)
	}
	s := d.get(t, two)
	if !s.Investigation.Wanted {
		t.Errorf("INC-1 healed it, and nobody looks again: %+v, %v", s.Investigation, incident.Next(s, incident.DefaultPolicy, d.clock))
	}
}

func TestAPurgedEventIsNoDifference(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	if err := d.ledger.store.Purge(ctx, store.Purge{By: "ada", Reason: "a secret",
		Events: []store.Purged{{Stream: "incident/INC-1", Version: 1}}}); err != nil {
		t.Fatal(err)
	}
	if problems, err := NewJournal(d.ledger.store.Reader).Compare(ctx); err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}
