package incident

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Graph is what broke what, in few enough boxes to be seen as a whole: the causes, and what follows from them, consequences of one kind
// with one reason as one box. See [GraphOf].
type Graph struct {
	Nodes []Node
	Edges []Edge
	More  int // causes and consequences that are in no box
}

// Node is a box of a Graph: a cause, or consequences of one kind.
type Node struct {
	ID         string
	Layer      int // 0 is a cause; a consequence is one further than what it follows from
	Code       string
	Title      string     // in words: a cause's, or that of the one consequence; empty for several
	Count      int        // the objects at fault, or the consequences; at least 1
	Objects    []Object   // the first of them
	Confidence Confidence // of a cause; empty otherwise
}

// Edge says that one box follows from another, or, where Blocks is set, that a cause keeps another's remedy from working.
type Edge struct {
	From, To string // ids
	Reason   string // in words; empty where none is known
	Blocks   bool
}

// GraphOf is the graph of a diagnosis in at most so many boxes: of the causes the first third, the consequences of each by how many they
// are. It is pure; the same diagnosis gives the same graph.
func GraphOf(d *Diagnosis, most int) Graph {
	var g Graph
	causes := d.InOrder()
	shown := causes[:min(len(causes), max(1, (most+2)/3))]
	g.More = max(0, d.Total().Causes-len(shown))
	for _, c := range shown {
		g.Nodes = append(g.Nodes, Node{ID: c.ID, Code: c.Code, Title: c.Title, Count: max(1, c.Faults()), Objects: firstOf(c.Objects, mostCited),
			Confidence: c.Confidence})
	}
	room := most - len(shown)
	for i, c := range shown {
		waiting := 0 // a box is kept for each cause that comes after
		for _, o := range shown[i+1:] {
			waiting += min(1, o.Consequences())
		}
		room -= g.follow(d, &c, room-waiting)
	}
	for _, c := range shown {
		for _, x := range c.Blocks {
			if slices.ContainsFunc(shown, func(o Cause) bool { return o.ID == x.Cause }) {
				g.Edges = append(g.Edges, Edge{From: c.ID, To: x.Cause, Reason: x.Reason, Blocks: true})
			}
		}
	}
	return g
}

// mostCited is how many objects a box names.
const mostCited = 3

// box is consequences that are drawn as one.
type box struct {
	Node
	from   *box // nil: the cause itself
	reason string
	drawn  bool
}

// follow adds the boxes of what a cause explains, at most so many, and says how many there are. What does not fit is counted.
func (g *Graph) follow(d *Diagnosis, c *Cause, room int) int {
	boxes, all := boxesOf(d, c), 0
	slices.SortStableFunc(boxes, func(a, b *box) int { return cmp.Compare(b.Count, a.Count) })
	drawn := 0
	for again := true; again && drawn < room; { // what a box follows from is drawn before it
		again = false
		for _, b := range boxes {
			if b.drawn || drawn >= room || b.from != nil && !b.from.drawn {
				continue
			}
			b.drawn, again = true, true
			drawn, all = drawn+1, all+b.Count
			from := c.ID
			if b.from != nil {
				from, b.Layer = b.from.ID, b.from.Layer
			}
			b.Layer++
			g.Nodes = append(g.Nodes, b.Node)
			g.Edges = append(g.Edges, Edge{From: from, To: b.ID, Reason: b.reason})
		}
	}
	g.More += max(0, c.Consequences()-all)
	return drawn
}

// boxesOf puts the consequences of a cause together that have one code and follow from the same by one rule, in the order of the
// explanation.
func boxesOf(d *Diagnosis, c *Cause) []*box {
	links := map[string]Link{}
	for _, l := range c.Links {
		links[l.To] = l
	}
	var boxes []*box
	byKey, of := map[string]*box{}, map[string]*box{}
	if len(c.Explains) > 0 {
		of[c.Explains[0]] = nil
	}
	var place func(id string, depth int) *box
	place = func(id string, depth int) *box {
		f := d.Finding(id)
		at, known := of[id]
		if known || f == nil || depth > len(links) {
			return at
		}
		l := links[id] // none: all that is known is that it follows
		var from *box
		key := "\x00" + f.Code + "\x00" + l.Rule
		if l.From != "" {
			from = place(l.From, depth+1)
		}
		if from != nil {
			key = from.ID + key
		}
		b := byKey[key]
		if b == nil {
			b = &box{Node: Node{ID: c.ID + "_" + strconv.Itoa(len(boxes)+1), Code: f.Code, Title: f.Title}, from: from, reason: l.Reason}
			byKey[key] = b
			boxes = append(boxes, b)
		} else if b.reason != l.Reason {
			b.reason = beginning(b.reason, l.Reason) // several objects, each with its own words
		}
		b.add(f)
		of[id] = b
		return b
	}
	for _, id := range c.Explains {
		place(id, 0)
	}
	return boxes
}

