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

// Phrase shortens text to at most n characters, the last of which is an "…", at the end of a sentence or else of a phrase or a word, and
// outside of what it quotes: what is left reads as somebody would say it.
func Phrase(text string, n int) string {
	if len(text) <= n || utf8.RuneCountInString(text) <= n {
		return text
	}
	head := unquoted(string([]rune(text)[:n-1]))
	least := len(head) / 2
	for _, ends := range [][]string{{". ", "! ", "? "}, {"; ", ": ", ", ", " (", " – "}, {" "}} {
		at := -1
		for _, end := range ends {
			for from := len(head); from >= least; {
				i := strings.LastIndex(head[:from], end)
				if i < least {
					break
				}
				if from = i; !quoting(head[:i]) {
					at = max(at, i)
					break
				}
			}
		}
		if at > 0 {
			return strings.TrimRight(head[:at], " ,;:.(–") + mark
		}
	}
	if i := strings.LastIndexByte(head, ' '); i > 0 {
		head = head[:i]
	}
	return strings.TrimRight(head, " ,;:.(–") + mark
}

// unquoted is a text without the beginning of a quotation, or of what stands in brackets, that it ends in.
func unquoted(text string) string {
	for quoting(text) {
		i := max(strings.LastIndexAny(text, "\"`("), strings.LastIndex(text, "“"))
		if i <= 0 {
			break
		}
		text = text[:i]
	}
	return text
}

// quoting says whether a text ends within a quotation or a bracket.
func quoting(text string) bool {
	return strings.Count(text, `"`)%2 == 1 || strings.Count(text, "“") > strings.Count(text, "”") || strings.Count(text, "`")%2 == 1 ||
		strings.Count(text, "(") > strings.Count(text, ")")
}
