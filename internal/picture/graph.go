package picture

import (
	"strings"

	"github.com/go-analyze/charts"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// MostBoxes is how many boxes can be read as one picture.
const MostBoxes = 12

const (
	graphWidth = 1000
	indent     = 66 // of what follows
	stem       = 26 // from a box's left to the line down to what follows
	apart      = 20 // between boxes, one above the other
	padding    = 14
	bracket    = 30 // left of the causes, for what blocks what
)

// placed is a box with its place.
type placed struct {
	node       incident.Node
	text       []words
	x, y, w, h int
	colour     charts.Color
	from       *placed
}

// Graph draws what broke what: each cause, and below it, indented, what follows from it, so that a phone's width shows it. It has at most
// [MostBoxes] boxes, as incident.GraphOf makes them.
func Graph(g incident.Graph, below string) ([]byte, error) {
	l := layout{pen: newPen(graphWidth, 10), left: margin, byID: map[string]*placed{}}
	for _, e := range g.Edges {
		if e.Blocks {
			l.left = margin + bracket
		}
	}
	below = label(below)
	l.place(g, headed(graphWidth, below))
	height := l.bottom + margin
	if g.More > 0 {
		height += 36
	}
	p, _ := card(graphWidth, height, "What broke what", below)
	for _, b := range l.all {
		p.arrow(b)
	}
	for _, e := range g.Edges {
		if from, to := l.byID[e.From], l.byID[e.To]; e.Blocks && from != nil && to != nil {
			p.block(from, to)
		}
	}
	for _, b := range l.all {
		p.box(b)
	}
	if g.More > 0 {
		p.write(words{"… and " + thousands(g.More) + " more", normal, muted, plain, 1}, l.left, l.bottom+8, graphWidth)
	}
	return p.png("what broke what")
}

// deepest is how far boxes are indented; what follows from there stands straight below.
const deepest = 5

type layout struct {
	pen
	left, bottom int
	byID         map[string]*placed
	all          []*placed
}

// place gives each box its place: what follows from one stands below it, indented.
func (l *layout) place(g incident.Graph, top int) {
	from, reason := map[string]string{}, map[string]string{}
	for _, e := range g.Edges {
		if e.Blocks {
			reason[e.From] = "blocks the remedy: " + e.Reason
		} else {
			from[e.To], reason[e.To] = e.From, e.Reason
		}
	}
	under := map[string][]incident.Node{}
	for _, n := range g.Nodes {
		under[from[n.ID]] = append(under[from[n.ID]], n)
	}
	var put func(n incident.Node, y int) int
	put = func(n incident.Node, y int) int {
		b := l.measured(n, reason[n.ID], y)
		b.from = l.byID[from[n.ID]]
		l.byID[n.ID], l.all = b, append(l.all, b)
		next := y + b.h + apart
		for _, child := range under[n.ID] {
			next = put(child, next)
		}
		return next
	}
	for _, n := range under[""] {
		top = put(n, top)
	}
	l.bottom = top - apart
}

func (l *layout) measured(n incident.Node, reason string, y int) *placed {
	b := &placed{node: n, x: l.left + min(n.Layer, deepest)*indent, y: y, colour: follows}
	b.w = graphWidth - margin - b.x
	if n.Layer == 0 {
		b.colour = ill
	}
	b.text = []words{{label(n.Head()), normal, ink, bold, 2}, {names(n), small, muted, plain, 1}}
	switch {
	case strings.HasPrefix(reason, "blocks "):
		b.text = append(b.text, words{label(reason), small, blocks, plain, 2})
	case strings.Trim(reason, " …") != "":
		b.text = append(b.text, words{label("because " + reason), small, follows, plain, 1})
	}
	b.h = 2*padding + 2
	for _, w := range b.text {
		b.h += len(l.lines(w, b.w-2*padding-6)) * w.height()
	}
	return b
}

// names are a box's objects without their kinds, and how many more there are.
func names(n incident.Node) string {
	var out []string
	for _, o := range n.Objects {
		name := o.Name
		if o.Namespace != "" {
			name = o.Namespace + "/" + name
		}
		out = append(out, incident.Label(name, 60))
	}
	text := strings.Join(out, ", ")
	if left := n.Count - len(n.Objects); left > 0 && len(out) > 0 {
		text += " and " + thousands(left) + " more"
	}
	return text
}

func (p pen) box(b *placed) {
	p.FilledRect(b.x, b.y, b.x+b.w, b.y+b.h, box, box, 0)
	p.frame(b.x, b.y, b.x+b.w, b.y+b.h, edge, 1)
	p.FilledRect(b.x, b.y, b.x+6, b.y+b.h, b.colour, b.colour, 0)
	y := b.y + padding - 3
	for _, w := range b.text {
		y = p.write(w, b.x+padding+6, y, b.w-2*padding-6)
	}
}

// arrow leads from what a box follows from to it: down, and to the right; or down its left side, where it is indented no more.
func (p pen) arrow(b *placed) {
	if b.from == nil {
		return
	}
	x, y := b.x, b.y+26
	line := []charts.Point{{X: b.from.x + stem, Y: b.from.y + b.from.h}, {X: b.from.x + stem, Y: y}, {X: x - 2, Y: y}}
	if b.from.x == b.x {
		line = []charts.Point{{X: x, Y: b.from.y + 26}, {X: x - stem, Y: b.from.y + 26}, {X: x - stem, Y: y}, {X: x - 2, Y: y}}
	}
	p.LineStroke(line, follows, 2.5)
	p.head(x, y, follows)
}

// head is an arrow's, pointing right.
func (p pen) head(x, y int, c charts.Color) {
	p.FillArea([]charts.Point{{X: x, Y: y}, {X: x - 13, Y: y - 8}, {X: x - 13, Y: y + 8}, {X: x, Y: y}}, c)
}

// block leads from a cause to the one whose remedy it blocks, on the left of both.
func (p pen) block(from, to *placed) {
	x, y1, y2 := from.x-bracket+8, from.y+from.h-22, to.y+22
	if y2 < y1 {
		y1, y2 = from.y+22, to.y+to.h-22
	}
	p.DashedLineStroke([]charts.Point{{X: from.x, Y: y1}, {X: x, Y: y1}, {X: x, Y: y2}, {X: to.x - 2, Y: y2}}, blocks, 2.5, []float64{9, 6})
	p.head(to.x, y2, blocks)
}
