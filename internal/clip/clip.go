// Package clip shortens texts at a character's border. What is short enough stays as it is. A text that is counted as JSON writes it is
// shortened by incident.Clip.
package clip

import (
	"strings"
	"unicode/utf8"
)

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

// Middle shortens text to at most n bytes by leaving out of its middle: errors wrap one another, what they begin with says where, and what
// they end with says why.
func Middle(text string, n int) string {
	if len(text) <= n {
		return text
	}
	const gap = " … "
	if n <= 4*len(gap) {
		return Bytes(text, n)
	}
	head := Prefix(text, (n-len(gap))*2/5)
	from := len(text) - (n - len(gap) - len(head))
	for from < len(text) && !utf8.RuneStart(text[from]) {
		from++
	}
	tail := text[from:]
	if i := strings.LastIndexByte(head, ' '); i >= 0 && i > len(head)-wordy {
		head = head[:i]
	}
	if i := strings.IndexByte(tail, ' '); i >= 0 && i < wordy {
		tail = tail[i+1:]
	}
	return head + gap + tail
}

// wordy is how many bytes more Middle leaves out so that no word is cut.
const wordy = 40
