package commands

import (
	"regexp"
	"strings"
)

var (
	inline   = regexp.MustCompile("`([^`\n]+)`|\\*\\*([^*\n]+)\\*\\*")
	bulleted = regexp.MustCompile(`(?m)^(\s*)[-*] `)
	headed   = regexp.MustCompile(`(?m)^#+ +(.+)$`)
)

// prose shows Markdown as a person would write it without: code and bold as styles, bullets as bullets, and the rest as it stands.
func prose(markdown string) []Span {
	text := headed.ReplaceAllString(markdown, "**$1**")
	text = bulleted.ReplaceAllString(text, "$1• ")
	var spans []Span
	for {
		m := inline.FindStringSubmatchIndex(text)
		if m == nil {
			break
		}
		if m[0] > 0 {
			spans = append(spans, Text(text[:m[0]]))
		}
		if m[2] >= 0 {
			spans = append(spans, Mono(text[m[2]:m[3]]))
		} else {
			spans = append(spans, Bold(strings.TrimSpace(text[m[4]:m[5]])))
		}
		text = text[m[1]:]
	}
	if text != "" {
		spans = append(spans, Text(text))
	}
	return spans
}
