package recovery

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pmezard/go-difflib/difflib"
)

const (
	maxDiff      = 8 << 10 // bytes; a plan travels in one event and is shown in a chat
	maxView      = 64 << 10
	maxShownFile = 8 << 10
)

// unified is the unified diff of two views of the thing named, all of it: nobody approves what was not shown, so what is too long to show
// is an error, and no step.
func unified(name, before, after string) (string, error) {
	if len(before) > maxView || len(after) > maxView {
		return "", unfit("%s is too long for its change to be shown; it has to be made by hand", name)
	}
	// What is not UTF-8 would not survive the log, nor would the hash.
	before, after = strings.ToValidUTF8(before, "�"), strings.ToValidUTF8(after, "�")
	d, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: split(before), B: split(after), FromFile: name + " (now)", ToFile: name + " (after)", Context: 3,
	})
	if err != nil { // it writes into memory
		panic(err)
	}
	if d == "" {
		return "(what differs is redacted)\n", nil
	}
	if len(d) > maxDiff {
		return "", unfit("the change of %s has %d bytes, too many to be shown; it has to be made by hand", name, len(d))
	}
	return d, nil
}

// split keeps line ends, and gives the last line one, so that it is not glued to what follows in the diff.
func split(s string) []string {
	if s == "" {
		return nil
	}
	return slices.Collect(strings.Lines(strings.TrimSuffix(s, "\n") + "\n"))
}

// words is a duration as people say it: "6 min", "30 s".
func words(d time.Duration) string {
	if d >= time.Minute && d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d.Round(time.Second)/time.Second)
}
