package knowledge

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Whatever people write is saved, found again, and saved once: a postmortem that is published is never lost to its form.
func TestWhateverPeopleWriteIsSaved(t *testing.T) {
	meta := Meta{ID: "2026-01-02-1000-inc-7", Date: "2026-01-02"}
	long := func(s string) string { return strings.Repeat(s, 10_000) }
	with := func(title string) incident.Postmortem {
		return incident.Postmortem{Title: title, Summary: "It was broken.", Outcome: "resolved"}
	}
	many := with("Many codes")
	for i := range 200 {
		many.Codes, many.Worked = append(many.Codes, fmt.Sprintf("Code%d", i)), append(many.Worked, long("👩‍🚒"))
	}
	large := with("A large one")
	for _, section := range []*string{&large.Timeline, &large.Cause, &large.Evidence, &large.Actions, &large.Followup} {
		*section = strings.Repeat("😀", 15_000) // as much as the form takes
	}
	for name, c := range map[string]struct {
		pm    incident.Postmortem
		title string // as it is found; empty: as it was written
		file  string
	}{
		"200 emoji": {pm: with(strings.Repeat("🔥", 200)), file: "2026-01-02-1000-inc-7.md"},
		"200 families": {pm: with(strings.Repeat("👨‍👩‍👧‍👦", 200)), title: strings.Repeat("👨‍👩‍👧‍👦", 57) + "👨",
			file: "2026-01-02-1000-inc-7.md"},
		"Chinese":            {pm: with("域名解析失败"), file: "2026-01-02-1000-inc-7.md"},
		"Hebrew":             {pm: with("\u202bהאשכול נפל\u202c"), file: "2026-01-02-1000-inc-7.md"},
		"10,000 characters":  {pm: with(long("a")), title: strings.Repeat("a", maxItem), file: "2026-01-02-" + strings.Repeat("a", 60) + ".md"},
		"10,000 emoji":       {pm: with(long("🔥")), title: strings.Repeat("🔥", maxItem), file: "2026-01-02-1000-inc-7.md"},
		"blanks":             {pm: with(" \t\n\u00a0\u2003"), title: "Postmortem 2026-01-02-1000-inc-7", file: "2026-01-02-1000-inc-7.md"},
		"nothing visible":    {pm: with("\u200b\u200e\x00\x1b"), title: "Postmortem 2026-01-02-1000-inc-7", file: "2026-01-02-1000-inc-7.md"},
		"control characters": {pm: with("a\x00b\x1b[31m\u0085c\u2028d\x7f"), title: "ab[31m c d", file: "2026-01-02-ab-31m-c-d.md"},
		"YAML":               {pm: with(`---: "it's" #[x]{y} & *z ! | > % @ ` + "`"), file: "2026-01-02-it-s-x-y-z.md"},
		"a fence below": {pm: incident.Postmortem{Title: "x", Summary: "---\nid: other\n---\n\ufeff\x00", Outcome: "resolved"},
			file: "2026-01-02-x.md"},
		"a path":         {pm: with("../../etc/passwd"), file: "2026-01-02-etc-passwd.md"},
		"no text":        {pm: incident.Postmortem{Title: "x", Outcome: "closed"}, file: "2026-01-02-x.md"},
		"an unknown end": {pm: incident.Postmortem{Title: "x", Summary: "y", Outcome: "who knows"}, file: "2026-01-02-x.md"},
		"200 codes":      {pm: many, file: "2026-01-02-many-codes.md"},
		"a large one":    {pm: large, file: "2026-01-02-a-large-one.md"},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := Open(t.Context(), Options{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			path, err := x.Save(t.Context(), c.pm, meta)
			if err != nil {
				t.Fatalf("%.300v", err)
			}
			if filepath.Base(path) != c.file {
				t.Errorf("it lies at %s, want %s", filepath.Base(path), c.file)
			}
			if c.title == "" {
				c.title = c.pm.Title
			}
			d := x.Document(meta.ID)
			if d == nil || d.Title != c.title || !utf8.ValidString(d.Title) {
				t.Fatalf("found %+v, want the title %q", d, c.title)
			}
			again, err := x.Save(t.Context(), c.pm, meta)
			if err != nil || again != path {
				t.Errorf("saved again: %s, %v", again, err)
			}
			if n := len(x.Stats().Problems); n > 0 {
				t.Errorf("%v", x.Stats().Problems)
			}
		})
	}
}

// Why nothing can be saved is said in the same words each time, for who records it would otherwise record it with each try.
func TestWhyNothingIsSavedIsSaidAlike(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const unwritable = "/proc/self/fdinfo" // for root, too
	for name, dir := range map[string]string{"no folder": "", "a file in its place": file, "no folder can be made": filepath.Join(file, "x"),
		"nothing can be written": unwritable} {
		t.Run(name, func(t *testing.T) {
			if dir == unwritable {
				if _, err := os.Stat(dir); err != nil {
					t.Skip("no such folder here")
				}
			}
			x, err := Open(t.Context(), Options{Dir: dir})
			if err != nil {
				t.Skipf("it is noticed at the start: %v", err)
			}
			var said []string
			for range 2 {
				_, err := x.Save(t.Context(), incident.Postmortem{Title: "x", Summary: "y"}, Meta{ID: "a", Date: "2026-01-02"})
				if err == nil {
					t.Fatal("saved")
				}
				said = append(said, err.Error())
			}
			if said[0] != said[1] {
				t.Errorf("%q, then %q", said[0], said[1])
			}
		})
	}
}
