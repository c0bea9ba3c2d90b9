package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store/storetest"
)

// silent is an office that keeps silences, too.
func silent(t *testing.T) *office {
	t.Helper()
	d := open(t)
	d.silences = keptSilences(d.ledger.store, func() time.Time { return d.clock }, d.redact)
	return d
}

func (d *office) silence(t *testing.T, h incident.Hush, lasts time.Duration) {
	t.Helper()
	x := incident.Silence{Hush: h, Reason: "hunter2 moves", Until: d.clock.Add(lasts)}
	if err := d.silences.Silence(t.Context(), ada, x); err != nil {
		t.Fatal(err)
	}
}

func (d *office) hears(t *testing.T, all ...incident.Signal) {
	t.Helper()
	if err := d.Receive(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

func (d *office) openNow(t *testing.T) (ids []string) {
	t.Helper()
	all, _, err := d.List(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	return ids
}

func alert(name, namespace string, status incident.SignalStatus) incident.Signal {
	g := signal(name+"/"+namespace, status)
	g.Labels = map[string]string{"alertname": name, "namespace": namespace}
	return g
}

// Alerts of a silenced namespace open nothing, and are held; what fires still when the silence ends is taken in, and what is over is not.
func TestASilenceHoldsAlertsUntilItEnds(t *testing.T) {
	for _, byHand := range []bool{false, true} {
		d := silent(t)
		shop := incident.Hush{Namespace: "shop"}
		d.silence(t, shop, time.Hour)
		d.hears(t, alert("A", "shop", incident.Firing), alert("B", "shop", incident.Firing))
		d.hears(t, alert("A", "shop", incident.Firing)) // again, as Alertmanager does
		d.hears(t, alert("B", "shop", incident.Resolved))
		if got := d.openNow(t); len(got) != 1 {
			t.Fatalf("opened: %v", got)
		}
		list, err := d.silences.InForce(t.Context())
		if err != nil || len(list) != 1 || len(list[0].Held) != 2 || strings.Contains(list[0].Reason, "hunter2") {
			t.Fatalf("%+v, %v", list, err)
		}
		if head, err := d.silences.reader.Head(t.Context(), silencedStream); err != nil || head.Version != 4 {
			t.Errorf("%d events on the record, %v", head.Version, err)
		}
		if err := d.silences.endWhatIsOver(t.Context(), d.Receive); err != nil || len(d.openNow(t)) != 1 {
			t.Fatalf("it ended early: %v", err)
		}
		if byHand {
			if err := d.silences.End(t.Context(), ben, shop); err != nil {
				t.Fatal(err)
			}
		} else {
			d.clock = d.clock.Add(time.Hour)
		}
		for range 2 {
			if err := d.silences.endWhatIsOver(t.Context(), d.Receive); err != nil {
				t.Fatal(err)
			}
		}
		s, err := d.Get(t.Context(), "INC-2")
		if err != nil || len(d.openNow(t)) != 2 || len(s.Signals) != 1 || s.Signals[0].Labels["alertname"] != "A" {
			t.Errorf("after it: %v, %+v, %v", d.openNow(t), s, err)
		}
		if list, err := d.silences.InForce(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("left: %v, %v", list, err)
		}
		refused(t, d.silences.End(t.Context(), ben, shop), "No silence is in force")
	}
}

// What is not silenced opens an incident as ever; what joins an open one is recorded and wakes nobody, for whatever reason it is silent.
func TestASilencedAlertJoinsAndWakesNobody(t *testing.T) {
	for _, c := range []struct {
		h    incident.Hush
		woke int
	}{{incident.Hush{Incident: "INC-1"}, 0}, {incident.Hush{Code: "X"}, 0}, {incident.Hush{Code: "New"}, 0}, {incident.Hush{Namespace: "shop"}, 0},
		{incident.Hush{Namespace: "crm"}, 1}, {incident.Hush{Code: "Other"}, 1}, {incident.Hush{Incident: "INC-2"}, 1}} {
		d := silent(t)
		d.silence(t, c.h, time.Hour)
		d.clock = d.clock.Add(30 * time.Minute)
		g := alert("New", "shop", incident.Firing)
		g.Labels["deployment"] = "web"
		d.hears(t, g, alert("B", "mail", incident.Firing))
		s, err := d.Get(t.Context(), "INC-1")
		if err != nil || len(s.Signals) != 2 || len(s.Onsets) != c.woke {
			t.Errorf("%s: %d signals, woke %d times, %v", c.h, len(s.Signals), len(s.Onsets), err)
		}
		if got := d.openNow(t); len(got) != 2 {
			t.Errorf("%s: open are %v", c.h, got)
		}
	}
}

// Whoever writes into the database silences nothing by it: the alert is told.
func TestAForgedSilenceSilencesNothing(t *testing.T) {
	d := silent(t)
	storetest.Forge(t, d.path, silencedStream, "SilenceSet", payload(t, incident.SilenceSet{Hush: incident.Hush{Namespace: "shop"}, By: ada,
		Until: d.clock.Add(time.Hour)}))
	if list, err := d.silences.InForce(t.Context()); err == nil || len(list) > 0 {
		t.Errorf("%v, %v", list, err)
	}
	d.hears(t, alert("A", "shop", incident.Firing))
	if got := d.openNow(t); len(got) != 2 {
		t.Errorf("open: %v", got)
	}
}

// A flood of a thousand alerts is held within bounds.
func TestAFloodIsHeldWithinBounds(t *testing.T) {
	d := silent(t)
	d.silence(t, incident.Hush{Namespace: "shop"}, time.Hour)
	var all []incident.Signal
	for i := range 4 * incident.MostHeld {
		all = append(all, alert(fmt.Sprint("A", i), "shop", incident.Firing))
	}
	d.hears(t, all...)
	list, err := d.silences.InForce(t.Context())
	if err != nil || len(list[0].Held) != incident.MostHeld || list[0].More > incident.MostHeld || len(d.openNow(t)) > 1 {
		t.Errorf("held %d and %d more: %v", len(list[0].Held), list[0].More, err)
	}
}
