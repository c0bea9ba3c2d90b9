package recovery

import (
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
		"only what is hidden": {"[REDACTED]", "[REDACTED]", "(what differs is redacted or too long to show)\n"},
	} {
		if got := unified("x", c.before, c.after); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	long := unified("x", strings.Repeat("ä\n", 1<<20), "")
	if len(long) > maxDiff+100 || !strings.HasSuffix(long, "… cut: the rest is too long to show\n") || !utf8.ValidString(long) {
		t.Errorf("%d bytes, ends %q", len(long), long[len(long)-40:])
	}
	if got := unified("x", "\xff", "ok"); !utf8.ValidString(got) {
		t.Errorf("not UTF-8: %q", got)
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{6 * time.Minute: "6 min", 90 * time.Second: "90 s", 1499 * time.Millisecond: "1 s"} {
		if got := words(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
