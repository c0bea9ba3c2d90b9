// Package clip shortens texts at a character's border. What is short enough stays as it is. A text that is counted as JSON writes it is
// shortened by incident.Clip.
package clip

import "unicode/utf8"

// mark ends a text of which something was cut, and counts as a part of it.
const mark = "…"

// Bytes shortens text to at most n bytes, the last of which say so by an "…".
func Bytes(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return Prefix(text, n-len(mark)) + mark
}

// Runes shortens text to at most n characters, the last of which is an "…".
func Runes(text string, n int) string {
	if len(text) <= n || utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + mark
}

// Prefix is as much of text as n bytes hold, with nothing that says so.
func Prefix(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:max(n, 0)]
}