func (b *box) add(f *Finding) {
	if b.Count += f.Stands(); b.Count > 1 {
		b.Title = ""
	}
	more := f.Objects
	if len(more) == 0 {
		more = []Object{f.Object}
	}
	b.Objects = firstOf(append(b.Objects, more...), mostCited)
}

// beginning is the words with which two reasons begin.
func beginning(a, b string) string {
	x, y := strings.Fields(strings.TrimSuffix(a, " …")), strings.Fields(b)
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return strings.Join(x[:n], " ") + " …"
}

// Worth says whether the graph tells more than its boxes: whether anything in it follows from something, or blocks it.
func (g Graph) Worth() bool { return len(g.Edges) > 0 }

// Names are the objects of a box, as many as it names; an ellipsis stands for the others.
func (n Node) Names() string {
	var names []string
	for _, o := range n.Objects {
		names = append(names, o.String())
	}
	text := strings.Join(names, ", ")
	if n.Count > len(n.Objects) {
		text += " …"
	}
	return text
}

// Label is text as a picture shows it: on one line, without what can't be seen, and at most so many characters long.
func Label(s string, most int) string {
	s = strings.Join(strings.Fields(strings.Map(visible, s)), " ")
	if r := []rune(s); len(r) > most {
		return strings.TrimRight(string(r[:max(0, most-1)]), " ") + "…"
	}
	return s
}

// visible drops what a text may hide or turn around: control characters, and those that have no shape of their own.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case !unicode.IsPrint(r):
		return -1
	}
	return r
}

// Head is what a box says first: its title, or its code in words with how many it stands for.
func (n Node) Head() string {
	switch {
	case n.Title != "":
		return n.Title
	case n.Count > 1:
		return strconv.Itoa(n.Count) + " × " + Words(n.Code)
	}
	return Words(n.Code)
}

// Words are a code's: "Pod crash loop" for PodCrashLoop, "Node CNI missing" for NodeCNIMissing.
func Words(code string) string {
	r := []rune(code)
	var b strings.Builder
	for i, c := range r {
		begins := i > 0 && unicode.IsUpper(c) && (!unicode.IsUpper(r[i-1]) || i+1 < len(r) && unicode.IsLower(r[i+1]))
		alone := i+1 < len(r) && unicode.IsUpper(r[i+1])
		if begins {
			b.WriteByte(' ')
		}
		if begins && !alone {
			c = unicode.ToLower(c)
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Alt says in a sentence or two what the graph shows, for whoever can't see it.
func (g Graph) Alt() string {
	var parts []string
	name := map[string]string{}
	for _, n := range g.Nodes {
		name[n.ID] = Label(n.Head(), 80)
	}
	follow := map[string][]string{}
	for _, e := range g.Edges {
		if e.Blocks {
			parts = append(parts, name[e.From]+" blocks the remedy of: "+name[e.To])
		} else {
			follow[e.From] = append(follow[e.From], name[e.To])
		}
	}
	for _, n := range g.Nodes {
		if f := follow[n.ID]; len(f) > 0 {
			parts = append(parts, "from “"+name[n.ID]+"” follows: "+strings.Join(f, "; "))
		}
	}
	text := "What broke what: " + strings.Join(parts, ". ") + "."
	if g.More > 0 {
		text += " And " + strconv.Itoa(g.More) + " more."
	}
	return Label(text, MaxAlt)
}

// MaxAlt is the most characters of a text that stands for a picture.
const MaxAlt = 1000
