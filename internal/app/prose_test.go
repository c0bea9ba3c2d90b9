package app

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// matchers are the calls by which a program goes by words.
var matchers = []string{
	"Contains", "ContainsAny", "ContainsFunc", "HasPrefix", "HasSuffix", "Index", "IndexByte", "LastIndex", "Cut", "CutPrefix", "CutSuffix",
	"Fields", "FieldsFunc", "Split",
	"SplitN", "SplitSeq", "EqualFold", "Count", "MatchString", "FindString", "FindStringSubmatch", "FindAllString", "FindAllStringSubmatch",
	"FindStringIndex", "Replace", "ReplaceAll", "ToLower",
}

// prose says which fields are for people alone, below which folder, and which files may compare them all the same.
var prose = []struct {
	fields, below []string
	but           []string
}{
	// What older bundles and events did not say by its resource is known by the words that those versions wrote.
	{[]string{"What", "Why"}, []string{"."}, []string{"internal/bundle/snapshot.go", "internal/incident/notseen.go"}},
	// Titles hold names that are the same in several namespaces, and words of logs.
	{[]string{"Title", "Because"}, []string{"diagnosis/cause", "diagnosis/checks", "diagnosis/facts", "diagnosis/kube", "diagnosis/finding",
		"diagnosis/change", "internal/recovery"}, nil},
}

// No program goes by the words that are told to people: what it wants to know has a type.
func TestProseIsForPeopleAlone(t *testing.T) {
	for _, law := range prose {
		files := 0
		for _, folder := range law.below {
			err := filepath.WalkDir(filepath.Join("../..", folder), func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
					return err
				}
				files++
				rel := strings.TrimPrefix(filepath.ToSlash(path), "../../")
				if slices.Contains(law.but, rel) {
					return nil
				}
				set := token.NewFileSet()
				f, err := parser.ParseFile(set, path, nil, 0)
				if err != nil {
					return err
				}
				for _, p := range readings(f, law.fields) {
					t.Errorf("%s:%d goes by words that are for people: give what it wants to know a type", rel, set.Position(p).Line)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if files < 150 {
			t.Errorf("only %d files were read for %v", files, law.fields)
		}
	}
}

// readings are where a file matches a field, or compares it with other words than none.
func readings(f *ast.File, fields []string) []token.Pos {
	var out []token.Pos
	is := func(e ast.Expr) bool {
		x, ok := e.(*ast.SelectorExpr)
		return ok && slices.Contains(fields, x.Sel.Name)
	}
	empty := func(e ast.Expr) bool {
		x, ok := e.(*ast.BasicLit)
		return ok && x.Value == `""`
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.CallExpr:
			name, ok := x.Fun.(*ast.SelectorExpr)
			if ok && slices.Contains(matchers, name.Sel.Name) && slices.ContainsFunc(x.Args, is) {
				out = append(out, x.Pos())
			}
		case *ast.BinaryExpr:
			if (x.Op == token.EQL || x.Op == token.NEQ) && (is(x.X) && !empty(x.Y) || is(x.Y) && !empty(x.X)) {
				out = append(out, x.Pos())
			}
		case *ast.SwitchStmt:
			if x.Tag != nil && is(x.Tag) {
				out = append(out, x.Pos())
			}
		}
		return true
	})
	return out
}
