package incident

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"
)

// history is what an earlier program recorded of INC-2 of testdata/before-news.json: an alert fires, and a plan waits for approval. It told no
// news, called nobody and drew nothing.
func history(t *testing.T) []Recorded {
	t.Helper()
	raw, err := os.ReadFile("testdata/before-news.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Incident string
		Events   []struct {
			Version, TypeVersion int
			Type                 string
			At                   int64 // nanoseconds
			Data                 json.RawMessage
		}
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	var log []Recorded
	for _, e := range all[1].Events {
		event, err := Decode(e.Type, e.TypeVersion, e.Data)
		if err != nil {
			t.Fatal(err)
		}
		log = append(log, Recorded{Version: e.Version, At: time.Unix(0, e.At).UTC(), Event: event, Written: e.TypeVersion})
	}
	return log
}

// What was there before news was told, people were called and pictures were drawn is told, called for and drawn by nobody. All that begins
// with what happens next.
func TestWhatIsNewBeginsWithWhatHappensNext(t *testing.T) {
	old := history(t)
	now := old[len(old)-1].At.Add(time.Hour)
	before := Fold("INC-2", old)
	look := DiagnosisMade{Diagnosis: *before.Diagnosis}
	look.Diagnosis.At = now
	same, other := *before.Plan, *before.Plan
	same.Hash, other.Hash, other.Title = "another", "one more", "Another plan"
	ben := Person{Team: "T1", ID: "U2", Name: "Ben"}
	for _, c := range []struct {
		name string
		then []Event
		want []WorkKind // of what people are told or shown
	}{
		{"nothing", nil, nil},
		{"somebody opens the plan", []Event{PlanReviewed{PlanHash: before.Plan.Hash, By: ada}}, nil},
		{"a story is told anew", []Event{Recalled{}, StoryTold{}}, nil},
		{"it is over", []Event{Verified{OK: true}}, nil},
		{"another alert fires", []Event{alert("b", Firing)}, []WorkKind{Call}},
		{"it is taken, and given back", []Event{Claimed{By: ada}, Claimed{By: ada, Back: true}}, []WorkKind{Call}},
		{"the same plan waits again", []Event{PlanProposed{Plan: same}}, nil},
		{"another plan waits", []Event{PlanProposed{Plan: other}}, []WorkKind{Notify}},
		{"another look is taken", []Event{look, Recalled{}, StoryTold{}}, []WorkKind{Picture}},
		{"and then it is over", []Event{look, Recalled{}, StoryTold{}, PicturesShared{At: now.Add(-time.Second)}, Verified{OK: true}}, []WorkKind{Picture}},
		{"a step fails", []Event{
			PlanApproved{Approval{PlanHash: before.Plan.Hash, By: ben, At: now, Expires: now.Add(time.Hour)}},
			StepIntended{PlanHash: before.Plan.Hash, Step: before.Plan.Steps[0].ID, Attempt: 1},
			StepDone{PlanHash: before.Plan.Hash, Step: before.Plan.Steps[0].ID, Outcome: StepFailed}}, []WorkKind{Notify}},
	} {
		log := slices.Clone(old)
		for _, e := range c.then {
			log = append(log, Recorded{Version: len(log) + 1, At: now, Event: e})
		}
		p := onCall
		p.Pictures = true
		var got []WorkKind
		for _, w := range Next(Fold("INC-2", log), p, now.Add(time.Minute)) {
			if w.Kind == Call && w.Due.Before(now.Add(p.OnCall[""].After)) {
				t.Errorf("%s: who is on call is called at %s, for what was before %s", c.name, w.Due, now)
			}
			if slices.Contains([]WorkKind{Notify, Call, Picture}, w.Kind) {
				got = append(got, w.Kind)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: people are told or shown by %v, want %v", c.name, got, c.want)
		}
	}
}

// Had today's program recorded the same, people would have been told.
func TestTodayItIsTold(t *testing.T) {
	log := history(t)
	for i := range log {
		log[i].Written = EventVersion
	}
	p := onCall
	p.Pictures = true
	for _, kind := range []WorkKind{Notify, Call, Picture} {
		if !slices.ContainsFunc(Next(Fold("INC-2", log), p, log[0].At.Add(time.Hour)), func(w Work) bool { return w.Kind == kind }) {
			t.Errorf("there is no %s", kind)
		}
	}
}
