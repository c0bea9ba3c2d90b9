package checks

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var update = flag.Bool("update", false, "write what was found into the fixtures")

func section(a *txtar.Archive, name string) *txtar.File {
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	return &txtar.File{}
}

func load(t testing.TB, file string) (*txtar.Archive, *snapshot.Snapshot) {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(string(section(a, "at").Data)))
	if err != nil {
		t.Fatalf("%s: at: %v", file, err)
	}
	s, err := snapshot.FromManifests(at, section(a, "manifests.yaml").Data)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return a, s
}

func fixtures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("fixtures: %v, %d found", err, len(files))
	}
	return files
}

// TestFixtures: given these objects, these findings with this evidence, and none about their neighbours. -update writes them.
func TestFixtures(t *testing.T) {
	for _, file := range fixtures(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, s := load(t, file)
			got := words(Run(s).Findings, s.At)
			if *update {
				section(a, "want").Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(section(a, "want").Data), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// words tells findings, those that nobody is woken for as such.
func words(found []*finding.Finding, now time.Time) string {
	var b strings.Builder
	for _, f := range found {
		doubt := ""
		switch {
		case f.Suspect && f.Early(now):
			doubt = "suspected, " + f.Normal + ": "
		case f.Early(now):
			doubt = f.Normal + ": "
		case f.Suspect:
			doubt = "suspected: "
		}
		fmt.Fprintf(&b, "%s%s %s %s: %s\n", doubt, f.Severity, f.Code, f.Object, f.Title)
		for _, e := range f.Seen {
			fmt.Fprintf(&b, "  %s %s %s: %s\n", e.Source, e.Object, e.Field, finding.OneLine(e.Excerpt, 160))
		}
	}
	return b.String()
}

// shownBy is every cluster that a fixture or a case of package eval shows, by its file or name.
func shownBy(t *testing.T) map[string]*snapshot.Snapshot {
	t.Helper()
	all := map[string]*snapshot.Snapshot{}
	for _, file := range fixtures(t) {
		_, all[file] = load(t, file)
	}
	cases, err := eval.Load("../eval/cases")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.Bundle != "" {
			continue // who can open bundles runs these
		}
		if all[c.Name], err = c.Snapshot(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestEveryCodeIsShown: each code is documented, belongs to one check, and appears in a fixture or a case, with the detail that it
// declares.
func TestEveryCodeIsShown(t *testing.T) {
	shown, carried := map[string]bool{}, map[string]bool{}
	for file, s := range shownBy(t) {
		var all []*finding.Finding
		for i, c := range All {
			r := finding.Report{Codes: c.Codes}
			if c.Run != nil {
				c.Run(s, &r)
			} else {
				c.After(s, all, &r)
			}
			all = append(all, r.Findings...)
			for _, f := range r.Findings {
				shown[f.Code] = true
				declared, ok := finding.CodeIn(c.Codes, f.Code)
				if !ok {
					t.Errorf("%s: check %s reports %s, which it does not declare", file, All[i].Name, f.Code)
				}
				if f.Detail != nil && reflect.TypeOf(f.Detail) != reflect.TypeOf(declared.Detail) {
					t.Errorf("%s: %s carries a %T, where its code declares %T", file, f.Code, f.Detail, declared.Detail)
				}
				carried[f.Code] = carried[f.Code] || f.Detail != nil
				if len(f.Seen) == 0 {
					t.Errorf("%s: %s %s has no evidence", file, f.Code, f.Object)
				}
			}
		}
	}
	declared := map[string]string{}
	for _, check := range All {
		for _, c := range check.Codes {
			switch {
			case declared[c.Code] != "":
				t.Errorf("%s is declared by %s and %s", c.Code, declared[c.Code], check.Name)
			case c.Meaning == "" || c.Example == "" || c.Severity == "":
				t.Errorf("%s is not documented", c.Code)
			case c.Next == "" && c.Severity.Rank() > 0:
				t.Errorf("%s does not say what to do next", c.Code)
			case !shown[c.Code]:
				t.Errorf("no fixture shows %s", c.Code)
			case c.Detail != nil && !carried[c.Code]:
				t.Errorf("no %s carries the %T that is declared", c.Code, c.Detail)
			}
			declared[c.Code] = check.Name
		}
	}
}

// FuzzManifests: no object, however odd, makes a check panic.
func FuzzManifests(f *testing.F) {
	for _, file := range fixtures(f) {
		a, _ := load(f, file)
		f.Add(section(a, "manifests.yaml").Data)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, manifests []byte) {
		s, err := snapshot.FromManifests(at, manifests)
		if err != nil {
			return
		}
		for _, x := range Run(s).Findings {
			if x.Code == "" || x.Title == "" || len(x.Title) > finding.MaxTitle || x.Object.Kind == "" {
				t.Errorf("an incomplete finding: %+v", x.Finding)
			}
		}
	})
}
