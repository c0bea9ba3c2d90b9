package keyword

import (
	"fmt"
	"slices"
	"testing"
)

// Keywords within one another, over one another's borders and in either case are all found, in order of where they end.
func TestScan(t *testing.T) {
	s := New([]string{"he", "she", "hers", "error"})
	var got []string
	s.Scan("uSHErs; ERRORerror", func(keyword, start int) { got = append(got, fmt.Sprint(keyword, "@", start)) })
	want := []string{"1@1", "0@2", "2@2", "3@8", "3@13"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	New(nil).Scan("nothing", func(int, int) { t.Error("found a keyword that was not given") })
}
