package incident

import "unicode/utf8"

// Lengths in an event are counted as JSON writes them: a control character, a "<" or a byte that is no UTF-8 takes six bytes there.

// written is how many bytes encoding/json writes for the character at the start of s, and how many of s it takes.
func written(s string) (out, in int) {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && size <= 1:
		return 6, max(1, size)
	case r == '"' || r == '\\' || r == '\n' || r == '\r' || r == '\t':
		return 2, size
	case r < 0x20 || r == '<' || r == '>' || r == '&' || r == '\u2028' || r == '\u2029':
		return 6, size
	}
	return size, size
}

// Clip shortens a text to at most limit bytes as JSON writes it, at a character's border, ending in "…" if something was cut.
func Clip(s string, limit int) string {
	if 6*len(s) <= limit {
		return s
	}
	const more = "…"
	n, fits := 0, 0
	for i := 0; i < len(s); {
		out, in := written(s[i:])
		if n += out; n > limit {
			return s[:fits] + more
		}
		i += in
		if n <= limit-len(more) {
			fits = i
		}
	}
	return s
}
