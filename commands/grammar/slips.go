package grammar

// mostCompared bounds the names that are compared letter by letter, in bytes: that of a Kubernetes name.
const mostCompared = 253

// Slips is how many slips lie between two words: letters left out, put in or replaced, and swaps of neighbours (the optimal string
// alignment distance). Longer words than a name may be are not compared: they are as far apart as they are long.
func Slips(a, b string) int {
	if len(a) > mostCompared || len(b) > mostCompared {
		return max(len(a), len(b))
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// allowed is how many slips a word of that length may hold.
func allowed(length int) int {
	switch {
	case length < 4:
		return 0
	case length < 8:
		return 1
	}
	return 2
}

// near says whether two words are as few slips apart as a word of that length may hold, without comparing what can't be.
func near(a, b string) (slips int, ok bool) {
	most := allowed(min(len(a), len(b)))
	if d := len(a) - len(b); d > most || -d > most || most == 0 {
		return 0, false
	}
	slips = Slips(a, b)
	return slips, slips <= most
}
