package logs

import (
	"regexp"
	"slices"
	"strings"
)

// Programs that check several things before they start say first that some failed, and then, one a line, what: "[1] bootstrap checks
// failed", "[1]: max virtual memory areas vm.max_map_count [65530] is too low".

// Bounds on the items below a heading: how many may lie between, and how many a conclusion tells.
const (
	maxItems  = 8
	toldItems = 2
)

// item is a line of a list.
var item = regexp.MustCompile(`^\s*(?:\[\d+\]:|\(?\d+[.):]|[-*•])\s+(\S.*)$`)

// heading is what counts, or announces, several things that are amiss.
var heading = regexp.MustCompile(`(?i)\b(?:checks?|errors|error\(s\)|failures|problems|violations|issues|validations?|reasons` +
	`|requirements?|the following)\b`)

// headsList says whether a line complains of what is listed below it.
func (d *document) headsList(i int) bool {
	line := d.lines[i]
	return d.marks[i] && !item.MatchString(line) && !strings.HasPrefix(line, "{") && heading.MatchString(line) && wordy(line) &&
		d.level(i) != quiet
}

// listed says whether a line is an item below such a line.
func (d *document) listed(i int) bool {
	if !item.MatchString(d.lines[i]) {
		return false
	}
	for above := i - 1; above >= 0 && i-above <= maxItems; above-- {
		if d.headsList(above) {
			return true
		}
		if !item.MatchString(d.lines[above]) {
			return false
		}
	}
	return false
}

// withItems is a block's line with the first items that are listed right below it.
func withItems(block []string, says string) string {
	at := slices.IndexFunc(block, func(line string) bool { return strings.HasSuffix(line, says) })
	if at < 0 || !heading.MatchString(says) {
		return says
	}
	var items []string
	for _, line := range block[at+1 : min(len(block), at+1+toldItems)] {
		m := item.FindStringSubmatch(line)
		if m == nil {
			break
		}
		items = append(items, strings.TrimSpace(m[1]))
	}
	if len(items) == 0 {
		return says
	}
	return strings.TrimRight(says, ": ") + ": " + strings.Join(items, "; ")
}
