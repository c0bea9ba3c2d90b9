package incident

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Course is what was seen of restarts over time. It holds moments that were seen and nothing between them: of each container a cluster
// keeps the last end alone, so that a look sees some restarts and the number of all. See [CourseOf].
type Course struct {
	Lanes    []Lane      // by how often they restarted
	Looks    []time.Time // when it was looked
	Onset    time.Time   // of the first cause; zero where it is not known
	Over     time.Time   // zero while it is not
	More     int         // workloads that are in no lane
	Restarts int         // of all workloads together, as the look that counted the most has them
}

// Lane is one workload's restarts.
type Lane struct {
	Workload Object
	Count    int         // as the look that counted the most has them
	Seen     []time.Time // when one is known to have been, in order
}

// CourseOf is the course of an incident, as its looks saw it, with at most so many lanes. It is pure.
func CourseOf(s *State, most int) Course {
	var looks []*Diagnosis
	for i := range s.Log {
		if e, ok := s.Log[i].Event.(DiagnosisMade); ok {
			looks = append(looks, &e.Diagnosis)
		}
	}
	c := courseOf(looks, most)
	if c.Over = s.ResolvedAt; !c.Over.IsZero() {
		for i := range c.Lanes { // a look is no later than that
			c.Lanes[i].Seen = slices.DeleteFunc(c.Lanes[i].Seen, func(t time.Time) bool { return t.After(c.Over) })
		}
	}
	return c
}

// CourseNow is the course that one look saw.
func CourseNow(d *Diagnosis, most int) Course { return courseOf([]*Diagnosis{d}, most) }

// mostSeen bounds the moments of a lane: the first, and the last others.
const mostSeen = 60

func courseOf(looks []*Diagnosis, most int) Course {
	var c Course
	lanes, at := []Lane{}, map[Object]int{}
	workloads := 0
	for _, d := range looks {
		c.Looks = append(c.Looks, d.At)
		t := d.Total()
		c.Restarts = max(c.Restarts, t.Restarts)
		for _, r := range d.Restarts {
			if r.Count == 0 {
				t.Restarted--
				continue
			}
			i, known := at[r.Workload]
			if !known {
				i = len(lanes)
				at[r.Workload], lanes = i, append(lanes, Lane{Workload: r.Workload})
			}
			lanes[i].Count = max(lanes[i].Count, r.Count)
			lanes[i].see(r.Onset, r.Last)
		}
		workloads = max(workloads, t.Restarted)
		if len(d.Causes) > 0 && !d.Causes[0].Since.IsZero() && (c.Onset.IsZero() || d.Causes[0].Since.Before(c.Onset)) {
			c.Onset = d.Causes[0].Since
		}
	}
	if len(c.Looks) > mostSeen {
		c.Looks = append(c.Looks[:1:1], c.Looks[len(c.Looks)-mostSeen+1:]...)
	}
	slices.SortStableFunc(lanes, func(a, b Lane) int { return cmp.Or(cmp.Compare(b.Count, a.Count), a.Workload.Compare(b.Workload)) })
	c.Lanes = firstOf(lanes, most)
	c.More = max(len(lanes), workloads) - len(c.Lanes)
	return c
}

func (l *Lane) see(all ...time.Time) {
	for _, t := range all {
		if !t.IsZero() && !slices.ContainsFunc(l.Seen, t.Equal) {
			l.Seen = append(l.Seen, t)
		}
	}
	slices.SortFunc(l.Seen, time.Time.Compare)
	if len(l.Seen) > mostSeen {
		l.Seen = append(l.Seen[:1:1], l.Seen[len(l.Seen)-mostSeen+1:]...)
	}
}

// Worth says whether there is anything to see: a workload of which a restart is known with its time.
func (c Course) Worth() bool {
	return slices.ContainsFunc(c.Lanes, func(l Lane) bool { return len(l.Seen) > 0 })
}

// Span is from the first to the last of what was seen.
func (c Course) Span() (from, to time.Time) {
	all := slices.Clone(c.Looks)
	for _, t := range []time.Time{c.Onset, c.Over} {
		if !t.IsZero() {
			all = append(all, t)
		}
	}
	for _, l := range c.Lanes {
		all = append(all, l.Seen...)
	}
	if len(all) == 0 {
		return from, to
	}
	return slices.MinFunc(all, time.Time.Compare), slices.MaxFunc(all, time.Time.Compare)
}

// Alt says in a sentence or two what the course shows, for whoever can't see it.
func (c Course) Alt() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Restarts over time: %s in %s", many(c.Restarts, "restart"), many(len(c.Lanes)+c.More, "workload"))
	if len(c.Lanes) > 0 {
		fmt.Fprintf(&b, ", most of %s (%d)", c.Lanes[0].Workload, c.Lanes[0].Count)
	}
	b.WriteString(".")
	if !c.Onset.IsZero() {
		fmt.Fprintf(&b, " It began %s.", stamp(c.Onset))
	}
	var last time.Time
	for _, l := range c.Lanes {
		if n := len(l.Seen); n > 0 && l.Seen[n-1].After(last) {
			last = l.Seen[n-1]
		}
	}
	if !last.IsZero() {
		fmt.Fprintf(&b, " The last restart that was seen was %s.", stamp(last))
	}
	if !c.Over.IsZero() {
		fmt.Fprintf(&b, " It was over %s.", stamp(c.Over))
	}
	return Label(b.String(), MaxAlt)
}
