package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// found is a diagnosis with causes by the codes; each blames a Deployment of its code's name.
func found(at time.Time, codes ...string) *incident.Diagnosis {
	d := &incident.Diagnosis{At: at, Cluster: "home"}
	for i, code := range codes {
		o := incident.Object{Kind: "Deployment", Namespace: "shop", Name: strings.ToLower(code)}
		id := string(rune('1' + i))
		d.Findings = append(d.Findings, incident.Finding{ID: "F" + id, Code: code, Severity: incident.Critical, Object: o, Title: code})
		d.Causes = append(d.Causes, incident.Cause{ID: "C" + id, Code: code, Title: code, Objects: []incident.Object{o},
			Explains: []string{"F" + id}})
	}
	return d
}

// look is what an incident's look finds.
func (d *office) look(t *testing.T, id string, codes ...string) *incident.State {
	t.Helper()
	w := worker{ledger: d.ledger}
	s, err := d.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.diagnosed(t.Context(), s, found(d.clock, codes...)); err != nil {
		t.Fatal(err)
	}
	if s, err = d.Get(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	return s
}

// asks opens an incident by a person's words.
func (d *office) asks(t *testing.T, fingerprint string) string {
	t.Helper()
	s, err := d.Open(t.Context(), incident.Signal{Kind: "command", Fingerprint: fingerprint, Title: "the shop is slow", By: ben})
	if err != nil {
		t.Fatal(err)
	}
	return s.ID
}

func TestOneCauseIsOneIncident(t *testing.T) {
	for name, c := range map[string]struct {
		first, second []string
		into          string
	}{
		"the same cause":               {[]string{"A"}, []string{"A"}, "INC-1"},
		"one of two":                   {[]string{"A", "B"}, []string{"B"}, "INC-1"},
		"two of which one is new":      {[]string{"A"}, []string{"A", "B"}, ""},
		"another cause":                {[]string{"A"}, []string{"B"}, ""},
		"nothing":                      {[]string{"A"}, nil, ""},
		"nothing is like nothing else": {nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			d.look(t, "INC-1", c.first...)
			id := d.asks(t, "words")
			s := d.look(t, id, c.second...)
			if s.Elsewhere() != c.into || s.Open() != (c.into == "") {
				t.Errorf("%s goes on in %q, open: %t", id, s.Elsewhere(), s.Open())
			}
			one, err := d.Get(t.Context(), "INC-1")
			if err != nil {
				t.Fatal(err)
			}
			if n := len(one.Signals); c.into != "" && n != 2 || c.into == "" && n != 1 {
				t.Errorf("INC-1 has %d signals", n)
			}
			if problems, err := d.ledger.Compare(t.Context()); err != nil || len(problems) > 0 {
				t.Errorf("%v, %v", problems, err)
			}
		})
	}
}

// Who presses “Open an incident” under what a check found joins the incident that has it.
func TestWhatACheckFoundJoinsItsIncident(t *testing.T) {
	d := open(t)
	d.look(t, "INC-1", "A", "B")
	if id := d.asks(t, incident.FoundFingerprint("home", found(d.clock, "B").Causes[0])); id != "INC-1" {
		t.Errorf("it opened %s", id)
	}
	if id := d.asks(t, incident.FoundFingerprint("home", found(d.clock, "C").Causes[0])); id != "INC-2" {
		t.Errorf("another cause is in %s", id)
	}
}

