package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var onCall = Policy{OnCall: map[string]OnCall{
	"":       {First: Callee{ID: "UADA"}, Second: Callee{ID: "SOPS"}, After: 10 * time.Minute, Then: 5 * time.Minute},
	"C0SHOP": {First: Callee{ID: "UBEN"}, After: 3 * time.Minute},
	"C0TEST": {},
}}

// Given these events, each at its minute, who is called next, and when?
func TestWhoIsCalled(t *testing.T) {
	type at struct {
		minute int
		event  Event
	}
	in := func(channel string) SignalReceived {
		g := alert("a", Firing)
		g.Signal.Channel = channel
		return g
	}
	asked := SignalReceived{Signal: Signal{Kind: "command", Status: Firing, Fingerprint: "p", Title: "x", By: ada}}
	opened := at{0, alert("a", Firing)}
	first := at{10, Called{Level: 1}}
	for name, c := range map[string]struct {
		events []at
		want   string // the level and the minute; empty: nobody is
	}{
		"an alert":                            {[]at{opened}, "1 at 10"},
		"in a channel with people of its own": {[]at{{0, in("C0SHOP")}}, "1 at 3"},
		"in one with nobody":                  {[]at{{0, in("C0TEST")}}, ""},
		"in one that nobody configured":       {[]at{{0, in("C0ELSE")}}, "1 at 10"},
		"after the first call":                {[]at{opened, first}, "2 at 15"},
		"after the second":                    {[]at{opened, first, {15, Called{Level: 2}}}, ""},
		"after the only one":                  {[]at{{0, in("C0SHOP")}, {3, Called{Level: 1}}}, ""},
		"a person asked, and is there":        {[]at{{0, asked}}, ""},
		"and then an alert comes":             {[]at{{0, asked}, {30, alert("a", Firing)}}, "1 at 40"},
		"more alerts":                         {[]at{opened, {9, alert("b", Firing)}}, "1 at 10"},
		"the alert is over":                   {[]at{opened, {5, alert("a", Resolved)}}, ""},
		"and fires again":                     {[]at{opened, {5, alert("a", Resolved)}, {8, alert("a", Firing)}}, "1 at 10"},
		"what Paramedic does is no answer": {[]at{opened, {1, ill}, {1, PlanProposed{Plan: plan}}, {2, InvestigationFailed{}},
			{3, PlanReviewed{PlanHash: plan.Hash, By: ada}}, {4, LookAgainRequested{Healed: "INC-2"}}}, "1 at 10"},
		"claimed":                  {[]at{opened, {5, Claimed{By: ada}}}, ""},
		"claimed too late":         {[]at{opened, first, {12, Claimed{By: ada}}}, ""},
		"given back":               {[]at{opened, {5, Claimed{By: ada}}, {7, Claimed{By: ada, Back: true}}}, "1 at 17"},
		"given back, after a call": {[]at{opened, first, {12, Claimed{By: ada}}, {14, Claimed{By: ada, Back: true}}}, "1 at 24"},
		"approved":                 {[]at{opened, {1, ill}, {1, PlanProposed{Plan: plan}}, {2, yes}}, ""},
		"rejected":                 {[]at{opened, {1, ill}, {1, PlanProposed{Plan: plan}}, {2, PlanRejected{PlanHash: plan.Hash, By: ada}}}, ""},
		"asked to look again":      {[]at{opened, {1, ill}, {2, LookAgainRequested{By: ada}}}, ""},
		"stopped":                  {[]at{opened, {1, ill}, {2, stop}}, ""},
		"closed":                   {[]at{opened, {2, Closed{By: ada}}}, ""},
		"closed by another":        {[]at{opened, {2, Closed{Into: "INC-2"}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var l []Recorded
			for _, e := range c.events {
				l = append(l, Recorded{Version: len(l) + 1, At: t0.Add(time.Duration(e.minute) * time.Minute), Event: e.event})
			}
			s, got := Fold("INC-1", l), []string(nil)
			level, _ := s.CallDue(onCall)
			for _, w := range Next(s, onCall, t0.Add(time.Minute)) {
				if w.Kind == Call {
					got = append(got, fmt.Sprintf("%d at %g", level, w.Due.Sub(t0).Minutes()))
				}
			}
			if said := strings.Join(got, ", "); said != c.want {
				t.Errorf("%q, want %q", said, c.want)
			}
			if level, _ := s.CallDue(DefaultPolicy); level != 0 {
				t.Error("somebody is called whom nobody configured")
			}
		})
	}
}

// The postmortem's timeline says who was called, and when.
func TestTheTimelineSaysWhoWasCalled(t *testing.T) {
	l := log(alert("a", Firing), ill)
	for _, c := range []struct {
		minute int
		event  Event
	}{{10, Called{Level: 1, To: Callee{ID: "UADA", Name: "Ada"}}}, {20, Called{Level: 2, To: Callee{ID: "SOPS"}, With: "INC-7"}},
		{21, Claimed{By: ada}}, {22, Verified{OK: true}}} {
		l = append(l, Recorded{Version: len(l) + 1, At: t0.Add(time.Duration(c.minute) * time.Minute), Event: c.event})
	}
	pm := DraftPostmortem(Fold("INC-1", l))
	for _, want := range []string{"02:25:00 UTC: Ada was called, for nobody had answered",
		"02:35:00 UTC: SOPS, the second on call, was called for INC-7, and this one was named: nobody had answered", "02:36:00 UTC: Ada took the incident"} {
		if !strings.Contains(pm.Timeline, want) {
			t.Errorf("it does not say %q:\n%s", want, pm.Timeline)
		}
	}
}
