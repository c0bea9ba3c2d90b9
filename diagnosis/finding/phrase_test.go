package finding

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// Only a template bends and takes arguments; what is put into it stays as it is.
func TestAPhraseBendsByItsTemplateAlone(t *testing.T) {
	const odd = "{alpha|beta} %s %!d(x) {"
	p := Say("{keeps|keep} crashing (%d %%): %s", 7, odd).And(", {it|they} and %s", Say("{its|their} %s", odd))
	for n, want := range map[int]string{
		1: "keeps crashing (7 %): " + odd + ", it and its " + odd,
		2: "keep crashing (7 %): " + odd + ", they and their " + odd,
	} {
		if got := p.Of(n); got != want {
			t.Errorf("said of %d: %s, want %s", n, got, want)
		}
	}
}

// Phrases that begin alike don't write over each other.
func TestPhrasesShareNothing(t *testing.T) {
	p := Say("a").And("b")
	one, other := p.And("c"), p.And("d")
	if one.Of(1) != "abc" || other.Of(1) != "abd" || p.Of(1) != "ab" {
		t.Errorf("%s, %s, %s", one.Of(1), other.Of(1), p.Of(1))
	}
}

// Templates are written in the source. One that is put together could hold words of others.
func TestTemplatesAreConstant(t *testing.T) {
	var files []string
	for _, floor := range []string{"../finding", "../kube", "../facts", "../checks"} {
		if err := filepath.WalkDir(floor, func(path string, _ fs.DirEntry, err error) error {
			if filepath.Ext(path) == ".go" && !strings.HasSuffix(path, "_test.go") && filepath.Base(path) != "phrase.go" {
				files = append(files, path)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	templates := map[string]int{"Say": 0, "And": 0, "Inflect": 1} // which argument is one
	found := 0
	for _, file := range files {
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			var name string
			switch fun := call.Fun.(type) {
			case *ast.Ident:
				name = fun.Name
			case *ast.SelectorExpr:
				name = fun.Sel.Name
			}
			at, is := templates[name]
			if !is {
				return true
			}
			found++
			template, ok := constantText(call.Args[at])
			if !ok {
				t.Errorf("%s: the template is no constant", set.Position(call.Pos()))
				return true
			}
			verbs := strings.Count(strings.ReplaceAll(template, "%%", ""), "%")
			if verbs != len(call.Args)-at-1 {
				t.Errorf("%s: %d verbs for %d arguments: %s", set.Position(call.Pos()), verbs, len(call.Args)-at-1, template)
			}
			if strings.Count(template, "{") != strings.Count(template, "}") || strings.Count(template, "{") != strings.Count(template, "|") {
				t.Errorf("%s: the braces don't match: %s", set.Position(call.Pos()), template)
			}
			return true
		})
	}
	if found < 80 {
		t.Errorf("only %d templates were found", found)
	}
}

// constantText is a literal, or several that are joined.
func constantText(e ast.Expr) (string, bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		return x.Value, true
	case *ast.BinaryExpr:
		a, okA := constantText(x.X)
		b, okB := constantText(x.Y)
		return a + b, okA && okB
	}
	return "", false
}
