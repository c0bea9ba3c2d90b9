package recovery

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestUnifiedIsBoundedAndWhole(t *testing.T) {
	for name, c := range map[string]struct{ before, after, want string }{
		"one line":            {"a\nb\n", "a\nc\n", "--- x (now)\n+++ x (after)\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"},
		"no end of line":      {"a", "b", "--- x (now)\n+++ x (after)\n@@ -1 +1 @@\n-a\n+b\n"},
		"something new":       {"", "b\n", "--- x (now)\n+++ x (after)\n@@ -0,0 +1 @@\n+b\n"},
		"only what is hidden": {"[REDACTED]", "[REDACTED]", "(what differs is redacted)\n"},
	} {
		if got, err := unified("x", c.before, c.after); got != c.want || err != nil {
			t.Errorf("%s: %q, want %q, %v", name, got, c.want, err)
		}
	}
	if got, _ := unified("x", "\xff", "ok"); !utf8.ValidString(got) {
		t.Errorf("not UTF-8: %q", got)
	}
}

// Nobody may approve what was not shown: what is too long to show is refused, never cut.
func TestADiffIsNeverCut(t *testing.T) {
	for name, before := range map[string]string{"a view that is too long": strings.Repeat("ä\n", 1<<20), "a diff that is too long": strings.Repeat("ä\n", 3000)} {
		var why errUnfit
		if got, err := unified("x", before, ""); got != "" || !errors.As(err, &why) || !strings.Contains(why.why, "by hand") {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{6 * time.Minute: "6 min", 90 * time.Second: "90 s", 1499 * time.Millisecond: "1 s"} {
		if got := words(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
