package logs

import "strings"

// Some programs write an error whose words have several lines as they are, within the quotes of its field: error="Error making API request.
// What follows up to the closing quote belongs to the line that opens it.

// mostQuoted is how many lines a quoted value may go on for.
const mostQuoted = 12

// closeQuotes joins the lines of which one opens a value in quotes and another closes it.
func closeQuotes(lines []string) []string {
	var out []string
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if end := closes(lines, i); end > i {
			for _, more := range lines[i+1 : end+1] {
				if more = unbarred(more); more != "" {
					line += " " + more
				}
			}
			i = end
		}
		out = append(out, line)
	}
	return out
}

// closes is the line that closes the value which a line leaves open; the line itself where it leaves none open, or none closes it.
func closes(lines []string, at int) int {
	from := strings.Index(lines[at], `="`)
	if from < 0 || quotesIn(lines[at][from:])%2 == 0 {
		return at
	}
	for i := at + 1; i < len(lines) && i-at <= mostQuoted && !ownHead(unbarred(lines[i])); i++ {
		if n := quotesIn(lines[i]); n%2 == 1 {
			return i
		}
	}
	return at
}

// unbarred is a line of a value without the bar that some put before each.
func unbarred(line string) string { return strings.TrimSpace(strings.TrimLeft(line, " \t|")) }

// quotesIn counts the quotes that are none of a value's own.
func quotesIn(text string) int {
	n := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			n++
		}
	}
	return n
}
