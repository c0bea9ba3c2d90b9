package snapshot

import (
	"strings"
	"testing"
)

func TestLogTail(t *testing.T) {
	long := strings.Repeat("x", LogBytes)
	for name, c := range map[string]struct{ log, want string }{
		"nothing":              {"", ""},
		"a line without end":   {"a", "a"},
		"few lines":            {"a\nb\n", "a\nb\n"},
		"as many as are kept":  {strings.Repeat("a\n", LogLines), strings.Repeat("a\n", LogLines)},
		"one more":             {"b\n" + strings.Repeat("a\n", LogLines), strings.Repeat("a\n", LogLines)},
		"too many bytes":       {long + "\nlast\n", "last\n"},
		"one line of too many": {"a" + long, long},
		"not UTF-8":            {"a\xffb", "a\uFFFDb"},
	} {
		if got := LogTail([]byte(c.log)); got != c.want {
			t.Errorf("%s: %d bytes, want %d: %.80q", name, len(got), len(c.want), got)
		}
	}
}
