package change

import (
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Nearer in time, nearer on the way, and what bears on the program rather than its labels: each counts, all else being equal.
func TestRank(t *testing.T) {
	onset := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	own, settings, node := snapshot.ObjectOf("Deployment", "shop", "web"), snapshot.ObjectOf("ConfigMap", "shop", "web"),
		snapshot.ObjectOf("Node", "", "n1")
	paths := []Path{{own, 0}, {node, 2}, {settings, 3}, {settings, 1}}
	made := func(o incident.Object, ago time.Duration, touched Touched) Change {
		return Change{incident.Change{ID: o.Name, At: onset.Add(-ago), Object: o}, touched}
	}
	for name, c := range map[string]struct {
		nearer, farther Change
		telling         [2]bool
	}{
		"in time":             {made(settings, time.Minute, Unknown), made(settings, 20*time.Minute, Unknown), [2]bool{true, true}},
		"on the way":          {made(settings, 5*time.Minute, Unknown), made(node, 5*time.Minute, Unknown), [2]bool{true, true}},
		"by what was touched": {made(own, 10*time.Minute, Program), made(own, 10*time.Minute, Marks), [2]bool{true, false}},
		"an hour before":      {made(own, time.Hour, Program), made(settings, time.Hour, Unknown), [2]bool{true, false}},
		"by an autoscaler":    {made(own, 0, Scaled), made(own, 0, Autoscaled), [2]bool{true, false}},
	} {
		for _, order := range [][]Change{{c.nearer, c.farther}, {c.farther, c.nearer}} {
			got := Rank(order, paths, onset)
			if len(got) != 2 || got[0].Change != c.nearer {
				t.Errorf("%s: %+v", name, got)
				continue
			}
			if telling := [2]bool{got[0].Score >= Telling, got[1].Score >= Telling}; telling != c.telling {
				t.Errorf("%s: scores %.2f and %.2f are telling: %v", name, got[0].Score, got[1].Score, telling)
			}
		}
	}
	for name, c := range map[string]Change{
		"after the onset":      made(own, -time.Minute, Program),
		"long before":          made(own, 2*time.Hour, Program),
		"not on the way":       made(snapshot.ObjectOf("ConfigMap", "shop", "other"), time.Minute, Program),
		"of another namespace": made(snapshot.ObjectOf("Deployment", "site", "web"), time.Minute, Program),
	} {
		if got := Rank([]Change{c}, paths, onset); len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := Rank([]Change{made(own, 0, Program)}, paths, time.Time{}); got != nil {
		t.Errorf("of an onset that is not known: %+v", got)
	}
	if got := Rank([]Change{made(settings, 0, Unknown)}, paths, onset); got[0].Steps != 1 {
		t.Errorf("%d steps, want those of the shortest way", got[0].Steps)
	}
}
