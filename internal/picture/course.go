package picture

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-analyze/charts"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// MostLanes is how many workloads can be told from one another in one picture.
const MostLanes = 8

const (
	courseWidth = 1000
	lane        = 76 // high
	axis        = 64 // high
)

// scale maps moments to pixels.
type scale struct {
	from, to    time.Time
	left, right int
}

func (s scale) x(t time.Time) int {
	return s.left + int(float64(s.right-s.left)*float64(t.Sub(s.from))/float64(s.to.Sub(s.from)))
}

// Course draws when restarts were seen: for each workload a line from the first to the last that is known, with a dot for each; a line
// down at the onset, and one where it was over. It has at most [MostLanes] lanes.
func Course(c incident.Course) ([]byte, error) {
	below := dated(c)
	top := headed(courseWidth, below) + 40
	bottom := top + len(c.Lanes)*lane
	height := bottom + axis
	if c.More > 0 {
		height += 38
	}
	p, _ := card(courseWidth, height, "Restarts: "+thousands(c.Restarts), below)
	from, to := c.Span()
	room := max(to.Sub(from)/20, time.Second)
	s := scale{from.Add(-room), to.Add(room), margin + 8, courseWidth - margin - 100}
	end := 0
	for _, t := range ticks(s.from, s.to) {
		p.LineStroke([]charts.Point{{X: s.x(t), Y: top}, {X: s.x(t), Y: bottom}}, box, 1.5)
		w := words{t.Format(clock(s)), small, muted, plain, 1}
		if half := p.width(w, w.text) / 2; s.x(t)-half >= margin && s.x(t)-half > end {
			p.middle(w, s.x(t), bottom+4)
			end = s.x(t) + half + 16
		}
	}
	p.LineStroke([]charts.Point{{X: s.left, Y: bottom}, {X: s.right, Y: bottom}}, edge, 1.5)
	p.mark(s, c.Onset, top, bottom, "onset", ill)
	p.mark(s, c.Over, top, bottom, "over", well)
	for i, l := range c.Lanes {
		p.lane(s, l, top+i*lane)
	}
	if c.More > 0 {
		p.write(words{"… and " + more(c.More, "workload"), normal, muted, plain, 1}, margin, bottom+axis-26, courseWidth)
	}
	return p.png("restarts over time")
}

func (p pen) lane(s scale, l incident.Lane, y int) {
	o := l.Workload
	w := words{incident.Label(strings.TrimPrefix(o.Namespace+"/"+o.Name, "/"), 60), normal, ink, plain, 1}
	p.FilledRect(s.left-2, y+4, s.left+4+p.width(w, w.text), y+38, ground, ground, 0) // the lines of the onset and the end go behind it
	p.write(w, s.left, y, s.right-s.left)
	count := words{thousands(l.Count), normal, follows, bold, 1}
	p.write(count, s.right+20, y+24, margin+100)
	if len(l.Seen) == 0 {
		return
	}
	y += 54
	first, last := l.Seen[0], l.Seen[len(l.Seen)-1]
	p.LineStroke([]charts.Point{{X: s.x(first), Y: y}, {X: s.x(last), Y: y}}, follows, 3)
	for _, t := range l.Seen {
		p.Circle(7, s.x(t), y, follows, ground, 1.5)
	}
}

// mark is a line down at a moment.
func (p pen) mark(s scale, t time.Time, top, bottom int, what string, c charts.Color) {
	if t.IsZero() {
		return
	}
	p.DashedLineStroke([]charts.Point{{X: s.x(t), Y: top}, {X: s.x(t), Y: bottom}}, c, 2.5, []float64{8, 5})
	p.middle(words{what + " " + t.UTC().Format(clock(s)), small, c, bold, 1}, s.x(t), top-38)
}

// thousands is a number as people write it.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// more is so many more of something.
func more(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return thousands(n) + " more " + what
}

// middle writes a line below y, its middle at x, within the card.
func (p pen) middle(w words, x, y int) {
	half := p.width(w, w.text) / 2
	x = min(max(x, margin+half), p.Width()-margin-half)
	p.write(w, x-half, y, p.Width())
}

// dated says from when what is shown is, and what it leaves open.
func dated(c incident.Course) string {
	if len(c.Looks) == 0 {
		return ""
	}
	last := c.Looks[len(c.Looks)-1].UTC()
	text := "As seen " + last.Format("2 Jan 15:04 UTC")
	if n := len(c.Looks); n > 1 {
		text = fmt.Sprintf("As seen by %d looks, the last %s", n, last.Format("2 Jan 15:04 UTC"))
	}
	return text + ". A dot is a restart whose time is known; the number counts all."
}

// steps between ticks.
var steps = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
	15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour,
	7 * 24 * time.Hour, 14 * 24 * time.Hour, 28 * 24 * time.Hour, 91 * 24 * time.Hour, 365 * 24 * time.Hour}

// mostTicks is for how many times there is room.
const mostTicks = 6

// ticks are round moments between two, in UTC.
func ticks(from, to time.Time) []time.Time {
	i := slices.IndexFunc(steps, func(d time.Duration) bool { return to.Sub(from)/d < mostTicks })
	if i < 0 {
		return nil
	}
	var out []time.Time
	for t := from.UTC().Truncate(steps[i]).Add(steps[i]); t.Before(to); t = t.Add(steps[i]) {
		out = append(out, t)
	}
	return out
}

// clock is how a tick is written.
func clock(s scale) string {
	switch d := s.to.Sub(s.from); {
	case d < 5*time.Minute:
		return "15:04:05"
	case d < 20*time.Hour:
		return "15:04"
	case d < 4*24*time.Hour:
		return "2 Jan 15:04"
	case d < 300*24*time.Hour:
		return "2 Jan"
	}
	return "Jan 2006"
}
