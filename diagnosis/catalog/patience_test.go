package catalog

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// Each patience, memory and threshold is in its table once, under the name that the code has for it, and says what it may be and why.
func TestPatienceIsNamedAndExplained(t *testing.T) {
	tabled := map[string]bool{}
	for _, p := range finding.Patiences {
		if tabled[p.Name] || p.May == "" || p.Why == "" || p.For < 0 {
			t.Errorf("%q is there twice, or not explained: %+v", p.Name, p)
		}
		tabled[p.Name] = true
	}
	for _, m := range finding.Memories {
		if tabled[m.Name] || m.Why == "" || m.For <= 0 {
			t.Errorf("%q is there twice, or not explained: %+v", m.Name, m)
		}
		tabled[m.Name] = true
	}
	for _, h := range finding.Thresholds {
		if tabled[h.Name] || h.Why == "" || h.Source == "" || h.Unit == "" || h.Number <= 0 {
			t.Errorf("%q is there twice, or not explained: %+v", h.Name, h)
		}
		tabled[h.Name] = true
	}
	for _, file := range []string{"patience.go", "memory.go", "threshold.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "finding", file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			if c, ok := v.Values[0].(*ast.CompositeLit); ok {
				if of, ok := c.Type.(*ast.Ident); ok && !tabled[v.Names[0].Name] {
					t.Errorf("%s: the %s %s is not in the table", file, of.Name, v.Names[0].Name)
				}
			}
			return true
		})
	}
}

// How long something may take, or how old it may be, is said in the table alone: no check, no fact and no answer about Kubernetes has a
// duration of its own. What a field of the API gives in seconds is multiplied by one second, and is no such.
func TestDurationsAreInTheTable(t *testing.T) {
	for _, root := range []string{"../checks", "../facts", "../kube"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				return err
			}
			units := map[ast.Node]bool{} // that multiply what is no number of the code's own
			ast.Inspect(f, func(n ast.Node) bool {
				if x, ok := n.(*ast.BinaryExpr); ok && x.Op == token.MUL {
					if call, ok := x.X.(*ast.CallExpr); ok && len(call.Args) == 1 {
						if _, number := call.Args[0].(*ast.BasicLit); !number {
							units[x.Y] = true
						}
					}
				}
				if isUnit(n) && !units[n] {
					t.Errorf("%s: a duration of its own; take one of finding.Patiences or finding.Memories", set.Position(n.Pos()))
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func isUnit(n ast.Node) bool {
	x, ok := n.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	of, ok := x.X.(*ast.Ident)
	return ok && of.Name == "time" && slices.Contains([]string{"Millisecond", "Second", "Minute", "Hour"}, x.Sel.Name)
}
