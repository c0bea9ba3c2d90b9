package incident

import (
	"slices"
	"testing"
	"time"
)

var t0 = time.Date(2025, 10, 3, 2, 15, 0, 0, time.UTC)

// log numbers events and dates them a second apart, from t0.
func log(events ...Event) []Recorded {
	var out []Recorded
	for i, e := range events {
		out = append(out, Recorded{Version: i + 1, At: t0.Add(time.Duration(i) * time.Second), Event: e})
	}
	return out
}

func alert(fingerprint string, status SignalStatus) SignalReceived {
	return SignalReceived{Signal: Signal{Kind: "alert", Status: status, Fingerprint: fingerprint, Title: "PodCrashLooping"}}
}

var (
	ill = DiagnosisMade{Diagnosis: Diagnosis{At: t0.Add(time.Second), Causes: []Cause{{ID: "C1", Code: "DNSLoop", Title: "CoreDNS forwards to itself"}},
		Findings: []Finding{{ID: "F1", Code: "DNSLoop", Severity: Critical}}}}
	well   = DiagnosisMade{Diagnosis: Diagnosis{At: t0.Add(time.Second)}}
	told   = []Event{Recalled{}, StoryTold{Story{Cause: "C1", By: "template"}}}
	plan   = withHash(Plan{Runbook: "dns", Steps: []Step{{ID: "1", Kind: "A"}, {ID: "2", Kind: "B"}}})
	ada    = Person{Team: "T1", ID: "U1", Name: "Ada"}
	yes    = PlanApproved{Approval{PlanHash: plan.Hash, By: ada, At: t0, Expires: t0.Add(time.Hour)}}
	intent = func(step string, n int) StepIntended {
		return StepIntended{PlanHash: plan.Hash, Step: step, Attempt: n}
	}
	stop = Stopped{PlanHash: plan.Hash, By: ada}
	done = func(step string, o StepOutcome) StepDone {
		return StepDone{PlanHash: plan.Hash, Step: step, Outcome: o}
	}
)

// then never writes into the array behind events.
func then(events []Event, more ...Event) []Event { return append(slices.Clip(events), more...) }

func withHash(p Plan) Plan { p.Hash = p.ComputeHash(); return p }

