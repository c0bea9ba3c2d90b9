package logs

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what was read into the fixtures")

// words are a reading as the fixtures have it: the sentence for a title, the telling lines, the facts (those that tell why with a star).
func words(r Reading) string {
	var b strings.Builder
	fmt.Fprintf(&b, "last: %s\n", r.Last)
	if r.Quiet {
		b.WriteString("quiet\n")
	}
	for _, line := range r.Telling {
		fmt.Fprintf(&b, "> %s\n", line)
	}
	for _, f := range r.Facts {
		star := ""
		if f.Telling {
			star = "*"
		}
		fmt.Fprintf(&b, "fact: %s\n", strings.TrimSpace(fmt.Sprintf("%s%s %s", f.Kind, star, fields(f))))
	}
	return b.String()
}

// TestRead: given this log, these lines tell why, and this is what they say. -update writes it.
func TestRead(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no fixtures")
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out := &txtar.Archive{Comment: a.Comment}
		for i, f := range a.Files {
			name, ok := strings.CutSuffix(f.Name, ".log")
			if !ok {
				continue
			}
			got, want := words(Read(string(f.Data))), ""
			if i+1 < len(a.Files) && a.Files[i+1].Name == name+".want" {
				want = string(a.Files[i+1].Data)
			}
			out.Files = append(out.Files, f, txtar.File{Name: name + ".want", Data: []byte(got)})
			if *update {
				continue
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+name, func(t *testing.T) {
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestServiceLines(t *testing.T) {
	for line, want := range map[string]struct{ at, says string }{
		`time="2025-10-03T02:14:23Z" level=info msg="Starting k3s auto-update"`: {"2025-10-03T02:14:23Z", "Starting k3s auto-update"},
		`time="2025-10-03T02:14:45+02:00" level=error msg="open \"x\": no"`:     {"2025-10-03T00:14:45Z", `open "x": no`},
		`E1003 02:14:45.000001    1 kubelet.go:1] no network`:                   {"", "no network"},
		`2025-10-03T02:14:23Z down`:                                             {"2025-10-03T02:14:23Z", "2025-10-03T02:14:23Z down"},
	} {
		at := ""
		if got := ServiceTime(line); !got.IsZero() {
			at = got.UTC().Format(time.RFC3339)
		}
		if says := ServiceMessage(line); at != want.at || says != want.says {
			t.Errorf("%s: %q, %q; want %q, %q", line, at, says, want.at, want.says)
		}
	}
}
