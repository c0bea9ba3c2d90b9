package slackapp

import (
	"fmt"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
)

// part is a rendered block and what it counts for.
type part struct {
	block   slack.Block
	text    int    // characters
	section string // its text, where it is a section of text alone: such ones can be put together
	keep    bool   // buttons and inputs: never left out
}

func textPart(text string) part {
	return part{block: slack.NewSectionBlock(marked(text), nil, nil), section: text, text: utf8.RuneCountInString(text)}
}

// fitter keeps what fits.
type fitter struct {
	blocks, text int // what there is room for
	perBlock     int // what each block after the first takes of the text
	message      bool
	rest         rest
	tables       int
	actionIDs    map[string]bool
	primary      bool // there is a primary button
	cut          bool // something was shortened or left out
}

// leastShown is the fewest characters to which a block is shortened; then blocks are left out.
const leastShown = 60

// fit renders a document so that it fits: as it is; with texts side by side put together; with what is longest shortened; and as the last
// resort with blocks left out. What is left out is said in a line.
func (f *fitter) fit(doc []commands.Block) []slack.Block {
	if lengths(doc) <= f.text { // rendered it is longer still
		parts := f.parts(doc)
		if f.fits(parts) {
			return f.finished(parts)
		}
		if parts = together(parts); f.fits(parts) {
			return f.finished(parts)
		}
	}
	// The most to which every block may be shortened so that all fit, to within a twentieth.
	var best []part
	for least, most := leastShown, maxSection; most-least > least/20; {
		middle := (least + most) / 2
		if parts, ok := f.shortened(doc, middle); ok {
			best, least = parts, middle
		} else {
			most = middle
		}
	}
	if best != nil {
		return f.finished(best)
	}
	less, cuts := shortenedTo(doc, leastShown)
	return f.finished(f.chosen(together(f.parts(less)), cuts))
}

// shortened is a document with no block longer than most, and whether that fits.
func (f *fitter) shortened(doc []commands.Block, most int) ([]part, bool) {
	less, cuts := shortenedTo(doc, most)
	if cuts == 0 || lengths(less) > f.text {
		return nil, false
	}
	parts := append(together(f.parts(less)), f.leftOut(cuts, "shortened"))
	return parts, f.fits(parts)
}

func (f *fitter) parts(doc []commands.Block) []part {
	f.actionIDs, f.tables, f.primary = map[string]bool{}, 0, false
	var parts []part
	for _, b := range doc {
		parts = append(parts, f.render(b)...)
	}
	return parts
}

// fits says whether there is room for all of it.
func (f *fitter) fits(parts []part) bool {
	text := f.perBlock * max(len(parts)-1, 0)
	for _, p := range parts {
		text += p.text
	}
	return len(parts) <= f.blocks && text <= f.text
}

// together puts texts that follow each other into as few sections as hold them.
func together(parts []part) []part {
	var out []part
	for _, p := range parts {
		if n := len(out) - 1; p.section != "" && n >= 0 && out[n].section != "" && out[n].text+1+p.text <= maxSection {
			out[n] = textPart(out[n].section + "\n" + p.section)
			continue
		}
		out = append(out, p)
	}
	return out
}

// chosen are the parts for which there is room: those to be kept, and the others from the start. cuts counts what was shortened before.
func (f *fitter) chosen(parts []part, cuts int) []part {
	note := f.leftOut(len(parts)+cuts, "shortened or left out")
	blocks, text := f.blocks-1, f.text-note.text
	for i, p := range parts {
		if p.keep {
			if blocks < 1 || text < p.text+f.perBlock { // more buttons than fit into a message
				cuts, parts = cuts+len(parts)-i, parts[:i]
				break
			}
			blocks, text = blocks-1, text-p.text-f.perBlock
		}
	}
	var out []part
	left := 0
	for _, p := range parts {
		if !p.keep {
			if left > 0 || blocks == 0 || p.text+f.perBlock > text {
				left++
				continue
			}
			blocks, text = blocks-1, text-p.text-f.perBlock
		}
		out = append(out, p)
	}
	if left+cuts == 0 {
		return out
	}
	return append(out, f.leftOut(left+cuts, "shortened or left out"))
}

// leftOut is the line that says how much is missing, and where it is.
func (f *fitter) leftOut(n int, how string) part {
	f.cut = true
	what := "parts are"
	if n == 1 {
		what = "part is"
	}
	text := fmt.Sprintf("… %d %s %s here.%s", n, what, how, f.rest.sentence())
	return part{block: contextBlock(text), text: utf8.RuneCountInString(text)}
}

// finished are the blocks of parts.
func (f *fitter) finished(parts []part) []slack.Block {
	var out []slack.Block
	for _, p := range parts {
		if s, ok := p.block.(*slack.SectionBlock); ok && !f.message {
			s.Expand = true // who opens a window wants to read it
		}
		out = append(out, p.block)
	}
	return identified(out)
}
