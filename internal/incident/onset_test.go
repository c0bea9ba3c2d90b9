package incident

import (
	"fmt"
	"testing"
	"time"
)

// Given an incident that was diagnosed a second after it opened, these come; what wakes people?
func TestWhatBeginsAnewWakesPeople(t *testing.T) {
	type at struct {
		after time.Duration
		event Event
	}
	since := func(g SignalReceived, d time.Duration) SignalReceived { g.Signal.Since = t0.Add(d); return g }
	other := DiagnosisMade{Diagnosis: Diagnosis{At: t0, Causes: []Cause{{ID: "C1", Code: "NodeNotReady", Title: "The node is gone"}},
		Findings: []Finding{{ID: "F1", Severity: Critical}}}}
	for name, c := range map[string]struct {
		events []at
		want   []int // how many began in each onset
	}{
		"nothing": {nil, nil},
		"alerts of the same outage": {[]at{{time.Minute, alert("b", Firing)}, {15 * time.Minute, alert("c", Firing)},
			{30 * time.Minute, alert("d", Firing)}}, nil},
		"an alert the next day": {[]at{{24 * time.Hour, alert("b", Firing)}}, []int{1}},
		"a second outage of several alerts": {[]at{{24 * time.Hour, alert("b", Firing)}, {24*time.Hour + time.Minute, alert("c", Firing)}},
			[]int{1}},
		"the same alert, begun anew":          {[]at{{24 * time.Hour, since(alert("a", Firing), 24*time.Hour)}}, []int{1}},
		"the same alert, again":               {[]at{{24 * time.Hour, alert("a", Firing)}}, nil},
		"an alert that ends":                  {[]at{{24 * time.Hour, alert("a", Resolved)}}, nil},
		"an alert that ended and fires again": {[]at{{time.Hour, alert("a", Resolved)}, {24 * time.Hour, alert("a", Firing)}}, []int{1}},
		"a person who asks": {[]at{{24 * time.Hour, SignalReceived{Signal: Signal{Kind: "command", Fingerprint: "p",
			Status: Firing}}}}, nil},
		"another root, hours later":   {[]at{{5 * time.Hour, other}}, []int{1}},
		"another root, minutes later": {[]at{{5 * time.Minute, other}}, nil},
		"the same root":               {[]at{{5 * time.Hour, ill}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			first := alert("a", Firing)
			first.Signal.Since = t0
			l := log(first, ill)
			for _, e := range c.events {
				l = append(l, Recorded{Version: len(l) + 1, At: t0.Add(e.after), Event: e.event})
			}
			s := Fold("INC-1", l)
			var got []int
			for _, o := range s.Onsets {
				got = append(got, o.Count)
			}
			if len(got) != len(c.want) {
				t.Fatalf("%d onsets %v, want %v", len(got), got, c.want)
			}
		})
	}
}

func TestOnsetsAreBounded(t *testing.T) {
	first := alert("a", Firing)
	first.Signal.Since = t0
	l := log(first, ill)
	for i := range 10 * MostOnsets {
		g := alert("a", Firing)
		g.Signal.Since = t0.Add(time.Duration(i+1) * time.Hour)
		l = append(l, Recorded{Version: len(l) + 1, At: g.Signal.Since, Event: g})
	}
	if s := Fold("INC-1", l); len(s.Onsets) != MostOnsets || s.Onsets[MostOnsets-1].Count != 9*MostOnsets+1 {
		t.Errorf("%d onsets, the last of %d", len(s.Onsets), s.Onsets[len(s.Onsets)-1].Count)
	}
}