// INC-1's recovery has mended what INC-2 had: INC-2 looks again by itself and closes. INC-3 keeps what it has left.
func TestWhatAnotherIncidentHealedCloses(t *testing.T) {
	d := open(t)
	two, three := d.asks(t, "x"), d.asks(t, "y")
	d.look(t, two, "B")
	d.look(t, three, "C")
	one, err := d.Get(t.Context(), "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	w := worker{ledger: d.ledger}
	if err := w.healed(t.Context(), one, []incident.Event{incident.Verified{OK: true}}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{two, three} {
		s, err := d.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if work := incident.Next(s, incident.DefaultPolicy, d.clock); s.Investigation.Healed != "INC-1" || len(work) == 0 ||
			work[len(work)-1].Kind != incident.Investigate {
			t.Errorf("%s does not look again: %v", id, work)
		}
	}
	if s := d.look(t, two); s.Open() || s.Elsewhere() != "INC-1" || !strings.Contains(s.ClosedBy.Reason, "nothing left to do: INC-1 did it") {
		t.Errorf("%s: %+v", two, s.ClosedBy)
	}
	if s := d.look(t, three, "C"); !s.Open() {
		t.Errorf("%s closed with its cause still there: %+v", three, s.ClosedBy)
	}
	if s := d.look(t, three); !s.Open() {
		t.Errorf("%s closed by a look that nobody's recovery asked for: %+v", three, s.ClosedBy)
	}
}

// What is wrong outside of what an incident was opened for leads nowhere: it is not merged for that, and no alert about it joins.
func TestCausesElsewhereMergeNothing(t *testing.T) {
	for name, codes := range map[string][]string{"a cause of its own": {"A", "B"}, "nothing of its own": {"A"}} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			d.look(t, "INC-1", "A")
			s, err := d.Open(t.Context(), incident.Signal{Kind: "command", Fingerprint: "words", Title: "b is slow", By: ben,
				About: []incident.Object{{Kind: "Deployment", Namespace: "shop", Name: "b"}}})
			if err != nil {
				t.Fatal(err)
			}
			whole := found(d.clock, codes...)
			whole.SetApart(func(f *incident.Finding) bool { return f.Object.Name == "b" }, func(incident.Object) bool { return false })
			w := worker{ledger: d.ledger}
			if err := w.diagnosed(t.Context(), s, whole); err != nil {
				t.Fatal(err)
			}
			if s, err = d.Get(t.Context(), s.ID); err != nil || !s.Open() || s.Diagnosis.Others.Causes != 1 {
				t.Fatalf("%v, %+v", err, s)
			}
			if before, err := w.whole(t.Context(), s.Diagnosis); err != nil || len(before.Causes) != len(codes) ||
				len(before.Here().Causes) != len(codes)-1 {
				t.Errorf("a proof would know of %d causes: %v", len(before.Causes), err)
			}
			if id := d.asks(t, incident.FoundFingerprint("home", whole.Causes[0])); id != "INC-1" {
				t.Errorf("who asks about what is elsewhere joins %s", id)
			}
			if problems, err := d.ledger.Compare(t.Context()); err != nil || len(problems) > 0 {
				t.Errorf("%v, %v", problems, err)
			}
		})
	}
}

// What a person opens about a part takes in no alerts while it is looked at: the look is about no more than that.
func TestALookAtAPartTakesInNoOthers(t *testing.T) {
	about := []incident.Object{{Kind: "Namespace", Name: "shop"}}
	for _, c := range []struct {
		signal incident.Signal
		takes  bool
	}{
		{incident.Signal{Kind: "command", Title: "x", By: ben}, true},
		{incident.Signal{Kind: "command", Title: "x", By: ben, About: about}, false},
		{incident.Signal{Kind: "alert", Title: "x", About: about}, true},
	} {
		_, keys := keysOf(incident.SignalReceived{Signal: c.signal}, true)
		takes := false
		for _, k := range keys {
			takes = takes || k.Name == investigatingKey
		}
		if takes != c.takes || aimed(&incident.State{Signals: []incident.Signal{c.signal}}) == c.takes {
			t.Errorf("%+v takes others in: %t", c.signal, takes)
		}
	}
}

// An incident that waits for the plan of another one is looked at again when that one goes on in it, and its plan is gone.
func TestWhatWaitsForThePlanOfWhatGoesOnInIt(t *testing.T) {
	d := open(t)
	d.look(t, "INC-1", "A")
	id := d.asks(t, "words")
	d.look(t, id, "B")
	d.record(t, "INC-1", func(*incident.State) ([]incident.Event, error) {
		return []incident.Event{incident.NoPlan{Reason: id + " has a plan for the same target", Waits: id}}, nil
	})
	if s := d.look(t, id, "A"); s.Elsewhere() != "INC-1" {
		t.Fatalf("%s goes on in %q", id, s.Elsewhere())
	}
	s := d.get(t, "INC-1")
	if work := incident.Next(s, incident.DefaultPolicy, d.clock); !slices.ContainsFunc(work, func(w incident.Work) bool {
		return w.Kind == incident.Investigate && w.Due.IsZero()
	}) {
		t.Errorf("it is not looked at again: %v", work)
	}
}
