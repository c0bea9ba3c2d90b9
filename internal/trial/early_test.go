package trial

import (
	"slices"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// TestWhatMayPassIsToldToWhoAsks sets the clock of every case back to a second before the end of the patience that each of its findings was
// due: then nobody is woken for it, and who asks about its namespace is told of it, as what may still pass.
func TestWhatMayPassIsToldToWhoAsks(t *testing.T) {
	all, err := eval.Load("../../diagnosis/eval/cases")
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]int{}
	for _, c := range all {
		if !c.InProcess() {
			continue
		}
		s, err := Look(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range checks.Run(s).Findings {
			if f.Alarms() && !f.NormalUntil.IsZero() && !f.Early(s.At) {
				tried[f.Normal]++
				tooEarly(t, c.Name, s, f)
			}
		}
	}
	if len(tried) < 15 {
		t.Errorf("only these may pass in the cases: %v", tried)
	}
}

// notYet are findings that there is nothing of at that time, and why.
var notYet = map[string]string{
	"ControllerManagerNotLeading": "the cluster's own clock, which is what its Leases say, is not set back",
	"SchedulerNotLeading":         "the same",
	"CronJobBlocked":              "no start is missed before the schedule names one",
}

func tooEarly(t *testing.T, name string, seen *snapshot.Snapshot, late *finding.Finding) {
	s := *seen
	s.At = late.NormalUntil.Add(-time.Second)
	if notYet[late.Code] != "" || late.Since.After(s.At) {
		return
	}
	s.Index()
	same := func(f *incident.Finding) bool { return f.Code == late.Code && f.Object == late.Object }
	var early *finding.Finding
	for _, f := range checks.Run(&s).Findings {
		if same(&f.Finding) && f.Early(s.At) {
			early = f
		}
	}
	x := diagnosis.Examine(&s)
	for _, f := range x.Diagnose(diagnosis.Scope{}).Findings {
		if same(&f) && f.Title == late.Title {
			t.Errorf("%s: %s of %s is told though it %s", name, f.Code, f.Object, late.Normal)
		}
	}
	if early == nil {
		t.Errorf("%s: a second before %s, %s of %s is held back: %s", name, late.NormalUntil.Format(time.TimeOnly), late.Code, late.Object,
			late.Title)
		return
	}
	d := x.Diagnose(diagnosis.Resolve(&s, incident.Asked{Namespace: late.Object.Namespace, Hurts: true}))
	switch {
	case late.Object.Namespace == "":
	case early.Suspect && len(d.Suspicions)+len(d.Causes) == 0:
		t.Errorf("%s: nothing is told to who asks, though there is %s of %s: %s", name, early.Code, early.Object, early.Title)
	case early.Alarms() && !slices.ContainsFunc(d.Findings, func(f incident.Finding) bool { return same(&f) && f.NormalUntil.After(s.At) }):
		t.Errorf("%s: %s of %s is not told to who asks: %s", name, early.Code, early.Object, early.Title)
	}
}
