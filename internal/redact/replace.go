package redact

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

const (
	markerOpen    = "[REDACTED:"
	longestMarker = len(markerOpen) + 64 + len("]")
)

func marker(id string) string { return markerOpen + id + "]" }

var (
	markers    = regexp.MustCompile(`^\[REDACTED:[a-z0-9-]{1,64}\]`)
	markersEnd = regexp.MustCompile(`\[REDACTED:[a-z0-9-]{1,64}\]$`)
)

func isMarker(s string) bool { return len(markers.FindString(s)) == len(s) }

// trim takes white space and what is redacted already off both ends of a span.
func trim(s string, start, end int) (int, int) {
	for start < end {
		t := s[start:end]
		switch {
		case strings.IndexByte(" \t\r\n", t[0]) >= 0:
			start++
		case strings.IndexByte(" \t\r\n", t[len(t)-1]) >= 0:
			end--
		case strings.HasPrefix(t, markerOpen) && markers.MatchString(t):
			start += len(markers.FindString(t))
		case t[len(t)-1] == ']' && endsInMarker(t):
			end = start + strings.LastIndex(t, markerOpen)
		default:
			return start, end
		}
	}
	return start, end
}

func endsInMarker(t string) bool {
	return markersEnd.MatchString(t[max(0, len(t)-len(markerOpen)-65):])
}

// outsideMarkers moves the bounds of a span that cut through a marker: its start behind the marker, its end to the marker's end.
func outsideMarkers(s string, start, end int) (int, int) {
	low := max(0, start-longestMarker)
	if i := strings.LastIndex(s[low:min(len(s), start+len(markerOpen))], markerOpen); i >= 0 && low+i < start {
		start = max(start, low+i+len(markers.FindString(s[low+i:])))
	}
	if start >= end {
		return start, start
	}
	if i := strings.LastIndex(s[start:end], markerOpen[:1]); i >= 0 {
		end = max(end, start+i+len(markers.FindString(s[start+i:])))
	}
	return start, end
}

// merge puts spans in order and makes those that overlap one, under the name of the rule that comes first.
func merge(s string, spans []span) []span {
	if len(spans) < 2 {
		return spans
	}
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	out := spans[:1]
	for _, p := range spans[1:] {
		last := &out[len(out)-1]
		if p.start < last.end {
			last.end = max(last.end, p.end)
			if p.rank < last.rank {
				last.id, last.rank = p.id, p.rank
			}
			continue
		}
		out = append(out, p)
	}
	return out
}

// replace puts a marker in the place of each span, and after it as many line ends as the span had.
func replace(s string, spans []span) string {
	var b strings.Builder
	b.Grow(len(s) + 16*len(spans))
	at := 0
	for _, p := range spans {
		b.WriteString(s[at:p.start])
		b.WriteString(marker(p.id))
		b.WriteString(strings.Repeat("\n", strings.Count(s[p.start:p.end], "\n")))
		at = p.end
	}
	b.WriteString(s[at:])
	return b.String()
}
