package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// hurt is a diagnosis of so many workloads and nodes.
func hurt(severity Severity, workloads, nodes int) DiagnosisMade {
	d := Diagnosis{At: t0, Causes: []Cause{{ID: "C1", Code: "DNSLoop", Title: "CoreDNS forwards to itself"}},
		Totals: &Totals{Workloads: workloads, Nodes: nodes}}
	if severity != "" {
		d.Findings = []Finding{{ID: "F1", Code: "DNSLoop", Severity: severity}}
	}
	return DiagnosisMade{Diagnosis: d}
}

// Given these events, what is told in a message of its own?
func TestWhatIsNews(t *testing.T) {
	ready := then([]Event{alert("a", Firing), ill}, then(told, PlanProposed{Plan: plan})...)
	anew := withHash(Plan{Runbook: "dns", Steps: []Step{{ID: "1", Kind: "A", Params: map[string]string{"at": "later"}}, {ID: "2", Kind: "B"}}})
	other := withHash(Plan{Runbook: "dns", Title: "another", Steps: plan.Steps})
	pair := withHash(Plan{Runbook: "dns", People: 2, Steps: plan.Steps})
	looked := func(all ...Event) []Event { return then([]Event{alert("a", Firing)}, all...) }
	tell := func(of int) Event { return Notified{Of: of} }
	for name, c := range map[string]struct {
		events []Event
		want   string // the news that is to be told, with the version that it is about
	}{
		"a plan waits":                         {ready, "waits 5"},
		"and is told once":                     {then(ready, tell(5)), ""},
		"a plan that was approved at once":     {then(ready, yes), ""},
		"or rejected":                          {then(ready, PlanRejected{PlanHash: plan.Hash, By: ada}), ""},
		"the same plan, made anew":             {then(ready, tell(5), ill, PlanProposed{Plan: anew}), ""},
		"made anew before anybody was told":    {then(ready, ill, PlanProposed{Plan: anew}), "waits 7"},
		"another plan":                         {then(ready, tell(5), ill, PlanProposed{Plan: other}), "waits 8"},
		"a plan that is gone":                  {then(ready, PlanSuperseded{PlanHash: plan.Hash}), ""},
		"a second approval waits":              {then(looked(ill, PlanProposed{Plan: pair}, tell(3)), PlanApproved{Approval{PlanHash: pair.Hash, By: ada, Expires: t0.Add(time.Hour)}}), "waits 5"},
		"a failed step":                        {then(ready, tell(5), yes, intent("1", 1), done("1", StepFailed)), "failed 9"},
		"told once, too":                       {then(ready, tell(5), yes, intent("1", 1), done("1", StepFailed), tell(9)), ""},
		"a step of another plan":               {then(ready, tell(5), yes, StepDone{PlanHash: "x", Step: "1", Outcome: StepFailed}), ""},
		"a step that went well":                {then(ready, tell(5), yes, intent("1", 1), done("1", StepOK)), ""},
		"a step that asks":                     {then(ready, tell(5), yes, intent("1", 1), StepUnclear{plan.Hash, "1", "?"}), "asks 9"},
		"and was answered before it was told":  {then(ready, tell(5), yes, intent("1", 1), StepUnclear{plan.Hash, "1", "?"}, StepDecided{plan.Hash, "1", ada, true}), ""},
		"the first look":                       {looked(hurt(Critical, 40, 3)), ""},
		"the same as before":                   {looked(hurt(Warning, 4, 1), hurt(Warning, 4, 1)), ""},
		"more severe":                          {looked(hurt(Warning, 4, 1), hurt(Critical, 4, 1)), "worse 3"},
		"less severe, and then as it was":      {looked(hurt(Critical, 4, 1), hurt(Warning, 4, 1), hurt(Critical, 4, 1)), ""},
		"twice as many workloads":              {looked(hurt(Critical, 4, 0), hurt(Critical, 8, 0)), "worse 3"},
		"a few more":                           {looked(hurt(Critical, 4, 0), hurt(Critical, 7, 0)), ""},
		"little by little":                     {looked(hurt(Critical, 4, 0), hurt(Critical, 6, 0), hurt(Critical, 8, 0), hurt(Critical, 10, 0)), "worse 4"},
		"a node":                               {looked(hurt(Critical, 4, 0), hurt(Critical, 4, 1)), "worse 3"},
		"nothing was found, and then a little": {looked(hurt("", 0, 0), hurt(Warning, 2, 0)), ""},
		"nothing was found, and then much":     {looked(hurt("", 0, 0), hurt(Warning, 9, 0)), "worse 3"},
		"a run that did not help": {then(ready, tell(5), yes, intent("1", 1), done("1", StepOK), intent("2", 1), done("2", StepOK),
			VerificationSampled{}, Verified{}), "worse 13"},
		"an incident that is over": {then(ready, Closed{By: ada}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			now := t0.Add(time.Minute)
			s := Fold("INC-1", log(c.events...))
			var got []string
			for _, n := range s.Untold(now) {
				got = append(got, fmt.Sprintf("%s %d", n.Kind, n.Version))
			}
			if said := strings.Join(got, ", "); said != c.want {
				t.Errorf("%q, want %q", said, c.want)
			}
			notify := false
			for _, w := range Next(s, DefaultPolicy, now) {
				notify = notify || w.Kind == Notify
			}
			if notify != (c.want != "" && s.Open()) {
				t.Errorf("there is work: %v", notify)
			}
		})
	}
}

// However large an outage becomes, and however often a plan is made anew, people are told a few times, and a State holds a little.
func TestNewsIsBounded(t *testing.T) {
	l := log(alert("a", Firing))
	add := func(e Event) {
		l = append(l, Recorded{Version: len(l) + 1, At: t0.Add(time.Duration(len(l)) * time.Second), Event: e})
	}
	for n := range 2000 {
		add(hurt(Critical, n, n))
	}
	if s := Fold("INC-1", l); len(s.News) > 12 {
		t.Errorf("2,000 nodes, one after the other, are told %d times", len(s.News))
	}
	for n := range 10 * MostNews {
		add(PlanProposed{Plan: withHash(Plan{Title: fmt.Sprint(n), Steps: plan.Steps})})
	}
	s := Fold("INC-1", l)
	if len(s.News) != MostNews || s.MoreNews < 9*MostNews-12 {
		t.Errorf("%d, and %d more", len(s.News), s.MoreNews)
	}
	more := s.With([]Recorded{{Version: len(l) + 1, At: t0.Add(time.Hour), Event: Notified{Of: s.News[0].Version}}})
	if s.News[0].Told != nil || more.News[0].Told == nil {
		t.Error("a state changed that was folded on")
	}
}
