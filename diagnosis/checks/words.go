package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// exitCodes says what an exit code means, by the shell's and the kernel's convention: 126 and 127 are the shell's, 128+n is signal n.
var exitCodes = map[int32]string{
	0:   "it ended by itself, without an error",
	1:   "a general error of the program",
	2:   "wrong usage, or a panic of a Go program",
	126: "the command cannot be executed: no permission, or not a program",
	127: "the command was not found",
	128: "the container could not be started",
	130: "interrupted (SIGINT)",
	132: "illegal instruction (SIGILL): built for another processor",
	134: "aborted (SIGABRT)",
	135: "bad memory access (SIGBUS)",
	136: "arithmetic error (SIGFPE)",
	137: "killed (SIGKILL): out of memory, or it did not stop in time",
	139: "segmentation fault (SIGSEGV)",
	141: "wrote to a closed pipe (SIGPIPE)",
	143: "asked to stop (SIGTERM)",
	255: "a general error of the program",
}

// ExitMeaning says what a container's exit code means.
func ExitMeaning(code int32) string {
	if m, ok := exitCodes[code]; ok {
		return m
	}
	if code > 128 && code <= 192 {
		return fmt.Sprintf("killed by signal %d", code-128)
	}
	return "the program's own code"
}

// Near is near for those who answer questions: what a mistyped name may have been meant to be. At least half of the letters are in their
// place, or there is too little to go by.
func Near(name string, candidates []string) []string {
	return slices.DeleteFunc(near(name, candidates), func(c string) bool {
		return 2*distance(strings.ToLower(name), strings.ToLower(c)) > max(len(name), len(c))
	})
}

// near returns the candidates that look like the name, nearest first, at most three: the same but for case, a part of one another,
// a few letters apart, or one an abbreviation of the other (db-config, database-config).
func near(name string, candidates []string) []string {
	type hit struct {
		name     string
		distance int
	}
	var hits []hit
	low := strings.ToLower(name)
	for _, c := range candidates {
		l := strings.ToLower(c)
		d := distance(low, l)
		part := min(len(l), len(low)) >= 3 && (strings.Contains(l, low) || strings.Contains(low, l))
		if part || shortened(low, l) || d <= max(2, len(name)/4) && d < len(name) {
			hits = append(hits, hit{c, d})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var names []string
	for _, h := range hits {
		if len(names) < 3 && !slices.Contains(names, h.name) {
			names = append(names, h.name)
		}
	}
	return names
}

// shortened says whether two names have as many parts, and each part is the same or abbreviated in one of them: db-config is
// database-config.
func shortened(a, b string) bool {
	cut := func(r rune) bool { return r == '-' || r == '_' || r == '.' }
	x, y := strings.FieldsFunc(a, cut), strings.FieldsFunc(b, cut)
	if len(x) != len(y) || len(x) < 2 || len(a) > 253 || len(b) > 253 {
		return false
	}
	same := 0
	for i := range x {
		switch {
		case x[i] == y[i]:
			same++
		case !abbreviates(x[i], y[i]) && !abbreviates(y[i], x[i]):
			return false
		}
	}
	return same > 0
}

// abbreviates says whether the letters of a, at least two, are in b in that order, the first one first.
func abbreviates(a, b string) bool {
	if len(a) < 2 || len(a) >= len(b) || a[0] != b[0] {
		return false
	}
	i := 0
	for j := 0; j < len(b) && i < len(a); j++ {
		if a[i] == b[j] {
			i++
		}
	}
	return i == len(a)
}

// distance is the edit distance between two names (Levenshtein). Names longer than a Kubernetes name may be are not compared.
func distance(a, b string) int {
	if len(a) > 253 || len(b) > 253 {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// didYouMean is " (there is x, y)", or nothing.
func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " (there is " + strings.Join(names, ", ") + ")"
}

// lastEvent returns the newest event about the object that one of the reasons names, or nil.
func lastEvent(s *snapshot.Snapshot, o incident.Object, reasons ...string) *corev1.Event {
	events := s.EventsOf(o)
	for i := len(events) - 1; i >= 0; i-- {
		if slices.Contains(reasons, events[i].Reason) {
			return events[i]
		}
	}
	return nil
}

// beganAt is when an event was first seen.
func beganAt(e *corev1.Event) time.Time {
	switch {
	case e == nil:
		return time.Time{}
	case !e.FirstTimestamp.IsZero():
		return e.FirstTimestamp.Time
	case !e.EventTime.IsZero():
		return e.EventTime.Time
	}
	return snapshot.EventTime(e).Time
}
