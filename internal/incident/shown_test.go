package incident

import (
	"slices"
	"testing"
	"time"
)

// Pictures are drawn once the diagnosis is told, again after another look, and once more when it is over; never of what had none while it
// was open, and no more than people look at.
func TestWhenPicturesAreDrawn(t *testing.T) {
	opened := alert("a", Firing)
	toldIll := then([]Event{opened, ill}, told...)
	shown := PicturesShared{At: ill.Diagnosis.At, Shown: []Shown{{"restarts", "1"}}}
	again := DiagnosisMade{Diagnosis: Diagnosis{At: t0.Add(time.Hour), Findings: ill.Diagnosis.Findings}}
	over := Verified{OK: true}
	many := shown
	many.At, many.Shown = t0, slices.Repeat(shown.Shown, 20)
	for _, c := range []struct {
		name   string
		events []Event
		want   bool
	}{
		{"before there is a diagnosis", []Event{opened}, false},
		{"before it is told", []Event{opened, ill}, false},
		{"told", toldIll, true},
		{"nothing is wrong", then([]Event{opened, well}, told...), false},
		{"shown", then(toldIll, shown), false},
		{"looked again", then(toldIll, shown, again), false},
		{"and told", then(toldIll, shown, again, told[0], told[1]), true},
		{"over", then(toldIll, shown, over), true},
		{"over, and shown", then(toldIll, shown, over, PicturesShared{At: t0.Add(5 * time.Second)}), false},
		{"over before there was any", then(toldIll, over), false},
		{"closed", then(toldIll, Closed{By: ada}), false},
		{"too many", then(toldIll, many), false},
	} {
		for _, wanted := range []bool{true, false} {
			work := Next(Fold("INC-1", log(c.events...)), Policy{Pictures: wanted}, t0.Add(2*time.Hour))
			if got := slices.ContainsFunc(work, func(w Work) bool { return w.Kind == Picture }); got != (c.want && wanted) {
				t.Errorf("%s, where they are wanted %t: %v", c.name, wanted, work)
			}
		}
	}
	if s := Fold("INC-1", log(then(toldIll, many)...)); len(s.Shown) != mostShown {
		t.Errorf("%d are remembered", len(s.Shown))
	}
}
