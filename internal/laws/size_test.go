package laws

import (
	"testing"
)

const (
	mostLines     = 350 // of a file
	usualFunction = 60  // lines that 99 of 100 functions have at most
	mostFunction  = 100 // lines that every function has at most
)

// A file is one idea. A test may be as long as its table.
func TestFilesAreShort(t *testing.T) {
	for _, s := range sources(t) {
		if n := s.lines(); n > mostLines && !s.isTest() {
			t.Errorf("%s has %d lines, more than %d: find what it holds besides, and give that a file of its own", s.path, n, mostLines)
		}
	}
}

func TestFunctionsFitAScreen(t *testing.T) {
	all, over := 0, 0
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		for _, f := range s.functions() {
			all++
			n := s.line(f.End()) - s.line(f.Pos()) + 1
			if n > usualFunction {
				over++
				t.Logf("%s: %s has %d lines", s.path, f.Name.Name, n)
			}
			if n > mostFunction {
				t.Errorf("%s: %s has %d lines, more than %d", s.path, f.Name.Name, n, mostFunction)
			}
		}
	}
	if 100*over > all {
		t.Errorf("%d of %d functions have more than %d lines; one in a hundred may", over, all, usualFunction)
	}
}