// A State that was handed out does not change when its incident goes on, however often it is continued.
func TestAStateStaysAsItIs(t *testing.T) {
	s := Fold("INC-1", log(alert("a", Firing), ill, told[0]))
	s.Log = s.Log[:len(s.Log):cap(s.Log)]
	one := s.With([]Recorded{{Version: 4, At: t0, Event: alert("a", Resolved)}})
	two := s.With([]Recorded{{Version: 4, At: t0, Event: WorkFailed{Work: "tell", Error: "no model"}}})
	if s.Signals[0].Status != Firing || len(s.Log) != 3 || len(one.Failing) != 0 || len(two.Failing) != 1 || two.Signals[0].Status != Firing ||
		one.Log[3].Event == two.Log[3].Event {
		t.Errorf("%+v, %+v", s.Signals, two.Failing)
	}
	if three := two.With([]Recorded{{Version: 5, At: t0, Event: StoryTold{}}}); len(three.Failing) != 0 {
		t.Errorf("what works again still fails: %+v", three.Failing)
	}
}

func TestAFlappingAlertHidesNoSecondOutage(t *testing.T) {
	l := log(alert("a", Firing), ill)
	add := func(at time.Duration, e Event) {
		l = append(l, Recorded{Version: len(l) + 1, At: t0.Add(at), Event: e})
	}
	add(time.Minute, alert("flap", Firing))
	at := time.Minute
	for at < 24*time.Hour {
		at += 5 * time.Minute
		add(at, alert("flap", Resolved))
		at += 10 * time.Minute
		add(at, alert("flap", Firing))
	}
	for i := range 50 {
		add(at+5*time.Minute, alert(fmt.Sprint("second", i), Firing))
	}
	other := DiagnosisMade{Diagnosis: Diagnosis{At: t0, Causes: []Cause{{ID: "C1", Code: "NodeNotReady", Title: "The node is gone"}},
		Findings: []Finding{{ID: "F1", Severity: Critical}}}}
	add(at+6*time.Minute, other)
	if s := Fold("INC-1", l); len(s.Onsets) == 0 {
		t.Error("a day later 50 new alerts and another root wake nobody")
	}
}

func TestAlertsOfOldEventsEnd(t *testing.T) {
	var l []Recorded
	add := func(e Event) { l = append(l, Recorded{Version: len(l) + 1, At: t0, Event: e}) }
	for i := range 250 {
		add(alert(fmt.Sprint("s", i), Firing))
	}
	for i := range 250 {
		add(alert(fmt.Sprint("s", i), Resolved)) // no Before: as events were written once
	}
	if s := Fold("INC-1", l); s.AlertsFiring() || len(s.Signals)+s.More.Count != 250 {
		t.Errorf("firing for ever: %d, of %d", s.More.Firing, len(s.Signals)+s.More.Count)
	}
}

func TestTheSameRootWithMoreObjectsIsNoOnset(t *testing.T) {
	mk := func(n int) DiagnosisMade {
		c := Cause{ID: "C1", Code: "CrashLoop", Title: "Pods crash"}
		for i := range n {
			c.Objects = append(c.Objects, Object{Kind: "Pod", Namespace: "a", Name: fmt.Sprint(i)})
		}
		return DiagnosisMade{Diagnosis: Diagnosis{At: t0, Causes: []Cause{c}, Findings: []Finding{{ID: "F1", Severity: Critical}}}}
	}
	l := log(alert("a", Firing), mk(2))
	l = append(l, Recorded{Version: 3, At: t0.Add(time.Hour), Event: mk(3)})
	if s := Fold("INC-1", l); len(s.Onsets) != 0 {
		t.Errorf("the same cause with one more object: %+v", s.Onsets)
	}
}

func TestWhatFailedIsForgottenWithItsPlan(t *testing.T) {
	p := Plan{Title: "x", Steps: []Step{{ID: "1", Kind: "K"}}}
	p.Hash = p.ComputeHash()
	l := log(alert("a", Firing), ill, PlanProposed{Plan: p}, WorkFailed{Work: "step/1", Error: "e"}, PlanSuperseded{PlanHash: p.Hash},
		WorkFailed{Work: "propose", Error: "no"}, Closed{})
	if s := Fold("INC-1", l); len(s.Failing) != 0 {
		t.Errorf("closed, and still said to be tried again: %+v", s.Failing)
	}
}
