package recovery

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func nothingHidden(s string) string { return s }

func TestUnifiedIsBoundedAndWhole(t *testing.T) {
	token := func(s string) string { return regexp.MustCompile(`hunter\d`).ReplaceAllString(s, "[REDACTED]") }
	key := func(s string) string { return regexp.MustCompile(`(?s)BEGIN.*END`).ReplaceAllString(s, "[REDACTED]") }
	blanks := strings.Repeat(" ", 4990)
	for name, c := range map[string]struct {
		before, after, want string
		redact              func(string) string
	}{
		"one line":           {"a\nb\n", "a\nc\n", "--- x (now)\n+++ x (after)\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n", nothingHidden},
		"no end of line":     {"a", "b", "--- x (now)\n+++ x (after)\n@@ -1 +1 @@\n-a\n+b\n", nothingHidden},
		"an end of line":     {"a", "a\n", "--- x (now)\n+++ x (after)\n@@ -1 +1 @@\n-a\n+a⟨U+000A⟩\n", nothingHidden},
		"something new":      {"", "b\n", "--- x (now)\n+++ x (after)\n@@ -0,0 +1 @@\n+b\n", nothingHidden},
		"nothing to be seen": {"\xff", "\xfe", "(what differs is redacted)\n", nothingHidden},
		// A change within what is redacted is one that was shown.
		"what is redacted": {"a: hunter1\nb: hunter2\n", "a: hunter1\nb: hunter3\n",
			"--- x (now)\n+++ x (after)\n@@ -1,2 +1,2 @@\n a: [REDACTED]\n-b: [REDACTED]\n+b: [REDACTED]\n", token},
		"what is redacted in some lines": {"a\nBEGIN\nb\nEND\n", "a\nBEGIN\nc\nEND\n",
			"--- x (now)\n+++ x (after)\n@@ -1,4 +1,4 @@\n a\n [REDACTED]\n-[REDACTED]\n+[REDACTED]\n [REDACTED]\n", key},
		"a forward far to the right": {"}\n", "}" + blanks + "forward . 203.0.113.7\n",
			"--- x (now)\n+++ x (after)\n@@ -1 +1 @@\n-}\n+}⟨·×4990⟩forward . 203.0.113.7\n", nothingHidden},
		"marks without a shape": {"a\n", "a\u200b\u202eb\u2800c\ufe0f\u3164\r\n",
			"--- x (now)\n+++ x (after)\n@@ -1 +1 @@\n-a\n+a⟨U+200B⟩⟨U+202E⟩b⟨U+2800⟩c⟨U+FE0F⟩⟨U+3164⟩⟨U+000D⟩\n", nothingHidden},
		"blanks at the end": {"\ta\n", "\ta \t\n", "--- x (now)\n+++ x (after)\n@@ -1 +1 @@\n-\ta\n+\ta⟨·×1⟩⟨⇥×1⟩\n",
			nothingHidden},
		"what looks like such a sign": {"a \n", "a⟨·×1⟩\n", "--- x (now)\n+++ x (after)\n@@ -1 +1 @@\n-a⟨·×1⟩\n+a⟨U+27E8⟩·×1⟩\n",
			nothingHidden},
		"a line that is too long to read": {"", strings.Repeat("ä", 200) + "b\n", "--- x (now)\n+++ x (after)\n@@ -0,0 +1 @@\n+" +
			strings.Repeat("ä", 200) + "\n+⟨↪⟩b\n", nothingHidden},
	} {
		if got, err := unified("x", c.before, c.after, c.redact); got != c.want || err != nil {
			t.Errorf("%s: %q, want %q, %v", name, got, c.want, err)
		}
	}
	if got, _ := unified("x", "\xff", "ok", nothingHidden); !utf8.ValidString(got) {
		t.Errorf("not UTF-8: %q", got)
	}
}

// Nobody may approve what was not shown: what is too long to show is refused, never cut.
func TestADiffIsNeverCut(t *testing.T) {
	for name, before := range map[string]string{"a view that is too long": strings.Repeat("ä\n", 1<<20),
		"a diff that is too long": strings.Repeat("ä\n", 3000)} {
		var why errUnfit
		if got, err := unified("x", before, "", nothingHidden); got != "" || !errors.As(err, &why) || !strings.Contains(why.why, "by hand") {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

var sign = regexp.MustCompile(`⟨(·|⇥)×(\d+)⟩|⟨U\+([0-9A-F]+)⟩`)

// concealed undoes reveal.
func concealed(line string) string {
	return sign.ReplaceAllStringFunc(line, func(s string) string {
		m := sign.FindStringSubmatch(s)
		if m[3] != "" {
			code, _ := strconv.ParseInt(m[3], 16, 32)
			return string(rune(code))
		}
		n, _ := strconv.Atoi(m[2])
		return strings.Repeat(map[string]string{"·": " ", "⇥": "\t"}[m[1]], n)
	})
}

// Whatever two texts are, applying what their diff shows to the one gives the other, and every character of it can be seen.
func TestADiffShowsEveryChange(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 1))
	letters := []string{"a", "b", " ", "\t", "-", "+", "@", "⟨", "⟩", "·", "×", "1", "↪", "\u200b", "\u202e", "\r", "\u00a0", "\u2028", "ä",
		"`", strings.Repeat(" ", 60), strings.Repeat("x", 150)}
	text := func() string {
		var b strings.Builder
		for range random.IntN(7) {
			for range random.IntN(8) {
				b.WriteString(letters[random.IntN(len(letters))])
			}
			b.WriteString("\n")
		}
		return b.String()
	}
	for range 3000 {
		before, after := text(), text()
		d, err := unified("x", before, after, nothingHidden)
		if err != nil || before == after {
			continue
		}
		for _, r := range d {
			if r != '\n' && r != '\t' && unseen(r) {
				t.Fatalf("%q has %U", d, r)
			}
		}
		is, next := split(before), 0
		var got []string
		for _, line := range strings.Split(strings.TrimSuffix(d, "\n"), "\n")[2:] {
			if strings.HasPrefix(line, "@@") {
				var from, n int
				if k, _ := fmt.Sscanf(line, "@@ -%d,%d ", &from, &n); k == 2 && n == 0 {
					from++
				}
				got, next = append(got, is[next:max(from-1, next)]...), max(from-1, next)
				continue
			}
			mark, content := line[0], line[1:]
			if more, long := strings.CutPrefix(content, "⟨↪⟩"); long {
				if mark != '-' {
					got[len(got)-1] += concealed(more)
				}
				continue
			}
			if mark != '+' {
				next++
			}
			if mark != '-' {
				got = append(got, concealed(content))
			}
		}
		got = append(got, is[next:]...)
		if strings.Join(got, "\n") != strings.Join(split(after), "\n") {
			t.Fatalf("%q to %q:\n%s\ngives %q", before, after, d, got)
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
