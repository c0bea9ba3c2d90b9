package recovery

import (
	"fmt"
	"strings"
	"unicode"
)

// mostBlank is how many columns of blanks in a row are shown as they are: more would push what follows out of sight.
const mostBlank = 32

// reveal is a line with what could not be seen in it made visible, in angle brackets: characters without a shape and those that turn or
// join text by their code, as in ⟨U+200B⟩; blanks at the end, and more of them in a row than a person would write, by their number, as in
// ⟨·×4990⟩, and tabs as ⟨⇥×2⟩. Nothing is hidden by it: different lines stay different, for an opening bracket of the line's own is shown
// by its code as well.
func reveal(line string) string {
	var out strings.Builder
	for rest := []rune(line); len(rest) > 0; {
		n := 1
		switch r := rest[0]; {
		case r == ' ' || r == '\t':
			for n < len(rest) && (rest[n] == ' ' || rest[n] == '\t') {
				n++
			}
			out.WriteString(blanks(rest[:n], n == len(rest)))
		case unseen(r) || r == '⟨':
			fmt.Fprintf(&out, "⟨U+%04X⟩", r)
		default:
			out.WriteRune(r)
		}
		rest = rest[n:]
	}
	return out.String()
}

// blanks are as they are if they can be seen: not at the end of a line, and not too many.
func blanks(all []rune, last bool) string {
	columns := 0
	for _, r := range all {
		if columns++; r == '\t' {
			columns += 7
		}
	}
	if !last && columns <= mostBlank {
		return string(all)
	}
	var out strings.Builder
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n] == all[0] {
			n++
		}
		sign := "·"
		if all[0] == '\t' {
			sign = "⇥"
		}
		fmt.Fprintf(&out, "⟨%s×%d⟩", sign, n)
		all = all[n:]
	}
	return out.String()
}

// unseen says of a character that it has no shape of its own: controls, marks that turn text's direction or join it, blanks of other
// widths, fillers, what is private or unassigned.
func unseen(r rune) bool {
	const braille = '\u2800' // without a dot
	return !unicode.IsPrint(r) || r == braille || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
