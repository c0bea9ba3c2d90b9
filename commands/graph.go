package commands

import (
	"fmt"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// mostDrawn bounds the boxes of one cause's graph.
const mostDrawn = 30

// Graph draws what broke what, in Mermaid's flowchart language: each cause, what it explains by which reason, and whose remedy it blocks.
// Consequences of one kind with one reason are drawn as one box with their number.
func (r Report) Graph() string {
	d := &incident.Diagnosis{Causes: r.Causes, Findings: r.Findings}
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, c := range d.Causes {
		drawCause(&b, d, c)
	}
	for _, c := range d.Causes {
		for _, x := range c.Blocks {
			fmt.Fprintf(&b, "  %s -. \"blocks its remedy: %s\" .-> %s\n", c.ID, mermaid(x.Reason), x.Cause)
		}
	}
	return b.String()
}

// box is consequences that are drawn as one.
type box struct {
	id, from string
	reason   string
	findings []*incident.Finding
}

func drawCause(b *strings.Builder, d *incident.Diagnosis, c incident.Cause) {
	var names []string
	for _, o := range c.Objects {
		names = append(names, o.String())
	}
	fmt.Fprintf(b, "  %s[\"<b>%s</b><br>%s<br>%s\"]\n", c.ID, c.Code, mermaid(strings.Join(names, ", ")), c.Confidence)
	fmt.Fprintf(b, "  style %s stroke-width:3px\n", c.ID)
	links := map[string]incident.Link{}
	for _, l := range c.Links {
		links[l.To] = l
	}
	var boxes []*box
	byKey, of := map[string]*box{}, map[string]string{}
	if len(c.Explains) > 0 {
		of[c.Explains[0]] = c.ID
	}
	var place func(id string, depth int) string
	place = func(id string, depth int) string {
		l, linked := links[id]
		f := d.Finding(id)
		if at, ok := of[id]; ok || !linked || f == nil || depth > len(links) {
			return at
		}
		from := place(l.From, depth+1)
		key := from + "\x00" + f.Code + "\x00" + l.Rule
		x := byKey[key]
		if x == nil {
			x = &box{id: fmt.Sprintf("%s_%d", c.ID, len(boxes)+1), from: from, reason: l.Reason}
			byKey[key] = x
			boxes = append(boxes, x)
		} else if x.reason != l.Reason {
			x.reason = shared(x.reason, l.Reason) // several objects, each with its own words
		}
		x.findings = append(x.findings, f)
		of[id] = x.id
		return x.id
	}
	for _, id := range c.Explains {
		place(id, 0)
	}
	for i, x := range boxes {
		if i == mostDrawn {
			break
		}
		what := mermaid(x.findings[0].Object.String())
		if n := len(x.findings); n > 1 {
			what = fmt.Sprintf("×%d: %s …", n, what)
		}
		fmt.Fprintf(b, "  %s[\"%s<br>%s\"]\n", x.id, x.findings[0].Code, what)
		if x.from != "" {
			fmt.Fprintf(b, "  %s -- \"%s\" --> %s\n", x.from, mermaid(x.reason), x.id)
		}
	}
}

// shared is the words with which two reasons begin.
func shared(a, b string) string {
	x, y := strings.Fields(strings.TrimSuffix(a, " …")), strings.Fields(b)
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return strings.Join(x[:n], " ") + " …"
}

// mermaid makes text safe within quotes, and short.
func mermaid(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.NewReplacer(`"`, "#quot;", "<", "#lt;", ">", "#gt;", "`", "'").Replace(clip.Runes(s, 90))
}
