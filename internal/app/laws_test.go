package app

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/paramedic-bot/paramedic/"

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// servedSteps is the steps' suite on an API server in this process.
const servedSteps = "internal/recovery/steptest/served"

// The laws of the design that the import graph can hold. direct: only these packages may import it; never: these packages may not reach it
// by any detour.
var (
	direct = map[string][]string{
		"k8s.io/client-go/":               {"internal/cluster", "internal/cluster/write", "internal/bundle", servedSteps},
		"k8s.io/kubectl/":                 {"internal/cluster", "internal/cluster/write", "internal/bundle"},
		"github.com/slack-go/slack":       {"internal/slackapp", "internal/slackemu"},
		"database/sql":                    {"internal/store", "internal/store/storetest"},
		"modernc.org/sqlite":              {"internal/store"},
		"github.com/ollama/ollama/":       {"internal/ollama"},
		"github.com/spf13/cobra":          {"internal/cli"},
		"github.com/grafana/":             {"deploy/grafana"},
		module + "internal/cluster/write": {"internal/app", "internal/trial", servedSteps},
		module + servedSteps:              {}, // tests alone
	}
	never = map[string][]string{
		"commands": {"github.com/slack-go/slack", "github.com/spf13/cobra", "golang.org/x/term", "k8s.io/client-go/", module +
			"internal/slackapp", module + "internal/cli"},
		"diagnosis":         {module + "internal/cluster", "k8s.io/client-go/"},
		"internal/recovery": {module + "diagnosis/story", module + "internal/ollama", "github.com/ollama/ollama/", "github.com/slack-go/slack"},
		"internal/snapshot": {"k8s.io/client-go/"},
		"internal/store":    {module + "internal/incident"},
	}
	plain  = []string{"internal/backoff"} // may be known to internal/incident
	banned = []string{"util", "utils", "common", "helpers", "helper", "types", "models", "pkg", "misc"}
)

func TestTheImportGraphKeepsTheLaws(t *testing.T) {
	packages := list(t)
	for _, p := range packages {
		here := strings.TrimPrefix(p.ImportPath, module)
		for what, who := range direct {
			if i := slices.IndexFunc(p.Imports, func(s string) bool { return isOf(s, what) }); i >= 0 && !slices.Contains(who, here) {
				t.Errorf("%s imports %s; only %v may", here, p.Imports[i], who)
			}
		}
		for who, whats := range never {
			if here != who {
				continue
			}
			for _, what := range whats {
				if i := slices.IndexFunc(p.Deps, func(s string) bool { return isOf(s, what) }); i >= 0 {
					t.Errorf("%s reaches %s; it never may", here, p.Deps[i])
				}
			}
		}
		if strings.HasPrefix(here, "diagnosis/") &&
			slices.ContainsFunc(p.Deps, func(d string) bool { return isOf(d, module+"internal/cluster") || isOf(d, "k8s.io/client-go/") }) {
			t.Errorf("%s reaches a cluster", here)
		}
		if slices.Contains(banned, here[strings.LastIndex(here, "/")+1:]) {
			t.Errorf("%s: a package's name says what it is for", here)
		}
		if here == "internal/incident" {
			for _, d := range p.Deps {
				if strings.Contains(strings.Split(d, "/")[0], ".") && !slices.Contains(plain, strings.TrimPrefix(d, module)) {
					t.Errorf("internal/incident reaches %s; it knows the standard library and %v alone", d, plain)
				}
			}
		}
	}
}

// isOf says whether a package is the one named, or lies below it.
func isOf(p, name string) bool {
	return p == name || strings.HasPrefix(p, strings.TrimSuffix(name, "/")+"/")
}

// floors are those of a diagnosis, the lowest first: a package knows only what lies below it. Of the facts some rest on others; areas never
// know each other.
var floors = []struct {
	below string // the folder
	peers bool   // packages of this floor may know each other
}{
	{"diagnosis/logs", false},
	{"diagnosis/finding", false},
	{"diagnosis/kube", false},
	{"diagnosis/facts/", true},
	{"diagnosis/checks/", false},
	{"diagnosis/checks", false},
	{"diagnosis/cause", false},
}

// floorOf is the floor of a package; -1 for one that belongs to none.
func floorOf(pkg string) int {
	for i, f := range floors {
		if pkg == f.below || strings.HasSuffix(f.below, "/") && strings.HasPrefix(pkg, f.below) {
			return i
		}
	}
	return -1
}

func TestTheFloorsOfADiagnosis(t *testing.T) {
	seen := map[string]int{}
	for _, p := range list(t) {
		here := strings.TrimPrefix(p.ImportPath, module)
		floor := floorOf(here)
		if floor < 0 {
			continue
		}
		seen[floors[floor].below]++
		for _, path := range p.Imports {
			to, ours := strings.CutPrefix(path, module)
			switch f := floorOf(to); {
			case !ours || to != "diagnosis" && !strings.HasPrefix(to, "diagnosis/"):
			case f < 0:
				t.Errorf("%s imports %s, which is on no floor", here, to)
			case f < floor || f == floor && floors[floor].peers:
			case f == floor:
				t.Errorf("%s imports %s, its neighbour: what both need belongs to a floor below", here, to)
			default:
				t.Errorf("%s imports %s, which lies above it", here, to)
			}
		}
	}
	for _, f := range floors {
		if seen[f.below] == 0 {
			t.Errorf("no package is on the floor %s", f.below)
		}
	}
	if areas := seen["diagnosis/checks/"]; areas < 10 {
		t.Errorf("only %d areas of checks were seen", areas)
	}
}

// The test above can only hold what it sees: the packages that the laws speak of must be there.
func TestTheLawsSpeakOfPackagesThatExist(t *testing.T) {
	var have []string
	for _, p := range list(t) {
		have = append(have, strings.TrimPrefix(p.ImportPath, module))
	}
	for what, who := range direct {
		for _, p := range who {
			if !slices.Contains(have, p) {
				t.Errorf("the law on %s speaks of %s, which does not exist", what, p)
			}
		}
	}
	for p := range never {
		if !slices.Contains(have, p) {
			t.Errorf("a law speaks of %s, which does not exist", p)
		}
	}
}

func list(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps=false", "-json=ImportPath,Imports,Deps", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p goPackage
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 10 {
		t.Fatalf("go list shows %d packages only", len(packages))
	}
	return packages
}
