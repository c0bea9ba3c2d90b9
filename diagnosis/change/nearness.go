package change

import (
	"cmp"
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Touched is what of an object a change touched.
type Touched int

// What changes touch.
const (
	Unknown    Touched = iota // the API tells only that it was written
	Program                   // what pods are made of: image, command, settings, ports, limits, volumes
	Made                      // it exists since: of what restricts or routes
	Machine                   // a node's software, or its start
	Joined                    // a node is new
	Scaled                    // how many there are, by a person
	Autoscaled                // or by an autoscaler, within its bounds
	Cordoned                  // a node takes no more pods
	Marks                     // labels and annotations alone
)

// weights say how likely a change of the kind is to do harm.
var weights = map[Touched]float64{Unknown: 0.7, Program: 1, Made: 0.9, Machine: 0.7, Joined: 0.4, Scaled: 0.35, Autoscaled: 0.1,
	Cordoned: 0.2, Marks: 0.3}

// Path is how something is reached from what fails.
type Path struct {
	Object incident.Object
	Steps  int // 0: itself, or what it belongs to
}

// Scored is a change on a path, with how near it is to what fails in every way.
type Scored struct {
	Change
	Steps int
	Score float64
}

// Near bounds how long before an onset a change may have to do with it.
const Near = time.Hour

const (
	half   = 15 * time.Minute // before the onset, a change counts half
	afield = 3                // steps away, it does
	// slack is how long after an onset a change may seem to be by the clocks of two machines.
	slack = 5 * time.Second
	// Telling is the score from which on a change is worth the first line: that of an image an hour before, or of something unknown
	// a quarter of an hour before and two steps away.
	Telling = 0.2
)

// Rank scores the changes on the paths to something that began at the onset, the nearest first: by the time between, by the steps, and by
// what was touched. Of an object that several paths lead to, the shortest counts. It is a function of its arguments alone, wherever the
// changes come from.
func Rank(changes []Change, paths []Path, onset time.Time) []Scored {
	if onset.IsZero() {
		return nil
	}
	shortest := make(map[incident.Object]Path, len(paths))
	for _, p := range paths {
		if before, ok := shortest[p.Object]; !ok || p.Steps < before.Steps {
			shortest[p.Object] = p
		}
	}
	var out []Scored
	for _, c := range changes {
		p, ok := shortest[c.Object]
		gap := onset.Sub(c.At)
		if !ok || gap > Near || gap < -slack {
			continue
		}
		score := weights[c.Touched] / (1 + float64(max(gap, 0))/float64(half)) / (1 + float64(p.Steps)/afield)
		out = append(out, Scored{c, p.Steps, score})
	}
	slices.SortStableFunc(out, func(a, b Scored) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), b.At.Compare(a.At), a.Object.Compare(b.Object), cmp.Compare(a.What, b.What))
	})
	return out
}