func TestNext(t *testing.T) {
	opened := alert("a", Firing)
	ready := then([]Event{opened, ill}, then(told, PlanProposed{Plan: plan})...)
	ran := then(ready, yes, intent("1", 1), done("1", StepOK), intent("2", 1), done("2", StepOK))
	undo := &Step{ID: "1", Kind: "A"}
	failed := then(ready, yes, StepIntended{PlanHash: plan.Hash, Step: "1", Attempt: 1, Inverse: undo}, done("1", StepOK), intent("2", 1),
		done("2", StepFailed))
	pair := withHash(Plan{Runbook: "dns", People: 2, Steps: plan.Steps})
	two := then([]Event{opened, ill}, then(told, PlanProposed{Plan: pair})...)
	alone := withHash(Plan{Runbook: "dns", People: 2, Terminal: true, Steps: plan.Steps})
	home := then([]Event{opened, ill}, then(told, PlanProposed{Plan: alone})...)
	yesTo := func(p Plan, by Person, terminal bool) PlanApproved {
		return PlanApproved{Approval{PlanHash: p.Hash, By: by, Expires: t0.Add(time.Hour), Terminal: terminal}}
	}
	verified := then(ran, VerificationSampled{OK: true}, Verified{OK: true})
	cases := []struct {
		name   string
		events []Event
		at     time.Duration
		want   string
	}{
		{"nothing known", nil, 0, ""},
		{"a signal is investigated", []Event{opened}, 0, "investigate"},
		{"a failed look is repeated later", []Event{opened, InvestigationFailed{"refused"}}, 0, "investigate+6s"},
		{"and later still", []Event{opened, InvestigationFailed{"x"}, InvestigationFailed{"x"}, InvestigationFailed{"x"}}, 0, "investigate+23s"},
		{"a diagnosis is compared with the past, and a plan made", []Event{opened, ill}, 0, "recall propose"},
		{"the story follows the recall", []Event{opened, ill, Recalled{}}, 0, "tell propose"},
		{"a proposed plan waits for a person", ready, 0, ""},
		{"no plan is no work", then([]Event{opened, ill, NoPlan{Reason: "no copy"}}, told...), 0, ""},
		{"nothing found is looked at again", then([]Event{opened, well, NoPlan{Reason: "nothing found"}}, told...), 0, "investigate+1m1s"},
		{"an approval runs the first step", then(ready, yes), 0, "execute 1"},
		{"an expired approval does not", then(ready, yes), 2 * time.Hour, ""},
		{"an approval of another plan does not", then(ready, PlanApproved{Approval{PlanHash: "other", Expires: t0.Add(time.Hour)}}), 0, ""},
		{"an approval does not wait for the story", []Event{opened, ill, PlanProposed{Plan: plan}, yes}, 0, "execute 1 recall"},
		{"a stopped run begins no further step", then(ready, yes, intent("1", 1), done("1", StepOK), stop), 0, "investigate"},
		{"what is in flight when it is stopped is observed", then(ready, yes, intent("1", 1), stop), 0, "observe 1"},
		{"and the way back of what was done is offered", then(ready, yes, StepIntended{PlanHash: plan.Hash, Step: "1", Attempt: 1, Inverse: undo},
			stop, done("1", StepOK)), 0, "propose"},
		{"what is unclear when it is stopped waits for a person", then(ready, yes, intent("1", 1), stop, StepUnclear{plan.Hash, "1", "?"}), 0,
			""},
		{"stopped before it begins", then(ready, yes, stop), 0, ""},
		{"approved again after that", then(ready, yes, stop, yes), 0, "execute 1"},
		{"a stop of another plan stops nothing", then(ready, yes, Stopped{PlanHash: "other"}), 0, "execute 1"},
		{"one of two approvals runs nothing", then(two, yesTo(pair, ada, false)), 0, ""},
		{"nor does one person's second", then(two, yesTo(pair, ada, false), yesTo(pair, ada, false)), 0, ""},
		{"two people's do", then(two, yesTo(pair, ada, false), yesTo(pair, Person{Team: "T1", ID: "U2"}, false)), 0, "execute 1"},
		{"one person's two do not, wherever they are given", then(two, yesTo(pair, ada, false), yesTo(pair, ada, true)), 0, ""},
		{"one approver's does with one in the terminal", then(home, yesTo(alone, ada, false), yesTo(alone, Person{ID: "admin"}, true)), 0,
			"execute 1"},
		{"without it, it does not", then(home, yesTo(alone, ada, false)), 0, ""},
		{"nor do two in the terminal", then(home, yesTo(alone, Person{ID: "admin"}, true), yesTo(alone, Person{ID: "root"}, true)), 0, ""},
		{"of two of which one has expired", then(two, PlanApproved{Approval{PlanHash: pair.Hash, By: Person{ID: "U2"},
			Expires: t0.Add(time.Minute)}}, yesTo(pair, ada, false)), 2 * time.Minute, ""},
		{"a rejected plan does not run", then(ready, PlanRejected{PlanHash: plan.Hash}), 0, ""},
		{"an intent without a result is observed", then(ready, yes, intent("1", 1)), 0, "observe 1"},
		{"a run that began goes on after the expiry", then(ready, yes, intent("1", 1)), 2 * time.Hour, "observe 1"},
		{"then comes the next step", then(ready, yes, intent("1", 1), done("1", StepOK)), 0, "execute 2"},
		{"a second attempt is in flight like the first", then(ready, yes, intent("1", 1), intent("1", 2)), 0, "observe 1"},
		{"an unclear step waits for a person", then(ready, yes, intent("1", 1), StepUnclear{plan.Hash, "1", "?"}), 0, ""},
		{"who says that it was done", then(ready, yes, intent("1", 1), StepUnclear{plan.Hash, "1", "?"}, StepDecided{plan.Hash, "1", ada, true}),
			0, "execute 2"},
		{"a withdrawn plan is made anew", then(ready, yes, PlanSuperseded{plan.Hash, "changed"}), 0, "propose"},
		{"a new signal does not disturb a run", then(ready, yes, intent("1", 1), done("1", StepOK), alert("b", Firing)), 0, "execute 2"},
		{"after the run comes the proof", ran, 0, "verify/10s"},
		{"until it is complete", then(ran, VerificationSampled{OK: false}), 0, "verify/10s"},
		{"a failed step offers the way back", failed, 0, "propose"},
		{"a useless run without a way back looks again", then(ran, VerificationSampled{OK: false}, Verified{OK: false}), 0, "investigate"},
		{"alerts that end by themselves are proved to have", then(ready, alert("a", Resolved)), 0, "verify/10s"},
		{"resolved is written up", verified, 0, "draft"},
		{"a draft waits for a person", then(verified, PostmortemDrafted{}), 0, ""},
		{"a published one is indexed", then(verified, PostmortemDrafted{}, PostmortemPublished{By: ada}), 0, "index"},
		{"it is put into its thread as well", then(verified, PostmortemDrafted{}, PostmortemPublished{By: ada, Share: true},
			PostmortemIndexed{"x.md"}), 0, "share"},
		{"one in its thread is the end", then(verified, PostmortemDrafted{}, PostmortemPublished{By: ada, Share: true}, PostmortemIndexed{"x.md"},
			PostmortemShared{"https://x"}), 0, ""},
		{"an indexed one is the end", then(verified, PostmortemDrafted{}, PostmortemPublished{By: ada}, PostmortemIndexed{"x.md"}), 0, ""},
		{"closed is over", then(ready, Closed{By: ada}), 0, ""},
		{"asked to look again", then(ready, LookAgainRequested{By: ada}), 0, "investigate"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			id := "INC-1"
			if c.events == nil {
				id = ""
			}
			got := ""
			for _, w := range Next(Fold(id, log(c.events...)), DefaultPolicy, t0.Add(c.at)) {
				if w.Kind == Notify {
					continue // see TestWhatIsNews
				}
				if got != "" {
					got += " "
				}
				got += string(w.Kind)
				if w.Step != "" {
					got += " " + w.Step
				}
				if !w.Due.IsZero() {
					got += "+" + w.Due.Sub(t0).String()
				}
				if w.Every != 0 {
					got += "/" + w.Every.String()
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestANewSignalLongAfterTheLookIsLookedAt(t *testing.T) {
	s := Fold("INC-1", append(log(alert("a", Firing), ill, Recalled{}, StoryTold{}, PlanProposed{Plan: plan}),
		Recorded{Version: 6, At: t0.Add(time.Hour), Event: alert("b", Firing)}))
	if w := Next(s, DefaultPolicy, t0.Add(time.Hour)); len(w) != 2 || w[1].Kind != Notify || w[0].Kind != Investigate {
		t.Errorf("got %v, want investigate", w)
	}
}

func TestEveryEventSurvivesItsStorage(t *testing.T) {
	for name := range eventTypes {
		e, err := Decode(name, EventVersion, []byte(`{}`))
		if err != nil || EventType(e) != name {
			t.Errorf("%s: got %T, %v", name, e, err)
		}
	}
	b, err := Encode(yes)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Decode("PlanApproved", 1, b)
	if err != nil || e.(PlanApproved).Approval.PlanHash != plan.Hash {
		t.Errorf("got %+v, %v", e, err)
	}
	if _, err := Decode("PlanApproved", EventVersion+1, b); err == nil {
		t.Error("a newer version was not refused")
	}
	if _, err := Decode("Unheard", 1, b); err == nil {
		t.Error("an unknown type was not refused")
	}
}

func TestTheHashBindsWhatRunsAndNotTheWordsAround(t *testing.T) {
	a := plan
	a.Why, a.Title = "other words", "another title"
	if a.ComputeHash() != plan.Hash {
		t.Error("words changed the hash")
	}
	b := plan
	b.Steps = []Step{{ID: "1", Kind: "A", Params: map[string]string{"value": "x"}}, plan.Steps[1]}
	if b.ComputeHash() == plan.Hash {
		t.Error("a parameter did not change the hash")
	}
}

func TestVerificationCountsFromTheLastGoodTurn(t *testing.T) {
	s := Fold("INC-1", log(alert("a", Firing), ill, VerificationSampled{OK: true}, VerificationSampled{OK: false},
		VerificationSampled{OK: true}))
	if want := t0.Add(4 * time.Second); !s.Verification.GoodSince.Equal(want) {
		t.Errorf("good since %v, want %v", s.Verification.GoodSince, want)
	}
	if want := t0.Add(2 * time.Second); !s.Verification.Began.Equal(want) {
		t.Errorf("began %v, want %v", s.Verification.Began, want)
	}
}
