// Package keyword finds all of a set of keywords in a text in one pass, so that costlier looks can be kept for where they may find
// something.
package keyword

// Set finds its keywords, ASCII case aside (Aho and Corasick, "Efficient string matching", CACM 1975). It is safe for concurrent use.
type Set struct {
	class  [256]byte // bytes that no keyword has share class 0
	stride int
	next   []uint16 // next[state*stride+class]; the high bit says that keywords end in the state
	ends   [][]int  // by state: the keywords that end there
	length []int    // by keyword
}

const ending = 1 << 15

// New takes lower-case keywords, none empty, some thousands of letters in all. It panics if they are too many for its 15-bit states.
func New(keywords []string) *Set {
	a := &Set{length: make([]int, len(keywords))}
	a.classes(keywords)
	states := 1
	trie := make([]uint16, a.stride)
	a.ends = [][]int{nil}
	for id, k := range keywords {
		a.length[id] = len(k)
		s := 0
		for i := range len(k) {
			slot := s*a.stride + int(a.class[k[i]])
			if trie[slot] == 0 {
				trie[slot] = uint16(states)
				trie = append(trie, make([]uint16, a.stride)...)
				a.ends = append(a.ends, nil)
				states++
			}
			s = int(trie[slot])
		}
		a.ends[s] = append(a.ends[s], id)
	}
	if states >= ending {
		panic("keyword: too many keywords for 15-bit states") // sets are fixed in the code; tests build them
	}
	a.complete(trie)
	return a
}

func (a *Set) classes(keywords []string) {
	n := byte(1)
	for _, k := range keywords {
		for i := range len(k) {
			if a.class[k[i]] == 0 {
				a.class[k[i]] = n
				n++
			}
		}
	}
	for c := byte('a'); c <= 'z'; c++ {
		a.class[c-'a'+'A'] = a.class[c]
	}
	a.stride = int(n)
}

// complete turns the trie into an automaton without failure links, breadth first.
func (a *Set) complete(trie []uint16) {
	fail := make([]int, len(a.ends))
	queue := []int{0}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for c := range a.stride {
			slot := s*a.stride + c
			t := int(trie[slot])
			if t == 0 {
				trie[slot] = trie[fail[s]*a.stride+c]
				continue
			}
			if s != 0 {
				fail[t] = int(trie[fail[s]*a.stride+c])
			}
			a.ends[t] = append(a.ends[t], a.ends[fail[t]]...)
			queue = append(queue, t)
		}
	}
	for i, t := range trie {
		if len(a.ends[t]) > 0 {
			trie[i] |= ending
		}
	}
	a.next = trie
}

// Scan calls found with the number of each keyword, as it was given to New, and the place where it starts, in order of where they end.
func (a *Set) Scan(s string, found func(keyword, start int)) {
	state := 0
	for i := range len(s) {
		t := a.next[state*a.stride+int(a.class[s[i]])]
		state = int(t &^ ending)
		if t&ending != 0 {
			for _, k := range a.ends[state] {
				found(k, i+1-a.length[k])
			}
		}
	}
}
