package host

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// hostPath is how the path of something on a host begins in the sources, with or without its first slash.
var hostPath = regexp.MustCompile(`^/?(?:etc|proc|run|var|lib|usr|root|home|dev)(?:/|$)`)

// What the sources name is in the table, and the table has no place that they do not name.
func TestPlacesAreAllThatIsRead(t *testing.T) {
	used := map[string]bool{}
	for _, path := range pathsInSources(t) {
		var best string // the longest place that holds the path
		for _, p := range Places {
			if below(path, p.Path) && len(p.Path) > len(best) {
				best = p.Path
			}
		}
		if best == "" {
			t.Errorf("%s is read, and Places has nothing that it is below: enter it, and think of who may be shown it", path)
		}
		used[best] = true
	}
	for _, p := range Places {
		if !used[p.Path] && p.Path != "/" {
			t.Errorf("%s is in Places, and nothing reads it", p.Path)
		}
		if p.For == "" {
			t.Errorf("%s: what for?", p.Path)
		}
	}
}

// below says whether the path is the place or lies in it; only the root itself is the place "/".
func below(path, place string) bool {
	return path == place || strings.HasPrefix(path, place+"/")
}

// pathsInSources are the string literals of the package that are paths on a host.
func pathsInSources(t *testing.T) (out []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "places.go" {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && hostPath.MatchString(s) && s != "proc" && s != "/proc" {
					out = append(out, "/"+strings.Trim(s, "/"))
				}
			}
			return true
		})
	}
	if len(out) < 40 {
		t.Fatalf("only %d paths found", len(out))
	}
	return out
}

func TestAbsent(t *testing.T) {
	files := map[string]string{}
	for _, p := range Places {
		if p.Withheld == "" {
			files[strings.TrimPrefix(p.Path, "/")+"/"] = ""
		}
	}
	h, root := lay(t, files)
	if got, err := h.Absent(t.Context()); err != nil || len(got) > 0 {
		t.Errorf("%v, %v", got, err)
	}
	for _, p := range []string{"proc/swaps", CNIDirs[1]} {
		if err := os.Remove(filepath.Join(root, p)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := h.Absent(t.Context()); err != nil || len(got) != 1 || got[0].Path != "/proc/swaps" {
		t.Errorf("%v, %v", got, err)
	}
}
