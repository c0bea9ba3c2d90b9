package incident

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sinceThen stands in a title between what changed before and what is wrong since then.
const sinceThen = ". Since then: "

// ShortTitle is a title for where there is little room: what is wrong, without what was before it.
func ShortTitle(title string) string {
	_, wrong, ok := strings.Cut(title, sinceThen)
	if first, size := utf8.DecodeRuneInString(wrong); ok && size > 0 {
		return string(unicode.ToUpper(first)) + wrong[size:]
	}
	return title
}

// TightTitle is a short title up to its colon, where that is a sentence by itself, for what comes after says what follows
// from it; and without
// what it says in brackets.
func TightTitle(title string) string {
	title = ShortTitle(title)
	if head, _, ok := strings.Cut(title, ": "); ok && len(strings.Fields(head)) > 3 {
		title = head
	}
	return aside.ReplaceAllString(title, "")
}

// aside is what a title says in brackets.
var aside = regexp.MustCompile(` \([^()]*\)`)

// CountOf is "1 Deployment", "14 Deployments".
func CountOf(n int, kind string) string {
	if n == 1 {
		return "1 " + kind
	}
	return fmt.Sprintf("%d %s", n, plural(kind))
}
