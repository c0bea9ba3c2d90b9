package kube

import (
	"cmp"
	"slices"
	"strings"
)

// Near is Nearest for those who answer questions: what a mistyped name may have been meant to be. At least half of the letters are in their
// place, or there is too little to go by.
func Near(name string, candidates []string) []string {
	return slices.DeleteFunc(Nearest(name, candidates), func(c string) bool {
		return 2*Distance(strings.ToLower(name), strings.ToLower(c)) > max(len(name), len(c))
	})
}

// Nearest returns the candidates that look like the name, nearest first, at most three: the same but for case, a part of one another,
// a few letters apart, or one an abbreviation of the other (db-config, database-config).
func Nearest(name string, candidates []string) []string {
	type hit struct {
		name     string
		distance int
	}
	var hits []hit
	low := strings.ToLower(name)
	for _, c := range candidates {
		l := strings.ToLower(c)
		d := Distance(low, l)
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

// Distance is the edit distance between two names (Levenshtein). Names longer than a Kubernetes name may be are not compared.
func Distance(a, b string) int {
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

// DidYouMean is " (there is x, y)", or nothing.
func DidYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " (there is " + strings.Join(names, ", ") + ")"
}
