package picture

import (
	"strings"

	"github.com/go-analyze/charts"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// The colours of a card. Each kind of text has a contrast of at least 4.5 to what it stands on (WCAG 2, 1.4.3).
var (
	ground  = charts.Color{R: 0x1f, G: 0x26, B: 0x30, A: 255}
	edge    = charts.Color{R: 0x5b, G: 0x68, B: 0x7a, A: 255}
	box     = charts.Color{R: 0x2c, G: 0x36, B: 0x44, A: 255}
	ink     = charts.Color{R: 0xf4, G: 0xf6, B: 0xf9, A: 255}
	muted   = charts.Color{R: 0xb4, G: 0xbf, B: 0xcd, A: 255}
	ill     = charts.Color{R: 0xff, G: 0x7b, B: 0x72, A: 255} // causes, the onset
	follows = charts.Color{R: 0x6c, G: 0xb6, B: 0xff, A: 255} // consequences, restarts
	well    = charts.Color{R: 0x6b, G: 0xd4, B: 0x88, A: 255} // the end
	blocks  = charts.Color{R: 0xe3, G: 0xb3, B: 0x41, A: 255} // what is in the way
)

// The sizes of text, in pixels as MeasureText has them: a phone shows a card at a third of its width.
const (
	large  = 30
	normal = 25
	small  = 22
)

const (
	margin = 28
	bold   = charts.FontFamilyNotoSansBold
	plain  = charts.FontFamilyNotoSans
)

// words are text in one style.
type words struct {
	text   string
	size   float64
	colour charts.Color
	family string
	most   int // lines
}

func (w words) style() charts.FontStyle {
	return charts.FontStyle{FontSize: w.size, FontColor: w.colour, Font: charts.GetFont(w.family)}
}

// height is that of a line.
func (w words) height() int { return int(w.size * 1.5) }

// pen draws, and measures before that.
type pen struct{ *charts.Painter }

func newPen(width, height int) pen {
	return pen{charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputPNG, Width: width, Height: height,
		Font: charts.GetFont(plain)})}
}

// card is an empty card with its title and what stands below it; top is where its room begins.
func card(width, height int, title, below string) (p pen, top int) {
	p = newPen(width, height)
	p.FilledRect(0, 0, width, height, ground, ground, 0)
	p.frame(1, 1, width-1, height-1, edge, 2)
	top = p.write(words{title, large, ink, bold, 1}, margin, margin-6, width-2*margin)
	return p, p.write(words{below, small, muted, plain, 2}, margin, top, width-2*margin) + 14
}

// headed is how high the title and what stands below it are.
func headed(width int, below string) int {
	p := newPen(width, 10)
	w := words{below, small, muted, plain, 2}
	return margin - 6 + words{size: large}.height() + len(p.lines(w, width-2*margin))*w.height() + 14
}

func (p pen) frame(x1, y1, x2, y2 int, c charts.Color, width float64) {
	p.LineStroke([]charts.Point{{X: x1, Y: y1}, {X: x2, Y: y1}, {X: x2, Y: y2}, {X: x1, Y: y2}, {X: x1, Y: y1}}, c, width)
}

func (p pen) width(w words, text string) int { return p.MeasureText(text, 0, w.style()).Width() }

// write writes text below y within a width, and says where it ends.
func (p pen) write(w words, x, y, width int) int {
	for _, line := range p.lines(w, width) {
		p.Text(line, x, y+int(w.size*1.3), 0, w.style())
		y += w.height()
	}
	return y
}

// lines wraps text at its spaces, and words that are too long at any character; what is too much ends in an ellipsis.
func (p pen) lines(w words, width int) []string {
	var out []string
	line := ""
	for _, word := range strings.Fields(w.text) {
		for next := word; next != ""; {
			longer := strings.TrimSpace(line + " " + next)
			if p.width(w, longer) <= width {
				line, next = longer, ""
				continue
			}
			if line == "" {
				n := p.fitting(w, next, width)
				line, next = next[:n], next[n:]
			}
			if len(out) == w.most-1 {
				return append(out, p.clipped(w, line+" …", width))
			}
			out, line = append(out, line), ""
		}
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}

// fitting is how many bytes of a word fit into a width, at least one character's; where it can, it ends after a slash, a dot or a dash.
func (p pen) fitting(w words, word string, width int) int {
	n, good := 0, 0
	for i, r := range word {
		end := i + len(string(r))
		if n > 0 && p.width(w, word[:end]) > width {
			break
		}
		n = end
		if strings.ContainsRune("/.-", r) {
			good = n
		}
	}
	if good > n/2 {
		return good
	}
	return n
}

// clipped is a last line that must end within the width.
func (p pen) clipped(w words, line string, width int) string {
	r := []rune(strings.TrimSuffix(line, " …"))
	for len(r) > 0 && p.width(w, string(r)+" …") > width {
		r = r[:len(r)-1]
	}
	if s := string(r); len(r)+2 < len([]rune(line)) && strings.LastIndex(s, " ") > len(s)/2 { // no half words
		return s[:strings.LastIndex(s, " ")] + " …"
	}
	return strings.TrimRight(string(r), " ") + " …"
}

// label is text from outside as a picture shows it.
func label(s string) string { return incident.Label(s, mostLabel) }

// mostLabel is how many characters of a label are looked at: what a box has room for, and some.
const mostLabel = 200
