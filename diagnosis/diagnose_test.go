package diagnosis

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

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var update = flag.Bool("update", false, "write what was found into the fixtures")

// load reads a fixture: when it is ("at"), the objects ("manifests.yaml") and what is to be found ("want").
func load(t testing.TB, file string) (*txtar.Archive, time.Time, []byte) {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(string(section(a, "at"))))
	if err != nil {
		t.Fatalf("%s: at: %v", file, err)
	}
	return a, at, section(a, "manifests.yaml")
}

func section(a *txtar.Archive, name string) []byte {
	for _, f := range a.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func snapshotOf(t testing.TB, file string) *snapshot.Snapshot {
	t.Helper()
	_, at, manifests := load(t, file)
	s, err := snapshot.FromManifests(at, manifests)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s
}

// TestDiagnose goes through the fixtures: given these objects, these findings and these causes. -update writes them.
func TestDiagnose(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("fixtures: %v, %d found", err, len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, at, manifests := load(t, file)
			s, err := snapshot.FromManifests(at, manifests)
			if err != nil {
				t.Fatal(err)
			}
			got := words(Diagnose(s, Scope{}))
			if *update {
				for i := range a.Files {
					if a.Files[i].Name == "want" {
						a.Files[i].Data = []byte(got)
					}
				}
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(section(a, "want")), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// words is a diagnosis as the fixtures have it: findings, causes with what they explain, restarts.
func words(d *incident.Diagnosis) string {
	var b strings.Builder
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "%s %s %s: %s [%d evidence]\n", f.Severity, f.Code, f.Object, f.Title, len(f.Evidence))
	}
	for _, c := range d.Causes {
		var objects, explains []string
		for _, o := range c.Objects {
			objects = append(objects, o.String())
		}
		for _, id := range c.Explains[1:] {
			f := d.Finding(id)
			explains = append(explains, f.Code+" "+f.Object.String())
		}
		fmt.Fprintf(&b, "%s %s %s, at fault: %s\n  because: %s\n", c.ID, c.Confidence, c.Code, strings.Join(objects, ", "), c.Reason)
		for _, e := range explains {
			fmt.Fprintf(&b, "  explains %s\n", e)
		}
		for _, x := range c.Blocks {
			fmt.Fprintf(&b, "  blocks %s: %s\n", x.Cause, x.Reason)
		}
		for _, x := range c.Against {
			fmt.Fprintf(&b, "  against: %s\n", x)
		}
	}
	total := 0
	for _, r := range d.Restarts {
		total += r.Count
	}
	if total > 0 {
		fmt.Fprintf(&b, "%d restarts in %d workloads\n", total, len(d.Restarts))
	}
	return b.String()
}
