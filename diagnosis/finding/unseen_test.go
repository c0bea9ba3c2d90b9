package finding

import (
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// A finding that rests on what may not have been seen is a suspicion, and a cause of it likely at most; where it was seen, it is what it is.
func TestWhatRestsOnTheUnseenIsASuspicion(t *testing.T) {
	hidden := incident.NotSeen{What: "pods", Why: "forbidden", Resources: []incident.Resource{Pods}}
	elsewhere := hidden
	elsewhere.Where = incident.Object{Kind: "Namespace", Name: "data"}
	now := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	for name, x := range map[string]struct {
		notes   []incident.NotSeen
		rests   func(*Finding)
		atMost  incident.Confidence
		suspect bool
	}{
		"it was seen":               {nil, func(f *Finding) { f.Unless(Pods) }, "", false},
		"it was not seen":           {[]incident.NotSeen{hidden}, func(f *Finding) { f.Unless(Pods) }, incident.Likely, true},
		"another was not seen":      {[]incident.NotSeen{hidden}, func(f *Finding) { f.Unless(Nodes) }, "", false},
		"one of two was not seen":   {[]incident.NotSeen{hidden}, func(f *Finding) { f.Unless(Nodes, Pods) }, incident.Likely, true},
		"not seen elsewhere":        {[]incident.NotSeen{elsewhere}, func(f *Finding) { f.Unless(Pods) }, "", false},
		"of a kind that none holds": {[]incident.NotSeen{hidden}, func(f *Finding) { f.Unless(snapshot.ResourceOfKind("Machine")) }, "", false},
		"it may still be normal": {[]incident.NotSeen{hidden},
			func(f *Finding) { f.UnlessWithin(Lasts(LongStart, now.Add(-time.Minute)), now, Pods) }, incident.Likely, true},
		"it is normal no longer": {[]incident.NotSeen{hidden},
			func(f *Finding) { f.UnlessWithin(Lasts(LongStart, now.Add(-time.Hour)), now, Pods) }, "", false},
		"a weaker bound stays": {[]incident.NotSeen{hidden},
			func(f *Finding) { f.Unless(Pods).AtMost = incident.Possible }, incident.Possible, true},
	} {
		s := &snapshot.Snapshot{At: now, NotSeen: x.notes}
		s.Index()
		f := NewReport([]Code{{Code: "X", Severity: incident.Critical}}).Find("X", snapshot.ObjectOf("Deployment", "shop", "web"), "it is so")
		x.rests(f)
		Unseen(s, []*Finding{f})
		if f.Suspect != x.suspect || f.AtMost != x.atMost || f.Alarms() == x.suspect {
			t.Errorf("%s: suspicion %v, severity %s, at most %q", name, f.Suspect, f.Severity, f.AtMost)
		}
	}
}

// What a code says that it rests on, each finding of it does, and no two share the list.
func TestACodeSaysWhatItsFindingsRestOn(t *testing.T) {
	r := NewReport([]Code{{Code: "X", RestsOn: []incident.Resource{Pods}}})
	a, b := r.Find("X", incident.Object{}, "a").Unless(Nodes), r.Find("X", incident.Object{}, "b").Unless(Leases)
	if len(a.RestsOn) != 2 || len(b.RestsOn) != 2 || a.RestsOn[1] != Nodes || b.RestsOn[1] != Leases {
		t.Errorf("%q, %q", a.RestsOn, b.RestsOn)
	}
}
